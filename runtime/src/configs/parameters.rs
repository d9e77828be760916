//! Everything that governance can tune without an upgrade: set by
//! `parameters.setParameter`, effective at once. Who may set which is in
//! [`crate::governance::ParameterAdmin`].
//!
//! The periods start out short, so that a development chain goes from a contribution to a paid
//! answer within a minute; a network with strangers on it lengthens them before it opens.

use crate::{Balance, BlockNumber, Runtime};
use frame_support::{
	dynamic_params::{dynamic_pallet_params, dynamic_params},
	traits::Get,
};
use openledger_primitives_core::settlement::FeeSplit;
use sp_runtime::{Perbill, Permill};

/// Blocks in a minute, at one for each slot of three seconds.
const MINUTE: BlockNumber = 20;
/// Blocks in an hour.
pub(super) const HOUR: BlockNumber = 60 * MINUTE;

/// How a fee is divided where governance has not said otherwise: 50 % to the contributors, 20 % to
/// the model's owner, 20 % to the operator, 5 % to the verifiers, 2 % to the validators, and
/// what is left, 3 %, to the treasury.
pub const DEFAULT_SPLIT: FeeSplit = FeeSplit {
	contributors: Permill::from_percent(50),
	owner: Permill::from_percent(20),
	operator: Permill::from_percent(20),
	verifiers: Permill::from_percent(5),
	validators: Permill::from_percent(2),
};

