//! Emergencies: safe mode lets through only what ends it, pauses stop single calls. Both end by
//! themselves.

use crate::{
	Balance, Balances, OriginCaller, Preimage, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeHoldReason, SafeMode, Scheduler, TxPause,
	governance::{EmergencyPeriod, EnsureEmergency, EnsureProlonged, TechnicalOrRoot},
};
use frame_support::{
	parameter_types,
	traits::{ConstU32, Contains, EitherOf, Get, InsideBoth},
};
use frame_system::{EnsureNever, EnsureRoot, EnsureRootWithSuccess};
use pallet_calendar::Days;

parameter_types! {
	pub const NoDeposit: Option<Balance> = None;
	pub NoRelease: Option<crate::BlockNumber> = None;
	/// The longest that a vote can pause a call for; another vote can prolong it.
	pub LongestPause: crate::BlockNumber = Days::<Runtime, 28>::get();
}

impl pallet_safe_mode::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WhitelistedCalls = WhatEndsAnEmergency;
	type EnterDuration = EmergencyPeriod;
	type ExtendDuration = EmergencyPeriod;
	// Nobody enters for a deposit: stopping everyone would be a matter of price.
	type EnterDepositAmount = NoDeposit;
	type ExtendDepositAmount = NoDeposit;
	type ForceEnterOrigin = EnsureEmergency;
	type ForceExtendOrigin = EnsureProlonged;
	type ForceExitOrigin = TechnicalOrRoot;
	type ForceDepositOrigin = EnsureRoot<crate::AccountId>;
	type Notify = ();
	type ReleaseDelay = NoRelease;
	type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}

impl pallet_tx_pause::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	// A pause made here would have no end: pauses are made through `Pauses`.
	type PauseOrigin = EnsureNever<()>;
	// As which the scheduler ends them.
	type UnpauseOrigin = EnsureRoot<crate::AccountId>;
	type WhitelistedCalls = NeverPaused;
	type MaxNameLen = ConstU32<128>;
	type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
}

impl pallet_pauses::Config for Runtime {
	type PauseOrigin = EitherOf<EnsureVote, EnsureEmergency>;
	type ProlongOrigin = EnsureVote;
	type ResumeOrigin = TechnicalOrRoot;
	type LongestPause = LongestPause;
	type PalletsOrigin = OriginCaller;
	type Scheduler = Scheduler;
	type Preimages = Preimage;
	type WeightInfo = crate::weights::pallet_pauses::WeightInfo<Runtime>;
}

type EnsureVote = EnsureRootWithSuccess<crate::AccountId, LongestPause>;

/// What users can call now: what neither safe mode nor a pause holds back.
pub type Allowed = InsideBoth<SafeMode, TxPause>;

/// The calls without which a chain in an emergency could neither go on nor come out of it:
/// consensus, and governance from the preimage to the whitelist.
pub struct WhatEndsAnEmergency;

impl Contains<RuntimeCall> for WhatEndsAnEmergency {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(
			call,
			RuntimeCall::System(_)
				| RuntimeCall::Timestamp(_)
				| RuntimeCall::Babe(_)
				| RuntimeCall::Grandpa(_)
				| RuntimeCall::Session(_)
				| RuntimeCall::Preimage(_)
				| RuntimeCall::ConvictionVoting(_)
				| RuntimeCall::Referenda(_)
				| RuntimeCall::ContributorReferenda(_)
				| RuntimeCall::Voice(_)
				| RuntimeCall::TechnicalCommittee(_)
				| RuntimeCall::Whitelist(_)
				| RuntimeCall::SafeMode(_)
				| RuntimeCall::TxPause(_)
				| RuntimeCall::Pauses(_)
				| RuntimeCall::Sudo(_)
		)
	}
}

/// The calls that no pause stops, by pallet: the same, so that a pause can always be lifted.
pub struct NeverPaused;

impl Contains<pallet_tx_pause::RuntimeCallNameOf<Runtime>> for NeverPaused {
	fn contains(call: &pallet_tx_pause::RuntimeCallNameOf<Runtime>) -> bool {
		const PALLETS: [&[u8]; 16] = [
			b"System",
			b"Timestamp",
			b"Babe",
			b"Grandpa",
			b"Session",
			b"Preimage",
			b"ConvictionVoting",
			b"Referenda",
			b"ContributorReferenda",
			b"Voice",
			b"TechnicalCommittee",
			b"Whitelist",
			b"SafeMode",
			b"TxPause",
			b"Pauses",
			b"Sudo",
		];
		let (pallet, _) = call;
		PALLETS.contains(&pallet.as_slice())
	}
}
