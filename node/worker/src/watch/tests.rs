mod found;

use super::*;
use crate::testing::{MODEL, config, model, put, until};
use openledger_attribution::{IndexFile, claim, claim_on, tree::Tree};
use openledger_primitives_attribution::{
	Claim, IndexLeaf, RecordCredit,
	challenge::Fault,
	forgery::expose,
	omission::{Omission, replace},
	verify,
};
use openledger_primitives_core::{Sketch, record::content_hash};
use openledger_primitives_inference::{Capabilities, Material, watch::WatchedClaim};
use sp_core::crypto::AccountId32;
use std::{
	path::Path,
	sync::{
		LazyLock,
		atomic::{AtomicUsize, Ordering},
	},
};
use tokio::runtime::Runtime;

static INDEX: LazyLock<IndexFile> = LazyLock::new(|| IndexFile::from_bytes(&MODEL.index).unwrap());

/// A chain that lists the records of the model's one Datanet, or has archived them.
struct Listed {
	is_listed: bool,
	asked: AtomicUsize,
}

impl RecordLeaves for Listed {
	fn leaves(&self, datanet: DatanetId, count: u32) -> Option<Vec<Hash>> {
		assert_eq!((datanet, count as usize), (3, INDEX.len()));
		self.asked.fetch_add(1, Ordering::Relaxed);
		self.is_listed.then(|| INDEX.records().iter().map(|record| record.hash()).collect())
	}
}

/// In the order in which it is taken down.
struct World {
	watcher: Watcher,
	store: ContentStore,
	listed: Arc<Listed>,
	runtime: Runtime,
	folder: tempfile::TempDir,
}

fn world_with(settings: WatchSettings, listed: bool) -> World {
	let runtime = Runtime::new().unwrap();
	let folder = tempfile::tempdir().unwrap();
	let (config, metrics) = (config(folder.path()), Metrics::new(None).unwrap());
	let store = ContentStore::open(&config, metrics.clone()).unwrap();
	let handle = runtime.handle().clone();
	let listed = Arc::new(Listed { is_listed: listed, asked: AtomicUsize::new(0) });
	let watcher = Watcher::start(settings, store.clone(), listed.clone(), handle, metrics).unwrap();
	World { watcher, store, listed, runtime, folder }
}

fn world() -> World {
	let pause = Duration::from_millis(10);
	world_with(WatchSettings { pause, ..WatchSettings::default() }, true)
}

impl World {
	fn holds(&self, bytes: &[u8]) -> Hash {
		put(&self.runtime, &self.store, bytes)
	}

	/// What comes of a look.
	fn sees(&self, watched: &Watched) -> Sighting {
		let ask = || match self.watcher.look(watched.clone()) {
			Response::Sighted(seen) => seen,
			other => panic!("{other:?}"),
		};
		until("seen", || ask() != Sighting::Looking);
		ask()
	}

	fn counted(&self) -> [u64; 2] {
		let metrics = &self.watcher.shared.metrics;
		[metrics.watched_claims.get(), metrics.watched_indexes.get()]
	}
}

fn material() -> Material {
	MODEL.job.material.clone()
}

fn index_of(material: Material) -> Watched {
	Watched { model: 1, material, claim: None, show: None }
}

/// A query that both contributors are paid for: the sum of what theirs look like.
fn query() -> Sketch {
	let leaves: Vec<_> = INDEX.contributors().iter().collect();
	let sum = |at: usize| leaves.iter().map(|leaf| i32::from(leaf.sketch[at]) / 2).sum::<i32>();
	Sketch::truncate_from((0..INDEX.dimension()).map(|at| sum(at) as i8).collect())
}

fn honest() -> Claim<AccountId32> {
	let method = material().method;
	claim(&INDEX, query(), 100, Hash::zero(), &model::PAYER, method).unwrap()
}

/// A claim as the chain has it.
fn on_chain(request: u64, material: Material, claim: &Claim<AccountId32>) -> Watched {
	let paid = verify(&material.terms(), &model::PAYER, claim).unwrap().paid;
	let claim = WatchedClaim {
		request,
		payer: model::PAYER,
		sketch: claim.sketch.clone(),
		paid,
		at_stake: 1_000,
		submitted: Some(claim.clone()),
		found: None,
	};
	Watched { model: 1, material, claim: Some(claim), show: None }
}

