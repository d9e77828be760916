use crate::{
	Batches, Due, Error, Event, HoldReason, NextBatch, NextDue, Stage, WeightInfo, mock::*,
};
use frame_support::{assert_noop, assert_ok, traits::Hooks, weights::Weight};
use openledger_primitives_core::{Hash, draw::draw_id};

type E = Error<Test>;

/// Two sessions in a batch of 300 and 100 units.
fn two() -> (Book, Book, u32) {
	let (mut one, mut two) = (session(3, 1_000), session(4, 1_000));
	one.answer(0, 300);
	two.answer(1, 100);
	let batch = commit(&[&one, &two]).unwrap();
	(one, two, batch)
}

#[test]
fn draws_that_are_not_shown_go_back_to_payers_and_cost_the_operator() {
	chain(|| {
		let (_, _, batch) = two();
		let (payers, treasury) = ((free(3), free(4)), free(90));
		spin(Hash::zero());
		go_to(13);
		assert_eq!(Batches::<Test>::get(batch).unwrap().stages.to_vec(), [Stage::Pending; 4]);
		go_to(14);
		// Each of four shares of 100 costs three times itself.
		System::assert_has_event(
			Event::DrawsMissed { batch, draws: 4, fee: 400, penalty: 1_200 }.into(),
		);
		System::assert_last_event(Event::BatchConcluded { batch, returned: 400 }.into());
		assert_eq!((free(3) - payers.0, free(4) - payers.1), (300, 100));
		assert_eq!((bond(OPERATOR), free(90)), (BOND - 1_200, treasury + 1_200));
		assert_eq!((held(3), held(4), held(OPERATOR)), (700, 900, 0));
	});
}

#[test]
fn least_penalty_counts_where_shares_are_small() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 10);
		MinDraw::set(1);
		commit(&[&book]).unwrap();
		spin(Hash::zero());
		go_to(14);
		assert_eq!(bond(OPERATOR), BOND - 4 * 50);
	});
}

#[test]
fn shown_draws_are_paid_and_only_the_others_go_back() {
	chain(|| {
		let (mut one, mut two) = (session(3, 10_000), session(4, 10_000));
		one.answer(0, 4_001);
		two.answer(1, 4_002);
		// A seed that takes some units of each.
		let total = 8_003;
		let hits = |seed: &Hash| {
			(0..4)
				.filter(|draw| {
					openledger_primitives_receipts::draw::unit(seed, 0, *draw, total).unwrap()
						< 4_001
				})
				.count() as u128
		};
		let seed = (0..).map(Hash::from_low_u64_be).find(|seed| hits(seed) == 1).unwrap();
		let batch = commit(&[&one, &two]).unwrap();
		let (payers, kept) = ((free(3), free(4)), bond(OPERATOR));
		spin(seed);
		assert_ok!(two.show(batch, 0, 1));
		let shown = Batches::<Test>::get(batch).unwrap();
		let leader = shown.stages.iter().position(|stage| *stage == Stage::Open).unwrap();
		let fee = shown.fee(leader as u8);
		// The draws last into the first line, whose receipt is withheld; the rest is still open.
		go_to(40);
		let back = total - fee;
		assert!((2_000..=2_001).contains(&back));
		assert_eq!((free(3) + free(4)) - (payers.0 + payers.1), back);
		// In proportion to lines that differ by one unit in eight thousand.
		assert!((free(3) - payers.0).abs_diff(free(4) - payers.1) <= 1);
		assert_eq!(bond(OPERATOR), kept - 3 * back);
		assert_eq!(accrued(41), fee / 2);
		assert_eq!(accrued(40), 0);
	});
}

#[test]
fn batch_waits_for_its_open_claims() {
	chain(|| {
		let (one, two, batch) = two();
		spin(Hash::zero());
		go_to(10);
		show_all(batch, &[&one, &two]);
		go_to(19);
		assert!(!Batches::<Test>::get(batch).unwrap().concluded);
		assert_noop!(Receipts::conclude(signed(9), batch), E::NothingDue);
		assert_noop!(Receipts::prune_batch(signed(OPERATOR), batch), E::NotConcluded);
		go_to(21);
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
		assert_noop!(Receipts::conclude(signed(9), batch), E::AlreadyConcluded);
		// What it was looked at for in the meantime is done with.
		go_to(30);
		assert_eq!(Due::<Test>::iter().count(), 0);
	});
}

#[test]
fn anyone_concludes_by_hand() {
	chain(|| {
		let (_, _, batch) = two();
		assert_noop!(Receipts::conclude(signed(9), 7), E::UnknownBatch);
		assert_noop!(Receipts::conclude(signed(9), batch), E::NothingDue);
		spin(Hash::zero());
		assert_ok!(Receipts::conclude(signed(9), batch));
		assert_noop!(Receipts::conclude(signed(9), batch), E::NothingDue);
		System::set_block_number(12);
		assert_ok!(Receipts::conclude(signed(9), batch));
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
	});
}

#[test]
fn seed_that_is_forgotten_unread_is_replaced_by_a_later_one() {
	chain(|| {
		let (one, two, batch) = two();
		Round::set(8);
		assert_noop!(Receipts::conclude(signed(9), batch), E::NothingDue);
		Round::set(20);
		go_to(3);
		System::assert_last_event(Event::BatchPutOff { batch, round: 20 }.into());
		assert_noop!(one.show(batch, 0, 1), E::NotDrawnYet);
		spin(Hash::zero());
		go_to(5);
		assert!(show_all(batch, &[&one, &two]) > 0);
	});
}

