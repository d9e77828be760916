//! Adding up who paid and who earned what: a fold over facts, which knows neither chain nor node.
//!
//! A transaction's fee is named once its parts have been dealt out: the payer first gets back what
//! it was charged too much, then treasury and author are paid and the rest is burned, and only then
//! comes the event that says what the fee was. So the parts are looked for among the last payments
//! of the same extrinsic, backwards, until they add up to the fee.

use super::economics_books::{Account, Books, Fact, Noted, Part, Role};
use std::collections::HashSet;
/// A payment that may turn out to be part of a transaction's fee.
struct Payment {
	/// Who has it; nobody where it was burned.
	to: Option<Account>,
	amount: u128,
}

/// The fold.
pub struct Ledger {
	treasuries: HashSet<Account>,
	/// The extrinsic that the last fact came from.
	extrinsic: Option<u32>,
	/// The last payments in it, without anything in between.
	payments: Vec<Payment>,
	/// What its last penalty gave to somebody.
	reward: u128,
	books: Books,
}

impl Ledger {
	/// Empty books, knowing which accounts are the treasury's.
	pub fn new(treasuries: impl IntoIterator<Item = Account>) -> Self {
		Self {
			treasuries: treasuries.into_iter().collect(),
			extrinsic: None,
			payments: Vec::new(),
			reward: 0,
			books: Books::default(),
		}
	}

	/// Adds the facts of one block, in their order.
	pub fn block(&mut self, facts: impl IntoIterator<Item = Noted>) {
		self.forget();
		for (extrinsic, fact) in facts {
			if extrinsic != self.extrinsic {
				self.forget();
				self.extrinsic = extrinsic;
			}
			self.add(fact);
		}
	}

	/// The books.
	pub fn close(self) -> Books {
		self.books
	}

	fn forget(&mut self) {
		self.extrinsic = None;
		self.payments.clear();
		self.reward = 0;
	}

	fn add(&mut self, fact: Fact) {
		let books = &mut self.books;
		match fact {
			Fact::Deposit { who, amount } => {
				self.payments.push(Payment { to: Some(who), amount });
				return;
			}
			Fact::Supply { event, minted, amount } => {
				let side = if minted { &mut books.supply.minted } else { &mut books.supply.burned };
				*side.entry(event).or_default() += amount;
				if !minted {
					self.payments.push(Payment { to: None, amount });
					return;
				}
			}
			Fact::Fee { payer, fee, tip } => self.fee(payer, fee, tip),
			Fact::Settled { fee, contributors, parts } => {
				let inference = &mut books.inference;
				inference.settlements += 1;
				inference.fees += fee;
				let parts = parts.unwrap_or_else(|| {
					let known =
						Part { name: "contributors".into(), account: None, amount: contributors };
					vec![known]
				});
				let explained =
					parts.iter().fold(0, |sum: u128, part| sum.saturating_add(part.amount));
				inference.unexplained += fee.saturating_sub(explained);
				for Part { name, account, amount } in parts {
					if let Some(account) = account {
						books.earn(account, Role::of_part(&name), amount);
					}
					*books.inference.receivers.entry(name).or_default() += amount;
				}
			}
			Fact::Claimed { amount, to_payee } => {
				books.claims.payouts += 1;
				books.claims.paid += amount;
				if to_payee {
					books.claims.to_payees += amount;
				}
			}
			Fact::Swept { amount } => books.claims.swept += amount,
			Fact::Refunded { amount } => {
				books.inference.refunds += 1;
				books.inference.refunded += amount;
			}
			Fact::OperatorSlashed { amount, rewarded } => {
				books.penalties.operators += amount;
				books.penalties.challengers += rewarded;
				self.reward = rewarded;
			}
			Fact::Condemned { challenger, amount, rewarded } => {
				books.penalties.owners += amount;
				books.penalties.challengers += rewarded;
				books.penalties.challenges_won += 1;
				books.earn(challenger, Role::Challenger, rewarded);
			}
			Fact::ChallengeWon { challenger } => {
				books.penalties.challenges_won += 1;
				books.earn(challenger, Role::Challenger, std::mem::take(&mut self.reward));
			}
			Fact::ChallengeLost { deposit } => {
				books.penalties.challenges_lost += 1;
				books.penalties.deposits_lost += deposit;
			}
			Fact::Deployed { fee } => {
				books.models.registered += 1;
				books.models.fees += fee;
			}
			Fact::EraPaid { validators, remainder } => {
				books.staking.eras += 1;
				books.staking.payout += validators;
				books.staking.remainder += remainder;
			}
			Fact::StakingRewarded { staker, amount } => {
				books.staking.rewarded += amount;
				books.earn(staker, Role::Staker, amount);
			}
			Fact::StakingSlashed { amount } => books.staking.slashed += amount,
			Fact::Other => {}
		}
		self.payments.clear();
	}

