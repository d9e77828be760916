use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	model::{IndexCommitment, ModelStatus, Price},
	traits::Models as _,
};
use sp_runtime::DispatchResult;

type Move = fn(RuntimeOrigin, u32) -> DispatchResult;

const MOVES: [Move; 3] =
	[Pallet::<Test>::publish, Pallet::<Test>::deprecate, Pallet::<Test>::retire];

#[test]
fn commit_index_is_refused_when_counts_or_floor_dont_fit() {
	run(|| {
		let model = draft();
		let refused = |index: IndexCommitment, error: Error<Test>| {
			assert_noop!(Pallet::<Test>::commit_index(signed(OWNER), model, index), error);
		};
		for records in [0, RECORDS - 1, RECORDS + 1, u32::MAX] {
			refused(IndexCommitment { records, ..index() }, Error::WrongRecordCount);
		}
		for contributors in [0, RECORDS + 1, u32::MAX] {
			refused(IndexCommitment { contributors, ..index() }, Error::WrongContributorCount);
		}
		refused(IndexCommitment { floor_ppm: 1_000_001, ..index() }, Error::FloorOutOfRange);
		let least = IndexCommitment { contributors: 1, floor_ppm: 1_000_000, ..index() };
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, least));
	});
}

#[test]
fn commit_index_is_refused_when_not_owner_missing_or_twice() {
	run(|| {
		let model = draft();
		let commit = |who, model| Pallet::<Test>::commit_index(signed(who), model, index());
		assert_noop!(commit(ALICE, model), Error::<Test>::NotOwner);
		assert_noop!(commit(OWNER, 7), Error::<Test>::NotFound);
		assert_ok!(commit(OWNER, model));
		assert_noop!(commit(OWNER, model), Error::<Test>::WrongStatus);
	});
}

#[test]
fn status_only_moves_forward() {
	use ModelStatus::*;
	// For each state: whether publish, deprecate and retire are allowed.
	let allowed = [
		(Draft, [false, false, false]),
		(Indexed, [true, false, true]),
		(Published, [false, true, true]),
		(Deprecated, [false, false, true]),
		(Retired, [false, false, false]),
		(Condemned, [false, false, false]),
	];
	for (status, moves) in allowed {
		for (call, fits) in MOVES.into_iter().zip(moves) {
			run(|| {
				let model = if status == Draft { draft() } else { indexed() };
				if matches!(status, Published | Deprecated) {
					assert_ok!(Pallet::<Test>::publish(signed(OWNER), model));
				}
				if status == Deprecated {
					assert_ok!(Pallet::<Test>::deprecate(signed(OWNER), model));
				}
				if status == Retired {
					assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
				}
				if status == Condemned {
					assert_ok!(Pallet::<Test>::condemn(model, &ALICE));
				}
				assert_eq!(crate::Models::<Test>::get(model).unwrap().status, status);
				if fits {
					assert_ok!(call(signed(OWNER), model));
				} else {
					assert_noop!(call(signed(OWNER), model), Error::<Test>::WrongStatus);
				}
			});
		}
	}
}

#[test]
fn status_is_kept_when_not_owner_or_missing() {
	run(|| {
		let model = indexed();
		for call in MOVES {
			assert_noop!(call(signed(ALICE), model), Error::<Test>::NotOwner);
			assert_noop!(call(signed(OWNER), 7), Error::<Test>::NotFound);
		}
	});
}

#[test]
fn set_price_is_refused_when_retired_overflowing_or_anothers() {
	run(|| {
		let model = published();
		let price = Price { prompt: 1, output: 2 };
		let set = |who, model, price| Pallet::<Test>::set_price(signed(who), model, price);
		assert_noop!(set(ALICE, model, price), Error::<Test>::NotOwner);
		assert_noop!(set(OWNER, 7, price), Error::<Test>::NotFound);
		let high = Price { prompt: u128::MAX, output: 0 };
		assert_noop!(set(OWNER, model, high), Error::<Test>::PriceTooHigh);
		assert_ok!(set(OWNER, model, price));
		assert_eq!(last_event(), Event::<Test>::PriceSet { model, price }.into());
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_noop!(set(OWNER, model, PRICE), Error::<Test>::WrongStatus);
	});
}
