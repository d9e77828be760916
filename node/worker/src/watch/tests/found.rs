//! What is looked at where records are put into prompts.

use super::*;
use crate::testing::retrieval::{self, RETRIEVING};
use openledger_attribution::retrieval::RetrievalIndex;
use openledger_primitives_attribution::{Found, found::question};
use openledger_primitives_inference::watch::WatchedFound;
use openlora::Base;

/// The retrieval without a floor, so that there is something to leave out.
static FOUND: LazyLock<RetrievalIndex> = LazyLock::new(|| {
	let of = &RETRIEVING.index;
	RetrievalIndex::new(of.file().clone().with_floor(0).unwrap(), of.lens().clone()).unwrap()
});

fn material() -> Material {
	retrieval::material(&RETRIEVING.model, &FOUND)
}

/// The sketch of a question that two records are found for.
fn asked() -> Sketch {
	let base = Base::load(&RETRIEVING.model.base).unwrap();
	FOUND.question(&base, "What is it?").unwrap()
}

/// A claim that credits nothing, and shows this of the prompt.
fn shows(found: Found<AccountId32>) -> Claim<AccountId32> {
	let index = IndexFile::from_bytes(&RETRIEVING.model.index).unwrap();
	let nothing = Sketch::truncate_from(vec![0; index.dimension()]);
	let claim = claim_on(&index, nothing, 0, Hash::zero(), &[], &[]).unwrap();
	Claim { found: Some(found), ..claim }
}

fn honest() -> Claim<AccountId32> {
	let found = FOUND.found(asked(), &model::PAYER).unwrap();
	assert_eq!(found.records.len(), 2);
	shows(found)
}

/// The honest one without its best record.
fn without_the_best() -> Claim<AccountId32> {
	let rest: Vec<u32> =
		honest().found.unwrap().records.iter().skip(1).map(|of| of.position).collect();
	shows(FOUND.found_on(asked(), &rest).unwrap())
}

fn on_chain(request: u64, claim: &Claim<AccountId32>) -> Watched {
	let material = material();
	let verified = verify(&material.terms(), &model::PAYER, claim).unwrap();
	let found = WatchedFound {
		question: question(&claim.found.as_ref().unwrap().sketch),
		paid: verified.found.unwrap().paid,
		at_stake: 1_000,
	};
	let claim = WatchedClaim {
		request,
		payer: model::PAYER,
		sketch: claim.sketch.clone(),
		paid: verified.paid,
		at_stake: 1_000,
		submitted: Some(claim.clone()),
		found: Some(found),
	};
	Watched { model: 1, material, claim: Some(claim), show: None }
}

fn holding(settings: WatchSettings) -> World {
	let world = world_with(settings, true);
	world.holds(&RETRIEVING.model.index);
	world.holds(FOUND.file().to_bytes());
	world
}

#[test]
fn honest_prompt_and_true_retrieval_give_nothing() {
	let world = holding(WatchSettings::default());
	assert_eq!(world.sees(&index_of(material())), Sighting::Clean);
	assert_eq!(world.sees(&on_chain(7, &honest())), Sighting::Clean);
}

#[test]
fn record_that_was_left_out_of_a_prompt_is_found() {
	let world = holding(WatchSettings::default());
	let watched = on_chain(7, &without_the_best());
	let Sighting::Found(Fault::Relevance { question, shown }) = world.sees(&watched) else {
		panic!("nothing is found")
	};
	assert_eq!((&question, &shown.credit), (&asked(), &honest().found.unwrap().records[0]));
	let (material, mut claim) = (material(), watched.claim.clone().unwrap());
	let terms = material.terms().retrieving().unwrap();
	let found = claim.found.as_mut().unwrap();
	let omission = Omission::Record(shown);
	let replaced = replace(&terms, &claim.payer, &question, &found.paid, &omission).unwrap();
	// Corrected, it is another claim to be looked at, and an honest one.
	found.paid = replaced.paid;
	assert_eq!(world.sees(&Watched { claim: Some(claim), ..watched.clone() }), Sighting::Clean);
	let world = holding(WatchSettings { least: 1_001, ..WatchSettings::default() });
	assert_eq!(world.sees(&watched), Sighting::Clean, "it is not worth it");
}

