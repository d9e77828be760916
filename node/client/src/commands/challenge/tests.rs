use super::{
	look::{Committed, Use, opened, seen},
	*,
};
use openledger_attribution::{
	IndexFile, claim, claim_on,
	index::{GRADIENTS, Header, Leaf, Parts},
	retrieval,
	tree::Tree,
};
use openledger_primitives_api::{ClaimInfo, FoundInfo};
use openledger_primitives_attribution::{
	Claim, IndexLeaf, challenge::Fault, forgery::expose, found, omission::Omission, verify,
};
use openledger_primitives_core::{
	Hash, Sketch,
	draw::draw_id,
	model::{Method, PayBy, Retrieval},
	record::{RecordLeaf, Snapshot, content_hash},
};
use sp_runtime::Permill;

const COUNT: u32 = 12;
const PAYER: AccountId32 = AccountId32::new([200; 32]);

/// Signed bytes that follow from a number.
fn sketch(number: u32) -> Sketch {
	let bytes = content_hash(&number.to_le_bytes()).0;
	Sketch::truncate_from(bytes.iter().map(|byte| (*byte as i8).max(-127)).collect())
}

/// An index over twelve records of four contributors.
pub(super) fn index() -> IndexFile {
	index_of(GRADIENTS)
}

/// The same with sketches of this kind.
fn index_of(features: u32) -> IndexFile {
	let record = |at: u32| RecordLeaf {
		datanet: 4,
		index: at,
		contributor: AccountId32::new([1 + (at % 4) as u8; 32]),
		content: Hash::from_low_u64_be(at.into()),
		size: 10,
		committed_at: at,
	};
	let records: Vec<_> = (0..COUNT).map(record).collect();
	let root = Tree::new(records.iter().map(RecordLeaf::hash).collect()).root();
	let leaf = |at: u32| Leaf { head: at, scale: 100 + at as u16, sketch: sketch(at) };
	let header = Header {
		method: Method { pay_by: PayBy::Records, credits: 3, dimension: 32 },
		manifest: Hash::zero(),
		adapter: Hash::zero(),
		projection: Hash::zero(),
		features,
		floor_ppm: 0,
		nulls: Hash::zero(),
		snapshots: vec![(4, Snapshot { root, count: COUNT, frozen_at: 20 })],
	};
	IndexFile::new(Parts { header, leaves: (0..COUNT).map(leaf).collect(), records }).unwrap()
}

fn committed(index: &IndexFile) -> Committed {
	let header = index.header();
	let (method, snapshots) = (header.method, header.snapshots.clone());
	let (index, use_of) = (index.commitment(), Use::Attribution);
	Committed { model: 5, method, index, snapshots, retrieval: None, use_of }
}

/// What a version commits to that puts records into prompts by this index.
fn retrieving(index: &IndexFile) -> Committed {
	let Method { credits: most, dimension, .. } = index.header().method;
	let part = Permill::from_percent(40);
	let (lens, index) = (Hash::zero(), index.commitment());
	let retrieval = Some(Retrieval { most, dimension, part, lens, index });
	Committed { retrieval, ..committed(&self::index()) }.retrieving().unwrap()
}

/// A claim as the chain tells of it.
fn told(committed: &Committed, claim: &Claim<AccountId32>) -> ClaimInfo<AccountId32> {
	let verified = verify(&committed.terms(), &PAYER, claim).unwrap();
	ClaimInfo {
		claim: 3,
		model: 5,
		operator: AccountId32::new([7; 32]),
		payer: PAYER,
		submitted_at: 1,
		final_at: 11,
		gain: 0,
		earned_ppm: 0,
		digest: Hash::zero(),
		trace: Hash::zero(),
		sketch: claim.sketch.to_vec(),
		paid: verified.paid,
		evidence: verified.evidence,
		challenger: None,
		rejected: false,
		distribution: None,
	}
}

fn in_index(committed: &Committed, bytes: &[u8]) -> Result<Option<Found>> {
	seen(committed, opened(committed, bytes), bytes, None, Vec::new())
}

fn in_claim(
	committed: &Committed,
	bytes: &[u8],
	claim: &ClaimInfo<AccountId32>,
) -> Result<Option<Found>> {
	seen(committed, opened(committed, bytes), bytes, Some((claim, 900)), Vec::new())
}

fn honest(index: &IndexFile) -> Claim<AccountId32> {
	let method = index.header().method;
	claim(index, sketch(99), 0, Hash::zero(), &PAYER, method).unwrap()
}

