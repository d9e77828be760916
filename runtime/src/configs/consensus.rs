//! Consensus: BABE authors, GRANDPA finalises; who does both is staking's to say.

use super::{
	authorities::AuthoritiesStay,
	staking::{EraStakers, MAX_EXPOSURE_PAGE, MAX_VALIDATORS},
	tokens::deposit,
};
use crate::{
	AccountId, Babe, Balance, Balances, BlockNumber, Hash, Historical, Offences, Runtime,
	RuntimeEvent, Session, SessionKeys, Staking, System, weights,
};
use core::marker::PhantomData;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, Get, Randomness},
};
use openledger_primitives_core::traits::Seeds;
use pallet_calendar::{BondingEras, EpochSlots, SessionsPerEra};
use pallet_session::{
	FindAccountFromAuthorIndex,
	disabling::UpToLimitWithReEnablingDisablingStrategy,
	historical::{IdentificationTuple, NoteHistoricalRoot},
};
use pallet_staking::UnitIdentificationOf;
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::traits::{BlakeTwo256, ConvertInto, Hash as _};

/// The length of a slot, in milliseconds.
pub const SLOT_MILLIS: u64 = 3_000;

/// One primary author in four slots on average; a secondary one, drawn by its VRF, for the rest, so
/// that every block carries randomness.
pub const BABE_CONFIGURATION: BabeEpochConfiguration =
	BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

/// How many sessions back an equivocation can be reported: as long as the stake behind it is bonded.
pub struct ReportedSessions<T>(PhantomData<T>);

impl<T: pallet_calendar::Config> Get<u64> for ReportedSessions<T> {
	fn get() -> u64 {
		let sessions = <SessionsPerEra<T> as Get<u32>>::get();
		u64::from(<BondingEras<T> as Get<u32>>::get()).saturating_mul(sessions.into())
	}
}

/// The same in slots.
pub struct ReportedSlots<T>(PhantomData<T>);

impl<T: pallet_calendar::Config> Get<u64> for ReportedSlots<T> {
	fn get() -> u64 {
		ReportedSessions::<T>::get().saturating_mul(<EpochSlots<T> as Get<u64>>::get())
	}
}

parameter_types! {
	pub const KeyDeposit: Balance = deposit(1, 64);
}

impl pallet_calendar::Config for Runtime {}

impl pallet_babe::Config for Runtime {
	type EpochDuration = EpochSlots<Runtime>;
	type ExpectedBlockTime = ConstU64<SLOT_MILLIS>;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = weights::Equivocations<Runtime>;
	type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
	type MaxNominators = ConstU32<MAX_EXPOSURE_PAGE>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportedSlots<Runtime>>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = weights::Equivocations<Runtime>;
	type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
	type MaxNominators = ConstU32<MAX_EXPOSURE_PAGE>;
	type MaxSetIdSessionEntries = ReportedSessions<Runtime>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<
		Self,
		Offences,
		Historical,
		ReportedSlots<Runtime>,
	>;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = Staking;
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = NoteHistoricalRoot<Runtime, EraStakers>;
	type SessionHandler = AuthoritiesStay;
	type Keys = SessionKeys;
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = UnitIdentificationOf<Self>;
}

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = IdentificationTuple<Runtime>;
	type OnOffenceHandler = Staking;
}

/// Seeds from the randomness of BABE: the VRF output of the parent block's author, hashed with the
/// subject. Every block has one but the first; there, and only there, the parent's hash stands in,
/// which the chain's founders know.
///
/// Its bias: an author knows the output of its own slots two epochs ahead and can withhold a block
/// or a transaction, so it may choose among as many seeds as it has slots. Whoever else submits a
/// subject sees the seed only once the parent block is out, one slot before it is used.
pub struct VrfSeeds;

impl Seeds for VrfSeeds {
	fn seed(subject: &[u8]) -> (Hash, BlockNumber) {
		let (seed, fixed_at) = pallet_babe::ParentBlockRandomness::<Runtime>::random(subject);
		let seed = seed.unwrap_or_else(|| {
			let parent = System::parent_hash();
			BlakeTwo256::hash(&[subject, parent.as_bytes()].concat())
		});
		(seed, fixed_at)
	}
}
