use super::*;
use crate::{
	Error, IndexFile, Result, claim,
	format::Record,
	index::check_kind,
	omitted::omission,
	query,
	scan::Wanted,
	testing::{Trained, account, trained},
};
use openledger_primitives_attribution::{Claim, Terms, omission::Omission, score, verify};
use openledger_primitives_core::{
	Hash,
	model::{PayBy, Retrieval},
	record::content_hash,
};
use sp_runtime::Permill;
use std::ops::ControlFlow;

fn options(dimension: u16) -> Options {
	Options { seed: Hash::repeat_byte(8), dimension, most: MOST as u8 }
}

fn records(trained: &Trained) -> Records<'_> {
	Records::of(&trained.sources()).unwrap()
}

fn built(trained: &Trained, dimension: u16) -> Result<RetrievalIndex> {
	let mut on = |_| ControlFlow::Continue(());
	build(&trained.base, &records(trained), &options(dimension), &mut on)
}

#[test]
fn question_finds_the_record_that_answers_it_and_the_chain_s_rule_agrees() {
	let trained = trained();
	let index = built(&trained, 512).unwrap();
	let index =
		RetrievalIndex::new(index.file().clone().with_floor(0).unwrap(), index.lens().clone());
	let index = index.unwrap();
	for (question, position) in [
		("Does the oak have acorns in autumn?", 7u32),
		("a stack of plates in the kitchen", 1),
		("What is a queue, first in or last?", 4),
	] {
		let asked = index.question(&trained.base, question).unwrap();
		let found = index.find(&asked, None).unwrap();
		assert_eq!(found[0].position, position, "{question}");
		assert!(found.len() <= MOST);
		let leaf = index.file().leaf(position as usize).unwrap();
		let score = score::score(&asked, u32::from(leaf.scale), &leaf.sketch);
		assert_eq!(found[0].score, score);

		// What a chain verifies for gradients it verifies for retrieved records.
		let (file, payer) = (index.file(), account(99));
		let method = file.header().method;
		let (index, snapshots) = (file.commitment(), &trained.snapshots);
		let terms = Terms { method, index, snapshots, retrieval: None };
		let claim = claim(file, asked, 0, Hash::zero(), &payer, method).unwrap();
		assert_eq!(verify(&terms, &payer, &claim).unwrap().evidence.len(), found.len());
		let mut forged = claim.clone();
		forged.records[0].sketch[0] ^= 1;
		assert!(verify(&terms, &payer, &forged).is_err());
	}
}

#[test]
fn what_is_found_for_a_prompt_verifies_beside_what_moved_the_answer_and_omits_nothing() {
	let trained = trained();
	let built = built(&trained, 512).unwrap();
	let index =
		RetrievalIndex::new(built.file().clone().with_floor(0).unwrap(), built.lens().clone());
	let index = index.unwrap();
	let moved = crate::testing::index(8, PayBy::Records, 0);
	let of_moved = moved.header();
	let retrieval = Retrieval {
		most: MOST as u8,
		dimension: 512,
		part: Permill::from_percent(30),
		lens: index.lens().hash(),
		index: index.file().commitment(),
	};
	assert_eq!(retrieval.method(), index.file().header().method);
	// The synthetic index is of other records; what each kind shows is proven by itself.
	let terms = |snapshots| Terms {
		method: of_moved.method,
		index: moved.commitment(),
		snapshots,
		retrieval: Some(retrieval),
	};
	let (terms, retrieving) =
		(terms(&trained.snapshots[..]), terms(&trained.snapshots[..]).retrieving());
	let retrieving = retrieving.unwrap();
	for payer in [account(99), account(0), account(1), account(2)] {
		let asked = index.question(&trained.base, "a stack of plates, last in, first out").unwrap();
		let found = index.found(asked.clone(), &payer).unwrap();
		assert_eq!(found.sketch, asked);
		let nothing = vec![0; 32].try_into().unwrap();
		let alone = crate::claim_on(&moved, nothing, 0, Hash::zero(), &[], &[]).unwrap();
		let claim = Claim { found: Some(found.clone()), ..alone };
		let shown = verify(&terms, &payer, &claim).unwrap().found.unwrap();
		assert!(!shown.paid.is_empty());
		assert!(shown.paid.iter().all(|credit| credit.account != payer));
		let missed = omission(&retrieving, index.file(), &payer, &asked, &shown.paid).unwrap();
		assert_eq!(missed, None);
		// Without the best, there is one to show.
		let rest: Vec<u32> = found.records.iter().skip(1).map(|of| of.position).collect();
		let left = index.found_on(asked.clone(), &rest).unwrap();
		let shown = verify(&terms, &payer, &Claim { found: Some(left), ..claim }).unwrap().found;
		let missed = omission(&retrieving, index.file(), &payer, &asked, &shown.unwrap().paid);
		let Some((Omission::Record(missed), _)) = missed.unwrap() else { panic!("nothing missed") };
		assert_eq!(missed.credit, found.records[0]);
	}
	let short = vec![1; 511].try_into().unwrap();
	assert!(matches!(index.found(short, &account(9)), Err(Error::Dimension { .. })));
	let asked = index.question(&trained.base, "plates").unwrap();
	for positions in [&[8][..], &[1, 1], &[0, 1, 3, 4, 5]] {
		let refused = index.found_on(asked.clone(), positions);
		assert!(matches!(refused, Err(Error::ClaimBounds(_))), "{positions:?}");
	}
}

