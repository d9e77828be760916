//! Who has which part of what an answer earned its contributors.

use openledger_primitives_attribution::{Credit, shares, split::largest_remainder};
use openledger_primitives_core::{Balance, settlement::Payment};
use serde::{Serialize, Serializer};
use sp_core::crypto::AccountId32;

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

/// Shares by account, in order of first appearance, and by credit.
#[derive(Debug)]
pub struct Division {
	/// What each account has.
	pub accounts: Vec<(AccountId32, Share)>,
	/// What each credit brought its account, in the credits' order.
	pub credits: Vec<Share>,
}

/// Divides as the rule does: by account, by largest remainders. An account's part is divided once more
/// by the weights of its own credits, so that these add up to it.
pub fn divide(paid: &[Credit<AccountId32>], pool: &Pool) -> Division {
	let merged = shares(paid);
	let weights: Vec<u64> = merged.iter().map(|(_, weight)| *weight).collect();
	let millionths = largest_remainder(WHOLE, &weights);
	let amounts: Vec<Option<Balance>> = match pool {
		Pool::Unknown => vec![None; merged.len()],
		Pool::Of(amount) => largest_remainder(*amount, &weights).into_iter().map(Some).collect(),
		Pool::Paid(payments) => {
			let to = |account: &AccountId32| {
				let found = payments.iter().find(|payment| payment.account == *account);
				Some(found.map_or(0, |payment| payment.amount))
			};
			merged.iter().map(|(account, _)| to(account)).collect()
		}
	};
	let mut credits = vec![Share { ppm: 0, amount: None }; paid.len()];
	let mut accounts = Vec::with_capacity(merged.len());
	for ((account, _), (ppm, amount)) in merged.into_iter().zip(millionths.into_iter().zip(amounts))
	{
		let own = || paid.iter().enumerate().filter(|(_, credit)| credit.account == account);
		let weights: Vec<u64> = own().map(|(_, credit)| credit.weight).collect();
		let parts = largest_remainder(ppm, &weights);
		let amounts = amount.map(|amount| largest_remainder(amount, &weights));
		for (which, (at, _)) in own().enumerate() {
			credits[at] = Share {
				ppm: parts.get(which).map_or(0, |part| *part as u32),
				amount: amounts.as_ref().and_then(|amounts| amounts.get(which).copied()),
			};
		}
		accounts.push((account, Share { ppm: ppm as u32, amount }));
	}
	Division { accounts, credits }
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

	#[test]
	fn shares_add_up_to_the_pool_by_account_and_by_credit() {
		let paid = [credit(1, 7), credit(2, 5), credit(1, 3), credit(3, 1), credit(2, 6)];
		for pool in [0, 1, 10, 1_000_003, Balance::MAX / 3] {
			let division = divide(&paid, &Pool::Of(pool));
			let by_account = division.accounts.iter().map(|(_, share)| *share);
			assert_eq!(sums(by_account), (1_000_000, pool));
			assert_eq!(sums(division.credits.iter().copied()), (1_000_000, pool));
			let first = division.accounts[0].1;
			let own = [division.credits[0], division.credits[2]].into_iter();
			assert_eq!(sums(own), (first.ppm, first.amount.unwrap()));
		}
	}

	#[test]
	fn amounts_are_those_that_were_paid() {
		let paid = [credit(1, 1), credit(2, 1), credit(2, 1)];
		let payment =
			|account, amount| Payment { account: AccountId32::new([account; 32]), amount };
		let pool = Pool::Paid(vec![payment(2, 9), payment(1, 4)]);
		let division = divide(&paid, &pool);
		let amounts: Vec<_> = division.credits.iter().map(|share| share.amount).collect();
		assert_eq!(amounts, [Some(4), Some(5), Some(4)]);
		assert_eq!(pool.amount(), Some(13));
	}

	#[test]
	fn nobody_has_a_share_when_nobody_is_credited() {
		let division = divide(&[], &Pool::Of(5));
		assert!(division.accounts.is_empty() && division.credits.is_empty());
		let unknown = divide(&[credit(1, 2)], &Pool::Unknown);
		assert_eq!(unknown.credits, [Share { ppm: 1_000_000, amount: None }]);
	}
}