#[test]
fn pruning_frees_the_deposit_and_forgets_claims() {
	chain(|| {
		let (one, two, batch) = two();
		spin(Hash::zero());
		show_all(batch, &[&one, &two]);
		go_to(20);
		let id = draw_id(batch, 0);
		assert!(pallet_attribution::Claims::<Test>::contains_key(id));
		assert!(Rewards::settlement(id).is_some());
		assert_noop!(Receipts::prune_batch(signed(3), batch), E::NotOperator);
		assert_noop!(Receipts::prune_batch(signed(RIVALS_AGENT), batch), E::NotOperator);
		assert_noop!(Receipts::prune_batch(signed(AGENT), 9), E::UnknownBatch);
		assert_ok!(Receipts::prune_batch(signed(AGENT), batch));
		assert_eq!(deposit(HoldReason::BatchDeposit, OPERATOR), 0);
		assert_eq!(pallet_attribution::Claims::<Test>::iter().count(), 0);
		assert!(Rewards::settlement(id).is_none());
		assert_eq!(Batches::<Test>::iter().count(), 0);
		assert_noop!(Receipts::prune_batch(signed(AGENT), batch), E::UnknownBatch);
		// A number is never given twice.
		let mut book = one.clone();
		book.answer(0, 100);
		assert_eq!(commit(&[&book]), Ok(batch + 1));
	});
}

#[test]
fn batch_that_cannot_be_concluded_is_told_and_waits() {
	chain(|| {
		let (_, _, batch) = two();
		spin(Hash::zero());
		go_to(13);
		let kept = pallet_inference::Operators::<Test>::take(account(OPERATOR)).unwrap();
		skip(1);
		let error = pallet_inference::Error::<Test>::NotOperator.into();
		System::assert_last_event(Event::BatchStuck { batch, error }.into());
		assert!(Batches::<Test>::get(batch).unwrap().is_open());
		pallet_inference::Operators::<Test>::insert(account(OPERATOR), kept);
		assert_ok!(Receipts::conclude(signed(9), batch));
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
	});
}

#[test]
fn idle_work_stays_within_its_weight_and_goes_on_later() {
	chain(|| {
		let mut book = session(3, 10_000);
		for _ in 0..6 {
			book.answer(0, 100);
			commit(&[&book]).unwrap();
		}
		spin(Hash::zero());
		System::set_block_number(40);
		assert_eq!(Receipts::on_idle(40, Weight::zero()), Weight::zero());
		let limit = <Test as crate::Config>::WeightInfo::conclude(1)
			.saturating_mul(2)
			.saturating_add(Weight::from_parts(9_000_000_000, 0));
		let mut rounds = 0;
		while Batches::<Test>::iter_values().any(|batch| !batch.concluded) {
			System::set_block_number(System::block_number() + 1);
			assert!(Receipts::on_idle(System::block_number(), limit).all_lte(limit));
			check();
			rounds += 1;
			assert!(rounds < 100);
		}
		assert!(rounds > 1);
		Receipts::on_idle(System::block_number(), Weight::MAX);
		assert_eq!(u64::from(NextDue::<Test>::get()), System::block_number() + 1);
	});
}

#[test]
fn look_that_ends_a_batch_is_charged_for_its_sessions_and_one_that_waits_is_not() {
	chain(|| {
		let (_, _, batch) = two();
		let one = <Test as crate::Config>::WeightInfo::conclude(1).ref_time();
		let two = <Test as crate::Config>::WeightInfo::conclude(2).ref_time();
		let look = |block| {
			System::set_block_number(block);
			Receipts::on_idle(block, Weight::MAX).ref_time()
		};
		assert!(look(3) < one, "lots have not decided");
		spin(Hash::zero());
		assert!(look(5) < one, "draws are to be shown");
		assert!(
			look(u64::from(Batches::<Test>::get(batch).unwrap().drawn.unwrap().reveal_by) + 1)
				>= two
		);
		assert!(Batches::<Test>::get(batch).unwrap().concluded);
	});
}

#[test]
fn batch_is_looked_at_when_lots_will_have_decided() {
	chain(|| {
		Ahead::set(40);
		let (_, _, batch) = two();
		assert_eq!(Due::<Test>::get(41).to_vec(), [batch]);
		spin(Hash::zero());
		Receipts::on_idle(40, Weight::MAX);
		assert_eq!(Batches::<Test>::get(batch).unwrap().drawn, None);
		System::set_block_number(41);
		Receipts::on_idle(41, Weight::MAX);
		assert!(Batches::<Test>::get(batch).unwrap().drawn.is_some());
	});
}

#[test]
fn what_is_not_shown_is_given_up_in_time_though_the_first_look_at_its_batch_is_later() {
	chain(|| {
		// Its first look is 200 blocks after its lots are known.
		NextBatch::<Test>::put(200 * 32);
		let mut book = session(3, 10_000);
		for _ in 0..8 {
			book.answer(0, 100);
		}
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		assert!((0..8).any(|at| book.show(batch, at, 8).is_ok()));
		let after = u64::from(Batches::<Test>::get(batch).unwrap().drawn.unwrap().reveal_by) + 1;
		for block in System::block_number() + 1..=after {
			let waits = |stage: &Stage| *stage == Stage::Pending;
			assert!(Batches::<Test>::get(batch).unwrap().stages.iter().any(waits));
			System::set_block_number(block);
			Receipts::on_idle(block, Weight::MAX);
		}
		let stages = Batches::<Test>::get(batch).unwrap().stages;
		assert!(stages.contains(&Stage::Missed) && !stages.contains(&Stage::Pending));
	});
}
