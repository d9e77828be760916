use super::{layout::Section, *};
use crate::testing::{self, parts};
use openledger_primitives_attribution::ContributorLeaf;
use openledger_primitives_core::{Sketch, merkle, model::PayBy, record::RecordLeaf};
use sp_core::crypto::AccountId32;

const ENTRIES: usize = 8 + 4 + 4;
const ENTRY: usize = 8 + 8 + 32;
const TABLE: usize = ENTRIES + 15 * ENTRY + 32;

fn bytes() -> Vec<u8> {
	testing::index(20, PayBy::Records, 50_000).to_bytes().to_vec()
}

fn number(bytes: &[u8], at: usize) -> usize {
	u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
}

/// Where a section of the file is.
fn range(bytes: &[u8], section: Section) -> std::ops::Range<usize> {
	let at = ENTRIES + section as usize * ENTRY;
	let start = number(bytes, at);
	start..start + number(bytes, at + 8)
}

/// The file with checksums that hold again after a change.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
	for section in Section::ALL {
		let range = range(&bytes, section);
		let pieces = sp_io::hashing::blake2_256(&bytes[range]);
		let at = ENTRIES + section as usize * ENTRY + 16;
		bytes[at..at + 32].copy_from_slice(&sp_io::hashing::blake2_256(&pieces));
	}
	retabled(bytes)
}

/// The file with a table whose own hash holds again.
fn retabled(mut bytes: Vec<u8>) -> Vec<u8> {
	let hash = sp_io::hashing::blake2_256(&bytes[..TABLE - 32]);
	bytes[TABLE - 32..TABLE].copy_from_slice(&hash);
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
	assert_eq!(opened.header(), index.header());
	assert!(opened.leaves().iter().eq(index.leaves().iter()));
	assert!(opened.records().iter().eq(parts(20, PayBy::Contributors, 0).records));
	assert_eq!(opened.commitment(), index.commitment());
	let (header, contributors) = (index.header(), index.commitment().contributors);
	let length = IndexFile::length_of(header.method, &header.snapshots, contributors).unwrap();
	assert_eq!(length, std::fs::metadata(&path).unwrap().len());
	assert_eq!(opened.to_bytes(), index.to_bytes());
	assert!(matches!(IndexFile::open(&folder.path().join("other")), Err(Error::Io { .. })));
}

#[test]
fn commitment_is_over_the_leaves_as_the_rule_hashes_them() {
	let index = testing::index(21, PayBy::Records, 7);
	let commitment = index.commitment();
	let leaves: Vec<Hash> = (0..21).map(|at| index.leaf(at).unwrap().hash()).collect();
	assert_eq!(commitment.records_root, merkle::root(&leaves));
	let sums: Vec<Hash> = index.contributors().iter().map(|leaf| leaf.hash()).collect();
	assert_eq!(commitment.contributors_root, merkle::root(&sums));
	assert_eq!((commitment.records, commitment.contributors), (21, 4));
	assert_eq!(commitment.floor_ppm, 7);
	assert_eq!(commitment.file, Hash(sp_io::hashing::blake2_256(index.to_bytes())));
	let accounts: Vec<AccountId32> = index.contributors().iter().map(|leaf| leaf.account).collect();
	assert!(accounts.is_sorted());
}

#[test]
fn contributor_leaves_are_the_sums_of_their_heads() {
	let index = testing::index(40, PayBy::Records, 0);
	for leaf in index.contributors().iter() {
		let own: Vec<IndexLeaf> = (0..40)
			.filter(|at| index.records().get(*at).unwrap().contributor == leaf.account)
			.map(|at| index.leaf(at).unwrap())
			.collect();
		let account = leaf.account.clone();
		let expected: ContributorLeaf<AccountId32> =
			openledger_primitives_attribution::contributor::sum(account, 32, &own).unwrap();
		assert_eq!(leaf, expected);
	}
}