/// The honest claim without its best contributor.
fn leaving_out_the_best() -> Watched {
	let honest = honest();
	assert!(honest.contributors.len() > 1, "both are paid");
	let people: Vec<u32> = honest.contributors.iter().skip(1).map(|of| of.position).collect();
	let records: Vec<u32> = honest.records.iter().map(|of| of.position).collect();
	let left = claim_on(&INDEX, query(), 100, Hash::zero(), &people, &records).unwrap();
	on_chain(7, material(), &left)
}

/// The file of an index in which a stranger stands in Bob's place, and the material of a model version
/// that commits to it.
fn forged(folder: &Path) -> (Vec<u8>, Material, Vec<IndexLeaf>) {
	let mut bytes = MODEL.index.clone();
	let accounts = [model::ALICE, model::BOB].map(<[u8; 32]>::from);
	let at = bytes.windows(64).position(|window| window == accounts.as_flattened()).unwrap();
	bytes[at + 32..at + 64].fill(0x66);
	let path = folder.join("forged");
	std::fs::write(&path, &bytes).unwrap();
	let file = IndexFile::open_own(&path).unwrap();
	let leaf = |at: usize| IndexLeaf {
		record: file.records().get(at).unwrap().hash(),
		..INDEX.leaf(at).unwrap()
	};
	let leaves: Vec<IndexLeaf> = (0..INDEX.len()).map(leaf).collect();
	let mut material = material();
	material.index.records_root = Tree::new(leaves.iter().map(IndexLeaf::hash).collect()).root();
	material.index.file = content_hash(&bytes);
	(bytes, material, leaves)
}

#[test]
fn honest_claim_and_true_index_give_nothing() {
	let world = world();
	world.holds(&MODEL.index);
	assert_eq!(world.sees(&index_of(material())), Sighting::Clean);
	assert_eq!(world.sees(&on_chain(7, material(), &honest())), Sighting::Clean);
	assert_eq!(world.counted(), [1, 1], "each is looked at once");
}

#[test]
fn claim_that_leaves_out_the_best_leaf_is_found() {
	let world = world();
	world.holds(&MODEL.index);
	let watched = leaving_out_the_best();
	let Sighting::Found(Fault::Omission(omission)) = world.sees(&watched) else {
		panic!("nothing is found")
	};
	let Omission::Contributor(shown, _) = &omission else { panic!("{omission:?}") };
	assert_eq!(shown.credit, honest().contributors[0]);
	let (material, claim) = (material(), watched.claim.clone().unwrap());
	let WatchedClaim { payer, sketch, paid, .. } = &claim;
	let replaced = replace(&material.terms(), payer, sketch, paid, &omission).unwrap();
	// Corrected, it is another claim to be looked at, and an honest one.
	let claim = Some(WatchedClaim { paid: replaced.paid, ..claim });
	assert_eq!(world.sees(&Watched { claim, ..watched }), Sighting::Clean);
	assert_eq!(world.counted(), [2, 0]);
}

#[test]
fn omission_is_left_alone_when_less_is_lost_than_is_worth_it() {
	let watched = leaving_out_the_best();
	for (least, found) in [(1, true), (1_001, false)] {
		let world = world_with(WatchSettings { least, ..WatchSettings::default() }, true);
		world.holds(&MODEL.index);
		assert_eq!(matches!(world.sees(&watched), Sighting::Found(_)), found, "{least}");
	}
}

#[test]
fn forged_leaf_is_found_in_the_index_and_behind_every_claim_on_it() {
	for listed in [true, false] {
		let world = world_with(WatchSettings::default(), listed);
		let (bytes, material, _) = forged(world.folder.path());
		world.holds(&bytes);
		let Sighting::Found(Fault::Forgery(forgery)) = world.sees(&index_of(material.clone()))
		else {
			panic!("nothing is found")
		};
		assert_eq!(expose(&material.terms(), &forgery), Ok(()));
		assert_eq!(forgery.leaf.position, 2, "Bob's first");
	}
}

