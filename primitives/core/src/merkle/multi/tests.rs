use super::*;
use crate::merkle::{Domain, leaf_hash, prove};
use alloc::collections::BTreeSet;
use core::cell::Cell;
use proptest::prelude::*;

fn leaves(count: u32) -> Vec<H256> {
	(0..count).map(|at| leaf_hash(Domain::Index, &at)).collect()
}

fn at<'a>(all: &'a [H256], positions: &'a [u32]) -> impl Iterator<Item = H256> + 'a {
	positions.iter().map(|position| all[*position as usize])
}

/// A tree, and some of its positions in ascending order.
fn some() -> impl Strategy<Value = (u32, Vec<u32>)> {
	(1u32..300).prop_flat_map(|count| {
		let most = (count as usize).min(MAX_CREDITS as usize);
		let positions = proptest::collection::btree_set(0..count, 1..=most);
		(Just(count), positions.prop_map(|set: BTreeSet<u32>| set.into_iter().collect()))
	})
}

#[test]
fn every_set_of_leaves_is_proven_in_every_small_tree() {
	for count in 1u32..=9 {
		let all = leaves(count);
		let root = root(&all);
		for set in 1u32..1 << count {
			let positions: Vec<u32> = (0..count).filter(|at| (set >> at) & 1 == 1).collect();
			let proof = prove_many(&all, &positions).unwrap();
			assert!(
				proof.verify(&root, count, &positions, at(&all, &positions)),
				"{count} {positions:?}"
			);
		}
	}
}

#[test]
fn proof_of_all_leaves_is_empty_and_of_none_too() {
	let all = leaves(11);
	let everywhere: Vec<u32> = (0..11).collect();
	let proof = prove_many(&all, &everywhere).unwrap();
	assert!(proof.nodes.is_empty());
	assert!(proof.verify(&root(&all), 11, &everywhere, all.iter().copied()));
	let nothing = prove_many(&all, &[]).unwrap();
	assert!(nothing.nodes.is_empty() && nothing.verify(&root(&all), 11, &[], []));
	let superfluous = MultiProof { nodes: BoundedVec::truncate_from(alloc::vec![root(&all)]) };
	assert!(!superfluous.verify(&root(&all), 11, &[], []));
}

#[test]
fn positions_are_refused_when_they_repeat_descend_or_pass_the_end() {
	let all = leaves(6);
	for positions in [&[2, 2][..], &[3, 2], &[6], &[0, u32::MAX]] {
		assert_eq!(cover(6, positions), None, "{positions:?}");
		assert_eq!(prove_many(&all, positions), None);
		assert!(!MultiProof::default().verify(&root(&all), 6, positions, leaves(2)));
	}
	assert_eq!(cover(0, &[0]), None);
	assert_eq!(cover(0, &[]), Some(Vec::new()));
}

#[test]
fn nothing_is_hashed_when_the_count_of_nodes_is_off() {
	let all = leaves(20);
	let positions = [1, 7, 19];
	let good = prove_many(&all, &positions).unwrap();
	let asked = Cell::new(0);
	let counted = || at(&all, &positions).inspect(|_| asked.set(asked.get() + 1));
	let mut long = good.clone();
	long.nodes.try_push(H256::zero()).unwrap();
	let mut short = good.clone();
	short.nodes.pop();
	for spoilt in [long, short, MultiProof::default()] {
		assert!(!spoilt.verify(&root(&all), 20, &positions, counted()));
	}
	assert_eq!(asked.get(), 0);
	assert!(good.verify(&root(&all), 20, &positions, counted()));
	assert_eq!(asked.get(), 3);
}

#[test]
fn proof_is_refused_when_leaves_are_missing() {
	let all = leaves(20);
	let positions = [1, 7, 19];
	let proof = prove_many(&all, &positions).unwrap();
	assert!(!proof.verify(&root(&all), 20, &positions, at(&all, &positions[..2])));
}

#[test]
fn most_nodes_are_needed_by_leaves_as_far_apart_as_can_be_and_fit() {
	let apart: Vec<u32> = (0..MAX_CREDITS).map(|at| at * (u32::MAX / MAX_CREDITS + 1)).collect();
	assert_eq!(cover(u32::MAX, &apart).unwrap().len(), MAX_NODES as usize);
	let made_up = MultiProof::of(u32::MAX, &apart, |_| Some(H256::zero())).unwrap();
	assert_eq!(made_up.nodes.len(), MAX_NODES as usize);
	// One leaf more than claims can credit may need more than there is room for.
	let mut more = apart;
	more.insert(1, 1 << 27);
	assert_eq!(MultiProof::of(u32::MAX, &more, |_| Some(H256::zero())), None);
}