#[test]
fn fewer_records_are_found_where_the_index_says_so() {
	let trained = trained();
	let options = Options { most: 1, ..options(512) };
	let mut on = |_| ControlFlow::Continue(());
	let index = build(&trained.base, &records(&trained), &options, &mut on).unwrap();
	let index =
		RetrievalIndex::new(index.file().clone().with_floor(0).unwrap(), index.lens().clone());
	let index = index.unwrap();
	let asked = index.question(&trained.base, "a stack of plates, last in, first out").unwrap();
	assert_eq!(index.found(asked, &account(99)).unwrap().records.len(), 1);
	let options = Options { most: MOST as u8 + 1, ..options };
	let refused = build(&trained.base, &records(&trained), &options, &mut on);
	assert!(matches!(refused, Err(Error::Malformed { .. })));
}

#[test]
fn payer_s_own_records_are_left_out() {
	let trained = trained();
	let index = built(&trained, 512).unwrap();
	let asked = index.question(&trained.base, "Which tree has acorns?").unwrap();
	let best = |payer| index.ranked(&asked, payer, 1, Wanted::Any).unwrap()[0].position;
	assert_eq!(best(None), 7);
	let own = trained.records[7].0.contributor.clone();
	assert_ne!(best(Some(&own)), 7);
}

#[test]
fn duplicates_and_what_cannot_be_read_have_empty_leaves() {
	let trained = trained();
	let index = built(&trained, 64).unwrap();
	let leaves = index.file().leaves();
	assert_eq!(leaves.iter().map(|leaf| leaf.head).collect::<Vec<_>>(), [0, 1, 1, 3, 4, 5, 6, 7]);
	let empty: Vec<bool> = leaves.iter().map(|leaf| leaf.scale == 0).collect();
	// A record whose question is too long to be trained on can be read all the same.
	assert_eq!(empty, [false, false, true, true, false, false, false, false]);
}

#[test]
fn index_and_lens_are_the_same_on_any_number_of_threads() {
	let trained = trained();
	let of = |threads| {
		let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
		pool.install(|| built(&trained, 48)).unwrap()
	};
	let (one, many) = (of(1), of(3));
	assert_eq!(one.lens(), many.lens());
	assert_eq!(one.file().to_bytes(), many.file().to_bytes());
}

#[test]
fn one_leaf_can_be_computed_again_alone() {
	let trained = trained();
	let index = built(&trained, 128).unwrap();
	let lens = Lens::from_bytes(&index.lens().to_bytes()).unwrap();
	for position in [0usize, 5, 6] {
		let text = Record::parse(&trained.records[position].1).unwrap().text();
		let (sketch, scale) = lens.record(&trained.base, &text).unwrap();
		let leaf = index.file().leaf(position).unwrap();
		assert_eq!((leaf.sketch, leaf.scale), (sketch, scale), "{position}");
	}
}

#[test]
fn questions_of_any_kind_have_a_sketch_or_find_nothing() {
	let trained = trained();
	let index = built(&trained, 64).unwrap();
	let long = "acorn ".repeat(200_000);
	for question in ["", " \n", "?", "\0", "acorns", "橡树有橡子吗？", "🌳", &long, "<|im_end|>"]
	{
		let asked = index.question(&trained.base, question).unwrap();
		assert!(index.find(&asked, None).unwrap().len() <= MOST, "{question:.20}");
	}
	let nothing = vec![0; 64].try_into().unwrap();
	assert!(index.find(&nothing, None).unwrap().is_empty());
	let short = vec![1; 63].try_into().unwrap();
	assert!(matches!(index.find(&short, None), Err(Error::Dimension { .. })));
}

#[test]
fn fewer_null_questions_clear_the_floor_than_one_in_a_hundred() {
	let trained = trained();
	let index = built(&trained, 256).unwrap();
	let questions = crate::nulls::questions();
	let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
	let asked = index.lens().questions(&trained.base, &questions).unwrap();
	let paid = asked.iter().filter(|asked| !index.find(asked, None).unwrap().is_empty()).count();
	assert!((1..questions.len() / 100).contains(&paid), "{paid} of {}", questions.len());
}

