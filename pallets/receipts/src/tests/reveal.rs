use crate::{Batches, Error, Event, MAX_SHOWN, Shown, Stage, mock::*};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use openledger_primitives_core::{Hash, MAX_OUTPUT, draw::draw_id, model::Usage};
use openledger_primitives_receipts::{Receipt, SumNode, SumProof, prove::prove_slice};

type E = Error<Test>;

fn proof(book: &Book, position: u32) -> SumProof {
	let leaves: Vec<SumNode> = book.receipts.iter().map(Receipt::leaf).collect();
	prove_slice(&leaves, position).unwrap()
}

#[test]
fn nothing_is_shown_before_the_seed_is_there() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 200);
		let batch = commit(&[&book]).unwrap();
		assert_noop!(book.show(batch, 0, 1), E::NotDrawnYet);
		Round::set(8);
		assert_noop!(book.show(batch, 0, 1), E::NotDrawnYet);
		Seeds::mutate(|seeds| seeds.insert(8, Hash::zero()));
		assert_noop!(book.show(batch, 0, 1), E::NotDrawnYet);
		Seeds::mutate(|seeds| seeds.insert(7, Hash::zero()));
		assert_ok!(book.show(batch, 0, 1));
	});
}

#[test]
fn showing_is_free_and_opens_a_claim_for_every_draw_of_the_receipt() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 203);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		assert_eq!(book.show(batch, 0, 1).unwrap().pays_fee, Pays::No);
		let stages = Batches::<Test>::get(batch).unwrap().stages.to_vec();
		assert_eq!(stages, [Stage::Open, Stage::Joined(0), Stage::Joined(0), Stage::Joined(0)]);
		System::assert_last_event(
			Event::DrawOpened { batch, draw: 0, draws: 4, session: 0, position: 0, fee: 203 }
				.into(),
		);
		let claim = pallet_attribution::Claims::<Test>::get(draw_id(batch, 0)).unwrap();
		assert_eq!((claim.payer, claim.operator), (account(3), account(OPERATOR)));
		assert_eq!(pallet_attribution::Claims::<Test>::iter().count(), 1);
		assert_noop!(book.show(batch, 0, 1), E::NotDrawn);
	});
}

#[test]
fn each_draw_is_opened_by_the_one_receipt_that_it_falls_into() {
	chain(|| {
		let (mut one, mut two) = (session(3, 9_000), session(4, 9_000));
		for at in 0..20 {
			one.answer(at % 4, 13);
			two.answer(at % 4, 29);
		}
		let batch = commit(&[&one, &two]).unwrap();
		spin(Hash::repeat_byte(5));
		let shown = show_all(batch, &[&one, &two]);
		assert!((1..=4).contains(&shown));
		let stored = Batches::<Test>::get(batch).unwrap();
		assert!(!stored.stages.contains(&Stage::Pending));
		let opened = stored.stages.iter().filter(|stage| **stage == Stage::Open).count();
		assert_eq!(opened, shown);
	});
}

#[test]
fn receipt_that_no_draw_falls_into_is_refused() {
	chain_of(1, 1, || {
		let mut book = session(3, 1_000);
		book.answer(0, 5).answer(1, 5);
		let seed = seed_for(4, 10);
		let batch = commit(&[&book]).unwrap();
		spin(seed);
		assert_noop!(book.show(batch, 1, 2), E::NotDrawn);
		assert_ok!(book.show(batch, 0, 2));
	});
}

#[test]
fn receipts_that_an_earlier_batch_covered_are_refused() {
	chain_of(1, 1, || {
		let mut book = session(3, 1_000);
		book.answer(0, 50);
		commit(&[&book]).unwrap();
		book.answer(1, 50);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		assert_noop!(book.show(batch, 0, 2), E::NotInBatch);
		assert_ok!(book.show(batch, 1, 2));
	});
}

