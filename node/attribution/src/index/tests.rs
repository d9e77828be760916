use super::*;
use crate::testing::{self, parts};
use openledger_primitives_core::{merkle, model::PayBy};

const TABLE: usize = 8 + 4 + 4 + 4 * 8;

fn bytes() -> Vec<u8> {
	testing::index(20, PayBy::Records, 50_000).to_bytes().to_vec()
}

/// Where each section of the file starts, and where the last one ends.
fn bounds(bytes: &[u8]) -> [usize; 5] {
	let mut bounds = [TABLE; 5];
	for section in 0..4 {
		let at = 16 + section * 8;
		let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
		bounds[section + 1] = bounds[section] + length as usize;
	}
	bounds
}

/// The file with a checksum that holds again after a change.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
	let end = bytes.len() - 32;
	let checksum = sp_io::hashing::blake2_256(&bytes[..end]);
	bytes[end..].copy_from_slice(&checksum);
	bytes
}

fn refused(change: impl FnOnce(&mut Parts)) -> Error {
	let mut parts = parts(20, PayBy::Records, 50_000);
	change(&mut parts);
	IndexFile::new(parts).expect_err("the change is refused")
}

#[test]
fn index_is_the_same_when_saved_and_opened() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("index");
	let index = testing::index(20, PayBy::Contributors, 50_000);
	index.save(&path).unwrap();
	let opened = IndexFile::open(&path).unwrap();
	assert_eq!(opened.parts, index.parts);
	assert_eq!(opened.commitment(), index.commitment());
	assert_eq!(opened.to_bytes(), index.to_bytes());
	assert!(matches!(IndexFile::open(&folder.path().join("other")), Err(Error::Io { .. })));
}

#[test]
fn commitment_is_over_the_leaves_as_the_rule_hashes_them() {
	let index = testing::index(21, PayBy::Records, 7);
	let commitment = index.commitment();
	let leaves: Vec<Hash> = (0..21).map(|at| index.leaf(at).unwrap().hash()).collect();
	assert_eq!(commitment.records_root, merkle::root(&leaves));
	let sums: Vec<Hash> = index.contributors().iter().map(ContributorLeaf::hash).collect();
	assert_eq!(commitment.contributors_root, merkle::root(&sums));
	assert_eq!((commitment.records, commitment.contributors), (21, 4));
	assert_eq!(commitment.floor_ppm, 7);
	assert_eq!(commitment.file, Hash(sp_io::hashing::blake2_256(index.to_bytes())));
	assert!(index.contributors().is_sorted_by_key(|leaf| leaf.account.clone()));
}

#[test]
fn file_is_refused_when_truncated_anywhere() {
	let bytes = bytes();
	let ends = bounds(&bytes);
	let cuts = ends.iter().flat_map(|end| [end - 1, *end, end + 1]).chain([0, 7, 8, 12, 15, 16]);
	for cut in cuts.chain([bytes.len() - 1, bytes.len() - 32]) {
		let error = IndexFile::from_bytes(&bytes[..cut]).unwrap_err();
		assert!(
			matches!(error, Error::SectionLength { .. } | Error::NotAnIndex(_)),
			"cut at {cut}: {error}"
		);
	}
}

#[test]
fn file_is_refused_when_any_bit_is_flipped() {
	let bytes = bytes();
	let ends = bounds(&bytes);
	let places = ends.iter().flat_map(|end| [end - 1, *end]).chain((0..TABLE).step_by(3));
	for at in places.chain([bytes.len() - 1]) {
		for bit in [0, 7] {
			let mut flipped = bytes.clone();
			flipped[at] ^= 1 << bit;
			assert!(IndexFile::from_bytes(&flipped).is_err(), "byte {at}, bit {bit}");
		}
	}
	let mut flipped = bytes.clone();
	flipped[ends[1] + 20] ^= 1;
	assert!(matches!(IndexFile::from_bytes(&flipped), Err(Error::Checksum)));
}

#[test]
fn file_is_refused_when_it_is_another_format_or_version() {
	let mut other = bytes();
	other[0] = b'X';
	assert!(matches!(IndexFile::from_bytes(&sealed(other)), Err(Error::NotAnIndex(_))));
	let mut newer = bytes();
	newer[8] += 1;
	let error = IndexFile::from_bytes(&sealed(newer)).unwrap_err();
	let found = VERSION + 1;
	assert!(
		matches!(error, Error::UnsupportedVersion { found: f, expected: VERSION } if f == found)
	);
	let mut more = bytes();
	more[12] = 6;
	assert!(matches!(IndexFile::from_bytes(&sealed(more)), Err(Error::Malformed { .. })));
}

