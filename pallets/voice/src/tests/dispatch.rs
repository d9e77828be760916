use super::*;
use crate::{EnsureVetted, Origin, Verdict, Verdicts, WeightInfo};
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
	traits::{EnsureOrigin, StorePreimage},
	weights::Weight,
};
use guarded::{DECLARED, USED, Value};

type Weights = crate::weights::SubstrateWeight<Test>;

fn dispatch(who: u64, value: u32) -> DispatchResultWithPostInfo {
	Voice::dispatch(signed(who), Box::new(set(value).0))
}

fn dispatch_hash(who: u64, value: u32) -> DispatchResultWithPostInfo {
	let (call, hash) = set(value);
	Voice::dispatch_hash(signed(who), hash, call.encoded_size() as u32, DECLARED)
}

fn note(value: u32) {
	Preimage::note(set(value).0.encode().into()).unwrap();
}

/// A rejection that counts, of setting `value`.
fn rejected(value: u32) {
	earn(ALICE, 4 * VetoMinimum::get());
	assert_ok!(Voice::reject(signed(COUNCIL), set(value).1));
}

fn approved(value: u32) {
	assert_ok!(Voice::approve(signed(COUNCIL), set(value).1));
}

fn dispatched(value: u32, result: DispatchResult) {
	assert_eq!(last_event(), Event::CallDispatched { call_hash: set(value).1, result }.into());
}

#[test]
fn slow_way_is_open_when_there_is_no_verdict() {
	chain(|| {
		assert_ok!(dispatch(SLOW, 1));
		dispatched(1, Ok(()));
		assert_eq!(Value::<Test>::get(), 1);
		assert_ok!(Voice::dispatch(RuntimeOrigin::root(), Box::new(set(2).0)));
		assert_eq!(Value::<Test>::get(), 2);
		note(3);
		assert_ok!(dispatch_hash(SLOW, 3));
		dispatched(3, Ok(()));
		assert_eq!(Value::<Test>::get(), 3);
	});
}

#[test]
fn slow_way_is_closed_when_contributors_reject_the_call() {
	chain(|| {
		rejected(1);
		note(1);
		assert_noop!(dispatch(SLOW, 1), Error::<Test>::Vetoed);
		assert_noop!(dispatch_hash(SLOW, 1), Error::<Test>::Vetoed);
		assert_noop!(
			Voice::dispatch(RuntimeOrigin::root(), Box::new(set(1).0)),
			Error::<Test>::Vetoed
		);
		// Another call is another matter.
		assert_ok!(dispatch(SLOW, 2));
		assert_eq!(Verdicts::<Test>::count(), 1);
	});
}

#[test]
fn slow_way_opens_again_when_the_rejection_expires() {
	chain(|| {
		rejected(1);
		advance(PERIOD - 1);
		assert_noop!(dispatch(SLOW, 1), Error::<Test>::Vetoed);
		advance(1);
		assert_ok!(dispatch(SLOW, 1));
	});
}

#[test]
fn slow_way_opens_again_when_the_rejection_is_withdrawn_or_turned() {
	chain(|| {
		rejected(1);
		assert_ok!(Voice::withdraw(signed(COUNCIL), set(1).1));
		assert_ok!(dispatch(SLOW, 1));
		rejected(2);
		approved(2);
		assert_ok!(dispatch(SLOW, 2));
	});
}

#[test]
fn rejection_does_not_count_when_voice_has_faded_under_the_minimum() {
	chain(|| {
		VerdictPeriod::set(10 * YEAR);
		rejected(1);
		advance(2 * YEAR);
		assert_noop!(dispatch(SLOW, 1), Error::<Test>::Vetoed);
		advance(1);
		assert_ok!(dispatch(SLOW, 1));
		// It stands, and counts again when there is enough again.
		earn(BOB, OPEN);
		assert_noop!(dispatch(SLOW, 1), Error::<Test>::Vetoed);
		// As it does when the minimum is set lower or higher.
		VetoMinimum::set(100 * OPEN);
		assert_ok!(dispatch(SLOW, 1));
	});
}

#[test]
fn fast_way_is_closed_when_contributors_have_not_approved() {
	chain(|| {
		note(1);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
		assert_noop!(dispatch_hash(FAST, 1), Error::<Test>::NotApproved);
		approved(2);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
		rejected(1);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
	});
}

#[test]
fn fast_way_is_closed_when_the_call_is_rejected_even_if_the_veto_is_inactive() {
	chain(|| {
		rejected(1);
		VetoMinimum::set(100 * OPEN);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
	});
}

#[test]
fn fast_way_is_closed_when_the_approval_has_expired() {
	chain(|| {
		approved(1);
		advance(PERIOD);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
	});
}

#[test]
fn fast_way_takes_an_approved_call_once() {
	chain(|| {
		approved(1);
		assert_ok!(dispatch(FAST, 1));
		dispatched(1, Ok(()));
		assert_eq!(Value::<Test>::get(), 1);
		assert_eq!(Verdicts::<Test>::count(), 0);
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
		approved(2);
		note(2);
		assert_ok!(dispatch_hash(FAST, 2));
		assert_noop!(dispatch_hash(FAST, 2), Error::<Test>::NotApproved);
	});
}

#[test]
fn approval_is_used_up_when_the_call_went_the_slow_way() {
	chain(|| {
		approved(1);
		assert_ok!(dispatch(SLOW, 1));
		assert_noop!(dispatch(FAST, 1), Error::<Test>::NotApproved);
	});
}

