use crate::{Demands, Error, Event, Status, mock::*};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_attribution::forgery::Forgery;
use openledger_primitives_core::{
	ModelId,
	model::{Arithmetic, LATEST_ARITHMETIC, ModelStatus},
	traits::Models as _,
};
use proptest::prelude::*;
use sp_core::H256;
use sp_runtime::{DispatchResult, TokenError};

type E = Error<Test>;

const WINDOW: u64 = 20;

fn demand(n: u8, model: ModelId, position: u32) -> DispatchResult {
	Attribution::demand_position(signed(n), model, position)
}

fn show(n: u8, model: ModelId, position: usize) -> DispatchResult {
	let Forgery { leaf, proof, .. } = forgery(position);
	Attribution::answer_demand(signed(n), model, Box::new(leaf), proof)
}

fn conclude(model: ModelId, position: u32) -> DispatchResult {
	frame_support::storage::with_storage_layer(|| {
		Attribution::conclude_demand(signed(7), model, position)
	})
}

fn free(n: u8) -> u128 {
	Balances::free_balance(account(n))
}

#[test]
fn half_of_the_deposit_goes_to_whoever_shows_the_leaf_and_half_to_the_treasury() {
	chain(|| {
		let treasury = free(90);
		assert_ok!(demand(9, RECORDS, 5));
		assert_eq!(demanded(9), DEMAND);
		System::assert_last_event(
			Event::PositionDemanded {
				model: RECORDS,
				position: 5,
				demander: account(9),
				until: 21,
			}
			.into(),
		);
		System::set_block_number(WINDOW);
		assert_ok!(show(3, RECORDS, 5));
		let reward = DEMAND / 2;
		assert_eq!((free(3), free(9), demanded(9)), (RICH + reward, RICH - DEMAND, 0));
		assert_eq!(free(90), treasury + DEMAND - reward);
		System::assert_last_event(
			Event::PositionShown {
				model: RECORDS,
				position: 5,
				shown_by: account(3),
				deposit: DEMAND,
				reward,
			}
			.into(),
		);
		assert!(!Demands::<Test>::contains_key(RECORDS));
		assert_noop!(show(3, RECORDS, 5), E::NoDemand);
		assert_noop!(conclude(RECORDS, 5), E::NoDemand);
		assert_eq!(Registered::condemned(RECORDS), Some(false));
		// It can be asked for again.
		assert_ok!(demand(9, RECORDS, 5));
	});
}

#[test]
fn owner_that_demands_and_shows_by_itself_pays_for_every_place_it_takes() {
	chain(|| {
		for _ in 0..3 {
			// A second account of its own, and both in one block.
			assert_ok!(demand(9, RECORDS, 1));
			assert_ok!(demand(9, RECORDS, 2));
			assert_noop!(demand(10, RECORDS, 5), E::TooManyDemands);
			assert_ok!(show(8, RECORDS, 1));
			assert_ok!(show(8, RECORDS, 2));
		}
		assert_eq!(free(8) + free(9), 2 * RICH - 6 * (DEMAND - DEMAND / 2));
	});
}

#[test]
fn version_is_condemned_when_nobody_shows_the_leaf() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		let (treasury, purse) = (free(90), free(PURSE));
		assert_ok!(demand(9, RECORDS, 5));
		System::set_block_number(WINDOW);
		assert_noop!(conclude(RECORDS, 5), E::DemandOpen);
		System::set_block_number(WINDOW + 1);
		assert_noop!(show(3, RECORDS, 5), E::TooLate);
		assert_ok!(conclude(RECORDS, 5));
		assert_eq!(Registered::condemned(RECORDS), Some(true));
		assert_eq!((free(9), demanded(9)), (RICH + STAKE / 2, 0));
		assert_eq!((free(90), free(PURSE)), (treasury + STAKE - STAKE / 2, purse - STAKE));
		System::assert_last_event(
			Event::DemandUnanswered {
				model: RECORDS,
				position: 5,
				demander: account(9),
				penalty: Some(STAKE),
			}
			.into(),
		);
		// Its claims end as after a forged leaf.
		assert_ok!(Attribution::finalize(signed(5), id));
		let claim = crate::Claims::<Test>::get(id).unwrap();
		assert!(claim.status == Status::Final && claim.paid.is_empty());
		assert_noop!(demand(9, RECORDS, 1), E::AlreadyCondemned);
	});
}

#[test]
fn demand_that_others_outran_gives_its_deposit_back_and_condemns_nobody_twice() {
	chain(|| {
		assert_ok!(demand(9, RECORDS, 5));
		assert_ok!(demand(10, RECORDS, 6));
		System::set_block_number(WINDOW + 1);
		assert_ok!(conclude(RECORDS, 5));
		assert_ok!(conclude(RECORDS, 6));
		assert_eq!((free(10), demanded(10)), (RICH, 0));
		assert!(matches!(
			System::events().pop().unwrap().event,
			RuntimeEvent::Attribution(Event::DemandUnanswered { penalty: None, .. })
		));
	});
}