#[test]
fn prompt_is_passed_over_until_its_question_is_known() {
	let world = holding(WatchSettings::default());
	let known = on_chain(7, &without_the_best());
	let with = |change: &dyn Fn(&mut WatchedClaim)| {
		let mut watched = known.clone();
		change(watched.claim.as_mut().unwrap());
		watched
	};
	let other = FOUND.question(&Base::load(&RETRIEVING.model.base).unwrap(), "Why not?").unwrap();
	let other = FOUND.found_on(other, &[]).unwrap();
	assert_eq!(world.sees(&with(&|of| of.submitted = None)), Sighting::Clean);
	assert_eq!(world.sees(&with(&|of| of.submitted = Some(shows(other.clone())))), Sighting::Clean);
	assert!(matches!(world.sees(&known), Sighting::Found(Fault::Relevance { .. })));
}

#[test]
fn retrieval_that_is_withheld_or_another_is_said_to_be() {
	let world = world();
	world.holds(&RETRIEVING.model.index);
	let missing = Sighting::Failed(Failure::MissingContent(FOUND.file().commitment().file));
	assert_eq!(world.sees(&index_of(material())), missing);
	assert_eq!(world.sees(&on_chain(7, &honest())), missing);
	world.holds(FOUND.file().to_bytes());
	until("clean", || world.sees(&index_of(material())) == Sighting::Clean);
	let mut other = material();
	other.retrieval.as_mut().unwrap().lens = Hash::zero();
	let seen = world.sees(&Watched { model: 2, ..index_of(other) });
	assert!(matches!(seen, Sighting::Failed(Failure::BadContent(_))), "{seen:?}");
}

#[test]
fn forged_leaf_of_a_retrieval_is_found_in_its_file_and_in_what_claims_show_of_it() {
	let folder = tempfile::tempdir().unwrap();
	// A stranger stands in Bob's place.
	let mut bytes = FOUND.file().to_bytes().to_vec();
	let accounts = [model::ALICE, model::BOB].map(<[u8; 32]>::from);
	let at = bytes.windows(64).position(|window| window == accounts.as_flattened()).unwrap();
	bytes[at + 32..at + 64].fill(0x66);
	let path = folder.path().join("forged");
	std::fs::write(&path, &bytes).unwrap();
	let file = IndexFile::open_own_retrieval(&path).unwrap();
	let leaf = |at: usize| IndexLeaf {
		record: file.records().get(at).unwrap().hash(),
		..FOUND.file().leaf(at).unwrap()
	};
	let leaves: Vec<IndexLeaf> = (0..INDEX.len()).map(leaf).collect();
	let tree = Tree::new(leaves.iter().map(IndexLeaf::hash).collect());
	let mut material = material();
	let committed = &mut material.retrieval.as_mut().unwrap().index;
	(committed.records_root, committed.file) = (tree.root(), content_hash(&bytes));
	let exposed = |world: &World, watched: &Watched| {
		let Sighting::Found(Fault::ForgedRelevance(forgery)) = world.sees(watched) else {
			panic!("nothing is found")
		};
		assert_eq!(expose(&material.terms().retrieving().unwrap(), &forgery), Ok(()));
		forgery.leaf.position
	};

	let world = holding(WatchSettings::default());
	// In what a claim shows, while the file is withheld.
	let mut watched = on_chain(7, &honest());
	watched.material = material.clone();
	let claim = watched.claim.as_mut().unwrap().submitted.as_mut().unwrap();
	let record = |at: usize| RecordCredit::new(leaves[at].clone(), file.records().get(at).unwrap());
	let found = claim.found.as_mut().unwrap();
	(found.records, found.proof) =
		(vec![record(3)].try_into().unwrap(), tree.prove_many(&[3]).unwrap());
	assert_eq!(exposed(&world, &watched), 3);
	// In the file.
	let world = holding(WatchSettings::default());
	world.holds(&bytes);
	assert_eq!(exposed(&world, &index_of(material.clone())), 2, "Bob's first");
}
