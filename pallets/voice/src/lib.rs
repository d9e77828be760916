//! # Voice
//!
//! The contributors' say in governance: earned through attribution, bound to the account that
//! earned it, halved every year.
//!
//! ## Overview
//!
//! Each settled fee that pays contributors earns them what the treasury had of it ([`Voice::earned`]), in
//! proportion to what they were paid. It accrues with their pay, and can be voted with once that is
//! paid out ([`Voice::credit`]); the whole that votes are a part of has it from the settlement on, so
//! that nobody chooses what the whole is by choosing who is paid out when. With what they have, they
//! vote in the polls of a referenda instance of their own ([`Pallet::vote`], [`Tally`]). That instance's
//! decisions come back as verdicts on hashes of calls:
//!
//! - **approved** ([`Pallet::approve`]): a faster origin may dispatch that call, once;
//! - **rejected** ([`Pallet::reject`]): the call can't be dispatched at all while the verdict
//!   lasts.
//!
//! What the pallet dispatches ([`Pallet::dispatch`], [`Pallet::dispatch_hash`]) has the origin
//! [`Origin::Vetted`], and parameters that only [`EnsureVetted`] may set are thereby out of reach
//! for whatever contributors reject.
//!
//! ## Terminology
//!
//! - **Unit**: a millionth of an OPEN, what voice is counted in ([`index::UNIT`]).
//! - **Weight**: how much of the say an account has now, as an amount of OPEN. An amount earned
//!   weighs itself at first and half of that with every year that goes by.
//! - **Index**: what one unit earned at a block is multiplied by ([`index::Index`]). It doubles
//!   with every year, on a straight line in between.
//! - **Points**: units times the index of the block they were earned at. Divided by the index of
//!   any later block they are the weight there. So nothing that is stored has to be touched for it
//!   to decay, sums of points are exact, and points of different blocks may be added up: waiting
//!   changes no ratio of points, hence neither a tally nor what part of the whole it is.
//! - **Verdict**: what contributors decided about a call, until it expires.
//!
//! ## Rounding
//!
//! Voice isn't money, and what rounding leaves over is nobody's. Of a fee's sunk part, what is
//! short of a unit is dropped, and so is the fraction of a unit of each payee's share. Rounding
//! down is what makes two things hold exactly: all that is ever credited is at most what was sunk,
//! and no division of one payee into several is credited more than the one.
//!
//! ## Storage
//!
//! - An account's entry begins with a payout's voice of at least [`Config::MinEarned`]; less counts
//!   only where there is an entry. So each entry took at least that much from someone for good.
//!   Once it has come down to less than half, anyone may remove it ([`Pallet::forget`]). Half, and
//!   not the whole: an entry that begins with the minimum then stays for a year, and nobody can
//!   keep a small contributor out by forgetting each share as soon as it has aged by a block.
//! - A vote is paid for by its voter until it is removed, which anyone may do once the poll is
//!   over. An account has at most [`Config::MaxVotes`].
//! - Verdicts come from governance, at most [`Config::MaxVerdicts`] at a time. Anyone may clear one
//!   that has expired.
//!
//! Being credited leaves no event: it comes with a payout, which leaves one already.
//!
//! ## Range
//!
//! The index grows until points no longer fit: with three-second blocks and a billion OPEN sunk each
//! year after 53 years, and 3.3 years later for each tenth of that. On a chain with shorter years it
//! is some sixty to eighty of these. From then on nothing is credited any more while what stands
//! goes on to fade, and with it the veto. A migration that divides all points by one power of two,
//! in good time, starts the same span again.
//!
//! ## Assumptions
//!
//! - [`Config::Year`] is the same for as long as anyone has points. Another length gives every
//!   amount earned so far another weight.
//! - Whoever calls [`Voice::earned`] has moved what is sunk to an account from which those who pay
//!   fees can't have it back at will.
//! - None of [`Config::DispatchOrigin`] and [`Config::ApprovedOrigin`] accepts [`Origin::Vetted`].
//!
//! ## Threat model
//!
//! - **Paying oneself.** Whoever is payer, owner, operator and contributor at once gets all back
//!   but the treasury's part (and the verifiers' and validators'), and is credited at most the
//!   treasury's part. Voice costs no less than what it weighs, and halves every year.
//! - **Many accounts.** Shares are in proportion to pay and rounded down, so accounts add nothing.
//! - **Bought accounts.** Voice can't be moved, but keys can be sold. What was bought is worth half
//!   within a year, and a buyer needs the seller not to have kept the key.
//! - **Capture of one Datanet.** Whoever gets all that a Datanet's records earn has at most what
//!   was sunk of the fees that paid them, however many records that is.
//! - **Capture of the whole.** To hold a part *p* of the say against honest weight *H* takes
//!   *H·p/(1 − p)* sunk, and half of that anew every year. While little has been earned by anyone
//!   that is cheap, which is what [`Config::VetoMinimum`] is for: under it no veto is given, and
//!   one given before doesn't count. An approval has no such minimum, since it opens nothing but
//!   [`Config::ApprovedOrigin`], which holders have to pass too.
//! - **Evasion.** A verdict is about one call. Another call to the same end is another hash, and
//!   has to be rejected anew; the tracks behind [`Config::DispatchOrigin`] have to take longer than
//!   a rejection does. Whoever can replace the runtime isn't bound by any of this.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

