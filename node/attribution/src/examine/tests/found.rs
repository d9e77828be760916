//! Versions that put records into prompts.

use super::*;
use crate::{
	index::Parts,
	retrieval::{self, Lens, MOST},
};

/// A ground with the retrieval that its records come to.
fn ground() -> Ground {
	let mut ground = Ground::new();
	let options =
		retrieval::Options { seed: Hash::repeat_byte(8), dimension: 64, most: MOST as u8 };
	let sources = ground.model.sources();
	let records = retrieval::Records::of(&sources).unwrap();
	let mut on = |_| ControlFlow::Continue(());
	let index = retrieval::build(&ground.model.base, &records, &options, &mut on).unwrap();
	ground.retrieval = Some(index);
	ground
}

/// The same retrieval with another header and other leaves.
fn with_parts(of: &RetrievalIndex, lens: Lens, change: impl FnOnce(&mut Parts)) -> RetrievalIndex {
	let file = of.file();
	let leaf = |leaf: crate::index::LeafRef<'_>| Leaf {
		head: leaf.head,
		scale: leaf.scale,
		sketch: Sketch::try_from(leaf.sketch.to_vec()).unwrap(),
	};
	let mut parts = Parts {
		header: file.header().clone(),
		leaves: file.leaves().iter().map(leaf).collect(),
		records: file.records().iter().collect(),
	};
	parts.header.adapter = lens.hash();
	change(&mut parts);
	RetrievalIndex::new(IndexFile::new(parts).unwrap(), lens).unwrap()
}

#[test]
fn honest_retrieval_is_sound_and_has_a_part_in_what_is_found() {
	let with = ground();
	let found = with.examine(&[0, 4], 0).unwrap();
	assert!(found.sound);
	assert_eq!(with.examine(&[0, 4], 0).unwrap(), found, "two find the same");
	let without = Ground { retrieval: None, ..with };
	let alone = without.examine(&[0, 4], 0).unwrap();
	assert!(alone.sound);
	assert_ne!(alone.found.leaves, found.found.leaves);
	assert_ne!(alone.execution, found.execution);
	assert_eq!(alone.found.state, found.found.state);
	assert_eq!(alone.found.floor_ppm, found.found.floor_ppm);
}

#[test]
fn retrieval_is_refused_when_it_takes_more_reading_than_an_audit_has_time_for() {
	let ground = ground();
	let (leaf, _) = &ground.model.sources().records[0];
	let sized = |size| RecordLeaf { size, ..leaf.clone() };
	let longest = MOST_READ / TOKENS as u64;
	let long = || std::iter::repeat_n(sized(1 << 20), longest as usize);
	check_read(long()).unwrap();
	check_read(std::iter::repeat_n(sized(1), MOST_READ as usize)).unwrap();
	let refused = check_read(long().chain([sized(1)]));
	assert!(matches!(refused, Err(Error::Malformed { .. })));
}

#[test]
fn forged_lens_leaf_head_or_floor_is_found_whatever_is_drawn() {
	let mut ground = ground();
	let honest = ground.retrieval.take().unwrap();
	let of_honest = |change: &dyn Fn(&mut Parts)| {
		with_parts(&honest, honest.lens().clone(), |parts| change(parts))
	};
	// The last bit of the first component of the records' mean.
	let mut bytes = honest.lens().to_bytes();
	bytes[80] ^= 1;
	let floor = honest.file().header().floor_ppm;
	let forged = [
		("lens", with_parts(&honest, Lens::from_bytes(&bytes).unwrap(), |_| {})),
		("sketch", of_honest(&|parts| parts.leaves[4].sketch[3] ^= 1)),
		("scale", of_honest(&|parts| parts.leaves[0].scale += 1)),
		("head", of_honest(&|parts| parts.leaves[7] = Leaf { head: 0, ..empty(0, 64).unwrap() })),
		("floor", of_honest(&|parts| parts.header.floor_ppm = floor / 2)),
		("manifest", of_honest(&|parts| parts.header.manifest = Hash::zero())),
		("null queries", of_honest(&|parts| parts.header.nulls = Hash::zero())),
	];
	ground.retrieval = Some(honest);
	let right = ground.examine(&[1], 0).unwrap();
	assert!(right.sound);
	for (name, forged) in forged {
		ground.retrieval = Some(forged);
		let found = ground.examine(&[1], 0).unwrap();
		assert!(!found.sound, "{name}");
		assert_eq!(found.found, right.found, "{name}: what is true is known");
	}
}
