//! A runtime of balances, preimages, voice, polls that end when told to, and one value that only
//! vetted calls may set.

use crate::{self as pallet_voice, EnsureVetted, HoldReason, Tally, types::TrackId};
use codec::{Decode, Encode};
use frame_support::{
	derive_impl, ord_parameter_types, parameter_types,
	traits::{
		ConstU32, ConstU128, EitherOfDiverse, LinearStoragePrice, PollStatus, Polling, VoteTally,
		fungible::{HoldConsideration, InspectHold},
	},
};
use frame_system::{EnsureRoot, EnsureSignedBy};
use openledger_primitives_core::{Balance, settlement::Payment, traits::Voice as _};
use sp_runtime::{BuildStorage, DispatchError, traits::Convert};
use std::collections::BTreeMap;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Preimage: pallet_preimage,
		Voice: pallet_voice,
		Guarded: guarded,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<10>;
	type AccountStore = System;
}

impl pallet_preimage::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<u64>;
	type Consideration = ();
}

/// One value behind [`EnsureVetted`].
#[frame_support::pallet(dev_mode)]
pub mod guarded {
	use frame_support::{dispatch::PostDispatchInfo, pallet_prelude::*};
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
	}

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::storage]
	pub type Value<T> = StorageValue<_, u32, ValueQuery>;

	#[pallet::error]
	pub enum Error<T> {
		Full,
	}

	pub const DECLARED: Weight = Weight::from_parts(1_000_000, 1_000);
	pub const USED: Weight = Weight::from_parts(400_000, 100);

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Values above a hundred are too many.
		#[pallet::weight(DECLARED)]
		pub fn set(origin: OriginFor<T>, value: u32) -> DispatchResultWithPostInfo {
			T::AdminOrigin::ensure_origin(origin)?;
			Value::<T>::put(value);
			ensure!(value <= 100, Error::<T>::Full);
			Ok(PostDispatchInfo { actual_weight: Some(USED), pays_fee: Pays::Yes })
		}
	}
}

impl guarded::Config for Test {
	type AdminOrigin = EnsureVetted;
}

/// A poll, and whether it is over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Poll {
	Ongoing(Tally<Test>),
	Ended(u64, bool),
}

pub const TRACK: TrackId = 3;

parameter_types! {
	/// In storage, so that what fails is rolled back here too.
	pub storage StoredPolls: BTreeMap<u32, Poll> = BTreeMap::new();
}

pub struct Polls;

impl Polling<Tally<Test>> for Polls {
	type Index = u32;
	type Votes = u128;
	type Class = TrackId;
	type Moment = u64;

	fn classes() -> Vec<TrackId> {
		vec![TRACK]
	}

	fn as_ongoing(index: u32) -> Option<(Tally<Test>, TrackId)> {
		match StoredPolls::get().remove(&index) {
			Some(Poll::Ongoing(tally)) => Some((tally, TRACK)),
			_ => None,
		}
	}

	fn access_poll<R>(
		index: u32,
		f: impl FnOnce(PollStatus<&mut Tally<Test>, u64, TrackId>) -> R,
	) -> R {
		let mut polls = StoredPolls::get();
		let result = match polls.get_mut(&index) {
			Some(Poll::Ongoing(tally)) => f(PollStatus::Ongoing(tally, TRACK)),
			Some(Poll::Ended(at, approved)) => f(PollStatus::Completed(*at, *approved)),
			None => f(PollStatus::None),
		};
		StoredPolls::set(&polls);
		result
	}

