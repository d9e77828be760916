//! Who decides what: the origins that referenda speak as, the tracks they go through, and what
//! each may do. `docs/governance.md` has the table for people.

pub mod origins;
mod tracks;
mod voting_power;

pub use origins::Origin;
pub use tracks::{ContributorTracks, Tracks};
pub use voting_power::VotingPower;

use crate::{
	AccountId, Balance, BlockNumber, OPEN, Runtime, RuntimeOrigin,
	configs::parameters::RuntimeParametersKey,
};
use frame_support::{
	parameter_types,
	traits::{EitherOf, EitherOfDiverse, EnsureOrigin, EnsureOriginWithArg, Get, OriginTrait},
};
use frame_system::EnsureRoot;
use pallet_calendar::Days;
use pallet_collective::EnsureProportionAtLeast;

impl origins::pallet::Config for Runtime {}

/// The technical committee, of which there is one.
pub type TechnicalCollective = pallet_collective::Instance1;
/// Two thirds of the technical committee.
pub type TwoThirdsTechnical = EnsureProportionAtLeast<AccountId, TechnicalCollective, 2, 3>;

macro_rules! ensure_origin {
	($(#[$doc:meta])* $name:ident: $($variant:ident)|+) => {
		$(#[$doc])*
		pub struct $name;

		impl EnsureOrigin<RuntimeOrigin> for $name {
			type Success = ();

			fn try_origin(origin: RuntimeOrigin) -> Result<(), RuntimeOrigin> {
				match origin.caller() {
					crate::OriginCaller::Origins($(Origin::$variant)|+) => Ok(()),
					_ => Err(origin),
				}
			}

			#[cfg(feature = "runtime-benchmarks")]
			fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
				Ok([$(Origin::$variant),+][0].into())
			}
		}
	};
}

ensure_origin! {
	/// A referendum on the whitelist's track.
	EnsureWhitelistedCaller: WhitelistedCaller
}
ensure_origin! {
	/// A referendum about parameters.
	EnsureParameters: Parameters
}
ensure_origin! {
	/// A referendum about attribution, the split or the contributors' voice.
	EnsureAttributionParameters: AttributionParameters
}
ensure_origin! {
	/// A referendum about a call that contributors approved.
	EnsureContributorApproved: ContributorApproved
}
ensure_origin! {
	/// A referendum about a dispute in a Datanet.
	EnsureDatanetDisputes: DatanetDisputes
}
ensure_origin! {
	/// A referendum that cancels another.
	EnsureCanceller: ReferendumCanceller
}
ensure_origin! {
	/// A referendum that cancels another and slashes its deposits.
	EnsureKiller: ReferendumKiller
}
ensure_origin! {
	/// A referendum of the contributors.
	EnsureContributors: Contributors
}

/// Sets staking's limits and cancels slashes: the parameters' track, or root.
pub type StakingAdmin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureParameters>;
/// Dispatches what contributors have not rejected: the track for it, or root.
pub type AttributionAdmin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureAttributionParameters>;
/// Settles disputes about Datanets, or root.
pub type DisputeOrigin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureDatanetDisputes>;
/// Cancels referenda, or root.
pub type CancelOrigin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureCanceller>;
/// Kills referenda, or root.
pub type KillOrigin = EitherOfDiverse<EnsureRoot<AccountId>, EnsureKiller>;
/// Dispatches what is on the whitelist, or root.
pub type WhitelistDispatch = EitherOfDiverse<EnsureRoot<AccountId>, EnsureWhitelistedCaller>;
/// Puts calls on the whitelist, and stops the chain's traffic for a while: two thirds of the
/// technical committee, or root.
pub type TechnicalOrRoot = EitherOfDiverse<EnsureRoot<AccountId>, TwoThirdsTechnical>;

/// Spends from the treasury, up to what the track allows.
pub struct EnsureSpender;

/// The most that one proposal spends on each of the treasury's tracks.
pub const SPEND_LIMITS: [(Origin, Balance); 3] = [
	(Origin::TreasurySmall, 10_000 * OPEN),
	(Origin::TreasuryMedium, 250_000 * OPEN),
	(Origin::TreasuryBig, 10_000_000 * OPEN),
];

impl EnsureOrigin<RuntimeOrigin> for EnsureSpender {
	type Success = Balance;

	fn try_origin(origin: RuntimeOrigin) -> Result<Balance, RuntimeOrigin> {
		let limit = match origin.caller() {
			crate::OriginCaller::Origins(spender) => {
				SPEND_LIMITS.iter().find(|(known, _)| *known == *spender).map(|(_, limit)| *limit)
			}
			_ => None,
		};
		limit.ok_or(origin)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
		Ok(Origin::TreasuryBig.into())
	}
}

/// The treasury's tracks, or root without a limit.
pub type SpendOrigin =
	EitherOf<frame_system::EnsureRootWithSuccess<AccountId, Unlimited>, EnsureSpender>;

parameter_types! {
	/// Root's limit, which is none.
	pub const Unlimited: Balance = Balance::MAX;
}

/// Who sets a parameter depends on which: what decides about attribution and the split takes a
/// call that contributors have not rejected, root's included; the others take the parameters'
/// track or root.
pub struct ParameterAdmin;

impl ParameterAdmin {
	/// Whether contributors can reject a change of this parameter.
	pub fn is_protected(key: &RuntimeParametersKey) -> bool {
		matches!(
			key,
			RuntimeParametersKey::Attribution(_)
				| RuntimeParametersKey::Audits(_)
				| RuntimeParametersKey::Duplicates(_)
				| RuntimeParametersKey::Receipts(_)
				| RuntimeParametersKey::Rewards(_)
				| RuntimeParametersKey::Voice(_)
		)
	}
}

impl EnsureOriginWithArg<RuntimeOrigin, RuntimeParametersKey> for ParameterAdmin {
	type Success = ();

	fn try_origin(origin: RuntimeOrigin, key: &RuntimeParametersKey) -> Result<(), RuntimeOrigin> {
		if Self::is_protected(key) {
			<pallet_voice::EnsureVetted as EnsureOrigin<_>>::try_origin(origin)
		} else {
			<StakingAdmin as EnsureOrigin<_>>::try_origin(origin).map(drop)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin(key: &RuntimeParametersKey) -> Result<RuntimeOrigin, ()> {
		if Self::is_protected(key) {
			pallet_voice::EnsureVetted::try_successful_origin()
		} else {
			Ok(RuntimeOrigin::root())
		}
	}
}

/// How long the technical committee can stop the chain's traffic, or a single call, for by itself.
pub type EmergencyPeriod = Days<Runtime, 1>;

/// Enters safe mode, or pauses a call; returns for how many blocks.
pub struct EnsureEmergency;

impl EnsureOrigin<RuntimeOrigin> for EnsureEmergency {
	type Success = BlockNumber;

	fn try_origin(origin: RuntimeOrigin) -> Result<BlockNumber, RuntimeOrigin> {
		<TechnicalOrRoot as EnsureOrigin<_>>::try_origin(origin).map(|_| EmergencyPeriod::get())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}

/// Prolongs safe mode; returns by how many blocks. Root alone, so that the committee can't extend
/// its own emergency forever: it takes a vote.
pub struct EnsureProlonged;

impl EnsureOrigin<RuntimeOrigin> for EnsureProlonged {
	type Success = BlockNumber;

	fn try_origin(origin: RuntimeOrigin) -> Result<BlockNumber, RuntimeOrigin> {
		<EnsureRoot<AccountId> as EnsureOrigin<_>>::try_origin(origin)
			.map(|()| EmergencyPeriod::get())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
		Ok(RuntimeOrigin::root())
	}
}
