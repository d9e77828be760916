use super::*;
use crate::prove::{prove_slice, root};
use proptest::{collection::vec, prelude::*};

fn leaf(n: u64, sum: Balance) -> SumNode {
	SumNode { hash: Hash::from_low_u64_be(n), sum }
}

fn leaves(sums: &[Balance]) -> Vec<SumNode> {
	(1..).zip(sums).map(|(n, sum)| leaf(n, *sum)).collect()
}

fn tree(leaves: &[SumNode]) -> SumFrontier {
	let mut tree = SumFrontier::default();
	for leaf in leaves {
		tree.push(*leaf).unwrap();
	}
	tree
}

/// The root as the definition has it: split at the largest power of two below the length.
fn defined(leaves: &[SumNode]) -> SumNode {
	match leaves {
		[] => SumNode::EMPTY,
		[leaf] => *leaf,
		_ => {
			let middle = leaves.len().div_ceil(2).next_power_of_two();
			SumNode::over(&defined(&leaves[..middle]), &defined(&leaves[middle..])).unwrap()
		}
	}
}

#[test]
fn frontier_has_the_defined_root_at_every_count() {
	let all = leaves(&(1..=70).collect::<Vec<_>>());
	let mut tree = SumFrontier::default();
	for count in 0..=all.len() {
		let expected = defined(&all[..count]);
		assert_eq!(tree.root(), expected, "{count}");
		assert_eq!(tree.sum(), expected.sum);
		assert_eq!(tree.count(), count as u32);
		if let Some(leaf) = all.get(count) {
			tree.push(*leaf).unwrap();
		}
	}
}

#[test]
fn frontier_refuses_what_it_cannot_hold_and_stays_as_it_is() {
	let mut full = tree(&leaves(&[1, u128::MAX - 1]));
	let before = full.clone();
	assert_eq!(full.push(leaf(9, 1)), Err(Refused::Overflow));
	assert_eq!(full.push(leaf(9, 0)), Err(Refused::NoFee));
	assert_eq!(full, before);
	let mut damaged = before;
	damaged.count = 3;
	assert_eq!(damaged.push_with(leaf(9, 0), |_, _, _| panic!("kept")), Err(Refused::NoFee));
	assert_eq!(damaged.push_with(leaf(9, 1), |_, _, _| panic!("kept")), Err(Refused::Damaged));
	let mut last = SumFrontier { count: u32::MAX, peaks: Default::default() };
	assert_eq!(last.push(leaf(9, 1)), Err(Refused::Full));
}

#[test]
fn frontier_comes_back_from_its_encoding() {
	let mut kept = tree(&leaves(&[5, 6, 7]));
	let mut back = SumFrontier::decode(&mut kept.encode().as_slice()).unwrap();
	assert_eq!(back, kept);
	assert_eq!(back.push(leaf(9, 1)), kept.push(leaf(9, 1)));
	assert_eq!(back.root(), kept.root());
}

#[test]
fn proof_verifies_at_its_position_and_nowhere_else() {
	for count in 1..=40u32 {
		let all = leaves(&(1..=u128::from(count)).collect::<Vec<_>>());
		let root = defined(&all);
		let mut start = 0;
		for position in 0..count {
			let leaf = all[position as usize];
			let proof = prove_slice(&all, position).unwrap();
			for other in 0..count + 3 {
				let expected = (other == position).then_some(start..start + leaf.sum);
				assert_eq!(
					proof.interval(&root, count, other, &leaf),
					expected,
					"count {count}, position {position}, claimed at {other}"
				);
			}
			start += leaf.sum;
		}
	}
}

#[test]
fn proof_is_refused_when_siblings_are_missing_added_or_swapped() {
	let all = leaves(&[4; 11]);
	let root = defined(&all);
	for position in 0..11 {
		let good = prove_slice(&all, position).unwrap();
		let leaf = all[position as usize];
		let refused = |proof: SumProof| proof.interval(&root, 11, position, &leaf).is_none();
		let mut short = good.clone();
		short.siblings.pop();
		assert!(refused(short));
		let mut long = good.clone();
		long.siblings.try_push(SumNode::EMPTY).unwrap();
		assert!(refused(long));
		let mut swapped = good.clone();
		swapped.siblings.as_mut().swap(0, 1);
		assert!(refused(swapped));
	}
}

#[test]
fn sums_cannot_be_shifted_between_siblings() {
	let all = leaves(&[10, 20, 30, 40]);
	let root = defined(&all);
	// The third leaf's fee, made larger by what the fourth's sibling loses.
	let mut proof = prove_slice(&all, 2).unwrap();
	proof.siblings[0].sum -= 5;
	let larger = SumNode { sum: 35, ..all[2] };
	assert_eq!(proof.interval(&root, 4, 2, &larger), None);
	// The same sums under other hashes make another tree.
	assert_ne!(defined(&leaves(&[20, 10, 30, 40])), root);
	// What is left of it, made less: the leaf would begin earlier.
	let mut proof = prove_slice(&all, 2).unwrap();
	proof.siblings[1].sum -= 5;
	assert_eq!(proof.interval(&root, 4, 2, &all[2]), None);
}

