//! The parameters of audits, and what is assumed about the market that they act on.

/// What an appeal puts at stake.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deposit {
	/// So many fees of the claim (`d`).
	Fees(f64),
	/// The same for all claims, in OPEN.
	Constant(f64),
	/// This part of what a false claim with its fee costs.
	Penalty(f64),
}

/// What governs audits. Rates and parts are fractions of one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Rules {
	/// The part of claims that is audited (`a`).
	pub audit: f64,
	/// Verifiers in a first committee (`c`).
	pub committee: usize,
	/// Verifiers in an appeal's committee.
	pub appeal: usize,
	/// By how much penalties exceed what makes a lie worth nothing (`m`): a false claim costs
	/// `m / a` times its fee, or `least_penalty` where that is more.
	pub margin: f64,
	/// What a false claim costs at least, in OPEN.
	pub least_penalty: f64,
	/// The part of their claims that honest operators make canaries of (`q`), and offer to be upheld as who
	/// bribes does.
	pub canary: f64,
	/// What of its bond a verifier loses by not revealing, or by a finding that the verdict
	/// disagrees with (`σ`).
	pub fine: f64,
	/// What it loses besides, in fees of the claim (`y`), as far as the bond goes.
	pub fine_in_fees: f64,
	/// What of its bond a verifier loses by upholding a canary.
	pub canary_loss: f64,
	/// How many strikes cost a verifier its place. Revealing nothing is one, and so is upholding a
	/// canary.
	pub strikes: u32,
	/// Whether a finding that the verdict disagrees with is a strike too.
	pub minority_strikes: bool,
	/// The part of a penalty that goes to those who found the claim false, at most (`r`).
	pub rewarded: f64,
	/// What each of them is given at most, in OPEN.
	pub cap: f64,
	/// What an appeal puts at stake.
	pub deposit: Deposit,
	/// What a dispute puts at stake at least, in OPEN.
	pub least_dispute: f64,
	/// What a seat is paid whose finding the verdict agrees with, in OPEN, as far as the verifiers'
	/// part of fees goes.
	pub seat_reward: f64,
	/// The least bond that a verifier is drawn with, in OPEN.
	pub least_bond: f64,
	/// The part of the bond that unsettled fees may reach, as a multiple of the audit rate.
	pub exposure: f64,
	/// The contributors' part of a fee.
	pub contributors: f64,
	/// The operator's part of a fee (`s`).
	pub operator: f64,
	/// The verifiers' part of a fee (`v`).
	pub verifiers: f64,
}

impl Default for Rules {
	fn default() -> Self {
		Self {
			audit: 0.1,
			committee: 3,
			appeal: 9,
			margin: 2.0,
			least_penalty: 10.0,
			canary: 0.0,
			fine: 0.005,
			fine_in_fees: 0.1,
			canary_loss: 0.1,
			strikes: 3,
			minority_strikes: false,
			rewarded: 0.5,
			cap: 5.0,
			// The chain's appeal factor by its penalty factor: three fees by twenty.
			deposit: Deposit::Penalty(0.15),
			least_dispute: 100.0,
			seat_reward: 0.1,
			least_bond: 1_000.0,
			exposure: 0.5,
			contributors: 0.5,
			operator: 0.2,
			verifiers: 0.05,
		}
	}
}

impl Rules {
	/// What a false claim costs its operator, in OPEN, while its bond lasts: `max(m / a · fee, least)`.
	pub fn penalty(&self, fee: f64) -> f64 {
		(self.margin / self.audit * fee).max(self.least_penalty)
	}

	/// What each of so many who found a claim false is given, in OPEN, of a penalty:
	/// `min(r·penalty / count, cap)`.
	pub fn reward(&self, penalty: f64, count: usize) -> f64 {
		(self.rewarded * penalty / count.max(1) as f64).min(self.cap)
	}

