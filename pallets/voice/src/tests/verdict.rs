use super::*;
use crate::{Ruling, Verdict, Verdicts};

fn council() -> RuntimeOrigin {
	signed(COUNCIL)
}

/// Enough voice for a veto.
fn heard() {
	earn(ALICE, VetoMinimum::get());
}

#[test]
fn approval_holds_until_it_expires() {
	chain(|| {
		let (_, hash) = set(1);
		assert_ok!(Voice::approve(council(), hash));
		let expires = 1 + PERIOD;
		assert_eq!(last_event(), Event::CallApproved { call_hash: hash, expires }.into());
		assert_eq!(
			Verdicts::<Test>::get(hash),
			Some(Ruling { verdict: Verdict::Approved, given: 1, expires })
		);
		advance(PERIOD - 1);
		assert_eq!(Voice::verdict(hash), Some(Verdict::Approved));
		advance(1);
		assert_eq!(Voice::verdict(hash), None);
	});
}

#[test]
fn approval_needs_no_minimum_of_voice() {
	chain(|| {
		assert!(!Voice::veto_active());
		assert_ok!(Voice::approve(council(), set(1).1));
	});
}

#[test]
fn rejection_holds_until_it_expires() {
	chain(|| {
		heard();
		let (_, hash) = set(1);
		assert_ok!(Voice::reject(council(), hash));
		let expires = 1 + PERIOD;
		assert_eq!(last_event(), Event::CallRejected { call_hash: hash, expires }.into());
		assert_eq!(Voice::verdict(hash), Some(Verdict::Rejected));
		advance(PERIOD);
		assert_eq!(Voice::verdict(hash), None);
	});
}

#[test]
fn rejection_is_refused_when_voice_is_under_the_minimum() {
	chain(|| {
		let (_, hash) = set(1);
		assert_noop!(Voice::reject(council(), hash), Error::<Test>::VetoInactive);
		earn(ALICE, VetoMinimum::get() - UNIT);
		assert_noop!(Voice::reject(council(), hash), Error::<Test>::VetoInactive);
		earn(ALICE, UNIT);
		assert_ok!(Voice::reject(council(), hash));
		// A block later it has faded below.
		advance(1);
		assert_noop!(Voice::reject(council(), set(2).1), Error::<Test>::VetoInactive);
	});
}

#[test]
fn verdicts_are_refused_to_everyone_but_contributors() {
	chain(|| {
		heard();
		let (_, hash) = set(1);
		for origin in [
			signed(ALICE),
			signed(SLOW),
			signed(FAST),
			RuntimeOrigin::root(),
			RuntimeOrigin::none(),
		] {
			assert_noop!(Voice::approve(origin.clone(), hash), DispatchError::BadOrigin);
			assert_noop!(Voice::reject(origin.clone(), hash), DispatchError::BadOrigin);
			assert_noop!(Voice::withdraw(origin, hash), DispatchError::BadOrigin);
		}
	});
}

#[test]
fn later_verdict_replaces_the_earlier_and_takes_no_more_room() {
	chain(|| {
		heard();
		for value in 0..MAX_VERDICTS {
			assert_ok!(Voice::reject(council(), set(value).1));
		}
		advance(5);
		let (_, hash) = set(0);
		assert_ok!(Voice::approve(council(), hash));
		assert_eq!(
			Verdicts::<Test>::get(hash),
			Some(Ruling { verdict: Verdict::Approved, given: 6, expires: 6 + PERIOD })
		);
		assert_eq!(Verdicts::<Test>::count(), MAX_VERDICTS);
	});
}

#[test]
fn verdict_is_refused_when_there_are_too_many_even_if_expired() {
	chain(|| {
		heard();
		for value in 0..MAX_VERDICTS {
			assert_ok!(Voice::approve(council(), set(value).1));
		}
		let (_, more) = set(MAX_VERDICTS);
		assert_noop!(Voice::approve(council(), more), Error::<Test>::TooManyVerdicts);
		assert_noop!(Voice::reject(council(), more), Error::<Test>::TooManyVerdicts);
		advance(PERIOD);
		assert_noop!(Voice::approve(council(), more), Error::<Test>::TooManyVerdicts);
		assert_ok!(Voice::clear(signed(BOB), set(0).1));
		assert_ok!(Voice::approve(council(), more));
	});
}

#[test]
fn withdrawing_removes_a_verdict() {
	chain(|| {
		heard();
		let (_, hash) = set(1);
		assert_ok!(Voice::reject(council(), hash));
		assert_ok!(Voice::withdraw(council(), hash));
		assert_eq!(last_event(), Event::VerdictWithdrawn { call_hash: hash }.into());
		assert_eq!(Verdicts::<Test>::count(), 0);
	});
}

#[test]
fn withdrawing_is_refused_when_there_is_no_verdict() {
	chain(|| {
		let (_, hash) = set(1);
		assert_noop!(Voice::withdraw(council(), hash), Error::<Test>::NoVerdict);
		assert_ok!(Voice::approve(council(), hash));
		assert_noop!(Voice::withdraw(council(), set(2).1), Error::<Test>::NoVerdict);
	});
}

#[test]
fn clearing_removes_an_expired_verdict() {
	chain(|| {
		let (_, hash) = set(1);
		assert_ok!(Voice::approve(council(), hash));
		advance(PERIOD);
		assert_ok!(Voice::clear(signed(BOB), hash));
		assert_eq!(last_event(), Event::VerdictCleared { call_hash: hash }.into());
		assert_eq!(Verdicts::<Test>::count(), 0);
	});
}

#[test]
fn clearing_is_refused_when_the_verdict_holds_or_there_is_none() {
	chain(|| {
		let (_, hash) = set(1);
		assert_noop!(Voice::clear(signed(BOB), hash), Error::<Test>::NoVerdict);
		assert_ok!(Voice::approve(council(), hash));
		assert_noop!(Voice::clear(signed(BOB), hash), Error::<Test>::NotExpired);
		advance(PERIOD - 1);
		assert_noop!(Voice::clear(signed(BOB), hash), Error::<Test>::NotExpired);
		// Not even by those who gave it: they withdraw it.
		assert_noop!(Voice::clear(council(), hash), Error::<Test>::NotExpired);
	});
}

#[test]
fn clearing_is_refused_when_unsigned() {
	chain(|| {
		let (_, hash) = set(1);
		assert_ok!(Voice::approve(council(), hash));
		advance(PERIOD);
		assert_noop!(Voice::clear(RuntimeOrigin::none(), hash), DispatchError::BadOrigin);
	});
}

#[test]
fn invariants_fail_when_verdicts_are_off() {
	externalities().execute_with(|| {
		let (_, hash) = set(1);
		assert_ok!(Voice::approve(council(), hash));
		assert_ok!(Voice::do_try_state());
		Verdicts::<Test>::mutate(hash, |ruling| ruling.as_mut().unwrap().given = 2);
		assert!(Voice::do_try_state().is_err());
	});
	externalities().execute_with(|| {
		for value in 0..=MAX_VERDICTS {
			let ruling = Ruling { verdict: Verdict::Approved, given: 0, expires: 9 };
			Verdicts::<Test>::insert(set(value).1, ruling);
		}
		assert!(Voice::do_try_state().is_err());
	});
}
