use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives_core::Hash;
use sp_runtime::{BoundedVec, Permill, TokenError};

#[test]
fn register_base_holds_deposit_and_remove_base_frees_it() {
	run(|| {
		assert_ok!(add_base(OWNER));
		assert!(held(OWNER) > 1_000);
		let info = Pallet::<Test>::bases(0, 9).remove(0);
		assert_eq!((info.name.as_str(), info.architecture.as_str()), ("SmolLM2-135M", "llama"));
		assert_eq!((info.owner, info.royalty_ppm), (OWNER, 100_000));
		assert_ok!(Pallet::<Test>::remove_base(signed(OWNER), 0));
		assert_eq!(held(OWNER), 0);
		assert!(Pallet::<Test>::bases(0, 9).is_empty());
		assert_ok!(add_base(OWNER));
		assert!(Bases::<Test>::contains_key(1));
	});
}

#[test]
fn register_base_is_refused_when_blank_greedy_or_unpaid() {
	run(|| {
		let register = |who, name: &[u8], architecture: &[u8], royalty| {
			let bounded = |text: &[u8]| BoundedVec::try_from(text.to_vec()).unwrap();
			Pallet::<Test>::register_base(
				signed(who),
				bounded(name),
				bounded(architecture),
				Hash::zero(),
				Hash::zero(),
				royalty,
			)
		};
		let fair = Permill::from_percent(50);
		assert_noop!(register(OWNER, b" ", b"llama", fair), Error::<Test>::NotText);
		assert_noop!(register(OWNER, b"a", b"", fair), Error::<Test>::NotText);
		assert_noop!(register(OWNER, &[0xff], b"llama", fair), Error::<Test>::NotText);
		let greedy = Permill::from_parts(500_001);
		assert_noop!(register(OWNER, b"a", b"llama", greedy), Error::<Test>::RoyaltyTooHigh);
		assert_noop!(register(POOR, b"a", b"llama", fair), TokenError::FundsUnavailable);
		assert_ok!(register(OWNER, b"a", b"llama", fair));
	});
}

#[test]
fn register_base_is_refused_when_numbers_are_exhausted() {
	externalities().execute_with(|| {
		NextBase::<Test>::put(u32::MAX);
		assert_noop!(add_base(OWNER), Error::<Test>::NumbersExhausted);
	});
}

#[test]
fn remove_base_is_refused_when_used_anothers_or_missing() {
	run(|| {
		let remove = |who, base| Pallet::<Test>::remove_base(signed(who), base);
		assert_noop!(remove(OWNER, 0), Error::<Test>::BaseNotFound);
		let model = draft();
		assert_noop!(remove(ALICE, 0), Error::<Test>::NotOwner);
		assert_noop!(remove(OWNER, 0), Error::<Test>::BaseInUse);
		assert_ok!(Pallet::<Test>::remove(signed(OWNER), model));
		assert_ok!(remove(OWNER, 0));
		assert_eq!(held(OWNER), 0);
	});
}

#[test]
fn calls_are_refused_when_unsigned() {
	run(|| {
		let bad = sp_runtime::DispatchError::BadOrigin;
		let model = draft();
		let none = RuntimeOrigin::none;
		assert_noop!(Pallet::<Test>::remove_base(none(), 0), bad);
		assert_noop!(Pallet::<Test>::publish(RuntimeOrigin::root(), model), bad);
		assert_noop!(Pallet::<Test>::register(none(), text("a"), spec(), PRICE), bad);
	});
}
