//! The parameters of audits, and what is assumed about the market that they act on.

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
	/// `m / a` times its fee.
	pub margin: f64,
	/// The part of audits that is of canaries (`q`).
	pub canary: f64,
	/// What of its bond a verifier loses by not revealing, or by voting otherwise than the last
	/// committee (`σ`).
	pub minority_loss: f64,
	/// What of its bond a verifier loses by upholding a canary.
	pub canary_loss: f64,
	/// How many such losses cost a verifier its place.
	pub strikes: u32,
	/// The part of a penalty that goes to those who found the claim false (`r`).
	pub rewarded: f64,
	/// What an appeal puts at stake, in fees (`d`).
	pub deposit: f64,
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
			canary: 0.05,
			minority_loss: 0.005,
			canary_loss: 0.1,
			strikes: 3,
			rewarded: 0.5,
			deposit: 3.0,
			exposure: 0.5,
			contributors: 0.5,
			operator: 0.2,
			verifiers: 0.05,
		}
	}
}

impl Rules {
	/// What a false claim costs its operator, in fees, while its bond lasts: `m / a`.
	pub fn penalty(&self) -> f64 {
		self.margin / self.audit
	}

	/// What a seat of a committee is paid, in fees: what the verifiers' part of all fees comes to
	/// for each seat on average, `v / (a·c)`.
	pub fn seat(&self) -> f64 {
		self.verifiers / (self.audit * self.committee as f64)
	}
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
	/// How likely somebody outside the committee notices that a false claim was upheld, and appeals
	/// (`w`).
	pub watched: f64,
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
			watched: 0.5,
			bribe: 0.9,
			claims: 5,
			epochs: 40,
		}
	}
}