extern crate alloc;

mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod dispatch;
mod earn;
pub mod index;
pub mod migrations;
#[cfg(test)]
mod mock;
mod origin;
mod tally;
#[cfg(test)]
mod tests;
mod try_state;
pub mod types;
mod verdict;
mod vote;
pub mod weights;

#[cfg(doc)]
use openledger_primitives_core::traits::Voice;
pub use origin::EnsureVetted;
pub use pallet::*;
pub use tally::Tally;
pub use types::{Ballot, Ruling, Standing, Verdict};
pub use weights::WeightInfo;

// What the macros write is the SDK's; the logic is in files of its own, where the lints bind.
#[allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use crate::types::{PollIndexOf, TrackId};
	use alloc::boxed::Box;
	use codec::Encode;
	use frame_support::{
		dispatch::PostDispatchInfo,
		pallet_prelude::*,
		traits::{Consideration, Footprint, Polling, QueryPreimage, StorePreimage},
	};
	use frame_system::pallet_prelude::*;
	use openledger_primitives_core::Balance;
	use sp_runtime::traits::Dispatchable;

	/// The layout of this pallet's storage.
	pub const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime gives to this pallet.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<
			RuntimeEvent: From<Event<Self>>,
			RuntimeOrigin: From<Origin>,
			RuntimeCall: Dispatchable<PostInfo = PostDispatchInfo>,
		>
	{
		/// Where contributors vote: a referenda instance whose tally is [`Tally`].
		type Polls: Polling<Tally<Self>, Votes = u128, Class = TrackId, Moment = BlockNumberFor<Self>>;

		/// What is paid for a vote until it is removed.
		type VoteConsideration: Consideration<Self::AccountId, Footprint>;

		/// Who gives and withdraws verdicts: what the contributors' referenda are enacted with.
		type ContributorsOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Who has a call dispatched unless contributors rejected it.
		type DispatchOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Who has a call dispatched only if contributors approved it.
		type ApprovedOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Where calls are found by hash.
		type Preimages: QueryPreimage<H = Self::Hashing> + StorePreimage;

		/// The blocks in which voice halves. Zero counts as one. May not change once voice is
		/// earned.
		type Year: Get<BlockNumberFor<Self>>;

		/// The least that an account's voice begins with, and twice the weight that it has to fall
		/// under to be forgotten. As much as makes an entry worth its storage, and no more than a
		/// usual fee sinks, or usual fees give nobody a voice.
		type MinEarned: Get<Balance>;

		/// The weight of all voice together under which contributors can't reject anything.
		type VetoMinimum: Get<Balance>;

		/// The blocks for which a verdict holds. Longer than it takes to enact what it is about.
		type VerdictPeriod: Get<BlockNumberFor<Self>>;

		/// The most votes that one account has at a time.
		#[pallet::constant]
		type MaxVotes: Get<u32>;

		/// The most verdicts at a time, expired ones included until somebody clears them.
		#[pallet::constant]
		type MaxVerdicts: Get<u32>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds balances.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit for a vote.
		Vote,
	}

	/// Who a dispatched call comes from.
	#[pallet::origin]
	#[derive(
		Clone,
		Copy,
		Debug,
		PartialEq,
		Eq,
		Encode,
		Decode,
		DecodeWithMemTracking,
		MaxEncodedLen,
		TypeInfo,
	)]
	pub enum Origin {
		/// Whoever may dispatch it, with contributors having had their say.
		Vetted,
	}

	/// What each account has earned, and how many of its votes stand.
	#[pallet::storage]
	pub type Voices<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Standing>;

	/// The sum of all points: those that accounts have, and those that were earned and not paid out yet.
	#[pallet::storage]
	pub type TotalPoints<T: Config> = StorageValue<_, u128, ValueQuery>;

	/// The votes, by voter.
	#[pallet::storage]
	pub type Ballots<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		PollIndexOf<T>,
		Ballot<T>,
	>;

	/// What contributors decided about calls.
	#[pallet::storage]
	pub type Verdicts<T: Config> =
		CountedStorageMap<_, Twox64Concat, T::Hash, Ruling<BlockNumberFor<T>>>;

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account voted, or voted anew.
		Voted {
			/// Who voted.
			who: T::AccountId,
			/// In which poll.
			poll: PollIndexOf<T>,
			/// For or against.
			aye: bool,
			/// With how many points.
			points: u128,
		},
		/// A vote was removed, and its deposit freed.
		VoteRemoved {
			/// Whose vote it was.
			who: T::AccountId,
			/// In which poll.
			poll: PollIndexOf<T>,
		},
		/// An account's faded voice was removed.
		Forgotten {
			/// Whose voice it was.
			account: T::AccountId,
		},
		/// Contributors approved a call.
		CallApproved {
			/// The call's hash.
			call_hash: T::Hash,
			/// The block from which the verdict no longer holds.
			expires: BlockNumberFor<T>,
		},
		/// Contributors rejected a call.
		CallRejected {
			/// The call's hash.
			call_hash: T::Hash,
			/// The block from which the verdict no longer holds.
			expires: BlockNumberFor<T>,
		},
		/// Contributors took a verdict back.
		VerdictWithdrawn {
			/// The call's hash.
			call_hash: T::Hash,
		},
		/// An expired verdict was removed.
		VerdictCleared {
			/// The call's hash.
			call_hash: T::Hash,
		},
		/// A call was dispatched.
		CallDispatched {
			/// The call's hash.
			call_hash: T::Hash,
			/// What came of it. A verdict on it still stands if it failed.
			result: DispatchResult,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account has no voice: it has earned none, or has not been paid out what it has accrued.
		NoVoice,
		/// The poll is over, or never was.
		NotOngoing,
		/// The account has as many votes as one account may have: remove one whose poll is over.
		TooManyVotes,
		/// The account has no vote in this poll.
		NoVote,
		/// While the poll goes on, only the voter can remove the vote.
		StillOngoing,
		/// The account has votes: remove them first.
		HasVotes,
		/// The account's voice has not faded enough to be forgotten.
		StillHeard,
		/// Contributors have not earned enough voice, all together, to reject anything.
		VetoInactive,
		/// There are as many verdicts as there may be: clear the expired ones.
		TooManyVerdicts,
		/// There is no verdict on this call.
		NoVerdict,
		/// The verdict still holds.
		NotExpired,
		/// Contributors rejected this call.
		Vetoed,
		/// Contributors have not approved this call, or too long ago.
		NotApproved,
		/// No preimage of this hash and length is known.
		NoPreimage,
		/// The preimage is not a call.
		NotACall,
		/// The call weighs more than the caller said.
		WeightTooLow,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Votes in `poll` with all the points that the caller has now, in place of what it voted
		/// there before. Points earned later count only once the caller votes anew.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::vote())]
		pub fn vote(
			origin: OriginFor<T>,
			#[pallet::compact] poll: PollIndexOf<T>,
			aye: bool,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_vote(who, poll, aye)
		}

		/// Removes the vote of `who`, by default the caller's own, and frees its deposit. While the
		/// poll goes on the vote counts no more, and only the voter may do so; afterwards anyone.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove_vote())]
		pub fn remove_vote(
			origin: OriginFor<T>,
			#[pallet::compact] poll: PollIndexOf<T>,
			who: Option<T::AccountId>,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_remove_vote(caller, poll, who)
		}

		/// Removes the voice of `account`, which has faded to less than half of what one begins
		/// with. Anyone may call it.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::forget())]
		pub fn forget(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_forget(account)
		}

		/// Approves the call with the hash `call_hash`, in place of any verdict on it.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::approve())]
		pub fn approve(origin: OriginFor<T>, call_hash: T::Hash) -> DispatchResult {
			T::ContributorsOrigin::ensure_origin(origin)?;
			Self::do_approve(call_hash)
		}

		/// Rejects the call with the hash `call_hash`, in place of any verdict on it. Refused while
		/// all voice together is under [`Config::VetoMinimum`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::reject())]
		pub fn reject(origin: OriginFor<T>, call_hash: T::Hash) -> DispatchResult {
			T::ContributorsOrigin::ensure_origin(origin)?;
			Self::do_reject(call_hash)
		}

		/// Takes the verdict on `call_hash` back.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>, call_hash: T::Hash) -> DispatchResult {
			T::ContributorsOrigin::ensure_origin(origin)?;
			Self::do_withdraw(call_hash)
		}

		/// Removes an expired verdict. Anyone may call it.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::clear())]
		pub fn clear(origin: OriginFor<T>, call_hash: T::Hash) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_clear(call_hash)
		}

		/// Dispatches `call` as [`Origin::Vetted`].
		///
		/// For [`Config::DispatchOrigin`], unless contributors rejected it; for
		/// [`Config::ApprovedOrigin`], only if they approved it. Succeeds whatever comes of the
		/// call, which the event says. An approval is used up by a call that succeeds; one that
		/// fails leaves it, to be tried again until it expires.
		#[pallet::call_index(7)]
		#[pallet::weight(
			T::WeightInfo::dispatch(call.encoded_size() as u32)
				.saturating_add(call.get_dispatch_info().call_weight)
		)]
		pub fn dispatch(
			origin: OriginFor<T>,
			call: Box<<T as frame_system::Config>::RuntimeCall>,
		) -> DispatchResultWithPostInfo {
			Self::do_dispatch(origin, *call)
		}

		/// Dispatches the call with the hash `call_hash` as [`Pallet::dispatch`] does. Its preimage
		/// has to be known and `encoded_len` bytes long; `weight_witness` is at least its weight.
		#[pallet::call_index(8)]
		#[pallet::weight(
			T::WeightInfo::dispatch_hash(*encoded_len).saturating_add(*weight_witness)
		)]
		pub fn dispatch_hash(
			origin: OriginFor<T>,
			call_hash: T::Hash,
			encoded_len: u32,
			weight_witness: Weight,
		) -> DispatchResultWithPostInfo {
			Self::do_dispatch_hash(origin, call_hash, encoded_len, weight_witness)
		}
	}
}