#[test]
fn forged_credit_is_found_without_the_index() {
	let folder = tempfile::tempdir().unwrap();
	let (_, material, leaves) = forged(folder.path());
	let record = |at: usize| {
		let mut record = INDEX.records().get(at).unwrap();
		if record.contributor == model::BOB {
			record.contributor = AccountId32::new([0x66; 32]);
		}
		RecordCredit::new(leaves[at].clone(), record)
	};
	let tree = Tree::new(leaves.iter().map(IndexLeaf::hash).collect());
	let shown = |at: usize| {
		let mut claim = honest();
		claim.contributors = Default::default();
		claim.contributors_proof = Default::default();
		claim.records = vec![record(at)].try_into().unwrap();
		claim.records_proof = tree.prove_many(&[at as u32]).unwrap();
		let mut watched = on_chain(at as u64, self::material(), &honest());
		watched.material = material.clone();
		let of = watched.claim.as_mut().unwrap();
		(of.paid, of.submitted) = (Vec::new(), Some(claim));
		watched
	};
	let world = world();
	let Sighting::Found(Fault::Forgery(forgery)) = world.sees(&shown(2)) else {
		panic!("nothing is found")
	};
	assert_eq!(expose(&material.terms(), &forgery), Ok(()));
	// A true record says nothing of the others, nor of what is left out.
	let missing = Sighting::Failed(Failure::MissingContent(material.index.file));
	assert_eq!(world.sees(&shown(0)), missing);
	let mut unknown = shown(3);
	unknown.claim.as_mut().unwrap().submitted = None;
	assert_eq!(world.sees(&unknown), missing);
	// Nor does a forged one say anything once the chain knows the records no more.
	let world = world_with(WatchSettings::default(), false);
	assert_eq!(world.sees(&shown(2)), missing);
}

#[test]
fn demanded_leaf_is_shown_with_its_proof_where_the_index_is_to_be_had() {
	let world = world();
	let demanded = |position| Watched { show: Some(position), ..index_of(material()) };
	let missing = Sighting::Failed(Failure::MissingContent(material().index.file));
	assert_eq!(world.sees(&demanded(4)), missing);
	world.holds(&MODEL.index);
	until("shown", || matches!(world.sees(&demanded(4)), Sighting::Leaf(..)));
	let Sighting::Leaf(leaf, proof) = world.sees(&demanded(4)) else { panic!("not shown") };
	let index = material().index;
	assert_eq!(leaf.position, 4);
	assert!(proof.verify(&index.records_root, index.records, 4, &leaf.hash()));
	let beyond = world.sees(&demanded(index.records));
	assert!(matches!(beyond, Sighting::Failed(Failure::BadContent(_))), "{beyond:?}");
	// The look at the index is another one.
	assert_eq!(world.sees(&index_of(material())), Sighting::Clean);
}

#[test]
fn operators_that_do_not_watch_show_leaves_alone() {
	let settings = WatchSettings { shows_only: true, ..WatchSettings::default() };
	let world = world_with(WatchSettings { pause: Duration::from_millis(10), ..settings }, true);
	let demanded = Watched { show: Some(4), ..index_of(material()) };
	let unavailable = Response::Failed(Failure::Unavailable);
	assert_eq!(world.watcher.look(index_of(material())), unavailable);
	let missing = Sighting::Failed(Failure::MissingContent(material().index.file));
	assert_eq!(world.sees(&demanded), missing);
	world.holds(&MODEL.index);
	until("shown", || matches!(world.sees(&demanded), Sighting::Leaf(..)));
	assert_eq!(world.watcher.look(index_of(material())), unavailable);
}

#[test]
fn content_that_is_withheld_is_missing_and_tried_again() {
	let world = world();
	let (index, claim) = (index_of(material()), leaving_out_the_best());
	let missing = Sighting::Failed(Failure::MissingContent(material().index.file));
	assert_eq!(world.sees(&index), missing);
	assert_eq!(world.sees(&claim), missing);
	assert!(world.watcher.shared.metrics.watch_missing.get() > 0);
	let label = ["missing_content"];
	assert!(world.watcher.shared.metrics.watch_failures.with_label_values(&label).get() >= 2);
	world.holds(&MODEL.index);
	until("found", || matches!(world.sees(&claim), Sighting::Found(_)));
	until("clean", || world.sees(&index) == Sighting::Clean);
	assert_eq!(world.watcher.shared.metrics.watch_missing.get(), 0);
}