	/// What a verifier with this bond loses by a fine about a claim with this fee, in OPEN:
	/// `min(σ·bond + y·fee, bond)`.
	pub fn fined(&self, bond: f64, fee: f64) -> f64 {
		(self.fine * bond + self.fine_in_fees * fee).min(bond)
	}

	/// What an appeal puts at stake, in OPEN.
	pub fn stake(&self, fee: f64) -> f64 {
		match self.deposit {
			Deposit::Fees(fees) => fees * fee,
			Deposit::Constant(amount) => amount,
			Deposit::Penalty(part) => part * self.penalty(fee),
		}
	}

	/// The seat's reward at which the verifiers' part of fees is paid out, where fees are `mean` on
	/// average, in OPEN: `v·mean / (a·c)`.
	pub fn seat_reward_that_lasts(&self, mean: f64) -> f64 {
		self.verifiers * mean / (self.audit * self.committee as f64)
	}
}

/// Which verifiers add to a bond that fines took below the least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refills {
	/// All.
	Everyone,
	/// Those of the ring.
	Ring,
	/// None.
	Nobody,
}

/// What is assumed about the market.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Market {
	/// The cost of making an answer, or of making it again, in fees (`κ`).
	pub cost: f64,
	/// What a common claim's fee is, in OPEN.
	pub common_fee: f64,
	/// What a high fee is, in OPEN.
	pub high_fee: f64,
	/// How many claims have a high fee.
	pub high_part: f64,
	/// What an operator bonds, in OPEN.
	pub operator_bond: f64,
	/// The least bond of an operator that takes work, in OPEN.
	pub least_bond: f64,
	/// What a verifier bonds at least, in OPEN; others bond two, three and four times as much.
	pub verifier_bond: f64,
	/// Who adds to its bond, before the next epoch, where it is no more drawn with it.
	pub refills: Refills,
	/// How likely somebody outside the committee notices that a false claim was upheld, and appeals
	/// (`w`).
	pub watched: f64,
	/// How likely an honest verifier appeals that was outvoted about a false claim.
	pub outvoted: f64,
	/// What the ring has besides rewards where a true claim of its choice is found false, in fees:
	/// the contributors' part where it says to whom that goes instead, or the whole fee where it is
	/// the payer and has its answer for nothing.
	pub aside: f64,
	/// What of a lie's gain is offered to all seats of the committee together.
	pub bribe: f64,
	/// Claims of an operator in an epoch.
	pub claims: usize,
	/// Epochs.
	pub epochs: usize,
}

impl Default for Market {
	fn default() -> Self {
		Self {
			cost: 0.1,
			common_fee: 0.1,
			high_fee: 5.0,
			high_part: 0.1,
			operator_bond: 2_000.0,
			least_bond: 1_000.0,
			verifier_bond: 1_000.0,
			refills: Refills::Everyone,
			watched: 0.5,
			outvoted: 1.0,
			aside: 1.0,
			bribe: 0.9,
			claims: 5,
			epochs: 40,
		}
	}
}

impl Market {
	/// The fees that there are, in OPEN, each with its part of claims.
	pub fn fees(&self) -> [(f64, f64); 2] {
		[(self.common_fee, 1.0 - self.high_part), (self.high_fee, self.high_part)]
	}

	/// The fee of a claim on average, in OPEN.
	pub fn mean_fee(&self) -> f64 {
		self.fees().iter().map(|(fee, part)| fee * part).sum()
	}

	/// What is worth `of(fee)` to claims with that fee, on average over all claims.
	pub fn over_claims(&self, of: impl Fn(f64) -> f64) -> f64 {
		self.fees().iter().map(|(fee, part)| part * of(*fee)).sum()
	}

	/// What is worth `of(fee)` for each OPEN of it, on average over all OPEN of fees.
	pub fn over_fees(&self, of: impl Fn(f64) -> f64) -> f64 {
		self.over_claims(|fee| fee * of(fee)) / self.mean_fee()
	}
}