#[test]
fn approval_stands_and_nothing_changes_when_the_call_fails() {
	chain(|| {
		approved(101);
		assert_ok!(dispatch(FAST, 101));
		dispatched(101, Err(guarded::Error::<Test>::Full.into()));
		assert_eq!(Value::<Test>::get(), 0);
		assert_eq!(Voice::verdict(set(101).1), Some(Verdict::Approved));
		note(101);
		assert_ok!(dispatch_hash(FAST, 101));
		dispatched(101, Err(guarded::Error::<Test>::Full.into()));
	});
}

#[test]
fn dispatching_is_refused_to_everyone_else() {
	chain(|| {
		approved(1);
		note(1);
		for who in [ALICE, COUNCIL] {
			assert_noop!(dispatch(who, 1), DispatchError::BadOrigin);
			assert_noop!(dispatch_hash(who, 1), DispatchError::BadOrigin);
		}
		for origin in [RuntimeOrigin::none(), Origin::Vetted.into()] {
			assert_noop!(Voice::dispatch(origin, Box::new(set(1).0)), DispatchError::BadOrigin);
		}
	});
}

#[test]
fn vetted_calls_have_no_other_origin_than_vetted() {
	chain(|| {
		for origin in [RuntimeOrigin::root(), signed(SLOW), RuntimeOrigin::none()] {
			assert_noop!(Guarded::set(origin, 1), DispatchError::BadOrigin);
		}
		// What the slow way dispatches is vetted, and neither root nor whoever dispatched it.
		let call = RuntimeCall::System(frame_system::Call::set_heap_pages { pages: 9 });
		assert_ok!(Voice::dispatch(RuntimeOrigin::root(), Box::new(call.clone())));
		let call_hash = <Test as frame_system::Config>::Hashing::hash_of(&call);
		let result = Err(DispatchError::BadOrigin);
		assert_eq!(last_event(), Event::CallDispatched { call_hash, result }.into());
		let vetted: RuntimeOrigin = Origin::Vetted.into();
		assert_ok!(EnsureVetted::ensure_origin(vetted));
		assert!(EnsureVetted::try_origin(RuntimeOrigin::root()).is_err());
	});
}

#[test]
fn vetted_call_cannot_dispatch_another() {
	chain(|| {
		let inner = RuntimeCall::Voice(crate::Call::dispatch { call: Box::new(set(1).0) });
		assert_ok!(Voice::dispatch(signed(SLOW), Box::new(inner)));
		assert_eq!(Value::<Test>::get(), 0);
	});
}

#[test]
fn preimage_is_refused_when_unknown_or_of_another_length() {
	chain(|| {
		assert_noop!(dispatch_hash(SLOW, 1), Error::<Test>::NoPreimage);
		note(1);
		let (call, hash) = set(1);
		let length = call.encoded_size() as u32;
		for wrong in [0, length - 1, length + 1, u32::MAX] {
			assert_noop!(
				Voice::dispatch_hash(signed(SLOW), hash, wrong, DECLARED),
				Error::<Test>::NoPreimage
			);
		}
		assert_ok!(dispatch_hash(SLOW, 1));
	});
}

#[test]
fn preimage_is_refused_when_it_is_not_a_call() {
	chain(|| {
		let mut longer = set(1).0.encode();
		longer.push(0);
		for bytes in [vec![255, 255], longer] {
			let length = bytes.len() as u32;
			let hash = Preimage::note(bytes.into()).unwrap();
			assert_noop!(
				Voice::dispatch_hash(signed(SLOW), hash, length, DECLARED),
				Error::<Test>::NotACall
			);
		}
	});
}

#[test]
fn preimage_is_refused_when_the_call_weighs_more_than_said() {
	chain(|| {
		note(1);
		let (call, hash) = set(1);
		let length = call.encoded_size() as u32;
		for witness in [
			Weight::zero(),
			DECLARED - Weight::from_parts(1, 0),
			DECLARED - Weight::from_parts(0, 1),
		] {
			assert_noop!(
				Voice::dispatch_hash(signed(SLOW), hash, length, witness),
				Error::<Test>::WeightTooLow
			);
		}
	});
}

#[test]
fn weight_is_the_calls_own_beside_the_dispatch_and_corrected_afterwards() {
	chain(|| {
		let (call, hash) = set(1);
		let length = call.encoded_size() as u32;
		let by_call = RuntimeCall::Voice(crate::Call::dispatch { call: Box::new(call) });
		let own = Weights::dispatch(length);
		assert_eq!(by_call.get_dispatch_info().call_weight, own + DECLARED);
		assert_eq!(dispatch(SLOW, 1).unwrap().actual_weight, Some(own + USED));
		// A call that fails doesn't say what it used.
		assert_eq!(dispatch(SLOW, 101).unwrap().actual_weight, None);

		note(1);
		let witness = DECLARED * 3;
		let by_hash = RuntimeCall::Voice(crate::Call::dispatch_hash {
			call_hash: hash,
			encoded_len: length,
			weight_witness: witness,
		});
		let own = Weights::dispatch_hash(length);
		assert_eq!(by_hash.get_dispatch_info().call_weight, own + witness);
		assert_eq!(dispatch_hash(SLOW, 1).unwrap().actual_weight, Some(own + USED));
	});
}
