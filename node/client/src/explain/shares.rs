//! Who has which part of what an answer earned its contributors.

use openledger_primitives_attribution::{
	Credit, shares,
	split::{Weights, combine, largest_remainder},
};
use openledger_primitives_core::{Balance, settlement::Payment};
use serde::{Serialize, Serializer};
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;

/// The whole, in the millionths that shares are given in.
const WHOLE: Balance = 1_000_000;

/// What is divided among contributors.
#[derive(Clone, Debug)]
pub enum Pool {
	/// An amount that is not known.
	Unknown,
	/// This amount, which is yet to be divided.
	Of(Balance),
	/// It was divided and paid.
	Paid(Vec<Payment<AccountId32>>),
}

impl Pool {
	/// The amount, where it is known.
	pub fn amount(&self) -> Option<Balance> {
		match self {
			Self::Unknown => None,
			Self::Of(amount) => Some(*amount),
			Self::Paid(payments) => {
				Some(payments.iter().fold(0, |sum: Balance, paid| sum.saturating_add(paid.amount)))
			}
		}
	}
}

/// A part of what is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
	/// In millionths; those of all add up to the whole.
	pub ppm: u32,
	/// The amount, where it is known.
	#[serde(serialize_with = "units")]
	pub amount: Option<Balance>,
}

/// The smallest units as a string of digits, as everywhere in JSON.
pub fn units<S: Serializer>(amount: &Option<Balance>, serializer: S) -> Result<S::Ok, S::Error> {
	match amount {
		Some(amount) => serializer.collect_str(amount),
		None => serializer.serialize_none(),
	}
}

/// What is paid, of both kinds.
#[derive(Clone, Copy, Debug)]
pub struct Owed<'a> {
	/// What moved the answer, best first.
	pub moved: &'a [Credit<AccountId32>],
	/// What its gain earned.
	pub earned: Permill,
	/// What was in the prompt, best first.
	pub found: &'a [Credit<AccountId32>],
	/// What that has of the contributors' part.
	pub part: Permill,
}

impl Owed<'_> {
	/// The weights of both kinds, one after the other, each kind by what `weights` makes of it.
	fn combined(
		&self,
		weights: impl Fn(&[Credit<AccountId32>]) -> Weights<AccountId32>,
	) -> Weights<AccountId32> {
		combine((weights(self.moved), self.earned), (weights(self.found), self.part)).0
	}

	/// Each credit by itself, in order: all weigh something, and so none is left out.
	fn each(&self) -> Weights<AccountId32> {
		let alone = |paid: &[Credit<AccountId32>]| {
			paid.iter().map(|credit| (credit.account.clone(), credit.weight)).collect()
		};
		self.combined(alone)
	}
}

/// Shares by account, in order of first appearance, and by credit.
#[derive(Debug)]
pub struct Division {
	/// What each account has.
	pub accounts: Vec<(AccountId32, Share)>,
	/// What each credit of what moved the answer brought its account, in the credits' order.
	pub moved: Vec<Share>,
	/// What each record in the prompt did.
	pub found: Vec<Share>,
}

/// Divides as the rule does: by account and kind, by largest remainders. An account's part is divided once
/// more by the weights of its own credits, so that these add up to it.
pub fn divide(owed: &Owed, pool: &Pool) -> Division {
	let by_kind = owed.combined(|paid| shares(paid));
	let weights: Vec<u64> = by_kind.iter().map(|(_, weight)| *weight).collect();
	let millionths = largest_remainder(WHOLE, &weights);
	let amounts = match pool {
		Pool::Of(amount) => largest_remainder(*amount, &weights),
		Pool::Unknown | Pool::Paid(_) => Vec::new(),
	};
	// One account can have of both kinds.
	let mut merged: Vec<(AccountId32, Balance, Option<Balance>)> = Vec::new();
	for (at, (account, _)) in by_kind.into_iter().enumerate() {
		let ppm = millionths.get(at).copied().unwrap_or(0);
		let amount = amounts.get(at).copied();
		match merged.iter_mut().find(|(known, ..)| *known == account) {
			Some((_, all, paid)) => {
				*all = all.saturating_add(ppm);
				*paid = paid.zip(amount).map(|(paid, amount)| paid.saturating_add(amount));
			}
			None => merged.push((account, ppm, amount)),
		}
	}
	let mut credits = vec![Share { ppm: 0, amount: None }; owed.moved.len() + owed.found.len()];
	let mut accounts = Vec::with_capacity(merged.len());
	let each = owed.each();
	for (account, ppm, amount) in merged {
		let amount = match pool {
			Pool::Paid(payments) => {
				let found = payments.iter().find(|payment| payment.account == account);
				Some(found.map_or(0, |payment| payment.amount))
			}
			Pool::Unknown | Pool::Of(_) => amount,
		};
		let own = || each.iter().enumerate().filter(|(_, (of, _))| *of == account);
		let weights: Vec<u64> = own().map(|(_, (_, weight))| *weight).collect();
		let parts = largest_remainder(ppm, &weights);
		let amounts = amount.map(|amount| largest_remainder(amount, &weights));
		for (which, (at, _)) in own().enumerate() {
			if let Some(credit) = credits.get_mut(at) {
				*credit = Share {
					ppm: parts.get(which).map_or(0, |part| *part as u32),
					amount: amounts.as_ref().map(|parts| parts.get(which).copied().unwrap_or(0)),
				};
			}
		}
		accounts.push((account, Share { ppm: ppm as u32, amount }));
	}
	let found = credits.split_off(owed.moved.len());
	Division { accounts, moved: credits, found }
}

