//! Random sequences of calls: whatever is tried, in whatever order, invariants and deposits hold,
//! the treasury has every fee and its part of lost bonds, and at the end everything can leave.

use crate::{mock::*, *};
use openledger_primitives_core::{
	model::{Assurance, ModelSpec, ModelStatus, Price, Unaudited},
	traits::{Models as _, Versions as _},
};
use proptest::prelude::*;

/// The most that one of those who find a version false is rewarded with.
const REWARD: u128 = 1_000;

#[derive(Clone, Debug)]
enum Step {
	AddBase(u64),
	RemoveBase(u64, u32),
	Register(u64, u32, Option<u32>, Vec<u32>),
	CommitIndex(u64, u32),
	Publish(u64, u32),
	Deprecate(u64, u32),
	Retire(u64, u32),
	SetPrice(u64, u32, u128),
	Pass(u32, u64, u64),
	Remove(u64, u32),
	Condemn(u32, u64),
	Acquire(u32),
	Release(u32),
	Contest(u32, bool),
	Hinder(bool),
	CommitTraining(u64, u32),
	Conclude(u32, u8, u64),
	AskAudit(u64, u32),
}

fn step() -> impl Strategy<Value = Step> {
	use Step::*;
	let who = || prop_oneof![8 => 1u64..=2, 1 => Just(BOB), 1 => Just(POOR)];
	let base = || 0u32..2;
	let model = || 0u32..4;
	let snapshots = || proptest::collection::vec(0u32..4, 0..3);
	prop_oneof![
		1 => who().prop_map(AddBase),
		1 => (who(), base()).prop_map(|(a, b)| RemoveBase(a, b)),
		6 => (who(), base(), proptest::option::of(model()), snapshots())
			.prop_map(|(a, b, c, d)| Register(a, b, c, d)),
		6 => (who(), model()).prop_map(|(a, b)| CommitIndex(a, b)),
		5 => (who(), model()).prop_map(|(a, b)| Publish(a, b)),
		1 => (who(), model()).prop_map(|(a, b)| Deprecate(a, b)),
		2 => (who(), model()).prop_map(|(a, b)| Retire(a, b)),
		1 => (who(), model(), any::<u128>()).prop_map(|(a, b, c)| SetPrice(a, b, c)),
		1 => (model(), who(), who()).prop_map(|(a, b, c)| Pass(a, b, c)),
		3 => (who(), model()).prop_map(|(a, b)| Remove(a, b)),
		1 => (model(), who()).prop_map(|(a, b)| Condemn(a, b)),
		4 => model().prop_map(Acquire),
		2 => model().prop_map(Release),
		2 => (model(), any::<bool>()).prop_map(|(a, b)| Contest(a, b)),
		1 => any::<bool>().prop_map(Hinder),
		4 => (who(), model()).prop_map(|(a, b)| CommitTraining(a, b)),
		4 => (model(), 0u8..3, who()).prop_map(|(a, b, c)| Conclude(a, b, c)),
		2 => (who(), model()).prop_map(|(a, b)| AskAudit(a, b)),
	]
}

