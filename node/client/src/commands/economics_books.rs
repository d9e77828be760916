//! What is added up of who paid and who earned, and the facts that it is added up from.

use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};

/// An account's public key.
pub type Account = [u8; 32];

/// An amount in the smallest unit; JSON has it as a string, since numbers there end at 2⁵³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Units(pub u128);

impl Serialize for Units {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(&self.0)
	}
}

impl std::ops::AddAssign<u128> for Units {
	fn add_assign(&mut self, more: u128) {
		self.0 = self.0.saturating_add(more);
	}
}

/// What an account earned something as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
	/// Owner of records that moved an answer.
	Contributor,
	/// Owner of a model that answered.
	ModelOwner,
	/// Owner of the base under it.
	BaseOwner,
	/// Who answered.
	Operator,
	/// Who verified.
	Verifier,
	/// Validator or nominator.
	Staker,
	/// Author of a block, by fees and tips.
	Author,
	/// Who showed what a claim had left out.
	Challenger,
	/// A receiver that this client has no name for.
	Other,
}

impl Role {
	/// The role of a part of a settlement, by the part's name.
	pub(super) fn of_part(name: &str) -> Self {
		match name {
			"contributors" => Self::Contributor,
			"owner" => Self::ModelOwner,
			"royalty" => Self::BaseOwner,
			"operator" => Self::Operator,
			"verifiers" => Self::Verifier,
			"validators" => Self::Staker,
			_ => Self::Other,
		}
	}

	/// The role in words.
	pub fn name(self) -> &'static str {
		match self {
			Self::Contributor => "contributor",
			Self::ModelOwner => "model owner",
			Self::BaseOwner => "base owner",
			Self::Operator => "operator",
			Self::Verifier => "verifier",
			Self::Staker => "staker",
			Self::Author => "author",
			Self::Challenger => "challenger",
			Self::Other => "other",
		}
	}
}

/// A part of a settlement. One without an account goes to a pot: treasury, verifiers, validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
	/// What the chain calls the receivers.
	pub name: String,
	/// Who is paid.
	pub account: Option<Account>,
	/// How much.
	pub amount: u128,
}

/// What one event says, as far as money is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
	/// Something else.
	Other,
	/// Total issuance rose, or fell.
	Supply {
		/// By which event.
		event: &'static str,
		/// Whether it rose.
		minted: bool,
		/// By how much.
		amount: u128,
	},
	/// An account was paid out of what had been taken before.
	Deposit { who: Account, amount: u128 },
	/// A transaction was paid for.
	Fee { payer: Account, fee: u128, tip: u128 },
	/// An inference fee was divided; the parts are missing where the chain has forgotten them.
	Settled { fee: u128, contributors: u128, parts: Option<Vec<Part>> },
	/// Accrued rewards were paid out.
	Claimed { amount: u128, to_payee: bool },
	/// Accrued to the treasury, since it was nobody's.
	Swept { amount: u128 },
	/// An unanswered request was paid back.
	Refunded { amount: u128 },
	/// An operator paid from its bond.
	OperatorSlashed { amount: u128, rewarded: u128 },
	/// A challenge showed a forged index, whose owner paid from its bond.
	Condemned { challenger: Account, amount: u128, rewarded: u128 },
	/// A challenge showed an omission.
	ChallengeWon { challenger: Account },
	/// A challenge showed nothing, and cost its deposit.
	ChallengeLost { deposit: u128 },
	/// A model version was registered.
	Deployed { fee: u128 },
	/// An era's pay was fixed.
	EraPaid { validators: u128, remainder: u128 },
	/// A staker was paid.
	StakingRewarded { staker: Account, amount: u128 },
	/// A staker was slashed.
	StakingSlashed { amount: u128 },
}

/// A fact, and the extrinsic that caused it; none where the block itself did.
pub type Noted = (Option<u32>, Fact);

/// Transaction fees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fees {
	/// Transactions that paid one.
	pub transactions: u64,
	/// What they paid, tips included.
	pub paid: Units,
	/// The tips in it.
	pub tips: Units,
	/// Burned of it.
	pub burned: Units,
	/// To the treasury.
	pub treasury: Units,
	/// To block authors.
	pub authors: Units,
	/// Not found in the events.
	pub unexplained: Units,
}