#[test]
fn nothing_is_found_in_an_honest_claim_or_a_true_index() {
	let index = index();
	let committed = committed(&index);
	let claim = told(&committed, &honest(&index));
	assert!(claim.paid.len() > 1);
	assert!(in_claim(&committed, index.to_bytes(), &claim).unwrap().is_none());
	assert!(in_index(&committed, index.to_bytes()).unwrap().is_none());
	let said = text(&Told {
		target: name(Target::Claim(3)),
		found: None,
		unlooked: None,
		deposit: 1,
		commit_before: None,
		others: 0,
	});
	assert_eq!(said, "there is nothing to challenge in the claim on request 3");
}

#[test]
fn record_that_a_claim_leaves_out_is_found_with_what_it_brings() {
	let index = index();
	let committed = committed(&index);
	let honest = honest(&index);
	let kept: Vec<u32> = honest.records.iter().skip(1).map(|credit| credit.position).collect();
	let left = claim_on(&index, honest.sketch.clone(), 0, Hash::zero(), &[], &kept).unwrap();
	let claim = told(&committed, &left);
	let found = in_claim(&committed, index.to_bytes(), &claim).unwrap().unwrap();
	let best = &honest.records[0];
	assert_eq!(found.position, best.position);
	let Fault::Omission(Omission::Record(shown)) = &found.fault else { panic!("{found:?}") };
	assert_eq!(shown.credit, *best);
	let lost: u128 = found.lost.as_ref().unwrap().parse().unwrap();
	assert!(0 < lost && lost < 900);
	let told = Told {
		target: name(Target::Claim(draw_id(2, 1))),
		found: Some(found),
		unlooked: None,
		deposit: 10 * amount::OPEN,
		commit_before: Some(11),
		others: 1,
	};
	let said = text(&told);
	for part in [
		"the claim on draw 1 of batch 2".to_string(),
		format!("record 4/{}", best.record.index),
		amount::show(lost / 2),
		"10 OPEN".into(),
		"block 11".into(),
		"1 challenges stand".into(),
		"--yes".into(),
	] {
		assert!(said.contains(&part), "{part}: {said}");
	}
}

#[test]
fn record_that_a_prompt_leaves_out_is_found_with_what_it_brings() {
	let index = index_of(retrieval::VERSION);
	let committed = retrieving(&index);
	let honest = honest(&index);
	let of = told(&committed, &honest);
	let prompted = |paid| FoundInfo {
		part_ppm: 400_000,
		question: found::question(&honest.sketch),
		paid,
		evidence: Vec::new(),
	};
	let missed = |paid: Vec<_>| {
		let prompted = prompted(paid);
		prompt::missed(&committed, &index, (&of, 1_000), &prompted, honest.sketch.clone()).unwrap()
	};
	assert!(missed(of.paid.clone()).is_none());
	let found = missed(of.paid[1..].to_vec()).unwrap();
	let Fault::Relevance { question, shown } = &found.fault else { panic!("{found:?}") };
	assert_eq!((question, &shown.credit), (&honest.sketch, &honest.records[0]));
	// Of what the prompt's records have, and no more.
	let lost: u128 = found.lost.as_ref().unwrap().parse().unwrap();
	assert!(0 < lost && lost < 400);
	assert!(found.what.contains("left out of its prompt") && found.gain().contains("half"));
}

#[test]
fn forged_leaf_is_found_in_the_index_that_finds_records_for_prompts() {
	let (bytes, committed) = forged_in(index_of(retrieval::VERSION), retrieving);
	assert!(opened(&committed, &bytes).is_err());
	let found = in_index(&committed, &bytes).unwrap().unwrap();
	let Fault::ForgedRelevance(forgery) = &found.fault else { panic!("{found:?}") };
	assert_eq!(expose(&committed.terms(), forgery), Ok(()));
	assert!(found.what.contains("retrieval index"), "{}", found.what);
}

#[test]
fn neither_kind_of_index_passes_for_the_other() {
	let (attribution, finding) = (index(), index_of(retrieval::VERSION));
	assert!(opened(&committed(&attribution), attribution.to_bytes()).is_ok());
	assert!(opened(&retrieving(&finding), finding.to_bytes()).is_ok());
	assert!(opened(&retrieving(&attribution), attribution.to_bytes()).is_err());
	assert!(opened(&committed(&finding), finding.to_bytes()).is_err());
}

