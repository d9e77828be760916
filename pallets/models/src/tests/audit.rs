use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::{
	ModelId,
	model::{Arithmetic, Assurance, ModelSpec, Unaudited},
	traits::{CommittedVersion, Models as _, Versions as _},
};
use sp_runtime::DispatchError;

fn assurance(model: ModelId) -> Assurance {
	Standings::<Test>::get(model).unwrap().assurance
}

fn publish(model: ModelId) -> sp_runtime::DispatchResult {
	Pallet::<Test>::publish(signed(OWNER), model)
}

#[test]
fn version_earns_only_once_its_audit_found_it_true() {
	run(|| {
		let model = audited_later();
		assert_eq!(assurance(model), Assurance::Waiting);
		assert!(Pallet::<Test>::is_waiting(model));
		let version = CommittedVersion { model, owner: OWNER, bond: BOND };
		assert_eq!(Asked::get(), [(version, 1)]);
		assert_noop!(publish(model), Error::<Test>::AuditPending);
		assert!(Pallet::<Test>::acquire(model).is_err());
		Pallet::<Test>::assure(model, Assurance::Audited);
		assert_ok!(publish(model));
		assert_ok!(Pallet::<Test>::acquire(model));
		Pallet::<Test>::release(model);
	});
}

#[test]
fn version_earns_unaudited_and_says_why_when_there_is_no_audit() {
	run(|| {
		for reason in [Unaudited::TooFewVerifiers, Unaudited::Off] {
			Hindrance::set(Some(reason));
			let model = indexed();
			assert_eq!(assurance(model), Assurance::Unaudited(reason));
			assert_ok!(publish(model));
		}
		let model = tolerant().unwrap();
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		assert_eq!(assurance(model), Assurance::Unaudited(Unaudited::Tolerant));
		assert_ok!(publish(model));
		assert!(Asked::get().is_empty());
	});
}

/// A draft of tolerant arithmetic, on a new base.
fn tolerant() -> Result<ModelId, DispatchError> {
	add_base(OWNER).unwrap();
	let (base, model) = (NextBase::<Test>::get() - 1, NextModel::<Test>::get());
	register(OWNER, ModelSpec { base, arithmetic: Arithmetic::Tolerant, ..spec() })?;
	Ok(model)
}

#[test]
fn tolerant_version_is_refused_while_there_are_audits_that_it_would_escape() {
	run(|| {
		Hindrance::set(Some(Unaudited::Off));
		let draft = tolerant().unwrap();
		for hindrance in [None, Some(Unaudited::TooFewVerifiers)] {
			Hindrance::set(hindrance);
			assert_noop!(
				Pallet::<Test>::commit_index(signed(OWNER), draft, index()),
				Error::<Test>::NotRepeatable
			);
			assert_eq!(tolerant(), Err(Error::<Test>::NotRepeatable.into()));
		}
	});
}

#[test]
fn versions_from_before_there_were_audits_go_on_earning() {
	run(|| {
		let (published, indexed) = (published(), indexed());
		// As storage was before: nothing is kept beside the version.
		for model in [published, indexed] {
			Standings::<Test>::remove(model);
			let standing = Pallet::<Test>::assurance(model).unwrap();
			assert_eq!(standing.assurance, Assurance::Unaudited(Unaudited::Before));
		}
		Hindrance::set(None);
		assert_ok!(Pallet::<Test>::acquire(published));
		Pallet::<Test>::release(published);
		assert_ok!(publish(indexed));
		assert_ok!(Pallet::<Test>::acquire(indexed));
		Pallet::<Test>::release(indexed);
	});
}

#[test]
fn index_is_refused_without_its_training_when_it_would_be_audited() {
	run(|| {
		Hindrance::set(None);
		let model = draft();
		assert_noop!(
			Pallet::<Test>::commit_index(signed(OWNER), model, index()),
			Error::<Test>::TrainingNotCommitted
		);
		assert_noop!(
			Pallet::<Test>::commit_training(signed(ALICE), model, TRAINING),
			Error::<Test>::NotOwner
		);
		assert_ok!(Pallet::<Test>::commit_training(signed(OWNER), model, Default::default()));
		assert_ok!(Pallet::<Test>::commit_training(signed(OWNER), model, TRAINING));
		assert_eq!(Pallet::<Test>::trained(model), Some((spec().manifest, TRAINING)));
		assert_ok!(Pallet::<Test>::commit_index(signed(OWNER), model, index()));
		// What its audit is about stays as it is.
		assert_noop!(
			Pallet::<Test>::commit_training(signed(OWNER), model, TRAINING),
			Error::<Test>::WrongStatus
		);
	});
}

#[test]
fn index_is_refused_when_its_owner_cannot_pay_for_the_audit() {
	run(|| {
		Hindrance::set(None);
		let model = draft();
		assert_ok!(Pallet::<Test>::commit_training(signed(OWNER), model, TRAINING));
		AuditFee::set(Err(DispatchError::Unavailable));
		assert_noop!(
			Pallet::<Test>::commit_index(signed(OWNER), model, index()),
			DispatchError::Unavailable
		);
	});
}