#[test]
fn inner_node_is_refused_as_a_leaf() {
	let all = leaves(4);
	let (left, right) = (node_hash(&all[0], &all[1]), node_hash(&all[2], &all[3]));
	let passed_off = MultiProof { nodes: BoundedVec::truncate_from(alloc::vec![right]) };
	assert!(passed_off.verify(&root(&all), 2, &[0], [left]), "in a tree of two it would be one");
	assert!(!passed_off.verify(&root(&all), 4, &[0], [left]));
}

proptest! {
	#[test]
	fn proof_agrees_with_those_of_single_leaves((count, positions) in some()) {
		let all = leaves(count);
		let root = root(&all);
		let proof = prove_many(&all, &positions).unwrap();
		prop_assert!(proof.verify(&root, count, &positions, at(&all, &positions)));
		let opened = proof.open(count, &positions, at(&all, &positions)).unwrap();
		prop_assert_eq!(opened.root(), Some(root));
		let mut apart = 0;
		for position in &positions {
			let alone = prove(&all, *position as usize).unwrap();
			prop_assert_eq!(opened.prove(*position), Some(alone.clone()));
			apart += alone.siblings.len();
			let one = prove_many(&all, &[*position]).unwrap();
			prop_assert_eq!(one.nodes.len(), alone.siblings.len());
			prop_assert_eq!(opened.prove_many(&[*position]), Some(one));
		}
		prop_assert!(proof.nodes.len() <= apart);
	}

	#[test]
	fn nodes_are_no_more_than_there_is_room_for(
		count in 1u32..,
		places in proptest::collection::vec(any::<u32>(), 1..=MAX_CREDITS as usize),
	) {
		let mut positions: Vec<u32> = places.into_iter().map(|place| place % count).collect();
		positions.sort_unstable();
		positions.dedup();
		let spans = cover(count, &positions).unwrap();
		prop_assert!(spans.len() <= MAX_NODES as usize);
		// Spans and leaves together are the whole tree, each part once.
		let mut parts: Vec<(u32, u32)> = spans.iter().map(|span| (span.first, span.count)).collect();
		parts.extend(positions.iter().map(|position| (*position, 1)));
		parts.sort_unstable();
		let end = parts.into_iter().try_fold(0u32, |end, (first, long)| {
			(first == end).then_some(end + long)
		});
		prop_assert_eq!(end, Some(count));
	}

	#[test]
	fn any_change_is_refused((count, positions) in some(), which in any::<prop::sample::Index>(), bit in 0usize..256) {
		let all = leaves(count);
		let root = root(&all);
		let good = prove_many(&all, &positions).unwrap();
		let spoilt = |spoil: &dyn Fn(&mut Vec<H256>)| {
			let mut nodes = good.nodes.clone().into_inner();
			spoil(&mut nodes);
			let proof = MultiProof { nodes: BoundedVec::truncate_from(nodes) };
			proof.verify(&root, count, &positions, at(&all, &positions))
		};
		if !good.nodes.is_empty() {
			let place = which.index(good.nodes.len());
			prop_assert!(!spoilt(&|nodes| nodes[place].0[bit / 8] ^= 1 << (bit % 8)));
			prop_assert!(!spoilt(&|nodes| _ = nodes.remove(place)));
			prop_assert!(!spoilt(&|nodes| nodes.insert(place, nodes[place])));
		}
		if good.nodes.len() > 1 {
			prop_assert!(!spoilt(&|nodes| nodes.rotate_left(1)));
		}
		// A leaf in another's place, and the same leaves at other places.
		if positions.len() > 1 {
			let mut swapped: Vec<H256> = at(&all, &positions).collect();
			swapped.rotate_left(1);
			prop_assert!(!good.verify(&root, count, &positions, swapped));
		}
		let mut moved = positions.clone();
		let place = which.index(moved.len());
		moved[place] = moved[place].saturating_add(1);
		if cover(count, &moved).is_some() {
			prop_assert!(!good.verify(&root, count, &moved, at(&all, &positions)));
		}
	}
}