#[test]
fn what_was_not_looked_at_is_said() {
	let said = text(&Told {
		target: name(Target::Claim(3)),
		found: None,
		unlooked: Some("name the base".into()),
		deposit: 1,
		commit_before: None,
		others: 0,
	});
	assert!(said.ends_with("the claim on request 3\nname the base"), "{said}");
}

/// The file of an index in which a stranger stands in a contributor's place, and what its owner has
/// committed to.
fn forged() -> (Vec<u8>, Committed) {
	forged_in(index(), committed)
}

fn forged_in(
	index: IndexFile,
	committed: impl Fn(&IndexFile) -> Committed,
) -> (Vec<u8>, Committed) {
	let mut bytes = index.to_bytes().to_vec();
	let accounts = [[2u8; 32], [3; 32]];
	let at = bytes.windows(64).position(|window| window == accounts.as_flattened()).unwrap();
	bytes[at + 32..at + 64].fill(0x66);
	let named = |at: usize| {
		let mut record = index.records().get(at).unwrap();
		if record.contributor == AccountId32::new([3; 32]) {
			record.contributor = AccountId32::new([0x66; 32]);
		}
		IndexLeaf { record: record.hash(), ..index.leaf(at).unwrap() }.hash()
	};
	let mut committed = committed(&index);
	committed.index.records_root = Tree::new((0..index.len()).map(named).collect()).root();
	committed.index.file = content_hash(&bytes);
	(bytes, committed)
}

#[test]
fn forged_leaf_is_found_in_the_index_and_where_a_claim_is_looked_at() {
	let (bytes, committed) = forged();
	let found = in_index(&committed, &bytes).unwrap().unwrap();
	let Fault::Forgery(forgery) = &found.fault else { panic!("{found:?}") };
	assert_eq!(expose(&committed.terms(), forgery), Ok(()));
	assert_eq!((found.position, found.lost.as_ref()), (2, None));
	assert!(found.gain().contains("bond"));
	let true_index = index();
	let claim = told(&self::committed(&true_index), &honest(&true_index));
	let found = in_claim(&committed, &bytes, &claim).unwrap().unwrap();
	assert!(matches!(found.fault, Fault::Forgery(_)));
}

#[test]
fn index_that_nothing_can_be_said_of_is_an_error() {
	let index = index();
	let committed = committed(&index);
	let claim = told(&committed, &honest(&index));
	let mut damaged = index.to_bytes().to_vec();
	let middle = damaged.len() / 2;
	damaged[middle] ^= 1;
	for bytes in [b"no index".as_slice(), &damaged, &index.to_bytes()[..100]] {
		assert!(in_index(&committed, bytes).is_err());
		assert!(in_claim(&committed, bytes, &claim).is_err());
	}
	let mut other = self::committed(&index);
	other.index.records_root = Hash::zero();
	let error = in_index(&other, index.to_bytes()).unwrap_err();
	assert!(error.to_string().contains("other roots"), "{error}");
}

#[test]
fn sealed_challenge_is_kept_until_it_is_removed() {
	let folder = tempfile::tempdir().unwrap();
	let account = AccountId32::new([9; 32]);
	let shelf = Shelf::new(folder.path(), Hash::repeat_byte(3), account.clone());
	let target = Target::Model(5);
	assert!(shelf.find(target).unwrap().is_none());
	let (bytes, committed) = forged();
	let fault = in_index(&committed, &bytes).unwrap().unwrap().fault;
	let sealed = Sealed::new(target, fault.clone());
	assert_ne!(sealed.salt, Sealed::new(target, fault).salt);
	shelf.put(&sealed).unwrap();
	assert_eq!(shelf.find(target).unwrap(), Some(sealed.clone()));
	// Interrupted before it was seen on chain, it goes on with the same secret.
	assert_eq!(shelf.seal(target, &sealed.fault).unwrap(), sealed);
	assert!(shelf.find(Target::Claim(5)).unwrap().is_none());
	assert_ne!(sealed.commitment(&account), sealed.commitment(&PAYER));
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let mode = std::fs::metadata(shelf.path().join("model-5")).unwrap().permissions().mode();
		assert_eq!(mode & 0o077, 0);
	}
	std::fs::write(shelf.path().join("model-5"), b"damaged").unwrap();
	assert!(shelf.find(target).unwrap_err().to_string().contains("withdraw"));
	shelf.remove(target).unwrap();
	shelf.remove(target).unwrap();
	assert!(shelf.find(target).unwrap().is_none());
}