	/// Finds the parts of a fee among the payments just before.
	fn fee(&mut self, payer: Account, fee: u128, tip: u128) {
		let mut left = fee;
		let mut found: u128 = 0;
		while left > 0
			&& let Some(Payment { to, amount }) = self.payments.pop()
		{
			// What the payer was charged too much, and got back before.
			if amount > left && to == Some(payer) {
				break;
			}
			left = left.saturating_sub(amount);
			found = found.saturating_add(amount);
			match to {
				None => self.books.fees.burned += amount,
				Some(account) if self.treasuries.contains(&account) => {
					self.books.fees.treasury += amount;
				}
				Some(account) => {
					self.books.fees.authors += amount;
					self.books.earn(account, Role::Author, amount);
				}
			}
		}
		let fees = &mut self.books.fees;
		fees.transactions += 1;
		// An account that its own transaction removed does not get back what it was charged too
		// much: that is dealt out with the fee.
		fees.paid += fee.max(found);
		fees.tips += tip;
		fees.unexplained += left;
	}
}

#[cfg(test)]
mod tests {
	use super::{super::economics_books::*, *};
	use std::collections::BTreeMap;

	const TREASURY: Account = [1; 32];
	const AUTHOR: Account = [2; 32];
	const PAYER: Account = [3; 32];
	const OTHER: Account = [4; 32];

	fn books(blocks: &[&[Noted]]) -> Books {
		let mut ledger = Ledger::new([TREASURY]);
		for block in blocks {
			ledger.block(block.iter().cloned());
		}
		ledger.close()
	}

	fn of_one(facts: impl IntoIterator<Item = Fact>) -> Books {
		let noted: Vec<Noted> = facts.into_iter().map(|fact| (Some(1), fact)).collect();
		books(&[&noted])
	}

	fn deposit(who: Account, amount: u128) -> Fact {
		Fact::Deposit { who, amount }
	}

	fn burned(amount: u128) -> Fact {
		Fact::Supply { event: "BurnedDebt", minted: false, amount }
	}

	fn fee(fee: u128, tip: u128) -> Fact {
		Fact::Fee { payer: PAYER, fee, tip }
	}

	fn part(name: &str, account: Option<Account>, amount: u128) -> Part {
		Part { name: name.into(), account, amount }
	}

	#[test]
	fn fee_is_dealt_out_by_the_payments_before_it() {
		// In whatever order the runtime deals them out, and without what the payer got back.
		for parts in [
			[deposit(TREASURY, 70), burned(20), deposit(AUTHOR, 10)],
			[burned(20), deposit(AUTHOR, 10), deposit(TREASURY, 70)],
		] {
			let found =
				of_one([deposit(PAYER, 500)].into_iter().chain(parts).chain([fee(100, 10)]));
			let expected = Fees {
				transactions: 1,
				paid: Units(100),
				tips: Units(10),
				burned: Units(20),
				treasury: Units(70),
				authors: Units(10),
				unexplained: Units(0),
			};
			assert_eq!(found.fees, expected);
			assert_eq!(found.earned[&AUTHOR][&Role::Author], Units(10));
			assert!(!found.earned.contains_key(&PAYER));
			assert_eq!(total(&found.supply.burned), 20);
		}
	}

	#[test]
	fn fee_of_a_transaction_does_not_take_what_its_call_paid() {
		let found = of_one([deposit(TREASURY, 30), Fact::Other, deposit(TREASURY, 40), fee(70, 0)]);
		assert_eq!((found.fees.treasury, found.fees.unexplained), (Units(40), Units(30)));
	}

	#[test]
	fn fee_does_not_take_what_another_extrinsic_or_block_paid() {
		let earlier = [(Some(1), deposit(TREASURY, 70))];
		let later = [(Some(2), fee(70, 0))];
		for found in [books(&[&[earlier[0].clone(), later[0].clone()]]), books(&[&earlier, &later])]
		{
			assert_eq!((found.fees.treasury, found.fees.unexplained), (Units(0), Units(70)));
		}
	}

	#[test]
	fn author_who_pays_itself_a_tip_earns_it() {
		let found =
			of_one([deposit(PAYER, 900), deposit(TREASURY, 90), deposit(PAYER, 10), fee(100, 10)]);
		assert_eq!((found.fees.authors, found.fees.unexplained), (Units(10), Units(0)));
	}

	#[test]
	fn fee_is_what_was_dealt_out_when_the_payer_is_gone() {
		let found = of_one([deposit(TREASURY, 120), fee(100, 0)]);
		assert_eq!((found.fees.paid, found.fees.treasury), (Units(120), Units(120)));
		assert_eq!(found.fees.unexplained, Units(0));
	}

	#[test]
	fn fee_of_nothing_takes_nothing() {
		let found = of_one([deposit(AUTHOR, 5), fee(0, 0)]);
		assert_eq!((found.fees.transactions, found.fees.authors), (1, Units(0)));
		assert!(found.earned.is_empty());
	}

