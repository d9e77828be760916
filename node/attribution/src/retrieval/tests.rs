use super::*;
use crate::{
	Error, IndexFile, Result, claim,
	format::Record,
	index::check_kind,
	query,
	scan::Wanted,
	testing::{Trained, account, trained},
};
use openledger_primitives_attribution::{Terms, score, verify};
use openledger_primitives_core::{Hash, record::content_hash};
use std::ops::ControlFlow;

fn options(dimension: u16) -> Options {
	Options { seed: Hash::repeat_byte(8), dimension }
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
		let terms = Terms { method, index: file.commitment(), snapshots: &trained.snapshots };
		let claim = claim(file, asked, 0, Hash::zero(), &payer, method).unwrap();
		assert_eq!(verify(&terms, &payer, &claim).unwrap().evidence.len(), found.len());
		let mut forged = claim.clone();
		forged.records[0].sketch[0] ^= 1;
		assert!(verify(&terms, &payer, &forged).is_err());
	}
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
	let gradients = crate::testing::index(8, openledger_primitives_core::model::PayBy::Records, 0);
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