/// Inference fees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inference {
	/// Answers settled.
	pub settlements: u64,
	/// What they cost.
	pub fees: Units,
	/// To whom, by the chain's names.
	pub receivers: BTreeMap<String, Units>,
	/// Of settlements that the chain has forgotten, beyond the contributors' part.
	pub unexplained: Units,
	/// Requests that were not answered in time.
	pub refunds: u64,
	/// What was paid back for them.
	pub refunded: Units,
}

/// Accrued rewards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Claims {
	/// Payouts.
	pub payouts: u64,
	/// What they came to.
	pub paid: Units,
	/// Of it, to payees that accounts had named.
	pub to_payees: Units,
	/// What was accrued to the treasury, since it was nobody's.
	pub swept: Units,
}

/// Staking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Staking {
	/// Eras that ended.
	pub eras: u64,
	/// What validators and nominators may be paid for them.
	pub payout: Units,
	/// What the eras left beyond it.
	pub remainder: Units,
	/// Paid to stakers.
	pub rewarded: Units,
	/// Taken from them.
	pub slashed: Units,
}

/// What faults cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Penalties {
	/// Taken from operators' bonds.
	pub operators: Units,
	/// Taken from the bonds behind forged indexes.
	pub owners: Units,
	/// Of both, to challengers; the treasury has the rest.
	pub challengers: Units,
	/// Challenges that showed an omission or a forged index.
	pub challenges_won: u64,
	/// Challenges that showed nothing.
	pub challenges_lost: u64,
	/// Their deposits, to the treasury.
	pub deposits_lost: Units,
}

/// Model versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Models {
	/// Registered.
	pub registered: u64,
	/// Deployment fees, to the treasury.
	pub fees: Units,
}

/// What changed the total issuance, by event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Supply {
	/// Events that added to it.
	pub minted: BTreeMap<&'static str, Units>,
	/// Events that took from it.
	pub burned: BTreeMap<&'static str, Units>,
}

impl Supply {
	/// What the events come to.
	pub fn change(&self) -> i128 {
		signed(total(&self.minted), total(&self.burned))
	}
}

/// The sum of a list of amounts.
pub fn total<K>(amounts: &BTreeMap<K, Units>) -> u128 {
	amounts.values().fold(0, |sum, amount| sum.saturating_add(amount.0))
}

/// `more - less`; saturates.
pub fn signed(more: u128, less: u128) -> i128 {
	let magnitude = i128::try_from(more.abs_diff(less)).unwrap_or(i128::MAX);
	if more < less { -magnitude } else { magnitude }
}

/// Everything that was added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
	/// Transaction fees.
	pub fees: Fees,
	/// Inference fees.
	pub inference: Inference,
	/// Accrued rewards.
	pub claims: Claims,
	/// Staking.
	pub staking: Staking,
	/// What faults cost.
	pub penalties: Penalties,
	/// Model versions.
	pub models: Models,
	/// Total issuance.
	pub supply: Supply,
	/// What each account earned, and as what.
	pub earned: HashMap<Account, BTreeMap<Role, Units>>,
}

/// An account and what it earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earner {
	/// The account.
	pub account: Account,
	/// All of it.
	pub total: Units,
	/// By role.
	pub by: BTreeMap<Role, Units>,
}

impl Books {
	pub(super) fn earn(&mut self, account: Account, role: Role, amount: u128) {
		if amount > 0 {
			*self.earned.entry(account).or_default().entry(role).or_default() += amount;
		}
	}

	/// The `most` accounts that earned most.
	pub fn top(&self, most: usize) -> Vec<Earner> {
		let mut earners: Vec<_> = self
			.earned
			.iter()
			.map(|(account, by)| Earner {
				account: *account,
				total: Units(total(by)),
				by: by.clone(),
			})
			.collect();
		earners.sort_by(|a, b| b.total.cmp(&a.total).then(a.account.cmp(&b.account)));
		earners.truncate(most);
		earners
	}
}