#[test]
fn file_is_refused_when_truncated_anywhere() {
	let bytes = bytes();
	let ends = Section::ALL.map(|section| range(&bytes, section).end);
	let cuts = ends.iter().flat_map(|end| [end - 1, *end]).chain([0, 7, 8, 12, 15, 16, TABLE]);
	for cut in cuts.filter(|cut| *cut < bytes.len()) {
		let error = IndexFile::from_bytes(&bytes[..cut]).unwrap_err();
		assert!(
			matches!(error, Error::SectionLength { .. } | Error::NotAnIndex(_)),
			"cut at {cut}: {error}"
		);
	}
	let longer = [&bytes[..], &[0]].concat();
	let error = IndexFile::from_bytes(&longer).unwrap_err();
	assert!(matches!(error, Error::SectionLength { section: "end", .. }), "{error}");
}

#[test]
fn file_is_refused_when_any_bit_is_flipped() {
	let bytes = bytes();
	for at in (0..bytes.len()).step_by(7).chain(0..TABLE) {
		let mut flipped = bytes.clone();
		flipped[at] ^= 1 << (at % 8);
		assert!(IndexFile::from_bytes(&flipped).is_err(), "byte {at}");
	}
	for section in Section::ALL {
		let mut flipped = bytes.clone();
		flipped[range(&bytes, section).start] ^= 1;
		let error = IndexFile::from_bytes(&flipped).unwrap_err();
		assert!(matches!(error, Error::Checksum(name) if name == section.name()), "{error}");
	}
}

#[test]
fn file_is_refused_when_any_section_is_altered_under_good_checksums() {
	let bytes = bytes();
	for section in Section::ALL {
		// The header's floor and hashes are anybody's to choose.
		if section == Section::Header {
			continue;
		}
		let range = range(&bytes, section);
		for at in range.clone().step_by(range.len().div_ceil(40)) {
			let mut altered = bytes.clone();
			altered[at] ^= 4;
			let found = IndexFile::from_bytes(&sealed(altered));
			assert!(found.is_err(), "{} at {at}", section.name());
		}
	}
}

#[test]
fn file_is_refused_when_it_is_another_format_or_version() {
	let mut other = bytes();
	other[0] = b'X';
	assert!(matches!(IndexFile::from_bytes(&sealed(other)), Err(Error::NotAnIndex(_))));
	for version in [VERSION - 1, VERSION + 1] {
		let mut another = bytes();
		another[8] = version as u8;
		let error = IndexFile::from_bytes(&sealed(another)).unwrap_err();
		assert!(
			matches!(error, Error::UnsupportedVersion { found, expected: VERSION } if found == version)
		);
	}
	let mut more = bytes();
	more[12] = 6;
	assert!(matches!(IndexFile::from_bytes(&retabled(more)), Err(Error::Malformed { .. })));
}

#[test]
fn file_is_refused_when_a_length_is_absurd() {
	let at = ENTRIES + Section::Heads as usize * ENTRY + 8;
	for length in [u64::MAX, u64::MAX / 2, 1 << 40] {
		let mut bytes = bytes();
		bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
		let error = IndexFile::from_bytes(&retabled(bytes)).unwrap_err();
		assert!(matches!(error, Error::SectionLength { section: "heads", .. }), "{error}");
	}
}