#[test]
fn receipt_that_straddles_what_is_settled_is_refused() {
	chain_of(1, 1, || {
		let mut book = session(3, 1_000);
		book.answer(0, 50);
		commit(&[&book]).unwrap();
		// The payer signs another tree, in which the second receipt begins earlier.
		let mut other = Book::new(book.session, 3);
		other.answer(0, 30).answer(1, 60);
		let batch = commit(&[&other]).unwrap();
		spin(Hash::zero());
		assert_noop!(other.show(batch, 1, 2), E::NotInBatch);
		assert_noop!(other.show(batch, 0, 2), E::NotInBatch);
	});
}

#[test]
fn receipts_of_other_trees_sessions_and_models_are_refused() {
	chain(|| {
		let (mut book, mut other) = (session(3, 1_000), session(4, 1_000));
		book.answer(0, 100).answer(0, 100);
		other.answer(0, 200);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		let show = |receipt: &Receipt, proof: &SumProof| {
			let (receipt, proof) = (receipt.clone(), proof.clone());
			reveal(batch, [Shown { receipt, proof, claim: claim(0) }], AGENT)
		};
		assert_noop!(show(&other.receipts[0], &proof(&other, 0)), E::NotInBatch);
		let (good, path) = (&book.receipts[0], proof(&book, 0));
		let changes: [fn(&mut Receipt); 6] = [
			|receipt| receipt.session = 9,
			|receipt| receipt.model = OTHER,
			|receipt| receipt.position = 1,
			|receipt| receipt.fee = 99,
			|receipt| receipt.output = Hash::zero(),
			|receipt| receipt.usage.output += 1,
		];
		for change in changes {
			let mut changed = good.clone();
			change(&mut changed);
			assert_noop!(show(&changed, &path), E::NotInBatch);
		}
		assert_noop!(show(good, &proof(&book, 1)), E::NotInBatch);
		assert_noop!(show(good, &SumProof::default()), E::NotInBatch);
		assert_ok!(show(good, &path));
	});
}

#[test]
fn fee_above_the_sessions_price_is_refused() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 200);
		// The price that counts is that of the opening.
		PromptPrice::set(1);
		let batch = commit(&[&book]).unwrap();
		let mut dear = session(3, 1_000);
		PromptPrice::set(1_000);
		dear.answer(0, 200);
		dear.receipts[0].usage = Usage { prompt: 199, output: 0 };
		let second = commit(&[&dear]).unwrap();
		spin(Hash::zero());
		assert_ok!(book.show(batch, 0, 1));
		assert_noop!(dear.show(second, 0, 1), E::Overpriced);
	});
}

#[test]
fn answer_that_verifiers_can_not_generate_in_time_is_refused() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 200);
		book.receipts[0].usage.output = MAX_OUTPUT + 1;
		let mut long = session(3, 1_000);
		long.answer(0, 200);
		long.receipts[0].usage.output = MAX_OUTPUT;
		let batches = [commit(&[&book]).unwrap(), commit(&[&long]).unwrap()];
		spin(Hash::zero());
		assert_noop!(book.show(batches[0], 0, 1), E::TooLong);
		assert_ok!(long.show(batches[1], 0, 1));
	});
}

#[test]
fn claim_has_to_be_the_one_that_the_receipt_commits_to() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 200);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		let show = |claim| {
			let receipt = book.receipts[0].clone();
			reveal(batch, [Shown { receipt, proof: proof(&book, 0), claim }], AGENT)
		};
		assert_noop!(show(claim(1)), E::WrongClaim);
		let mut other = claim(0);
		other.gain = 201;
		assert_noop!(show(other), E::WrongClaim);
		let mut other = claim(0);
		other.trace = Hash::zero();
		assert_noop!(show(other), E::WrongClaim);
		// A claim that is the one but does not verify changes nothing either.
		let mut unsound = claim(0);
		unsound.records[0].scale = 99;
		assert_noop!(show(unsound), pallet_attribution::Error::<Test>::NotInIndex);
		assert_ok!(show(claim(0)));
	});
}