#[test]
fn building_is_refused_or_ends_with_a_reason() {
	let trained = trained();
	let with = |records: &Records, dimension| {
		build(&trained.base, records, &options(dimension), &mut |_| ControlFlow::Continue(()))
	};
	let good = records(&trained);
	for dimension in [0, 15, 2_049] {
		assert!(matches!(with(&good, dimension), Err(Error::Malformed { .. })), "{dimension}");
	}
	let mut changed = trained.records.clone();
	changed[4].1.push(b' ');
	let refused = with(&Records { records: &changed, ..good }, 64);
	assert!(matches!(refused, Err(Error::WrongRecord { position: 4, .. })));
	let refused = with(&Records { records: &trained.records[..7], ..good }, 64);
	assert!(matches!(refused, Err(Error::RecordCount { .. })));
	let mut unreadable = trained.records.clone();
	for (leaf, content) in &mut unreadable {
		*content = b"{}".to_vec();
		(leaf.content, leaf.size) = (content_hash(content), 2);
	}
	let refused = with(&Records { records: &unreadable, ..good }, 64);
	assert!(matches!(refused, Err(Error::NothingUsable(8))));
	let refused = with(&Records { records: &[], ..good }, 64);
	assert!(matches!(refused, Err(Error::NothingUsable(0))));
	let mut seen = Vec::new();
	let ended = build(&trained.base, &good, &options(64), &mut |progress| {
		seen.push(progress);
		ControlFlow::Break(())
	});
	assert!(matches!(ended, Err(Error::Cancelled)));
	assert_eq!(seen, [Progress { step: Step::Records, done: 1, total: 6 }]);
}

#[test]
fn files_are_opened_again_and_refused_when_damaged_or_of_another_kind() {
	let trained = trained();
	let (index, other) = (built(&trained, 64).unwrap(), built(&trained, 32).unwrap());
	let folder = tempfile::tempdir().unwrap();
	let (file, lens) = (folder.path().join("a.retrieval"), folder.path().join("a.lens"));
	index.save(&file, &lens).unwrap();
	let again = RetrievalIndex::open(&file, &lens).unwrap();
	assert_eq!(again.file().commitment(), index.file().commitment());
	assert_eq!(again.lens(), index.lens());

	// Neither kind passes for the other.
	assert!(matches!(IndexFile::open(&file), Err(Error::Malformed { .. })));
	assert!(matches!(IndexFile::open_own(&file), Err(Error::Malformed { .. })));
	let bytes = index.file().to_bytes();
	assert!(matches!(IndexFile::from_bytes(bytes), Err(Error::Malformed { .. })));
	check_kind(index.file().header(), VERSION).unwrap();
	let asked = query(&trained.base, &trained.adapter, index.file(), &[1], &[2]);
	assert!(matches!(asked, Err(Error::Malformed { .. })));
	let gradients = crate::testing::index(8, PayBy::Records, 0);
	let mixed = RetrievalIndex::new(gradients, index.lens().clone());
	assert!(matches!(mixed, Err(Error::Malformed { .. })));

	let mixed = RetrievalIndex::new(index.file().clone(), other.lens().clone());
	assert!(matches!(mixed, Err(Error::Malformed { .. })));
	let whole = index.lens().to_bytes();
	for cut in [0, 3, whole.len() / 2, whole.len() - 1] {
		assert!(matches!(Lens::from_bytes(&whole[..cut]), Err(Error::Malformed { .. })), "{cut}");
	}
	let longer = [&whole[..], &[0]].concat();
	assert!(matches!(Lens::from_bytes(&longer), Err(Error::Malformed { .. })));
	std::fs::write(&lens, &whole[..9]).unwrap();
	assert!(RetrievalIndex::open(&file, &lens).is_err());
	assert!(matches!(
		RetrievalIndex::open(&file, &folder.path().join("none")),
		Err(Error::Io { .. })
	));
}

#[test]
fn lens_is_refused_by_a_base_of_another_shape() {
	let trained = trained();
	let index = built(&trained, 64).unwrap();
	let config = openlora::Config { layers: 8, ..openlora::testing::tiny_config() };
	let folder = tempfile::tempdir().unwrap();
	let encoding = openlora::testing::Encoding::F32;
	let path = openlora::testing::write_gguf(folder.path(), &config, 5, encoding);
	let other = openlora::Base::load(&path).unwrap();
	let refused = index.question(&other, "Which tree has acorns?");
	assert!(matches!(refused, Err(Error::Malformed { .. })));
}