#[cfg(test)]
mod tests {
	use super::*;

	fn credit(account: u8, weight: u64) -> Credit<AccountId32> {
		Credit { position: 0, account: AccountId32::new([account; 32]), score: 1, weight }
	}

	fn sums(shares: impl Iterator<Item = Share>) -> (u32, Balance) {
		shares.fold((0, 0), |(ppm, amount), share| {
			(ppm + share.ppm, amount + share.amount.unwrap_or_default())
		})
	}

	/// What moved an answer, where nothing was in its prompt.
	fn moved(paid: &[Credit<AccountId32>]) -> Owed<'_> {
		Owed { moved: paid, earned: Permill::one(), found: &[], part: Permill::zero() }
	}

	#[test]
	fn shares_add_up_to_the_pool_by_account_and_by_credit() {
		let paid = [credit(1, 7), credit(2, 5), credit(1, 3), credit(3, 1), credit(2, 6)];
		for pool in [0, 1, 10, 1_000_003, Balance::MAX / 3] {
			let division = divide(&moved(&paid), &Pool::Of(pool));
			let by_account = division.accounts.iter().map(|(_, share)| *share);
			assert_eq!(sums(by_account), (1_000_000, pool));
			assert_eq!(sums(division.moved.iter().copied()), (1_000_000, pool));
			let first = division.accounts[0].1;
			let own = [division.moved[0], division.moved[2]].into_iter();
			assert_eq!(sums(own), (first.ppm, first.amount.unwrap()));
		}
	}

	#[test]
	fn amounts_are_those_that_were_paid() {
		let paid = [credit(1, 1), credit(2, 1), credit(2, 1)];
		let payment =
			|account, amount| Payment { account: AccountId32::new([account; 32]), amount };
		let pool = Pool::Paid(vec![payment(2, 9), payment(1, 4)]);
		let division = divide(&moved(&paid), &pool);
		let amounts: Vec<_> = division.moved.iter().map(|share| share.amount).collect();
		assert_eq!(amounts, [Some(4), Some(5), Some(4)]);
		assert_eq!(pool.amount(), Some(13));
	}

	#[test]
	fn nobody_has_a_share_when_nobody_is_credited() {
		let division = divide(&moved(&[]), &Pool::Of(5));
		assert!(division.accounts.is_empty() && division.moved.is_empty());
		let unknown = divide(&moved(&[credit(1, 2)]), &Pool::Unknown);
		assert_eq!(unknown.moved, [Share { ppm: 1_000_000, amount: None }]);
	}

	#[test]
	fn both_kinds_add_up_by_account_and_each_kind_has_its_part() {
		let (moved, found) = ([credit(1, 3), credit(2, 1)], [credit(3, 5), credit(1, 5)]);
		let (earned, part) = (Permill::from_percent(50), Permill::from_percent(40));
		let owed = Owed { moved: &moved, earned, found: &found, part };
		// Of 1,000, 400 are what was found's, and half of the rest is earned.
		let division = divide(&owed, &Pool::Of(700));
		let amounts = |of: &[Share]| of.iter().map(|of| of.amount.unwrap()).collect::<Vec<_>>();
		assert_eq!(amounts(&division.moved), [225, 75]);
		assert_eq!(amounts(&division.found), [200, 200]);
		let accounts: Vec<_> = division.accounts.iter().map(|(_, share)| *share).collect();
		assert_eq!(amounts(&accounts), [425, 75, 200]);
		assert_eq!(sums(accounts.into_iter()), (1_000_000, 700));
		for pool in [1, 7, 1_000_003, Balance::MAX / 3] {
			let division = divide(&owed, &Pool::Of(pool));
			let credits = division.moved.iter().chain(&division.found).copied();
			assert_eq!(sums(credits), (1_000_000, pool));
			let own = [division.moved[0], division.found[1]].into_iter();
			assert_eq!(sums(own).1, division.accounts[0].1.amount.unwrap());
		}
	}

	#[test]
	fn what_the_chain_paid_an_account_is_divided_among_both_kinds() {
		let (moved, found) = ([credit(1, 1)], [credit(1, 9), credit(2, 9)]);
		let (earned, part) = (Permill::one(), Permill::from_percent(50));
		let owed = Owed { moved: &moved, earned, found: &found, part };
		let payment =
			|account, amount| Payment { account: AccountId32::new([account; 32]), amount };
		let division = divide(&owed, &Pool::Paid(vec![payment(1, 75), payment(2, 25)]));
		assert_eq!(division.moved[0].amount, Some(50));
		assert_eq!(division.found.iter().map(|of| of.amount).collect::<Vec<_>>(), [Some(25); 2]);
	}

	#[test]
	fn records_in_the_prompt_have_it_all_where_nothing_moved_the_answer() {
		let found = [credit(1, 1), credit(2, 3)];
		let (earned, part) = (Permill::zero(), Permill::from_percent(30));
		let division = divide(&Owed { moved: &[], earned, found: &found, part }, &Pool::Of(1_000));
		let amounts = |of: &[Share]| of.iter().map(|of| of.amount).collect::<Vec<_>>();
		assert_eq!(amounts(&division.found), [Some(250), Some(750)]);
		assert!(division.moved.is_empty());
		// Nor does what has a score and no gain to share.
		let moved = [credit(3, 5)];
		let division =
			divide(&Owed { moved: &moved, earned, found: &found, part }, &Pool::Of(1_000));
		assert_eq!(amounts(&division.moved), [Some(0)]);
		assert_eq!(amounts(&division.found), [Some(250), Some(750)]);
	}
}
