//! Random sequences of calls: whatever is tried, in whatever order, invariants and deposits hold,
//! and at the end everything can leave.

use crate::{mock::*, *};
use openledger_primitives_core::{record::SnapshotRef, traits::Snapshots as _};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
	Create(Policy),
	SetPolicy(u64, u32, Policy),
	Pass(u32, u64, u64),
	Commit(u64, u32, Vec<u8>),
	Drop(u64, u32, u64, Vec<u8>),
	Reveal(u64, u32, Vec<u8>),
	Accept(u64, u32, u32),
	Reject(u64, u32, u32),
	Withdraw(u64, u32, u32),
	Snapshot(u64, u32),
	RemoveSnapshot(u64, u32, u32),
	Use(u32, u32),
	Close(u64, u32),
	Archive(u64, u32, u32),
	Remove(u64, u32),
	Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
	use Step::*;
	let who = || 1u64..=4;
	let net = || 0u32..2;
	let number = || 0u32..5;
	let policy = || prop_oneof![Just(Policy::Open), Just(Policy::Owner), Just(Policy::Curators)];
	// Few batches, so that they meet again as commitment, reveal and copy.
	let contents = || {
		prop_oneof![
			Just(vec![1]),
			Just(vec![1, 2]),
			Just(vec![2, 3, 4]),
			Just(vec![5, 1]),
			Just(vec![6, 7])
		]
	};
	prop_oneof![
		1 => policy().prop_map(Create),
		1 => (who(), net(), policy()).prop_map(|(a, b, c)| SetPolicy(a, b, c)),
		1 => (net(), who(), who()).prop_map(|(a, b, c)| Pass(a, b, c)),
		6 => (who(), net(), contents()).prop_map(|(a, b, c)| Commit(a, b, c)),
		1 => (who(), net(), who(), contents()).prop_map(|(a, b, c, d)| Drop(a, b, c, d)),
		8 => (who(), net(), contents()).prop_map(|(a, b, c)| Reveal(a, b, c)),
		6 => (who(), net(), number()).prop_map(|(a, b, c)| Accept(a, b, c)),
		1 => (who(), net(), number()).prop_map(|(a, b, c)| Reject(a, b, c)),
		1 => (who(), net(), number()).prop_map(|(a, b, c)| Withdraw(a, b, c)),
		2 => (who(), net()).prop_map(|(a, b)| Snapshot(a, b)),
		1 => (who(), net(), number()).prop_map(|(a, b, c)| RemoveSnapshot(a, b, c)),
		1 => (net(), number()).prop_map(|(a, b)| Use(a, b)),
		1 => (who(), net()).prop_map(|(a, b)| Close(a, b)),
		1 => (who(), net(), number()).prop_map(|(a, b, c)| Archive(a, b, c)),
		1 => (who(), net()).prop_map(|(a, b)| Remove(a, b)),
		6 => (1u64..8).prop_map(Advance),
	]
}

/// Most steps are refused in most states; what counts is what they leave behind.
fn take(step: Step) {
	let curators = |policy| {
		if policy == Policy::Curators { vec![CURATOR] } else { vec![] }.try_into().unwrap()
	};
	// Calls roll back on error by themselves; the functions behind them have to be wrapped.
	let _ = frame_support::storage::with_storage_layer(|| match step {
		Step::Create(policy) => {
			create(policy);
			Ok(())
		}
		Step::SetPolicy(who, net, policy) => {
			Pallet::<Test>::set_policy(signed(who), net, policy, curators(policy))
		}
		Step::Pass(net, from, to) => Pallet::<Test>::offer_ownership(signed(from), net, to)
			.and_then(|_| Pallet::<Test>::accept_ownership(signed(to), net)),
		Step::Commit(who, net, contents) => commit(who, net, &contents),
		Step::Drop(who, net, of, contents) => {
			Pallet::<Test>::drop_commitment(signed(who), net, of, commitment(of, &contents))
		}
		Step::Reveal(who, net, contents) => reveal(who, net, &contents),
		Step::Accept(who, net, number) => Pallet::<Test>::do_accept(&who, net, number).map(drop),
		Step::Reject(who, net, number) => {
			Pallet::<Test>::do_reject(&who, net, number, text("r")).map(drop)
		}
		Step::Withdraw(who, net, number) => {
			Pallet::<Test>::do_withdraw(&who, net, number).map(drop)
		}
		Step::Snapshot(who, net) => Pallet::<Test>::snapshot(signed(who), net),
		Step::RemoveSnapshot(who, net, number) => {
			Pallet::<Test>::remove_snapshot(signed(who), net, number)
		}
		Step::Use(datanet, snapshot) => Pallet::<Test>::acquire(SnapshotRef { datanet, snapshot }),
		Step::Close(who, net) => Pallet::<Test>::close(signed(who), net),
		Step::Archive(who, net, number) => Pallet::<Test>::do_archive(&who, net, number).map(drop),
		Step::Remove(who, net) => Pallet::<Test>::remove(signed(who), net),
		Step::Advance(blocks) => {
			advance(blocks);
			Ok(())
		}
	});
}

/// Takes everything out again, by calls alone.
fn clear() {
	for (net, entry) in crate::Datanets::<Test>::iter().collect::<Vec<_>>() {
		let owner = entry.owner;
		for (number, frozen) in Snapshots::<Test>::iter_prefix(net).collect::<Vec<_>>() {
			for _ in 0..frozen.users {
				Pallet::<Test>::release(SnapshotRef { datanet: net, snapshot: number });
			}
			Pallet::<Test>::remove_snapshot(signed(owner), net, number).unwrap();
		}
		if !entry.closed {
			Pallet::<Test>::close(signed(owner), net).unwrap();
		}
		for (number, entry) in Contributions::<Test>::iter_prefix(net).collect::<Vec<_>>() {
			let who = signed(entry.contributor);
			match entry.status {
				Status::Pending => Pallet::<Test>::withdraw(who, net, number),
				Status::Accepted { .. } => Pallet::<Test>::archive(who, net, number),
			}
			.unwrap();
		}
		Pallet::<Test>::remove(signed(owner), net).unwrap();
	}
	for (net, who, hash) in Commitments::<Test>::iter_keys().collect::<Vec<_>>() {
		Pallet::<Test>::drop_commitment(signed(who), net, who, hash).unwrap();
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]
	#[test]
	fn any_sequence_of_calls_keeps_tree_and_deposits(
		steps in proptest::collection::vec(step(), 1..120)
	) {
		run(|| {
			create(Policy::Open);
			create(Policy::Curators);
			for step in steps {
				take(step);
				check();
			}
			clear();
			check();
			for who in 1..=POOR {
				assert_eq!(held(who), 0);
			}
			assert_eq!(Holders::<Test>::iter().count(), 0);
			assert_eq!(Placements::<Test>::iter().count(), 0);
			assert_eq!(Progresses::<Test>::iter().count(), 0);
		});
	}
}