#[test]
fn index_that_is_corrupt_or_another_is_bad_content() {
	let world = world();
	let mut garbage = material();
	garbage.index.file = world.holds(b"OLINDEX\0 and nothing that belongs there");
	let mut damaged = MODEL.index.clone();
	let middle = damaged.len() / 2;
	damaged[middle] ^= 1;
	let mut corrupt = material();
	corrupt.index.file = world.holds(&damaged);
	let mut short = material();
	short.index.file = world.holds(&MODEL.index[..MODEL.index.len() - 1]);
	world.holds(&MODEL.index);
	let mut roots = material();
	roots.index.records_root = Hash::zero();
	let mut others = material();
	others.adapter = Hash::zero();
	for material in [garbage, corrupt, short, roots, others] {
		for watched in [
			index_of(material.clone()),
			Watched { material, ..on_chain(9, self::material(), &honest()) },
		] {
			let seen = world.sees(&watched);
			assert!(matches!(seen, Sighting::Failed(Failure::BadContent(_))), "{seen:?}");
		}
	}
	assert_eq!(world.counted(), [0, 0]);
}

#[test]
fn index_that_is_bad_is_opened_once_for_all_claims_on_it() {
	let world = world_with(WatchSettings::default(), true);
	let mut damaged = MODEL.index.clone();
	let middle = damaged.len() / 2;
	damaged[middle] ^= 1;
	let mut bad = material();
	bad.index.file = world.holds(&damaged);
	let seen = world.sees(&index_of(bad.clone()));
	assert!(matches!(seen, Sighting::Failed(Failure::BadContent(_))), "{seen:?}");
	// It is not even there any more.
	world.runtime.block_on(world.store.remove(&bad.index.file)).unwrap();
	for request in [9, 10] {
		let material = bad.clone();
		let watched = Watched { material, ..on_chain(request, self::material(), &honest()) };
		assert_eq!(world.sees(&watched), seen);
	}
	// A version that names another's file as its own says nothing of the other's.
	world.holds(&MODEL.index);
	let mut thief = material();
	thief.index.records_root = Hash::zero();
	let stolen = world.sees(&index_of(thief));
	assert!(matches!(stolen, Sighting::Failed(Failure::BadContent(_))), "{stolen:?}");
	assert_eq!(world.sees(&on_chain(11, material(), &honest())), Sighting::Clean);
}

#[test]
fn forged_leaf_of_a_bad_index_is_remembered_for_all_claims_on_it() {
	let world = world_with(WatchSettings::default(), true);
	let (bytes, material, _) = forged(world.folder.path());
	world.holds(&bytes);
	let seen = world.sees(&index_of(material.clone()));
	assert!(matches!(seen, Sighting::Found(Fault::Forgery(_))), "{seen:?}");
	world.runtime.block_on(world.store.remove(&material.index.file)).unwrap();
	let mut claim = on_chain(9, self::material(), &honest());
	claim.claim.as_mut().unwrap().submitted = None;
	assert_eq!(world.sees(&Watched { material, ..claim }), seen);
}

