use super::*;
use crate::testing::{self, account, sketch};
use openledger_primitives_attribution::{RecordCredit, Refusal, forgery::expose, verify};
use openledger_primitives_core::{
	Sketch,
	merkle::MultiProof,
	model::{IndexCommitment, Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use proptest::prelude::*;

const COUNT: u32 = 41;
const FRIEND: u8 = 99;

/// An index over the records of two snapshots, and what its owner was honest about.
struct Committed {
	method: Method,
	snapshots: Vec<(u32, Snapshot)>,
	own: Vec<RecordLeaf<AccountId32>>,
	named: Vec<RecordLeaf<AccountId32>>,
	leaves: Vec<IndexLeaf>,
	index: IndexCommitment,
}

impl Committed {
	/// With a friend in the place of the contributor of each record at `forged`.
	fn new(forged: &[u32]) -> Self {
		let index = testing::index(COUNT, PayBy::Records, 0);
		let own: Vec<_> = (0..index.len()).map(|at| index.records().get(at).unwrap()).collect();
		let mut named = own.clone();
		for at in forged {
			named[*at as usize].contributor = account(FRIEND);
		}
		let leaf = |(at, record): (usize, &RecordLeaf<AccountId32>)| {
			let leaf = index.leaf(at).unwrap();
			IndexLeaf { record: record.hash(), ..leaf }
		};
		let leaves: Vec<IndexLeaf> = named.iter().enumerate().map(leaf).collect();
		let root = Tree::new(leaves.iter().map(IndexLeaf::hash).collect()).root();
		let commitment = IndexCommitment { records_root: root, ..index.commitment() };
		let header = index.header();
		Self {
			method: header.method,
			snapshots: header.snapshots.to_vec(),
			own,
			named,
			leaves,
			index: commitment,
		}
	}

	fn terms(&self) -> Terms<'_> {
		let Self { method, index, snapshots, .. } = self;
		Terms { method: *method, index: *index, snapshots, retrieval: None }
	}

	fn hashes(&self) -> Vec<Vec<Hash>> {
		let of = |datanet: u32| {
			self.own.iter().filter(|leaf| leaf.datanet == datanet).map(RecordLeaf::hash).collect()
		};
		self.snapshots.iter().map(|(datanet, _)| of(*datanet)).collect()
	}

	fn records(&self) -> Records {
		Records::new(&self.terms(), self.hashes()).unwrap()
	}

	/// A claim that credits these records, whatever the rule says.
	fn claim(&self, shown: &[u32]) -> Claim<AccountId32> {
		let tree = Tree::new(self.leaves.iter().map(IndexLeaf::hash).collect());
		let mut positions = shown.to_vec();
		positions.sort_unstable();
		let credit = |at: &u32| {
			RecordCredit::new(self.leaves[*at as usize].clone(), self.named[*at as usize].clone())
		};
		Claim {
			sketch: sketch(1, 32),
			gain: 0,
			trace: Hash::zero(),
			contributors: Default::default(),
			contributors_proof: Default::default(),
			records: shown.iter().map(credit).collect::<Vec<_>>().try_into().unwrap(),
			records_proof: tree.prove_many(&positions).unwrap(),
			found: None,
		}
	}
}

#[test]
fn first_forged_leaf_is_found_and_exposes_the_index() {
	for forged in [&[0][..], &[COUNT - 1], &[29, 30, 31], &[17, 5]] {
		let committed = Committed::new(forged);
		let found = forged_leaf(&committed.terms(), &committed.leaves, &committed.records());
		let found = found.unwrap().unwrap();
		assert_eq!(Some(&found.leaf.position), forged.iter().min());
		assert_eq!(expose(&committed.terms(), &found), Ok(()));
	}
}

#[test]
fn nothing_is_found_in_a_true_index() {
	let committed = Committed::new(&[]);
	let (terms, records) = (committed.terms(), committed.records());
	assert_eq!(forged_leaf(&terms, &committed.leaves, &records).unwrap(), None);
	assert_eq!(forged_credit(&terms, &committed.claim(&[3, 7, 40]), &records).unwrap(), None);
	assert_eq!(forged_credit(&terms, &committed.claim(&[]), &records).unwrap(), None);
}

#[test]
fn forged_credit_is_found_in_a_claim_without_the_index() {
	let committed = Committed::new(&[12, 30, 33]);
	let (terms, records) = (committed.terms(), committed.records());
	let payer = account(200);
	// The best first, whatever its position.
	let claim = committed.claim(&[33, 2, 12, 40]);
	let found = forged_credit(&terms, &claim, &records).unwrap().unwrap();
	assert_eq!(found.leaf.position, 33);
	assert_eq!(expose(&terms, &found), Ok(()));
	assert_eq!(forged_credit(&terms, &committed.claim(&[2, 40]), &records).unwrap(), None);
	// A claim as operators make it, whose query is the forged record itself.
	let query = Sketch::try_from(committed.leaves[30].sketch.to_vec()).unwrap();
	let claim = Claim { sketch: query, ..committed.claim(&[30]) };
	assert_eq!(verify(&terms, &payer, &claim).unwrap().paid[0].account, account(FRIEND));
	assert!(forged_credit(&terms, &claim, &records).unwrap().is_some());
}

#[test]
fn leaf_that_stands_elsewhere_than_it_says_is_passed_over() {
	let mut committed = Committed::new(&[7]);
	committed.leaves[3].position = 4;
	committed.leaves[3].record = Hash::zero();
	let root = Tree::new(committed.leaves.iter().map(IndexLeaf::hash).collect()).root();
	committed.index.records_root = root;
	let found = forged_leaf(&committed.terms(), &committed.leaves, &committed.records());
	assert_eq!(found.unwrap().unwrap().leaf.position, 7);
}

#[test]
fn watcher_says_nothing_when_what_it_has_is_not_what_was_committed() {
	let committed = Committed::new(&[7]);
	let (terms, records) = (committed.terms(), committed.records());
	let honest = Committed::new(&[]);
	let refused = forged_leaf(&terms, &honest.leaves, &records);
	assert!(matches!(refused, Err(Error::Tree(_))));
	let mut unproven = committed.claim(&[7, 9]);
	unproven.records_proof = MultiProof::default();
	assert!(matches!(forged_credit(&terms, &unproven, &records), Err(Error::Tree(_))));
	let mut other = committed.hashes();
	other[1].swap(0, 1);
	assert!(matches!(Records::new(&terms, other), Err(Error::SnapshotRoot { datanet: 9 })));
	let first = vec![committed.hashes().remove(0)];
	assert!(matches!(Records::new(&terms, first), Err(Error::RecordCount { .. })));
}

/// A file in which another account stands in the place of a contributor's, and the commitment to what its
/// rows say.
fn forged_file(folder: &std::path::Path) -> (IndexFile, IndexFile, IndexCommitment) {
	let index = testing::index(COUNT, PayBy::Records, 0);
	let mut bytes = index.to_bytes().to_vec();
	let accounts: [[u8; 32]; 3] = [1, 2, 3].map(|byte| account(byte).into());
	let at = bytes.windows(96).position(|window| window == accounts.as_flattened()).unwrap() + 32;
	bytes[at..at + 32].copy_from_slice(account(FRIEND).as_ref());
	let path = folder.join("forged.index");
	std::fs::write(&path, &bytes).unwrap();
	assert!(IndexFile::open(&path).is_err());
	let forged = IndexFile::open_own(&path).unwrap();
	let named = |at: usize| {
		let leaf = IndexLeaf {
			record: forged.records().get(at).unwrap().hash(),
			..index.leaf(at).unwrap()
		};
		leaf.hash()
	};
	let root = Tree::new((0..index.len()).map(named).collect()).root();
	let commitment = IndexCommitment { records_root: root, ..index.commitment() };
	(index, forged, commitment)
}

#[test]
fn forged_leaf_is_found_in_a_file_that_opens_as_no_index() {
	let folder = tempfile::tempdir().unwrap();
	let (index, forged, commitment) = forged_file(folder.path());
	let header = index.header();
	let (method, snapshots) = (header.method, &header.snapshots);
	let terms = Terms { method, index: commitment, snapshots, retrieval: None };
	let records = Records::in_file(&terms, &forged).unwrap();
	let found = forged_in_file(&terms, &forged, &records).unwrap().unwrap();
	assert_eq!(expose(&terms, &found), Ok(()));
	let first = index.records().iter().position(|record| record.contributor == account(2));
	assert_eq!(Some(found.leaf.position as usize), first);
}

#[test]
fn nothing_is_said_of_a_file_that_does_not_give_the_committed_root() {
	let folder = tempfile::tempdir().unwrap();
	let (index, forged, commitment) = forged_file(folder.path());
	let header = index.header();
	let (method, snapshots) = (header.method, &header.snapshots);
	let of = |index| Terms { method, index, snapshots, retrieval: None };
	let other = IndexCommitment { records_root: Hash::zero(), ..commitment };
	let records = Records::in_file(&of(other), &forged).unwrap();
	assert!(matches!(forged_in_file(&of(other), &forged, &records), Err(Error::Tree(_))));
	// The rows are forged and the commitment is to the trees, which are true.
	let honest = of(index.commitment());
	assert_eq!(forged_in_file(&honest, &forged, &records).unwrap(), None);
	let mut elsewhere = header.snapshots.to_vec();
	elsewhere[0].1.root = Hash::zero();
	let terms = Terms { snapshots: &elsewhere, ..of(commitment) };
	assert!(matches!(Records::in_file(&terms, &forged), Err(Error::SnapshotRoot { datanet: 4 })));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(32))]

	#[test]
	fn whatever_is_forged_is_found_and_nothing_else(
		forged in proptest::collection::btree_set(0..COUNT, 0..4),
		shown in proptest::collection::btree_set(0..COUNT, 1..16),
	) {
		let positions: Vec<u32> = forged.iter().copied().collect();
		let committed = Committed::new(&positions);
		let (terms, records) = (committed.terms(), committed.records());
		let found = forged_leaf(&terms, &committed.leaves, &records).unwrap();
		prop_assert_eq!(found.as_ref().map(|found| found.leaf.position), forged.first().copied());
		let shown: Vec<u32> = shown.into_iter().collect();
		let credited = forged_credit(&terms, &committed.claim(&shown), &records).unwrap();
		let expected = shown.iter().find(|at| forged.contains(at)).copied();
		prop_assert_eq!(credited.as_ref().map(|found| found.leaf.position), expected);
		for found in found.iter().chain(&credited) {
			prop_assert_eq!(expose(&terms, found), Ok(()));
			let mut spoilt = found.clone();
			spoilt.record = found.leaf.record;
			prop_assert_eq!(expose(&terms, &spoilt), Err(Refusal::TrueLeaf));
		}
	}
}