/// The parameters, by pallet.
#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod dynamic_params {
	use super::*;
	use crate::configs::tokens::{MILLI, OPEN};

	/// Contributions.
	#[dynamic_pallet_params]
	#[codec(index = 0)]
	pub mod datanets {
		use super::*;

		/// Blocks after its first step within which a contribution is revealed, and after which it
		/// can be accepted.
		#[codec(index = 0)]
		pub static RevealPeriod: BlockNumber = 6;
	}

	/// Models.
	#[dynamic_pallet_params]
	#[codec(index = 1)]
	pub mod models {
		use super::*;

		/// What registering a model version pays to the treasury.
		#[codec(index = 0)]
		pub static DeploymentFee: Balance = OPEN;
		/// What stands behind a model version's index, lost where it is shown to be forged.
		#[codec(index = 1)]
		pub static Bond: Balance = 100 * OPEN;
	}

	/// Operators and requests.
	#[dynamic_pallet_params]
	#[codec(index = 2)]
	pub mod inference {
		use super::*;

		/// The least that an operator has at stake.
		#[codec(index = 0)]
		pub static MinBond: Balance = 1_000 * OPEN;
		/// Requests that an operator may let expire before it pays for it.
		#[codec(index = 1)]
		pub static MaxMissed: u32 = 3;
		/// What it pays then.
		#[codec(index = 2)]
		pub static MissPenalty: Balance = 10 * OPEN;
		/// Blocks from leaving to the bond's release.
		#[codec(index = 3)]
		pub static UnbondingPeriod: BlockNumber = 2 * HOUR;
		/// The least blocks that a request gives its operator.
		#[codec(index = 4)]
		pub static MinDeadline: BlockNumber = 5;
		/// The most blocks that a request gives its operator.
		#[codec(index = 5)]
		pub static MaxDeadline: BlockNumber = HOUR;
		/// What a request's highest fee has to exceed.
		#[codec(index = 6)]
		pub static MinFee: Balance = MILLI;
		/// The part of a bond that unsettled fees may reach: half the rate of audits, so that even
		/// an operator all of whose claims are false loses twice what they could bring.
		#[codec(index = 7)]
		pub static MaxExposure: Permill = Permill::from_percent(5);
	}

	/// Claims and challenges.
	#[dynamic_pallet_params]
	#[codec(index = 3)]
	pub mod attribution {
		use super::*;

		/// Blocks within which a claim can be challenged.
		#[codec(index = 0)]
		pub static ChallengeWindow: BlockNumber = 10;
		/// The mean gain, in thousandths of a nat a token, from which on the whole of the
		/// contributors' part is paid.
		#[codec(index = 1)]
		pub static FullGain: i32 = openledger_primitives_attribution::lift::FULL_GAIN;
		/// Blocks after the window within which a challenge committed in it can be opened.
		#[codec(index = 2)]
		pub static RevealGrace: BlockNumber = 10;
		/// What a challenge puts at stake.
		#[codec(index = 3)]
		pub static ChallengeDeposit: Balance = 10 * OPEN;
		/// Blocks within which a demanded position of an index has to be shown.
		#[codec(index = 4)]
		pub static DemandWindow: BlockNumber = HOUR;
		/// What a demand puts at stake.
		#[codec(index = 5)]
		pub static DemandDeposit: Balance = 10 * OPEN;
	}

	/// Rewards.
	#[dynamic_pallet_params]
	#[codec(index = 4)]
	pub mod rewards {
		use super::*;

		/// How a fee is divided.
		#[codec(index = 0)]
		pub static Split: FeeSplit = DEFAULT_SPLIT;
	}

	/// Transaction fees.
	#[dynamic_pallet_params]
	#[codec(index = 5)]
	pub mod fees {
		use super::*;

		/// Of each transaction's fee, without its tip, what is burned; the rest is the treasury's.
		#[codec(index = 0)]
		pub static Burned: Permill = Permill::from_percent(50);
	}

	/// Staking.
	#[dynamic_pallet_params]
	#[codec(index = 6)]
	pub mod staking {
		use super::*;

		/// By how much new OPEN for validators and nominators lets the supply grow in a year. What
		/// exceeds [`crate::configs::staking::MAX_EMISSION`] counts as that.
		#[codec(index = 0)]
		pub static AnnualEmission: Perbill = Perbill::from_percent(3);
	}

	/// The contributors' voice.
	#[dynamic_pallet_params]
	#[codec(index = 7)]
	pub mod voice {
		use super::*;

		/// The least weight of all contributors, in OPEN, from which on a rejection binds.
		#[codec(index = 0)]
		pub static VetoMinimum: Balance = 1_000 * OPEN;
	}

	/// Lots and audits.
	#[dynamic_pallet_params]
	#[codec(index = 8)]
	pub mod audits {
		use super::*;

		/// Blocks in a round of lots.
		#[codec(index = 0)]
		pub static RoundLength: BlockNumber = 10;
		/// The part of claims that is audited.
		#[codec(index = 1)]
		pub static Rate: Permill = Permill::from_percent(10);
		/// The least that a verifier has at stake.
		#[codec(index = 2)]
		pub static MinBond: Balance = 1_000 * OPEN;
		/// Blocks for a committee to execute and commit.
		#[codec(index = 3)]
		pub static CommitPeriod: BlockNumber = 2 * MINUTE;
		/// Blocks for a committee to reveal.
		#[codec(index = 4)]
		pub static RevealPeriod: BlockNumber = 2 * MINUTE;
		/// Blocks within which a verdict can be appealed.
		#[codec(index = 5)]
		pub static AppealWindow: BlockNumber = MINUTE;
		/// Blocks within which the true claim can be brought.
		#[codec(index = 6)]
		pub static CorrectionPeriod: BlockNumber = 2 * MINUTE;
		/// What an appeal puts at stake, in fees of the claim, or in the fees that the least penalty
		/// stands for where they are more.
		#[codec(index = 7)]
		pub static AppealFactor: u32 = 3;
		/// What a seat is paid whose finding the verdict agrees with.
		#[codec(index = 8)]
		pub static SeatReward: Balance = 100 * MILLI;
		/// What a neglected duty, or a finding that the verdict disagrees with, takes of a
		/// verifier's bond.
		#[codec(index = 9)]
		pub static Fine: Permill = Permill::from_perthousand(5);
		/// How many times its fee a false claim costs: twice the reverse of the rate of audits, so
		/// that it loses twice what it could bring.
		#[codec(index = 10)]
		pub static PenaltyFactor: u32 = 20;
		/// What a false claim costs at least.
		#[codec(index = 11)]
		pub static MinPenalty: Balance = 10 * OPEN;
		/// The part of model versions that is audited before they earn; zero switches it off.
		#[codec(index = 12)]
		pub static ModelsRate: Permill = Permill::one();
		/// How many leaves of a version's index an audit looks at, at most
		/// [`pallet_audits::MAX_LEAVES`].
		#[codec(index = 13)]
		pub static Leaves: u32 = 8;
		/// Blocks for a committee to compute a version's drawn parts again and commit.
		#[codec(index = 14)]
		pub static ExaminePeriod: BlockNumber = HOUR;
		/// What a dispute puts at stake at least: many times what a committee costs and what it could be
		/// captured for, so that having honest claims opened is dear, and half of it makes up for that.
		#[codec(index = 15)]
		pub static DisputeDeposit: Balance = 100 * OPEN;
		/// What upholding a canary takes of a verifier's bond.
		#[codec(index = 16)]
		pub static CanaryLoss: Permill = Permill::from_percent(10);
	}

	/// Sessions and batches of receipts.
	#[dynamic_pallet_params]
	#[codec(index = 9)]
	pub mod receipts {
		use super::*;

		/// Whether sessions can be opened.
		#[codec(index = 0)]
		pub static Open: bool = true;
		/// How many draws a batch is paid by.
		#[codec(index = 1)]
		pub static Draws: u8 = 32;
		/// What a draw has to decide at least.
		#[codec(index = 2)]
		pub static MinDraw: Balance = 10 * MILLI;
		/// Blocks that an operator has to show what is drawn.
		#[codec(index = 3)]
		pub static RevealPeriod: BlockNumber = 5 * MINUTE;
		/// Blocks that an operator has to commit its last voucher of a session that ends.
		#[codec(index = 4)]
		pub static ClosePeriod: BlockNumber = HOUR;
		/// The most blocks that a session may last.
		#[codec(index = 5)]
		pub static MaxDuration: BlockNumber = 30 * 24 * HOUR;
		/// The least penalty for a draw that is not shown.
		#[codec(index = 6)]
		pub static MissPenalty: Balance = OPEN;
		/// The penalty for a draw that is not shown, in shares of the batch that it decides: twice
		/// what receipts that can't be shown bring on average.
		#[codec(index = 7)]
		pub static MissFactor: u32 = 2;
		/// Blocks after which an operator's node commits what its sessions owe. A batch costs the same
		/// whatever it is worth, and nobody is paid before.
		#[codec(index = 8)]
		pub static BatchPeriod: BlockNumber = HOUR / 2;
	}

	/// Challenges that say one record duplicates another.
	#[dynamic_pallet_params]
	#[codec(index = 10)]
	pub mod duplicates {
		use super::*;

		/// Whether records can be challenged.
		#[codec(index = 0)]
		pub static Enabled: bool = true;
		/// What a challenge puts at stake: three seats, or fifteen where it goes through every committee, and
		/// something for who was challenged.
		#[codec(index = 1)]
		pub static Deposit: Balance = 2 * OPEN;
	}
}

/// The split in force. One whose parts exceed the whole can be set, but is never followed.
pub struct ValidSplit;

impl Get<FeeSplit> for ValidSplit {
	fn get() -> FeeSplit {
		let split = dynamic_params::rewards::Split::get();
		if split.is_valid() { split } else { DEFAULT_SPLIT }
	}
}