#[test]
fn file_is_refused_when_a_section_is_longer_than_the_header_asks_or_elsewhere() {
	let at = ENTRIES + Section::Heads as usize * ENTRY;
	let (start, length) = (number(&bytes(), at), number(&bytes(), at + 8));
	let with = |start: usize, length: usize| {
		let mut bytes = bytes();
		bytes[at..at + 8].copy_from_slice(&(start as u64).to_le_bytes());
		bytes[at + 8..at + 16].copy_from_slice(&(length as u64).to_le_bytes());
		IndexFile::from_bytes(&sealed(bytes)).unwrap_err()
	};
	let error = with(start, length + 4);
	assert!(matches!(error, Error::SectionLength { section: "heads", .. }), "{error}");
	let error = with(start - 64, length);
	assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

#[test]
fn file_is_refused_when_its_contributor_leaves_are_not_the_sums() {
	let mut bytes = bytes();
	let sums = range(&bytes, Section::Sums).start;
	bytes[sums + 4] ^= 1;
	let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
	assert!(matches!(error, Error::ContributorSums), "{error}");
}

#[test]
fn file_is_refused_when_a_component_is_minus_128() {
	let mut bytes = bytes();
	let sketches = range(&bytes, Section::Sketches).start;
	bytes[sketches] = 0x80;
	let error = IndexFile::from_bytes(&sealed(bytes)).unwrap_err();
	assert!(matches!(error, Error::Asymmetric(0)), "{error}");
}

#[test]
fn file_of_this_machine_is_opened_by_its_outline_and_verified_on_demand() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("index");
	let index = testing::index(20, PayBy::Records, 50_000);
	index.save(&path).unwrap();
	let own = IndexFile::open_own(&path).unwrap();
	own.verify().unwrap();
	assert_eq!(own.commitment(), index.commitment());
	let mut damaged = bytes();
	let members = range(&damaged, Section::Members).start;
	damaged[members] ^= 1;
	std::fs::write(folder.path().join("damaged"), &damaged).unwrap();
	let own = IndexFile::open_own(&folder.path().join("damaged")).unwrap();
	assert!(matches!(own.verify(), Err(Error::Checksum("members"))));
	std::fs::write(folder.path().join("cut"), &damaged[..damaged.len() - 1]).unwrap();
	assert!(IndexFile::open_own(&folder.path().join("cut")).is_err());
}

#[test]
fn index_is_the_one_of_its_parts_when_its_floor_is_changed() {
	let index = testing::index(20, PayBy::Records, 5).with_floor(50_000).unwrap();
	assert_eq!(index.to_bytes(), bytes());
	assert!(matches!(index.with_floor(1_000_001), Err(Error::Malformed { .. })));
}

#[test]
fn index_is_refused_when_its_dimension_differs_from_the_method() {
	let error = refused(|parts| parts.header.method.dimension = 64);
	assert!(matches!(error, Error::Dimension { expected: 64, found: 32 }));
	for dimension in [0, 15, 2_049] {
		let error = refused(|parts| parts.header.method.dimension = dimension);
		assert!(matches!(error, Error::Malformed { .. }), "{error}");
	}
}