#[test]
fn withheld_version_is_audited_again_for_twice_the_fee_and_three_times_at_most() {
	run(|| {
		let model = audited_later();
		assert_noop!(Pallet::<Test>::ask_audit(signed(OWNER), model), Error::<Test>::NotWithheld);
		for times in [2, 4] {
			Pallet::<Test>::assure(model, Assurance::Withheld);
			assert_noop!(publish(model), Error::<Test>::NotAudited);
			assert_noop!(Pallet::<Test>::ask_audit(signed(ALICE), model), Error::<Test>::NotOwner);
			assert_ok!(Pallet::<Test>::ask_audit(signed(OWNER), model));
			assert_eq!(Asked::get().last().unwrap().1, times);
			assert_eq!(Bonds::<Test>::get(model), Some(BOND), "nothing is slashed");
		}
		Pallet::<Test>::assure(model, Assurance::Withheld);
		assert_noop!(Pallet::<Test>::ask_audit(signed(OWNER), model), Error::<Test>::AskedTooOften);
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
		assert_eq!(Forgotten::get(), [model]);
		assert!(Trainings::<Test>::get(model).is_none() && Standings::<Test>::get(model).is_none());
	});
}

#[test]
fn withheld_version_never_earns_unaudited_when_it_is_asked_for_again() {
	run(|| {
		let model = audited_later();
		Pallet::<Test>::assure(model, Assurance::Withheld);
		for reason in [Unaudited::Off, Unaudited::TooFewVerifiers] {
			Hindrance::set(Some(reason));
			assert_noop!(Pallet::<Test>::ask_audit(signed(OWNER), model), Error::<Test>::NoAudits);
			assert_noop!(publish(model), Error::<Test>::NotAudited);
		}
	});
}

#[test]
fn bond_is_lost_when_a_version_that_stays_withheld_is_removed() {
	run(|| {
		let model = audited_later();
		Pallet::<Test>::assure(model, Assurance::Withheld);
		let free = Balances::free_balance(TREASURY);
		let owned = Balances::free_balance(OWNER) + held(OWNER);
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_eq!(Bonds::<Test>::get(model), Some(BOND), "retiring alone takes nothing");
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
		assert_eq!(Balances::free_balance(TREASURY) - free, BOND);
		assert_eq!(Balances::free_balance(OWNER) + held(OWNER), owned - BOND);
		System::assert_has_event(Event::<Test>::BondForfeited { model, amount: BOND }.into());
	});
}

#[test]
fn bond_goes_back_when_a_version_is_removed_that_was_found_sound_after_all() {
	run(|| {
		let model = audited_later();
		Pallet::<Test>::assure(model, Assurance::Withheld);
		assert_ok!(Pallet::<Test>::ask_audit(signed(OWNER), model));
		Pallet::<Test>::assure(model, Assurance::Audited);
		let owned = Balances::free_balance(OWNER) + held(OWNER);
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
		assert_eq!(Balances::free_balance(OWNER) + held(OWNER), owned);
	});
}

#[test]
fn refuted_version_loses_its_bond_to_those_who_found_out_and_the_treasury() {
	run(|| {
		let model = audited_later();
		let issued = Balances::total_issuance();
		let free = [ALICE, BOB, TREASURY].map(Balances::free_balance);
		assert_eq!(Pallet::<Test>::refute(model, &[ALICE, BOB], 1_000), Ok(BOND));
		let gained = |at: usize, who| Balances::free_balance(who) - free[at];
		assert_eq!([gained(0, ALICE), gained(1, BOB)], [1_000, 1_000]);
		assert_eq!(gained(2, TREASURY), BOND - 2_000);
		assert_eq!(Balances::total_issuance(), issued);
		assert_eq!(assurance(model), Assurance::Refuted);
		assert_eq!(Pallet::<Test>::condemned(model), Some(true));
		let taken = Event::<Test>::CondemnedByAudit { model, taken: BOND, rewarded: 2_000 };
		assert_eq!(last_event(), taken.into());
		assert_noop!(publish(model), Error::<Test>::WrongStatus);
		assert_eq!(Pallet::<Test>::refute(model, &[ALICE], 1_000), Ok(0), "it ends once");
	});
}

#[test]
fn rewards_for_a_refuted_version_are_at_most_half_and_none_for_its_owner() {
	run(|| {
		let model = audited_later();
		let free = [ALICE, OWNER].map(Balances::free_balance);
		// More than the half of 7,001 for each.
		assert_eq!(Pallet::<Test>::refute(model, &[ALICE, OWNER], 50_000), Ok(BOND));
		assert_eq!(Balances::free_balance(ALICE) - free[0], 1_750);
		assert_eq!(Balances::free_balance(OWNER), free[1]);
	});
}

#[test]
fn version_stays_while_it_is_audited_and_can_be_condemned_meanwhile() {
	run(|| {
		let model = audited_later();
		assert_ok!(Pallet::<Test>::retire(signed(OWNER), model));
		assert_noop!(Pallet::<Test>::remove(signed(OWNER), model), Error::<Test>::AuditPending);
		assert_eq!(Pallet::<Test>::condemn(model, &ALICE), Ok(BOND));
		assert_noop!(Pallet::<Test>::remove(signed(ALICE), model), Error::<Test>::AuditPending);
		Pallet::<Test>::assure(model, Assurance::Audited);
		assert_ok!(Pallet::<Test>::remove(signed(ALICE), model));
	});
}

#[test]
fn version_that_waits_for_no_audit_is_noticed() {
	run(|| {
		let model = indexed();
		let unaudited = Standings::<Test>::get(model).unwrap();
		Pallet::<Test>::do_try_state().unwrap();
		Pallet::<Test>::assure(model, Assurance::Waiting);
		let noticed = Pallet::<Test>::do_try_state().unwrap_err();
		assert_eq!(noticed, "a version waits for no audit".into());
		Standings::<Test>::insert(model, unaudited);
	});
}