	#[test]
	fn settlement_is_divided_by_receiver_and_account() {
		let parts = vec![
			part("contributors", Some(OTHER), 30),
			part("contributors", Some(PAYER), 20),
			part("owner", Some(OTHER), 20),
			part("royalty", Some(OTHER), 0),
			part("operator", Some(AUTHOR), 20),
			part("verifiers", None, 5),
			part("validators", None, 2),
			part("treasury", None, 3),
		];
		let found =
			of_one([Fact::Settled { fee: 100, contributors: 50, parts: Some(parts.clone()) }]);
		assert_eq!(total(&found.inference.receivers), 100);
		assert_eq!(found.inference.receivers["contributors"], Units(50));
		assert_eq!(found.inference.unexplained, Units(0));
		assert_eq!(
			found.earned[&OTHER],
			BTreeMap::from([(Role::Contributor, Units(30)), (Role::ModelOwner, Units(20))])
		);
		assert_eq!(found.top(1)[0].total, Units(50));
	}

	#[test]
	fn settlement_says_what_it_does_not_know_when_the_chain_has_forgotten_it() {
		let found = of_one([Fact::Settled { fee: 100, contributors: 45, parts: None }]);
		assert_eq!(found.inference.receivers, BTreeMap::from([("contributors".into(), Units(45))]));
		assert_eq!(found.inference.unexplained, Units(55));
		assert!(found.earned.is_empty());
	}

	#[test]
	fn part_with_a_new_name_is_counted_under_it() {
		let parts = vec![part("gardeners", Some(OTHER), 100)];
		let found = of_one([Fact::Settled { fee: 100, contributors: 0, parts: Some(parts) }]);
		assert_eq!(found.inference.receivers["gardeners"], Units(100));
		assert_eq!(found.earned[&OTHER][&Role::Other], Units(100));
	}

	#[test]
	fn challenger_earns_what_the_penalty_of_its_own_challenge_rewarded() {
		let found = of_one([
			Fact::OperatorSlashed { amount: 10, rewarded: 5 },
			Fact::ChallengeWon { challenger: OTHER },
			// Nothing is rewarded twice.
			Fact::ChallengeWon { challenger: PAYER },
		]);
		assert_eq!(found.earned[&OTHER][&Role::Challenger], Units(5));
		assert!(!found.earned.contains_key(&PAYER));
		assert_eq!((found.penalties.operators, found.penalties.challengers), (Units(10), Units(5)));
		let apart = books(&[&[
			(None, Fact::OperatorSlashed { amount: 10, rewarded: 5 }),
			(Some(1), Fact::ChallengeWon { challenger: OTHER }),
		]]);
		assert!(apart.earned.is_empty());
	}

	#[test]
	fn challenger_earns_its_part_of_the_bond_behind_a_forged_index() {
		let found = of_one([Fact::Condemned { challenger: OTHER, amount: 101, rewarded: 50 }]);
		assert_eq!(found.earned[&OTHER][&Role::Challenger], Units(50));
		let penalties = found.penalties;
		assert_eq!((penalties.owners, penalties.challengers), (Units(101), Units(50)));
		assert_eq!((penalties.operators, penalties.challenges_won), (Units(0), 1));
	}

	#[test]
	fn staking_claims_and_fines_are_added_up() {
		let found = of_one([
			Fact::EraPaid { validators: 60, remainder: 40 },
			Fact::StakingRewarded { staker: AUTHOR, amount: 25 },
			Fact::StakingSlashed { amount: 7 },
			Fact::Claimed { amount: 11, to_payee: false },
			Fact::Claimed { amount: 13, to_payee: true },
			Fact::Swept { amount: 2 },
			Fact::ChallengeLost { deposit: 10 },
			Fact::Deployed { fee: 3 },
			Fact::Refunded { amount: 8 },
		]);
		assert_eq!(
			found.staking,
			Staking {
				eras: 1,
				payout: Units(60),
				remainder: Units(40),
				rewarded: Units(25),
				slashed: Units(7),
			}
		);
		assert_eq!((found.claims.paid, found.claims.to_payees), (Units(24), Units(13)));
		assert_eq!(found.claims.swept, Units(2));
		assert_eq!(found.penalties.deposits_lost, Units(10));
		assert_eq!((found.models.registered, found.models.fees), (1, Units(3)));
		assert_eq!((found.inference.refunds, found.inference.refunded), (1, Units(8)));
		assert_eq!(found.earned[&AUTHOR][&Role::Staker], Units(25));
	}

	#[test]
	fn change_of_supply_is_what_was_minted_less_what_was_burned() {
		let found = of_one([
			Fact::Supply { event: "Issued", minted: true, amount: 5 },
			burned(20),
			Fact::Supply { event: "Minted", minted: true, amount: 10 },
			burned(1),
		]);
		assert_eq!(found.supply.change(), -6);
		assert_eq!(found.supply.burned, BTreeMap::from([("BurnedDebt", Units(21))]));
		assert_eq!(signed(u128::MAX, 0), i128::MAX);
	}

	#[test]
	fn top_earners_are_ordered_by_amount_then_account() {
		let reward = |staker, amount| Fact::StakingRewarded { staker, amount };
		let found = of_one([reward(OTHER, 5), reward(AUTHOR, 5), reward(PAYER, 9)]);
		let order: Vec<_> = found.top(2).into_iter().map(|earner| earner.account).collect();
		assert_eq!(order, [PAYER, AUTHOR]);
		assert!(found.top(0).is_empty());
	}
}