#[test]
fn records_that_the_chain_lists_no_more_are_asked_for_once_for_all_claims() {
	let world = world_with(WatchSettings::default(), false);
	for request in [9, 10] {
		let seen = world.sees(&on_chain(request, material(), &honest()));
		assert_eq!(seen, Sighting::Failed(Failure::MissingContent(material().index.file)));
	}
	assert_eq!(world.listed.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn failures_are_tried_again_after_pauses_that_grow_up_to_a_bound() {
	let first = Duration::from_secs(6);
	assert_eq!(book::pause(first, 1), first);
	assert_eq!(book::pause(first, 3), 4 * first);
	for failures in [7, 33, u32::MAX] {
		assert_eq!(book::pause(first, failures), Duration::from_secs(300));
	}
	let (mut book, start) = (Book::new(first), Instant::now());
	let watched = index_of(material());
	let failed = Sighting::Failed(Failure::MissingContent(Hash::zero()));
	let mut now = start;
	for failures in 1..4 {
		assert_eq!(book.ask(watched.clone(), now), Some(Sighting::Looking));
		let (looked_at, turn) = book.next().unwrap();
		assert!(book.next().is_none(), "one look at it is enough");
		book.note(&looked_at, turn, failed.clone(), now);
		let pause = book::pause(first, failures);
		let before = now + pause - Duration::from_millis(1);
		assert_eq!(book.ask(watched.clone(), before), Some(failed.clone()));
		assert_eq!(book.missing(before), 1);
		now += pause;
	}
}

#[test]
fn what_is_missing_counts_until_it_is_seen_or_nobody_asks_for_it_any_more() {
	let (mut book, start) = (Book::new(Duration::from_secs(6)), Instant::now());
	let claim = |request| on_chain(request, material(), &honest());
	let failed = Sighting::Failed(Failure::MissingContent(Hash::zero()));
	for request in [1, 2] {
		book.ask(claim(request), start);
		let (looked_at, turn) = book.next().unwrap();
		assert_eq!(book.missing(start), request as usize - 1);
		book.note(&looked_at, turn, failed.clone(), start);
	}
	assert_eq!(book.missing(start), 2);
	// One is tried again, and the other is final.
	let again = start + Duration::from_secs(200);
	assert_eq!(book.ask(claim(1), again), Some(Sighting::Looking));
	assert_eq!(book.missing(again), 2);
	let later = start + Duration::from_secs(300);
	assert_eq!(book.missing(later), 1);
	let (looked_at, turn) = book.next().unwrap();
	book.note(&looked_at, turn, Sighting::Clean, later);
	assert_eq!(book.missing(later), 0);
}

#[test]
fn claims_are_looked_at_before_indexes_and_lines_are_bounded() {
	let (mut book, now) = (Book::new(Duration::ZERO), Instant::now());
	let claim = |request| on_chain(request, material(), &honest());
	let index = |model| Watched { model, ..index_of(material()) };
	let order = [index(1), claim(1), index(2), claim(2)];
	for watched in &order {
		assert_eq!(book.ask(watched.clone(), now), Some(Sighting::Looking));
	}
	let next: Vec<Watched> = std::iter::from_fn(|| book.next().map(|(next, _)| next)).collect();
	assert_eq!(next, [&order[1], &order[3], &order[0], &order[2]].map(Clone::clone));
	let taken = (3..).take_while(|model| book.ask(index(*model), now).is_some()).count();
	assert_eq!(taken, 256);
}

#[test]
fn engine_watches_and_leaves_the_rest_to_the_operator() {
	struct Idle;
	impl Engine for Idle {
		fn exchange(&self, _: Message) -> Reply {
			let capabilities = Capabilities { bases: Vec::new(), free: 3 };
			Reply::V3(Response::Capabilities(capabilities))
		}
	}
	let world = world();
	let ask = |engine: &WatchEngine, command| {
		let Reply::V3(response) = engine.exchange(Message::V3(command));
		response
	};
	let watcher = Arc::new(world.watcher);
	let alone = WatchEngine::new(watcher.clone(), None);
	let unavailable = Response::Failed(Failure::Unavailable);
	assert_eq!(ask(&alone, Command::Capabilities), unavailable);
	assert_eq!(ask(&alone, Command::Count(Deed::Won)), Response::Noted);
	let counted = watcher.shared.metrics.challenges.with_label_values(&["won"]).get();
	assert_eq!(counted, 1);
	let looking = Response::Sighted(Sighting::Looking);
	assert_eq!(ask(&alone, Command::Look(index_of(material()))), looking);
	let beside = WatchEngine::new(watcher, Some(Arc::new(Idle)));
	assert!(matches!(ask(&beside, Command::Capabilities), Response::Capabilities(_)));
	assert!(matches!(ask(&beside, Command::Look(index_of(material()))), Response::Sighted(_)));
}