#[test]
fn file_is_refused_when_a_length_is_absurd() {
	for length in [u64::MAX, u64::MAX / 2, 1 << 40] {
		let mut bytes = bytes();
		bytes[24..32].copy_from_slice(&length.to_le_bytes());
		let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
		assert!(matches!(error, Error::SectionLength { section: "leaves", .. }), "{error}");
	}
}

#[test]
fn file_is_refused_when_a_section_is_longer_than_the_header_asks() {
	// A byte moves from one section to the next: lengths add up, each is wrong.
	let mut bytes = bytes();
	let length =
		|bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
	let (leaves, records) = (length(&bytes, 24), length(&bytes, 32));
	bytes[24..32].copy_from_slice(&(leaves + 1).to_le_bytes());
	bytes[32..40].copy_from_slice(&(records - 1).to_le_bytes());
	let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
	assert!(matches!(error, Error::SectionLength { section: "leaves", .. }), "{error}");
}

#[test]
fn file_is_refused_when_its_contributor_leaves_are_not_the_sums() {
	let mut bytes = bytes();
	let contributors = bounds(&bytes)[3];
	bytes[contributors + 40] ^= 1;
	let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
	assert!(matches!(error, Error::ContributorSums), "{error}");
}

#[test]
fn file_is_refused_when_a_component_is_minus_128() {
	let mut bytes = bytes();
	let leaves = bounds(&bytes)[1];
	bytes[leaves + 6] = 0x80;
	let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
	assert!(matches!(error, Error::Asymmetric(0)), "{error}");
}

#[test]
fn index_is_refused_when_its_dimension_differs_from_the_method() {
	let error = refused(|parts| parts.header.method.dimension = 64);
	assert!(matches!(error, Error::Dimension { expected: 64, found: 32 }));
	for dimension in [0, 15, 1025] {
		let error = refused(|parts| parts.header.method.dimension = dimension);
		assert!(matches!(error, Error::Malformed { .. }), "{error}");
	}
}

#[test]
fn index_is_refused_when_a_number_is_out_of_range() {
	let changes: [fn(&mut Header); 6] = [
		|h| h.floor_ppm = 1_000_001,
		|h| h.method.credits = 0,
		|h| h.method.credits = 17,
		|h| h.features = 0,
		|h| h.snapshots.clear(),
		|h| h.snapshots = vec![h.snapshots[0]; 17],
	];
	for change in changes {
		let error = refused(|parts| change(&mut parts.header));
		assert!(matches!(error, Error::Malformed { .. }), "{error}");
	}
}

#[test]
fn index_is_refused_when_counts_mismatch_the_snapshots() {
	let changes: [fn(&mut Parts); 4] = [
		|p| p.header.snapshots[0].1.count += 1,
		|p| p.header.snapshots.truncate(1),
		|p| p.leaves.truncate(19),
		|p| p.records.truncate(19),
	];
	for change in changes {
		assert!(matches!(refused(change), Error::RecordCount { .. }));
	}
	let error = refused(|p| p.header.snapshots[0].1.count = u32::MAX);
	assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

#[test]
fn index_is_refused_when_a_record_is_not_the_snapshots() {
	assert!(matches!(refused(|p| p.records.swap(1, 2)), Error::WrongRecord { position: 1, .. }));
	assert!(matches!(
		refused(|p| p.records[16].contributor = testing::account(77)),
		Error::SnapshotRoot { datanet: 9 }
	));
	assert!(matches!(
		refused(|p| p.header.snapshots[0].1.root = Hash::zero()),
		Error::SnapshotRoot { datanet: 4 }
	));
}

#[test]
fn index_is_refused_when_a_cluster_is_not_a_star_around_an_earlier_head() {
	let zeroed = |leaf: &mut Leaf, head| {
		let sketch = Sketch::try_from(vec![0; 32]).unwrap();
		*leaf = Leaf { head, scale: 0, sketch };
	};
	assert!(matches!(
		refused(|p| zeroed(&mut p.leaves[1], 20)),
		Error::BadHead { position: 1, head: 20, .. }
	));
	// Position 4 is a duplicate of 3.
	assert!(matches!(
		refused(|p| zeroed(&mut p.leaves[6], 4)),
		Error::BadHead { position: 6, head: 4, .. }
	));
	assert!(matches!(
		refused(|p| zeroed(&mut p.leaves[1], 2)),
		Error::BadHead { position: 1, head: 2, .. }
	));
	assert!(matches!(refused(|p| p.leaves[4].scale = 1), Error::BadHead { position: 4, .. }));
	assert!(matches!(refused(|p| p.leaves[1].head = 0), Error::BadHead { position: 1, .. }));
}