#[test]
fn demand_is_given_back_when_the_version_is_gone() {
	chain(|| {
		assert_ok!(demand(9, RECORDS, 5));
		Unindexed::set(true);
		assert_noop!(show(3, RECORDS, 5), E::UnknownModel);
		System::set_block_number(WINDOW + 1);
		assert_ok!(conclude(RECORDS, 5));
		assert_eq!(free(9), RICH);
		Unindexed::set(false);
		assert_eq!(Registered::condemned(RECORDS), Some(false));
	});
}

#[test]
fn retired_version_has_to_show_nothing_once_nothing_asked_of_it_is_open() {
	chain(|| {
		let id = answered(RECORDS, claim(&[], &[0, 1])).unwrap();
		Uncondemned::set(ModelStatus::Retired);
		assert_noop!(demand(9, CONTRIBUTORS, 5), E::NotInUse);
		assert_ok!(demand(9, RECORDS, 5));
		go_to(11);
		assert_eq!(crate::Claims::<Test>::get(id).unwrap().status, Status::Final);
		assert_noop!(demand(9, RECORDS, 4), E::NotInUse);
		// What was demanded before still has to be shown.
		System::set_block_number(WINDOW + 1);
		assert_ok!(conclude(RECORDS, 5));
		assert_eq!(Registered::condemned(RECORDS), Some(true));
	});
}

#[test]
fn version_that_engines_compute_no_more_has_to_show_nothing_either() {
	chain(|| {
		Computed::set(Arithmetic::Canonical(LATEST_ARITHMETIC - 1));
		assert_noop!(demand(9, RECORDS, 5), E::NotInUse);
		Computed::set(Arithmetic::Canonical(LATEST_ARITHMETIC));
		assert_ok!(demand(9, RECORDS, 5));
	});
}

#[test]
fn only_the_committed_leaf_answers() {
	chain(|| {
		assert_ok!(demand(9, RECORDS, 5));
		assert_noop!(show(3, RECORDS, 4), E::NoDemand);
		assert_noop!(show(3, CONTRIBUTORS, 5), E::NoDemand);
		let Forgery { leaf, proof, .. } = forgery(5);
		let mut other = leaf.clone();
		other.record = H256::zero();
		let mut moved = forgery(4).leaf;
		moved.position = 5;
		for (leaf, proof) in [(other, proof.clone()), (moved, proof), (leaf, forgery(4).proof)] {
			let answer = Attribution::answer_demand(signed(3), RECORDS, Box::new(leaf), proof);
			assert_noop!(answer, E::NotInIndex);
		}
		assert_ok!(show(3, RECORDS, 5));
	});
}

#[test]
fn forged_leaf_that_is_shown_answers_and_can_be_challenged() {
	chain(|| {
		Forged::set(Some((0, 49)));
		assert_ok!(demand(9, RECORDS, 0));
		assert_ok!(show(12, RECORDS, 0));
		let fault = crate::Fault::Forgery(forgery(0));
		challenge(9, crate::Target::Model(RECORDS), &fault);
		assert_eq!(Registered::condemned(RECORDS), Some(true));
	});
}

#[test]
fn demand_is_refused_when_there_is_nothing_to_show_or_no_room_or_no_deposit() {
	chain(|| {
		assert_noop!(demand(9, 77, 0), E::UnknownModel);
		assert_noop!(demand(9, RECORDS, 7), E::WrongPosition);
		assert_noop!(demand(66, RECORDS, 0), TokenError::FundsUnavailable);
		assert_ok!(demand(9, RECORDS, 0));
		assert_noop!(demand(10, RECORDS, 0), E::AlreadyDemanded);
		assert_ok!(demand(9, RECORDS, 1));
		assert_noop!(demand(10, RECORDS, 2), E::TooManyDemands);
		assert_ok!(demand(10, CONTRIBUTORS, 2));
		assert_eq!((demanded(9), demanded(10)), (2 * DEMAND, DEMAND));
		Unindexed::set(true);
		assert_noop!(demand(9, RECORDS, 3), E::UnknownModel);
		Unindexed::set(false);
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn no_unit_is_lost_whatever_is_demanded_shown_and_concluded(
		steps in proptest::collection::vec((0u8..3, 8u8..11, 0u32..4, 0u64..9), 1..40),
	) {
		chain(|| {
			let all = |reasons: &dyn Fn(u8) -> u128| -> u128 {
				(1..=12).chain([21, 90]).map(reasons).sum()
			};
			let before = all(&free);
			for (step, who, position, wait) in steps {
				System::set_block_number(System::block_number() + wait);
				let _ = match step {
					0 => demand(who, RECORDS, position),
					1 => show(who, RECORDS, position as usize),
					_ => conclude(RECORDS, position),
				};
				assert_eq!(all(&free) + all(&demanded), before);
				Attribution::do_try_state().unwrap();
			}
		});
	}
}
