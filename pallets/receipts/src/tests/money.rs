//! Whatever happens, no unit comes or goes, and everything is given back in the end.

use crate::{Batches, Lines, Sessions, mock::*};
use frame_support::traits::fungible::Inspect as _;
use openledger_primitives_core::{
	Hash,
	traits::{Claims, Settlement},
};
use proptest::{collection::vec, prelude::*};

#[derive(Clone, Debug)]
enum Step {
	Open { payer: u8, escrow: u128 },
	Top { session: usize, amount: u128 },
	Answer { session: usize, record: usize, fee: u128 },
	Commit { sessions: Vec<usize> },
	Spin { seed: u64 },
	Show { session: usize },
	Reject { pick: usize },
	CloseByPayer { session: usize },
	CloseByOperator { session: usize },
	Finish { session: usize },
	Conclude { batch: u32 },
	Prune { batch: u32 },
	Skip { blocks: u64 },
}

fn step() -> impl Strategy<Value = Step> {
	let session = 0usize..6;
	prop_oneof![
		2 => (3u8..7, 1u128..5_000).prop_map(|(payer, escrow)| Step::Open { payer, escrow }),
		1 => (session.clone(), 1u128..1_000)
			.prop_map(|(session, amount)| Step::Top { session, amount }),
		12 => (session.clone(), 0usize..4, 1u128..200)
			.prop_map(|(session, record, fee)| Step::Answer { session, record, fee }),
		6 => vec(session.clone(), 1..5).prop_map(|sessions| Step::Commit { sessions }),
		4 => any::<u64>().prop_map(|seed| Step::Spin { seed }),
		8 => session.clone().prop_map(|session| Step::Show { session }),
		2 => any::<usize>().prop_map(|pick| Step::Reject { pick }),
		1 => session.clone().prop_map(|session| Step::CloseByPayer { session }),
		1 => session.clone().prop_map(|session| Step::CloseByOperator { session }),
		1 => session.prop_map(|session| Step::Finish { session }),
		1 => (0u32..8).prop_map(|batch| Step::Conclude { batch }),
		1 => (0u32..8).prop_map(|batch| Step::Prune { batch }),
		4 => (1u64..8).prop_map(|blocks| Step::Skip { blocks }),
	]
}

/// How many of a book's first receipts each of its batches committed to.
type Counts = std::collections::BTreeMap<(u32, u64), usize>;

fn take(step: Step, books: &mut Vec<Book>, counts: &mut Counts) {
	let call = |call, by| dispatch(RuntimeCall::Receipts(call), by).is_ok();
	match step {
		Step::Open { payer, escrow } => {
			if books.len() < 6 {
				books.push(session(payer, escrow));
			}
		}
		Step::Top { session, amount } => {
			if let Some(book) = books.get(session) {
				call(crate::Call::add_escrow { session: book.session, amount }, book.signer);
			}
		}
		Step::Answer { session, record, fee } => {
			if let Some(book) = books.get_mut(session) {
				book.answer(record, fee);
			}
		}
		Step::Commit { mut sessions } => {
			sessions.sort();
			sessions.dedup();
			// Those that would refuse the whole batch are left out, so that there are some.
			let mut chosen: Vec<&Book> = sessions.iter().filter_map(|at| books.get(*at)).collect();
			chosen.retain(|book| {
				Sessions::<Test>::get(book.session).is_some_and(|session| {
					let owed = book.voucher().amount - session.settled;
					!session.ended && (1..=session.escrow).contains(&owed)
				})
			});
			if let Ok(batch) = commit(&chosen) {
				for book in chosen {
					counts.insert((batch, book.session), book.receipts.len());
				}
			}
		}
		Step::Spin { seed } => spin(Hash::from_low_u64_be(seed)),
		Step::Show { session } => {
			if let Some(book) = books.get(session) {
				let batches = counts.iter().filter(|((_, of), _)| *of == book.session);
				for ((batch, _), count) in batches {
					for position in 0..*count as u32 {
						let _ = book.show(*batch, position, *count);
					}
				}
			}
		}
		Step::Reject { pick } => {
			let mut open: Vec<u64> = pallet_attribution::Claims::<Test>::iter_keys()
				.filter(|id| Receipts::at_stake(*id).is_some())
				.collect();
			open.sort();
			if !open.is_empty() {
				let id = open[pick % open.len()];
				<Attribution as Claims<_>>::reject(id).unwrap();
			}
		}
		Step::CloseByPayer { session } => {
			if let Some(book) = books.get(session) {
				call(crate::Call::close_session { session: book.session }, book.signer);
			}
		}
		Step::CloseByOperator { session } => {
			if let Some(book) = books.get(session) {
				call(crate::Call::close_session { session: book.session }, OPERATOR);
			}
		}
		Step::Finish { session } => {
			if let Some(book) = books.get(session) {
				call(crate::Call::finish_session { session: book.session }, 7);
			}
		}
		Step::Conclude { batch } => {
			call(crate::Call::conclude { batch }, 7);
		}
		Step::Prune { batch } => {
			call(crate::Call::prune_batch { batch }, AGENT);
		}
		Step::Skip { blocks } => skip(blocks),
	}
}

/// What payers have, promised or not.
fn payers() -> u128 {
	(3..7).map(|n| Balances::total_balance(&account(n))).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn no_unit_comes_or_goes(steps in vec(step(), 1..120)) {
		chain_of(4, 20, || {
			let before = payers();
			let mut books: Vec<Book> = (3..6).map(|payer| session(payer, 3_000)).collect();
			let mut counts = Counts::new();
			for step in steps {
				take(step, &mut books, &mut counts);
				check();
			}
			// Everything comes to its end, and nothing is left behind.
			for book in &books {
				let call = crate::Call::close_session { session: book.session };
				let _ = dispatch(RuntimeCall::Receipts(call), OPERATOR);
			}
			for _ in 0..3 {
				spin(Hash::zero());
				skip(30);
			}
			for batch in 0..crate::NextBatch::<Test>::get() {
				let _ = dispatch(RuntimeCall::Receipts(crate::Call::prune_batch { batch }), AGENT);
			}
			assert_eq!(Sessions::<Test>::iter().count(), 0);
			assert_eq!(Batches::<Test>::iter().count(), 0);
			assert_eq!(Lines::<Test>::iter().count(), 0);
			assert_eq!(pallet_attribution::Claims::<Test>::iter().count(), 0);
			assert_eq!((3..7).chain([OPERATOR]).map(held).sum::<u128>(), 0);
			for n in (3..7).chain([OPERATOR]) {
				assert_eq!(deposit(crate::HoldReason::SessionDeposit, n), 0);
				assert_eq!(deposit(crate::HoldReason::BatchDeposit, n), 0);
			}
			// Payers lost what was distributed, and nothing else.
			let distributed: u128 = System::events()
				.into_iter()
				.filter_map(|record| match record.event {
					RuntimeEvent::Receipts(crate::Event::DrawSettled { fee, .. }) => Some(fee),
					_ => None,
				})
				.sum();
			assert_eq!(before - payers(), distributed);
		});
	}
}