	fn try_access_poll<R>(
		index: u32,
		f: impl FnOnce(PollStatus<&mut Tally<Test>, u64, TrackId>) -> Result<R, DispatchError>,
	) -> Result<R, DispatchError> {
		let before = StoredPolls::get();
		let result = Self::access_poll(index, f);
		if result.is_err() {
			StoredPolls::set(&before);
		}
		result
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn create_ongoing(_: TrackId) -> Result<u32, ()> {
		let index = StoredPolls::get().len() as u32;
		open(index);
		Ok(index)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn end_ongoing(index: u32, approved: bool) -> Result<(), ()> {
		Self::as_ongoing(index).ok_or(())?;
		end(index, approved);
		Ok(())
	}
}

pub type Price = LinearStoragePrice<ConstU128<1_000>, ConstU128<1>, Balance>;

/// Gives the contributors' verdicts.
pub const COUNCIL: u64 = 100;
/// Dispatches what isn't rejected.
pub const SLOW: u64 = 101;
/// Dispatches what is approved.
pub const FAST: u64 = 102;

pub const ALICE: u64 = 1;
pub const BOB: u64 = 2;
pub const CAROL: u64 = 3;
/// Has no balance to pay a deposit with.
pub const POOR: u64 = 9;

pub const YEAR: u64 = 1_000;
pub const OPEN: Balance = 1_000_000_000_000_000_000;
pub const PERIOD: u64 = 50;
pub const MAX_VOTES: u32 = 3;
pub const MAX_VERDICTS: u32 = 3;

ord_parameter_types! {
	pub const Council: u64 = COUNCIL;
	pub const Slow: u64 = SLOW;
	pub const Fast: u64 = FAST;
}

parameter_types! {
	pub const VoteReason: RuntimeHoldReason = RuntimeHoldReason::Voice(HoldReason::Vote);
	pub static YearLength: u64 = YEAR;
	pub static MinEarned: Balance = OPEN;
	pub static VetoMinimum: Balance = 10 * OPEN;
	pub static VerdictPeriod: u64 = PERIOD;
}

impl pallet_voice::Config for Test {
	type Polls = Polls;
	type VoteConsideration = HoldConsideration<u64, Balances, VoteReason, Price>;
	type ContributorsOrigin = EnsureSignedBy<Council, u64>;
	type DispatchOrigin = EitherOfDiverse<EnsureRoot<u64>, EnsureSignedBy<Slow, u64>>;
	type ApprovedOrigin = EnsureSignedBy<Fast, u64>;
	type Preimages = Preimage;
	type Year = YearLength;
	type MinEarned = MinEarned;
	type VetoMinimum = VetoMinimum;
	type VerdictPeriod = VerdictPeriod;
	type MaxVotes = ConstU32<MAX_VOTES>;
	type MaxVerdicts = ConstU32<MAX_VERDICTS>;
	type WeightInfo = pallet_voice::weights::SubstrateWeight<Test>;
}

/// A chain at its first block.
pub fn externalities() -> sp_io::TestExternalities {
	// Tests, and a property's cases, may run one after another on the same thread.
	YearLength::set(YEAR);
	MinEarned::set(OPEN);
	VetoMinimum::set(10 * OPEN);
	VerdictPeriod::set(PERIOD);
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=8).map(|who| (who, 1_000_000)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut externalities = sp_io::TestExternalities::from(storage);
	externalities.execute_with(|| System::set_block_number(1));
	externalities
}

/// Runs `test`, then checks what always holds and that deposits are what votes cost.
pub fn chain(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		check();
	});
}

/// The pallet's invariants, and that each voter's deposits are those of its votes.
pub fn check() {
	Voice::do_try_state().unwrap();
	for who in 1..=POOR {
		let votes = crate::Ballots::<Test>::iter_prefix_values(who).count() as Balance;
		let price = Price::convert(crate::Ballot::<Test>::footprint());
		assert_eq!(Balances::balance_on_hold(&VoteReason::get(), &who), votes * price);
	}
}

pub fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn advance(blocks: u64) {
	System::set_block_number(System::block_number() + blocks);
}

/// The points that `payments` earn out of a fee that `sunk` went to the treasury of.
pub fn earned(payments: &[(u64, Balance)], sunk: Balance) -> Vec<u128> {
	let payments = payments.iter().map(|&(account, amount)| Payment { account, amount });
	Voice::earned(&payments.collect::<Vec<_>>(), sunk)
}

/// Pays out to `who` what has accrued.
pub fn pay_out(who: u64, points: u128) {
	Voice::credit(&who, points);
}

/// Has points that were earned be nobody's.
pub fn forgo(points: u128) {
	Voice::forgo(points);
}

/// Has `payments` paid out as soon as they are earned.
pub fn settle(payments: &[(u64, Balance)], sunk: Balance) {
	for ((account, _), points) in payments.iter().zip(earned(payments, sunk)) {
		pay_out(*account, points);
	}
}

/// Has `who` earn `amount`.
pub fn earn(who: u64, amount: Balance) {
	settle(&[(who, 1)], amount);
}

pub fn points(who: u64) -> u128 {
	crate::Voices::<Test>::get(who).map_or(0, |standing| standing.points)
}

fn put(index: u32, poll: Option<Poll>) {
	let mut polls = StoredPolls::get();
	polls.remove(&index);
	polls.extend(poll.map(|poll| (index, poll)));
	StoredPolls::set(&polls);
}

pub fn open(poll: u32) {
	put(poll, Some(Poll::Ongoing(Tally::new(TRACK))));
}

pub fn end(poll: u32, approved: bool) {
	put(poll, Some(Poll::Ended(System::block_number(), approved)));
}

/// Cancels the poll, of which nothing is left.
pub fn cancel(poll: u32) {
	put(poll, None);
}

/// What an ongoing poll counts for and against.
pub fn tally(poll: u32) -> (u128, u128) {
	let (tally, _) = Polls::as_ongoing(poll).unwrap();
	(tally.ayes, tally.nays)
}