#[test]
fn node_is_refused_as_leaf() {
	let all = leaves(&[10, 20, 30, 40]);
	let (left, right) = (defined(&all[..2]), defined(&all[2..]));
	let proof = SumProof { siblings: BoundedVec::truncate_from(vec![right]) };
	// With the count as the tree has it, an inner node covers nothing.
	assert_eq!(proof.interval(&defined(&all), 4, 0, &left), None);
}

#[test]
fn nothing_is_found_without_fee_or_leaves_or_where_sums_overflow() {
	assert_eq!(SumProof::default().interval(&SumNode::EMPTY, 0, 0, &SumNode::EMPTY), None);
	assert_eq!(SumProof::default().interval(&SumNode::EMPTY, 1, 0, &SumNode::EMPTY), None);
	let top = leaf(1, u128::MAX);
	assert_eq!(SumNode::over(&top, &leaf(2, 1)), None);
	let proof = SumProof { siblings: BoundedVec::truncate_from(vec![top]) };
	assert_eq!(proof.interval(&leaf(3, 0), 2, 1, &leaf(2, 1)), None);
	assert_eq!(SumProof::default().interval(&top, 1, 0, &top), Some(0..u128::MAX));
}

#[test]
fn a_node_over_two_is_unlike_one_without_sums() {
	let (left, right) = (leaf(1, 1), leaf(2, 2));
	let plain = openledger_primitives_core::merkle::node_hash(&left.hash, &right.hash);
	assert_ne!(SumNode::over(&left, &right).unwrap().hash, plain);
}

proptest! {
	#[test]
	fn every_unit_lies_in_one_leaf(sums in vec(1u128..1_000_000_000_000, 1..60)) {
		let all = leaves(&sums);
		let count = all.len() as u32;
		let root = defined(&all);
		let mut next = 0;
		for position in 0..count {
			let proof = prove_slice(&all, position).unwrap();
			let units = proof.interval(&root, count, position, &all[position as usize]).unwrap();
			prop_assert_eq!(units.start, next);
			next = units.end;
		}
		prop_assert_eq!(next, root.sum);
		prop_assert_eq!(next, sums.iter().sum::<u128>());
	}

	#[test]
	fn any_alteration_is_refused(
		sums in vec(1u128..1_000, 2..60),
		pick in any::<proptest::sample::Index>(),
		sibling in any::<proptest::sample::Index>(),
		bit in 0usize..256,
		shift in 1u128..1_000,
		other in any::<u32>(),
	) {
		let all = leaves(&sums);
		let count = all.len() as u32;
		let root = defined(&all);
		let position = pick.index(all.len()) as u32;
		let leaf = all[position as usize];
		let proof = prove_slice(&all, position).unwrap();
		prop_assert!(proof.interval(&root, count, position, &leaf).is_some());
		let at = sibling.index(proof.siblings.len());

		let mut altered = proof.clone();
		altered.siblings[at].hash.0[bit / 8] ^= 1 << (bit % 8);
		prop_assert!(altered.interval(&root, count, position, &leaf).is_none());
		let mut altered = proof.clone();
		altered.siblings[at].sum += shift;
		prop_assert!(altered.interval(&root, count, position, &leaf).is_none());

		let more = SumNode { sum: leaf.sum + shift, ..leaf };
		prop_assert!(proof.interval(&root, count, position, &more).is_none());
		let mut unlike = leaf;
		unlike.hash.0[bit / 8] ^= 1 << (bit % 8);
		prop_assert!(proof.interval(&root, count, position, &unlike).is_none());
		let heavier = SumNode { sum: root.sum + shift, ..root };
		prop_assert!(proof.interval(&heavier, count, position, &leaf).is_none());
		if other != position {
			prop_assert!(proof.interval(&root, count, other, &leaf).is_none());
		}
	}

	#[test]
	fn a_count_that_changes_the_path_is_refused(sums in vec(1u128..1_000, 2..60), other in 0u32..70) {
		let all = leaves(&sums);
		let count = all.len() as u32;
		let root = defined(&all);
		// The last leaf's path differs for every other count of leaves that still has it.
		let position = count - 1;
		let proof = prove_slice(&all, position).unwrap();
		let found = proof.interval(&root, other, position, &all[position as usize]);
		prop_assert_eq!(found.is_some(), other == count);
	}

	#[test]
	fn frontier_agrees_with_kept_leaves(sums in vec(1u128..1_000, 0..60)) {
		let all = leaves(&sums);
		let node = |level: u32, index: u32| {
			let from = (index as usize) << level;
			Ok::<_, ()>(defined(&all[from..from + (1 << level)]))
		};
		prop_assert_eq!(root(all.len() as u32, node), Ok(Some(tree(&all).root())));
	}
}