/// Takes the step; returns what the treasury has from it. Most steps are refused in most states; what
/// counts is what they leave behind.
fn take(step: Step) -> u128 {
	let stays = match step {
		Step::Remove(_, model) if Contested::get().contains(&model) => {
			let kept = crate::Models::<Test>::get(model);
			kept.filter(|kept| kept.status != ModelStatus::Condemned).map(|_| model)
		}
		_ => None,
	};
	let gain = match step {
		Step::Register(..) => FEE,
		Step::Condemn(model, who) => {
			let bond = Bonds::<Test>::get(model).unwrap_or_default();
			let own = crate::Models::<Test>::get(model).is_some_and(|model| model.owner == who);
			if own { bond } else { bond - bond / 2 }
		}
		Step::Conclude(model, 2, who) if Pallet::<Test>::is_waiting(model) => {
			let found = crate::Models::<Test>::get(model).unwrap();
			let bond = Bonds::<Test>::get(model).unwrap_or_default();
			match (found.status, found.owner == who) {
				(ModelStatus::Condemned, _) => 0,
				(_, true) => bond,
				(_, false) => bond - (bond / 2).min(REWARD),
			}
		}
		_ => 0,
	};
	// Calls roll back on error by themselves; the functions behind them have to be wrapped.
	let outcome = frame_support::storage::with_storage_layer(|| match step {
		Step::AddBase(who) => add_base(who),
		Step::RemoveBase(who, base) => Pallet::<Test>::remove_base(signed(who), base),
		Step::Register(who, base, parent, snapshots) => {
			let snapshots: Vec<_> = snapshots.into_iter().map(snapshot).collect();
			let snapshots = snapshots.try_into().unwrap();
			register(who, ModelSpec { base, parent, snapshots, ..spec() })
		}
		Step::CommitIndex(who, model) => {
			let snapshots =
				crate::Models::<Test>::get(model).map_or(0, |model| model.spec.snapshots.len());
			let mut index = index();
			index.records = RECORDS * snapshots as u32;
			Pallet::<Test>::commit_index(signed(who), model, index)
		}
		Step::Publish(who, model) => Pallet::<Test>::publish(signed(who), model),
		Step::Deprecate(who, model) => Pallet::<Test>::deprecate(signed(who), model),
		Step::Retire(who, model) => Pallet::<Test>::retire(signed(who), model),
		Step::SetPrice(who, model, prompt) => {
			Pallet::<Test>::set_price(signed(who), model, Price { prompt, output: 1 })
		}
		Step::Pass(model, from, to) => Pallet::<Test>::offer_ownership(signed(from), model, to)
			.and_then(|_| Pallet::<Test>::accept_ownership(signed(to), model)),
		Step::Remove(who, model) => Pallet::<Test>::do_remove(&who, model).map(drop),
		Step::Condemn(model, who) => Pallet::<Test>::condemn(model, &who).map(drop),
		Step::Contest(model, on) => {
			Contested::mutate(|all| all.retain(|other| *other != model));
			Contested::mutate(|all| all.extend(on.then_some(model)));
			Ok(())
		}
		Step::Hinder(on) => {
			Hindrance::set(on.then_some(Unaudited::Off));
			Ok(())
		}
		Step::CommitTraining(who, model) => {
			Pallet::<Test>::commit_training(signed(who), model, TRAINING)
		}
		Step::Conclude(model, _, _) if !Pallet::<Test>::is_waiting(model) => Ok(()),
		Step::Conclude(model, 0, _) => {
			Pallet::<Test>::assure(model, Assurance::Audited);
			Ok(())
		}
		Step::Conclude(model, 1, _) => {
			Pallet::<Test>::assure(model, Assurance::Withheld);
			Ok(())
		}
		Step::Conclude(model, _, who) => Pallet::<Test>::refute(model, &[who], REWARD).map(drop),
		Step::AskAudit(who, model) => Pallet::<Test>::ask_audit(signed(who), model),
		Step::Acquire(model) => Pallet::<Test>::acquire(model),
		Step::Release(model) => {
			Pallet::<Test>::release(model);
			Ok(())
		}
	});
	if let Some(model) = stays {
		assert!(crate::Models::<Test>::contains_key(model), "what is contested is gone");
	}
	outcome.map_or(0, |()| gain)
}

/// Takes everything out again, children before parents, by calls alone.
fn clear() {
	Contested::set(Vec::new());
	for id in (0..NextModel::<Test>::get()).rev() {
		let Some(model) = crate::Models::<Test>::get(id) else { continue };
		for _ in 0..Activities::<Test>::get(id).unwrap().open {
			Pallet::<Test>::release(id);
		}
		if Pallet::<Test>::is_waiting(id) {
			Pallet::<Test>::assure(id, Assurance::Audited);
		}
		// A draft can't be retired and need not be; nor can what is retired or condemned.
		let _ = Pallet::<Test>::retire(signed(model.owner), id);
		Pallet::<Test>::remove(signed(model.owner), id).unwrap();
	}
	for (id, base) in Bases::<Test>::iter().collect::<Vec<_>>() {
		Pallet::<Test>::remove_base(signed(base.owner), id).unwrap();
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]
	#[test]
	fn any_sequence_of_calls_keeps_counts_deposits_and_fees(
		steps in proptest::collection::vec(step(), 1..120)
	) {
		run(|| {
			add_base(OWNER).unwrap();
			let (mut gains, issued) = (0, Balances::total_issuance());
			for step in steps {
				gains += take(step);
				check();
				assert_eq!(Balances::free_balance(TREASURY), 10 + gains);
				assert_eq!(Balances::total_issuance(), issued);
			}
			clear();
			check();
			for who in [OWNER, ALICE, BOB, POOR] {
				assert_eq!(held(who), 0);
			}
			assert_eq!(Activities::<Test>::iter().count(), 0);
		});
	}
}
