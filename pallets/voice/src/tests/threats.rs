//! What the threat model says, for any sequence of fees.

use super::*;
use crate::TotalPoints;
use openledger_primitives_core::settlement::{FeeSplit, Payment, Sale};
use pallet_rewards::distribute::divide;
use proptest::prelude::*;
use sp_runtime::Permill;

fn weight_of(accounts: impl IntoIterator<Item = u64>) -> Balance {
	accounts.into_iter().map(|who| Voice::weight_of(&who)).sum()
}

fn amounts(payments: &[Payment<u64>]) -> Vec<(u64, Balance)> {
	payments.iter().map(|payment| (payment.account, payment.amount)).collect()
}

prop_compose! {
	fn splits()(mut cuts in proptest::collection::vec(0u32..=1_000_000, 5)) -> FeeSplit {
		cuts.sort_unstable();
		let part = |at: usize| {
			Permill::from_parts(cuts[at] - if at == 0 { 0 } else { cuts[at - 1] })
		};
		FeeSplit {
			contributors: part(0),
			owner: part(1),
			operator: part(2),
			verifiers: part(3),
			validators: part(4),
		}
	}
}

prop_compose! {
	/// A fee, how it is split, the base's royalty, what part is earned, and the blocks until then.
	fn sales()(
		fee in 0..100_000 * OPEN,
		split in splits(),
		royalty in 0u32..=1_000_000,
		earned in 0u32..=1_000_000,
		wait in 0..2 * YEAR,
	) -> (Balance, FeeSplit, Permill, Permill, u64) {
		(fee, split, Permill::from_parts(royalty), Permill::from_parts(earned), wait)
	}
}

fn minimum() -> impl Strategy<Value = Balance> {
	prop_oneof![Just(0), Just(UNIT), Just(OPEN), Just(100 * OPEN)]
}