#[test]
fn only_the_operators_agent_shows_and_only_in_time() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100).answer(1, 100);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		let show = |by| reveal(batch, [book.shown(0, 2)], by);
		assert_noop!(show(OPERATOR), E::NotAgent);
		assert_noop!(show(RIVALS_AGENT), E::NotOperator);
		assert_noop!(book.show(9, 0, 2), E::UnknownBatch);
		// The seed is read in block 3, and the last block to show in is 13.
		go_to(3);
		assert_eq!(Batches::<Test>::get(batch).unwrap().drawn.unwrap().reveal_by, 13);
		System::set_block_number(14);
		assert_noop!(show(AGENT), E::TooLate);
		System::set_block_number(13);
		assert_ok!(show(AGENT));
	});
}

#[test]
fn seed_is_kept_once_it_is_read() {
	chain(|| {
		let mut book = session(3, 1_000);
		book.answer(0, 100);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::repeat_byte(1));
		assert_ok!(Receipts::conclude(signed(9), batch));
		System::assert_last_event(
			Event::BatchDrawn { batch, seed: Hash::repeat_byte(1), reveal_by: 11 }.into(),
		);
		Seeds::set(Default::default());
		assert_ok!(book.show(batch, 0, 1));
	});
}

#[test]
fn receipts_are_shown_together_or_not_at_all() {
	chain_of(16, 1, || {
		let (mut book, mut other) = (session(3, 10_000), session(4, 10_000));
		for _ in 0..5 {
			book.answer(0, 100);
			other.answer(1, 100);
		}
		let batch = commit(&[&book, &other]).unwrap();
		spin(Hash::repeat_byte(5));
		let all: Vec<_> = (0..5).flat_map(|at| [book.shown(at, 5), other.shown(at, 5)]).collect();
		let drawn = |one: &Shown<_>| {
			let before = frame_support::storage::with_transaction(|| {
				let shown = reveal(batch, [one.clone()], AGENT).map_err(|error| error.error);
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(shown))
			});
			before.unwrap().is_ok()
		};
		let (drawn, missed): (Vec<_>, Vec<_>) = all.into_iter().partition(drawn);
		assert!(drawn.len() > 2 && !missed.is_empty(), "the seed was to draw some of them");
		let several: Vec<_> = drawn.iter().take(MAX_SHOWN as usize).cloned().collect();

		assert_noop!(reveal(batch, [], AGENT), E::NotDrawn);
		let with_one = |wrong: Shown<_>| {
			let mut shown = several.clone();
			shown.pop();
			shown.push(wrong);
			shown
		};
		assert_noop!(reveal(batch, with_one(missed[0].clone()), AGENT), E::NotDrawn);
		assert_noop!(reveal(batch, with_one(several[0].clone()), AGENT), E::NotDrawn);
		let mut forged = several[1].clone();
		forged.claim.gain += 1;
		assert_noop!(reveal(batch, with_one(forged), AGENT), E::WrongClaim);

		let post = reveal(batch, several.clone(), AGENT).unwrap();
		assert_eq!(post.pays_fee, Pays::No);
		let opened = Batches::<Test>::get(batch).unwrap();
		let open = opened.stages.iter().filter(|stage| **stage == Stage::Open).count();
		assert_eq!(open, several.len());
		let claims = pallet_attribution::Claims::<Test>::iter().count();
		assert_eq!(claims, several.len());
		for one in several {
			assert_noop!(reveal(batch, [one], AGENT), E::NotDrawn);
		}
	});
}

#[test]
fn receipts_of_private_sessions_are_noted_as_such() {
	chain(|| {
		let (mut public, mut private) = (session(3, 1_000), private_session(4, 1_000));
		public.answer(0, 200);
		private.answer(0, 200);
		for (book, expected) in [(&public, false), (&private, true)] {
			let batch = commit(&[book]).unwrap();
			spin(Hash::zero());
			assert_ok!(book.show(batch, 0, 1));
			assert_eq!(Noted::get()[&draw_id(batch, 0)], expected);
		}
	});
}