#[test]
fn index_is_refused_when_a_number_is_out_of_range() {
	let changes: [fn(&mut Header); 7] = [
		|h| h.floor_ppm = 1_000_001,
		|h| h.method.credits = 0,
		|h| h.method.credits = 17,
		|h| (h.method.credits, h.method.dimension) = (9, 2_048),
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

/// The header and the parts of the first `count` records, as if the second snapshot ended there.
fn begun(whole: &Parts, count: usize) -> Parts {
	let mut parts = whole.clone();
	parts.leaves.truncate(count);
	parts.records.truncate(count);
	let first = parts.header.snapshots[0].1.count as usize;
	let last = parts.header.snapshots.len() - 1;
	let (from, at) = if count > first { (first, last) } else { (0, 0) };
	parts.header.snapshots.truncate(at + 1);
	let hashes = parts.records[from..].iter().map(RecordLeaf::hash).collect();
	let tree = crate::tree::Tree::new(hashes);
	let snapshot = &mut parts.header.snapshots[at].1;
	(snapshot.root, snapshot.count) = (tree.root(), tree.len() as u32);
	parts
}

#[test]
fn appended_index_is_byte_for_byte_the_one_built_from_the_start() {
	for count in [4u32, 21, 64, 100] {
		let whole = parts(count, PayBy::Contributors, 70_000);
		let expected = IndexFile::new(whole.clone()).unwrap();
		let first = whole.header.snapshots[0].1.count as usize;
		for before in [1, first / 2, first, first + 1, count as usize - 1] {
			let before = before.max(1);
			let old = IndexFile::new(begun(&whole, before)).unwrap();
			let folder = tempfile::tempdir().unwrap();
			let path = folder.path().join("index");
			let records = &whole.records[before..];
			let mut builder = Builder::append(&path, &old, whole.header.clone(), records).unwrap();
			assert_eq!(builder.len(), before);
			for leaf in &whole.leaves[before..] {
				builder.push(leaf.clone()).unwrap();
			}
			let written = builder.finish(|_| Ok(70_000)).unwrap();
			assert_eq!(written.to_bytes(), expected.to_bytes(), "{before} of {count}");
			written.verify().unwrap();
			assert_eq!(std::fs::read(&path).unwrap(), expected.to_bytes());
		}
	}
}

#[test]
fn append_is_refused_when_the_index_does_not_begin_so() {
	let whole = parts(40, PayBy::Records, 0);
	let old = IndexFile::new(begun(&whole, 20)).unwrap();
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("index");
	let changes: [fn(&mut Header); 5] = [
		|h| h.adapter = Hash::zero(),
		|h| h.projection = Hash::zero(),
		|h| h.method.credits = 2,
		|h| h.snapshots[0].0 = 77,
		|h| h.snapshots[0].1.count = 5,
	];
	for change in changes {
		let mut header = whole.header.clone();
		change(&mut header);
		let refused = Builder::append(&path, &old, header, &whole.records[20..]).err();
		assert!(matches!(refused, Some(Error::NotAnExtension(_))), "{refused:?}");
	}
	let short = Builder::append(&path, &old, whole.header.clone(), &whole.records[20..]);
	assert!(matches!(short.unwrap().finish(|_| Ok(0)), Err(Error::RecordCount { .. })));
	let mut other = whole.clone();
	other.records[30].size += 1;
	let refused = Builder::append(&path, &old, other.header, &other.records[20..]).err();
	assert!(matches!(refused, Some(Error::SnapshotRoot { .. })), "{refused:?}");
}

#[test]
fn killed_build_goes_on_with_the_leaves_that_it_kept() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("index");
	let Parts { header, leaves, records } = parts(50, PayBy::Records, 0);
	let expected = testing::index(50, PayBy::Records, 123);
	let mut builder = Builder::open(&path, header.clone(), &records).unwrap();
	assert!(builder.is_empty());
	leaves[..17].iter().for_each(|leaf| builder.push(leaf.clone()).unwrap());
	builder.keep().unwrap();
	leaves[17..30].iter().for_each(|leaf| builder.push(leaf.clone()).unwrap());
	drop(builder);
	assert!(!path.exists());

	let another = Header { adapter: Hash::zero(), ..header.clone() };
	let elsewhere = folder.path().join("other");
	for ending in [".partial", ".journal"] {
		let name = |of: &str| folder.path().join(format!("{of}{ending}"));
		std::fs::copy(name("index"), name("other")).unwrap();
	}
	assert!(Builder::open(&elsewhere, another, &records).unwrap().is_empty());

	let mut builder = Builder::open(&path, header.clone(), &records).unwrap();
	assert_eq!(builder.len(), 17);
	assert!(matches!(
		Builder::open(&elsewhere, header, &records).unwrap().finish(|_| Ok(0)),
		Err(Error::RecordCount { .. })
	));
	leaves[17..].iter().for_each(|leaf| builder.push(leaf.clone()).unwrap());
	assert!(matches!(builder.push(leaves[0].clone()), Err(Error::RecordCount { .. })));
	let index = builder.finish(|view| Ok(view.len() as u32 + 73)).unwrap();
	assert_eq!(index.to_bytes(), expected.to_bytes());
	assert_eq!(std::fs::read(&path).unwrap(), expected.to_bytes());
	assert!(!folder.path().join("index.journal").exists());
}