proptest! {
	/// One party pays, owns model and base, operates, and made all records: what it has of the say
	/// is never more than what it did not get back.
	#[test]
	fn self_farming_buys_no_more_than_was_sunk(
		sales in proptest::collection::vec(sales(), 1..16),
		minimum in minimum(),
		accounts in 1u64..=16,
		wait in 0..5 * YEAR,
	) {
		chain(|| {
			MinEarned::set(minimum);
			let mut all_sunk = 0;
			let mut lost = 0;
			for (fee, split, royalty, earned, wait) in sales {
				advance(wait);
				let sale = Sale { fee, owner: 1, base_owner: 1, royalty, operator: 1 };
				let shares: Vec<_> = (1..=accounts).map(|who| (who, who)).collect();
				let division = divide(&split, sale, &shares, earned).unwrap();
				settle(&amounts(&division.contributors), division.treasury);
				all_sunk += division.treasury;
				lost += fee
					- division.contributed()
					- division.owner.amount
					- division.royalty.amount
					- division.operator.amount;
				assert!(weight_of(1..=accounts) <= all_sunk);
				assert!(all_sunk <= lost);
			}
			let before = weight_of(1..=accounts);
			for _ in 0..4 {
				advance(wait);
				assert!(weight_of(1..=accounts) <= before);
			}
		});
	}

	/// One contributor, beside it the same one in several accounts that are paid the same: all of
	/// them together have no more, whatever is forgotten.
	#[test]
	fn sybils_have_no_more_than_the_one_they_are(
		fees in proptest::collection::vec(
			(
				proptest::collection::vec(0..10 * OPEN, 1..=15),
				0..10 * OPEN,
				0..50 * OPEN,
				0..YEAR,
				any::<bool>(),
			),
			1..24,
		),
		minimum in minimum(),
	) {
		const ONE: u64 = 100;
		const OTHER: u64 = 101;
		let sybils = || 200..215u64;
		chain(|| {
			MinEarned::set(minimum);
			for (parts, others, sunk, wait, forgets) in fees {
				advance(wait);
				settle(&[(ONE, parts.iter().sum()), (OTHER, others)], sunk);
				let mut payments: Vec<_> = sybils().zip(parts).collect();
				payments.push((OTHER + 1, others));
				settle(&payments, sunk);
				if forgets {
					for who in sybils().chain([ONE]) {
						let _ = Voice::forget(signed(ALICE), who);
					}
				}
				assert!(weight_of(sybils()) <= Voice::weight_of(&ONE));
			}
		});
	}

	/// Whatever an account had when it was sold, nothing but new earnings keeps it from halving.
	#[test]
	fn bought_voice_halves_with_every_year(
		fees in proptest::collection::vec((UNIT..1_000 * OPEN, 0..YEAR), 1..12),
		sold in 0..3 * YEAR,
	) {
		chain(|| {
			MinEarned::set(0);
			for (sunk, wait) in fees {
				earn(ALICE, sunk);
				advance(wait);
			}
			advance(sold);
			let bought = Voice::weight_of(&ALICE);
			let mut last = bought;
			for year in 1..12 {
				for _ in 0..4 {
					advance(YEAR / 4);
					assert!(Voice::weight_of(&ALICE) <= last);
					last = Voice::weight_of(&ALICE);
				}
				assert_eq!(last, bought >> year);
			}
		});
	}

	/// Whoever has all that some of the payees have, has at most what was sunk of the fees that
	/// paid these, and of each fee no more than the part of the pay that was theirs.
	#[test]
	fn captured_datanet_gives_no_more_than_its_fees_sunk(
		fees in proptest::collection::vec(
			(
				proptest::collection::vec((1u64..20, 0..10 * OPEN), 0..=16),
				0..50 * OPEN,
				0..YEAR,
			),
			1..24,
		),
		captured in 1u64..20,
		minimum in minimum(),
	) {
		chain(|| {
			MinEarned::set(minimum);
			let mut sunk_there = 0;
			let mut theirs = 0;
			for (payments, sunk, wait) in fees {
				advance(wait);
				settle(&payments, sunk);
				let pay = |among: fn(u64, u64) -> bool| -> Balance {
					payments
						.iter()
						.filter(|(who, _)| among(*who, captured))
						.map(|(_, amount)| *amount)
						.sum()
				};
				let (there, all) = (pay(|who, captured| who <= captured), pay(|_, _| true));
				if there > 0 {
					sunk_there += sunk;
					theirs += sunk / UNIT * there / all * UNIT;
				}
				let weight = weight_of(1..=captured);
				assert!(weight <= sunk_there);
				assert!(weight <= theirs);
			}
		});
	}

	/// Someone is paid out whenever another wishes: what that breaks off each time is less than what an
	/// entry begins with, and what is left to accrue to that much begins one.
	#[test]
	fn paying_out_early_breaks_off_less_than_an_entry_begins_with(
		fees in proptest::collection::vec((UNIT..OPEN, 0..YEAR / 4, any::<bool>()), 1..24),
	) {
		chain(|| {
			let mut accrued = 0;
			let pay = |accrued: &mut u128| {
				let weight = Voice::weight(*accrued);
				let paid = std::mem::take(accrued);
				let (had, all) = (points(ALICE), TotalPoints::<Test>::get());
				pay_out(ALICE, paid);
				let is_heard = had > 0 || weight >= OPEN;
				assert_eq!(points(ALICE), if is_heard { had + paid } else { 0 });
				assert_eq!(TotalPoints::<Test>::get(), if is_heard { all } else { all - paid });
			};
			for (sunk, wait, early) in fees {
				accrued += earned(&[(ALICE, 1)], sunk)[0];
				if early {
					pay(&mut accrued);
				}
				advance(wait);
			}
			// Two that are too little by themselves.
			let half = || earned(&[(BOB, 1)], OPEN / 2)[0];
			pay_out(BOB, half());
			assert_eq!(points(BOB), 0);
			pay_out(BOB, half() + half());
			assert_eq!(Voice::weight_of(&BOB), OPEN);
			pay(&mut accrued);
			assert_eq!(TotalPoints::<Test>::get(), points(ALICE) + points(BOB));
		});
	}

	/// What an attacker has to sink for a part of the say: as much as all others weigh, for half.
	#[test]
	fn half_of_the_say_takes_as_much_as_all_others_weigh(
		honest in proptest::collection::vec((OPEN..1_000 * OPEN, 0..YEAR), 1..12),
	) {
		chain(|| {
			MinEarned::set(0);
			for (sunk, wait) in honest {
				earn(BOB, sunk);
				advance(wait);
			}
			let others = Voice::weight_of(&BOB);
			earn(ALICE, others / 2);
			assert!(points(ALICE) < points(BOB));
			// Less by the units that both roundings cost.
			earn(ALICE, others - others / 2);
			assert!(points(ALICE) <= points(BOB));
			let half = Voice::weight_of(&ALICE);
			assert!(half <= others && others - half <= 3 * UNIT);
		});
	}
}
