use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	Hash,
	model::{IndexCommitment, Retrieval},
	traits::Models as _,
};
use sp_runtime::{DispatchResult, Permill};

fn retrieval() -> Retrieval {
	Retrieval {
		most: 4,
		dimension: 2_048,
		part: Permill::from_percent(30),
		lens: Hash::repeat_byte(8),
		index: IndexCommitment { file: Hash::repeat_byte(9), ..index() },
	}
}

fn commit(who: u64, model: u32, retrieval: Option<Retrieval>) -> DispatchResult {
	Pallet::<Test>::commit_retrieval(signed(who), model, retrieval)
}

#[test]
fn committed_retrieval_is_served_and_can_be_replaced_until_the_index_is_committed() {
	run(|| {
		let model = draft();
		assert_ok!(commit(OWNER, model, Some(retrieval())));
		let event = Event::<Test>::RetrievalCommitted { model, retrieval: Some(retrieval()) };
		assert_eq!(last_event(), event.into());
		let served = || Pallet::<Test>::served(model).unwrap().retrieval;
		assert_eq!(served(), Some(retrieval()));
		let other = Retrieval { most: 2, ..retrieval() };
		assert_ok!(commit(OWNER, model, Some(other)));
		assert_eq!(served(), Some(other));
		assert_ok!(commit(OWNER, model, None));
		assert_eq!(served(), None);
		assert_ok!(commit(OWNER, model, Some(retrieval())));
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_noop!(commit(OWNER, model, None), Error::<Test>::WrongStatus);
		assert_eq!(served(), Some(retrieval()));
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
	});
}

#[test]
fn retrieval_is_refused_when_out_of_range_or_of_other_records() {
	run(|| {
		let model = draft();
		let refused = |change: &dyn Fn(&mut Retrieval), error: Error<Test>| {
			let mut changed = retrieval();
			change(&mut changed);
			assert_noop!(commit(OWNER, model, Some(changed)), error);
		};
		refused(&|of| of.most = 0, Error::RetrievalOutOfRange);
		refused(&|of| of.most = 5, Error::RetrievalOutOfRange);
		refused(&|of| of.dimension = 15, Error::RetrievalOutOfRange);
		refused(&|of| of.dimension = 2_049, Error::RetrievalOutOfRange);
		refused(&|of| of.part = Permill::zero(), Error::RetrievalOutOfRange);
		refused(&|of| of.index.records += 1, Error::WrongRecordCount);
		refused(&|of| of.index.contributors = 0, Error::WrongContributorCount);
		refused(&|of| of.index.contributors = RECORDS + 1, Error::WrongContributorCount);
		refused(&|of| of.index.floor_ppm = 1_000_001, Error::FloorOutOfRange);
		assert_noop!(commit(ALICE, model, None), Error::<Test>::NotOwner);
		assert_noop!(commit(OWNER, 7, None), Error::<Test>::NotFound);
	});
}

#[test]
fn retrieval_is_refused_when_claims_have_no_room_for_both_kinds() {
	run(|| {
		let base = NextBase::<Test>::get();
		add_base(OWNER).unwrap();
		let mut spec = spec();
		spec.base = base;
		spec.method.credits = 13;
		let model = NextModel::<Test>::get();
		register(OWNER, spec).unwrap();
		assert_noop!(commit(OWNER, model, Some(retrieval())), Error::<Test>::ClaimsTooLong);
		assert_ok!(commit(OWNER, model, Some(Retrieval { most: 3, ..retrieval() })));
	});
}
