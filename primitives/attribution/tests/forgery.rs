//! Forged indexes: claims can be made on them, and anyone can show that they are forged.

mod common;

use common::{World, sketch};
use openledger_primitives_attribution::{
	IndexLeaf, Refusal,
	forgery::{Forgery, expose},
	verify,
};
use openledger_primitives_core::{
	Hash,
	merkle::{Proof, prove, root},
	model::PayBy,
};
use proptest::prelude::*;

const PAYER: u64 = 99;
const FRIEND: u64 = 5_000;

fn world() -> World {
	World::new(1, PayBy::Records, 5, &[12, 9])
}

/// What is to be shown of a position: its leaf in `index`, its record in `snapshots`.
fn shown(index: &World, snapshots: &World, position: usize) -> Forgery {
	let record = &snapshots.records[position];
	Forgery {
		leaf: index.leaves[position].clone(),
		proof: prove(&index.index_hashes(), position).unwrap(),
		record: record.hash(),
		membership: prove(&snapshots.snapshot_hashes(record.datanet), record.index as usize)
			.unwrap(),
	}
}

#[test]
fn claim_on_a_forged_index_verifies_and_the_forged_leaf_is_exposed() {
	let (honest, mut forged) = (world(), world());
	let query = sketch(77, 32);
	let best = honest.ranked_records(&query, PAYER)[0];
	forged.forge(best, FRIEND);
	let claim = forged.claim(&query, PAYER);
	let verified = verify(&forged.terms(), &PAYER, &claim).unwrap();
	assert_eq!(verified.paid[0].account, FRIEND);
	assert_eq!(expose(&forged.terms(), &shown(&forged, &honest, best)), Ok(()));
	// The true record is not what the index commits to.
	let mut corrected = claim;
	corrected.records[0].record = honest.records[best].clone();
	assert_eq!(verify(&forged.terms(), &PAYER, &corrected), Err(Refusal::NotInIndex));
}

#[test]
fn leaf_that_names_another_content_or_time_is_exposed_too() {
	let honest = world();
	for change in 0..4 {
		let mut forged = world();
		let record = &mut forged.records[14];
		match change {
			0 => record.content = Hash::repeat_byte(9),
			1 => record.size += 1,
			2 => record.committed_at += 1,
			_ => record.index += 1,
		}
		forged.leaves[14].record = record.hash();
		forged.commit();
		assert_eq!(expose(&forged.terms(), &shown(&forged, &honest, 14)), Ok(()), "{change}");
	}
}

#[test]
fn forgery_is_refused_when_any_of_it_is_made_up() {
	let (honest, mut forged) = (world(), world());
	forged.forge(7, FRIEND);
	let good = shown(&forged, &honest, 7);
	let refused = |spoil: &dyn Fn(&mut Forgery)| {
		let mut spoilt = good.clone();
		spoil(&mut spoilt);
		expose(&forged.terms(), &spoilt).unwrap_err()
	};
	assert_eq!(refused(&|f| f.leaf.position = 21), Refusal::WrongPosition);
	assert_eq!(refused(&|f| f.record = f.leaf.record), Refusal::TrueLeaf);
	assert_eq!(refused(&|f| f.leaf.position = 8), Refusal::NotInIndex);
	assert_eq!(refused(&|f| f.leaf.record = Hash::zero()), Refusal::NotInIndex);
	assert_eq!(refused(&|f| f.leaf.scale += 1), Refusal::NotInIndex);
	assert_eq!(refused(&|f| f.proof.siblings[0] = Hash::zero()), Refusal::NotInIndex);
	assert_eq!(refused(&|f| f.proof = Proof::default()), Refusal::NotInIndex);
	assert_eq!(refused(&|f| f.record = Hash::zero()), Refusal::NotInSnapshot);
	assert_eq!(refused(&|f| f.membership.siblings[0] = Hash::zero()), Refusal::NotInSnapshot);
	assert_eq!(refused(&|f| f.membership = Proof::default()), Refusal::NotInSnapshot);
}

#[test]
fn forgery_is_refused_when_the_snapshots_record_is_of_another_place() {
	let (honest, mut forged) = (world(), world());
	forged.forge(7, FRIEND);
	for other in (0..21).filter(|at| *at != 7) {
		let elsewhere = shown(&forged, &honest, other);
		let Forgery { record, membership, .. } = elsewhere;
		let forgery = Forgery { record, membership, ..shown(&forged, &honest, 7) };
		assert_eq!(expose(&forged.terms(), &forgery), Err(Refusal::NotInSnapshot), "{other}");
	}
}

#[test]
fn inner_node_of_the_snapshot_is_no_record() {
	let (honest, mut forged) = (world(), world());
	forged.forge(0, FRIEND);
	let hashes = honest.snapshot_hashes(0);
	let node = root(&hashes[..2]);
	let mut forgery = shown(&forged, &honest, 0);
	let siblings = forgery.membership.siblings[1..].to_vec();
	forgery.record = node;
	forgery.membership = Proof { siblings: siblings.try_into().unwrap() };
	assert_eq!(expose(&forged.terms(), &forgery), Err(Refusal::NotInSnapshot));
}

proptest! {
	#[test]
	fn true_index_is_never_exposed(seed in 0u64..10_000, position in 0usize..21, other in 0usize..21) {
		let world = World::new(seed, PayBy::Records, 5, &[12, 9]);
		let own = shown(&world, &world, position);
		prop_assert_eq!(expose(&world.terms(), &own), Err(Refusal::TrueLeaf));
		let another = shown(&world, &world, other);
		let mixed = Forgery { record: another.record, membership: another.membership, ..own };
		prop_assert!(expose(&world.terms(), &mixed).is_err());
	}

	#[test]
	fn forged_leaf_is_exposed_wherever_it_stands_and_no_other(position in 0usize..21, other in 0usize..21) {
		let (honest, mut forged) = (world(), world());
		forged.forge(position, FRIEND);
		let shown = shown(&forged, &honest, other);
		let expected = if other == position { Ok(()) } else { Err(Refusal::TrueLeaf) };
		prop_assert_eq!(expose(&forged.terms(), &shown), expected);
	}

	#[test]
	fn credit_hashes_as_the_leaf_it_stands_for(seed in 0u64..10_000, position in 0usize..21) {
		let world = World::new(seed, PayBy::Records, 5, &[12, 9]);
		let credit = world.record(position);
		prop_assert_eq!(credit.hash(), world.leaves[position].hash());
		prop_assert_eq!(IndexLeaf::hash(&credit.leaf()), credit.hash());
	}
}
