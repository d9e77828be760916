//! Consensus: BABE authors, GRANDPA finalises, the validators of genesis do both.

use super::tokens::deposit;
use crate::{
	AccountId, Babe, Balance, Balances, BlockNumber, Hash, Historical, Offences, Runtime,
	RuntimeEvent, Session, SessionKeys, System,
};
use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, Randomness},
	weights::Weight,
};
use openledger_primitives_core::traits::Seeds;
use pallet_session::{
	FindAccountFromAuthorIndex,
	disabling::UpToLimitWithReEnablingDisablingStrategy,
	historical::{IdentificationTuple, NoteHistoricalRoot},
};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::{
	Perbill,
	traits::{BlakeTwo256, Convert, ConvertInto, Hash as _, OpaqueKeys},
};
use sp_staking::{
	SessionIndex,
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
};

/// The length of a slot, in milliseconds.
pub const SLOT_MILLIS: u64 = 3_000;
/// The length of an epoch, in slots: ten minutes. Authors, and their randomness, are fixed two
/// epochs ahead. Changing it on a live chain stops that chain for good: the epochs that nodes have
/// recorded no longer fit those that the runtime announces.
pub const EPOCH_SLOTS: u64 = 200;
/// How many sessions back an equivocation can be reported: one day.
const REPORTED_SESSIONS: u32 = 144;
/// The same in slots.
const REPORTED_SLOTS: u64 = REPORTED_SESSIONS as u64 * EPOCH_SLOTS;
/// The most validators.
const MAX_AUTHORITIES: u32 = 1_000;

/// One primary author in four slots on average; a secondary one, drawn by its VRF, for the rest, so
/// that every block carries randomness.
pub const BABE_CONFIGURATION: BabeEpochConfiguration =
	BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

parameter_types! {
	pub const KeyDeposit: Balance = deposit(1, 64);
}

impl pallet_babe::Config for Runtime {
	type EpochDuration = ConstU64<EPOCH_SLOTS>;
	type ExpectedBlockTime = ConstU64<SLOT_MILLIS>;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ConstU64<REPORTED_SLOTS>>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<{ REPORTED_SESSIONS as u64 }>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<
		Self,
		Offences,
		Historical,
		ConstU64<REPORTED_SLOTS>,
	>;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = ();
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = NoteHistoricalRoot<Runtime, GenesisValidators>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = Unidentified;
}

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = IdentificationTuple<Runtime>;
	type OnOffenceHandler = DisableOffenders;
}

/// Identifies a validator by its account alone: nothing is staked behind it.
pub struct Unidentified;

impl Convert<AccountId, Option<()>> for Unidentified {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

/// Keeps the validators of genesis, and forgets the historical roots that no report can use
/// any more.
pub struct GenesisValidators;

impl pallet_session::SessionManager<AccountId> for GenesisValidators {
	fn new_session(_: SessionIndex) -> Option<Vec<AccountId>> {
		None
	}
	fn start_session(_: SessionIndex) {}
	fn end_session(end: SessionIndex) {
		if let Some(kept) = end.checked_sub(REPORTED_SESSIONS) {
			Historical::prune_up_to(kept);
		}
	}
}

impl pallet_session::historical::SessionManager<AccountId, ()> for GenesisValidators {
	fn new_session(_: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		None
	}
	/// The session pallet would take the validators of genesis by itself, but the historical root
	/// over them, which every later session copies, is made only for validators that are returned.
	fn new_session_genesis(_: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		let mut validators: Vec<_> =
			pallet_session::NextKeys::<Runtime>::iter_keys().map(|who| (who, ())).collect();
		validators.sort();
		Some(validators)
	}
	fn start_session(_: SessionIndex) {}
	fn end_session(end: SessionIndex) {
		<Self as pallet_session::SessionManager<AccountId>>::end_session(end);
	}
}

/// Disables a validator that equivocated, as long as two thirds remain. With nothing staked there
/// is nothing to slash; the set of validators does not change, so it stays disabled until root
/// changes its keys.
pub struct DisableOffenders;

impl OnOffenceHandler<AccountId, IdentificationTuple<Runtime>, Weight> for DisableOffenders {
	fn on_offence(
		offenders: &[OffenceDetails<AccountId, IdentificationTuple<Runtime>>],
		fractions: &[Perbill],
		_: SessionIndex,
	) -> Weight {
		for (details, fraction) in offenders.iter().zip(fractions) {
			let (validator, ()) = details.offender.clone();
			Session::report_offence(validator, OffenceSeverity(*fraction));
		}
		let each = <Runtime as frame_system::Config>::DbWeight::get().reads_writes(2, 1);
		each.saturating_mul(offenders.len() as u64)
	}
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
