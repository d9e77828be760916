use super::*;
use crate::{
	claim, query,
	testing::{Trained, account, trained},
	training_set,
};
use openledger_primitives_attribution::{Terms, verify};
use std::collections::BTreeMap;

const METHOD: Method = Method { pay_by: PayBy::Records, credits: 3, dimension: 64 };

fn build_of(trained: &Trained, method: Method) -> Result<IndexFile> {
	let folder = tempfile::tempdir().unwrap();
	let mut on = |_| ControlFlow::Continue(());
	build_at(trained, method, folder.path(), None, &mut on)
}

/// Builds below `folder`, with the cache there too where `cached` says so.
fn build_at(
	trained: &Trained,
	method: Method,
	folder: &Path,
	cached: Option<()>,
	on: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<IndexFile> {
	let file = folder.join("index");
	let cache_dir = cached.map(|()| folder);
	let options = BuildOptions { method, projection: Hash::repeat_byte(8), file: &file, cache_dir };
	build(&trained.base, &trained.adapter, &trained.sources(), &options, on)
}

#[test]
fn claims_on_a_built_index_verify_and_own_answers_come_first() {
	let trained = trained();
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = build_of(&trained, Method { pay_by, ..METHOD }).unwrap();
		let terms = Terms {
			method: index.header().method,
			index: index.commitment(),
			snapshots: &trained.snapshots,
			retrieval: None,
		};
		for position in [0usize, 4, 7] {
			let record = crate::format::Record::parse(&trained.records[position].1).unwrap();
			let (tokens, start) = record.encode(&trained.base, 120).unwrap();
			let (prompt, answer) = tokens.split_at(start);
			let found = query(&trained.base, &trained.adapter, &index, prompt, answer).unwrap();
			assert!(found.gain > 0, "training made record {position} likelier");
			let best = crate::scan::records(&index, &found.sketch, None)[0].position;
			assert_eq!(best as usize, position);
			let payer = account(99);
			let claim = claim(&index, found.sketch, found.gain, Hash::zero(), &payer, terms.method)
				.unwrap();
			verify(&terms, &payer, &claim).unwrap();
		}
	}
}

#[test]
fn duplicates_and_what_cannot_be_trained_on_have_empty_leaves() {
	let trained = trained();
	let index = build_of(&trained, METHOD).unwrap();
	let heads: Vec<u32> = index.leaves().iter().map(|leaf| leaf.head).collect();
	assert_eq!(heads, [0, 1, 1, 3, 4, 5, 6, 7]);
	let empty: Vec<bool> = index.leaves().iter().map(|leaf| leaf.scale == 0).collect();
	assert_eq!(empty, [false, false, true, true, false, false, true, false]);
	assert_eq!(training_set(&trained.base, &trained.sources()).unwrap().len(), 5);
}

#[test]
fn index_is_the_same_when_built_again_with_or_without_the_cache() {
	let trained = trained();
	let folder = tempfile::tempdir().unwrap();
	let mut on = |_| ControlFlow::Continue(());
	let first = build_at(&trained, METHOD, folder.path(), Some(()), &mut on).unwrap();
	let mut computed = 0;
	let again = build_at(&trained, METHOD, folder.path(), Some(()), &mut |p| {
		computed += usize::from(p.done < p.total);
		ControlFlow::Continue(())
	});
	assert_eq!(computed, 0);
	let without = build_of(&trained, METHOD).unwrap();
	assert_eq!(again.unwrap().to_bytes(), first.to_bytes());
	assert_eq!(without.to_bytes(), first.to_bytes());
	assert_eq!(std::fs::read(folder.path().join("index")).unwrap(), first.to_bytes());
}

#[test]
fn build_goes_on_where_it_was_when_interrupted() {
	let trained = trained();
	let whole = build_of(&trained, METHOD).unwrap();
	let nulls = nulls::examples(&trained.base).unwrap().len();
	for (cached, stage, total) in [
		(Some(()), Stage::Records, 5),
		(None, Stage::Records, 5),
		(Some(()), Stage::Nulls, nulls),
		(None, Stage::Nulls, nulls),
	] {
		let folder = tempfile::tempdir().unwrap();
		let mut stop = |p: Progress| match (p.stage, p.done) {
			(of, 3) if of == stage => ControlFlow::Break(()),
			_ => ControlFlow::Continue(()),
		};
		let stopped = build_at(&trained, METHOD, folder.path(), cached, &mut stop);
		assert!(matches!(stopped, Err(Error::Cancelled)));
		assert!(!folder.path().join("index").exists());
		let mut first = BTreeMap::new();
		let index = build_at(&trained, METHOD, folder.path(), cached, &mut |p| {
			first.entry(p.stage as u8).or_insert(p);
			ControlFlow::Continue(())
		});
		// Without the cache, null queries are computed again: they have no leaves.
		let done = if cached.is_none() && stage == Stage::Nulls { 0 } else { 3 };
		assert_eq!(first[&(stage as u8)], Progress { stage, done, total });
		if stage == Stage::Nulls {
			assert_eq!(first[&(Stage::Records as u8)].done, 5);
		}
		assert_eq!(index.unwrap().to_bytes(), whole.to_bytes());
	}
}

#[test]
fn features_that_are_missing_or_damaged_between_others_are_computed_again() {
	let trained = trained();
	let whole = build_of(&trained, METHOD).unwrap();
	let folder = tempfile::tempdir().unwrap();
	let mut on = |_| ControlFlow::Continue(());
	build_at(&trained, METHOD, folder.path(), Some(()), &mut on).unwrap();
	let cache = folder.path().join("features");
	let cache = std::fs::read_dir(cache).unwrap().next().unwrap().unwrap().path();
	let feature = |position: usize| cache.join(hex::encode(trained.records[position].0.content));
	// Records 2, 3 and 6 have none; 7 keeps its own.
	for damaged in [0, 4] {
		std::fs::write(feature(damaged), b"damaged").unwrap();
	}
	for missing in [1, 5] {
		std::fs::remove_file(feature(missing)).unwrap();
	}
	let mut done = Vec::new();
	let again = build_at(&trained, METHOD, folder.path(), Some(()), &mut |p| {
		done.extend((p.stage == Stage::Records).then_some(p.done));
		ControlFlow::Continue(())
	});
	assert_eq!(again.unwrap().to_bytes(), whole.to_bytes());
	assert_eq!(done, [3, 3, 4, 4, 5], "at first, then after each that was computed");
	assert!(feature(7).is_file() && feature(0).metadata().unwrap().len() > 1_000);
}

#[test]
fn floor_refuses_the_null_queries_that_it_was_calibrated_on() {
	let trained = trained();
	let index = build_of(&trained, METHOD).unwrap();
	assert!(index.header().floor_ppm > 0);
	let (mut paid, nulls) = (0, nulls::examples(&trained.base).unwrap());
	assert!(nulls.len() >= 1_000);
	for (_, Example { tokens, answer_start, .. }) in &nulls {
		let (prompt, answer) = tokens.split_at(*answer_start);
		let found = query(&trained.base, &trained.adapter, &index, prompt, answer).unwrap();
		let best = crate::scan::records(&index, &found.sketch, None);
		paid += usize::from(best.iter().any(crate::scan::Ranked::is_paid));
	}
	assert!((1..nulls.len() / 100).contains(&paid), "{paid} of {}", nulls.len());
	assert!(matches!(calibrate(&index.view(), &[]), Err(Error::NoNullQueries)));
}

#[test]
fn build_is_refused_when_sources_do_not_belong_together() {
	type Change = fn(&mut Trained);
	let changes: [(&str, Change); 7] = [
		("snapshots", |t| t.snapshots.truncate(1)),
		("root", |t| t.snapshots[0].1.root = Hash::zero()),
		("order", |t| t.records.swap(0, 1)),
		("content", |t| t.records[2].1.push(b' ')),
		("size", |t| t.records[2].0.size += 1),
		("contributor", |t| t.records[7].0.contributor = account(50)),
		("missing", |t| {
			t.records.pop();
		}),
	];
	for (name, change) in changes {
		let mut changed = trained();
		change(&mut changed);
		let refused = build_of(&changed, METHOD);
		assert!(
			matches!(
				refused,
				Err(Error::Malformed { .. }
					| Error::WrongRecord { .. }
					| Error::RecordCount { .. }
					| Error::SnapshotRoot { .. })
			),
			"{name}: {refused:?}"
		);
	}
}

#[test]
fn build_is_refused_when_the_adapter_is_for_another_base() {
	let mut trained = trained();
	let mut config = openlora::testing::tiny_config();
	config.layers = 3;
	let peft = openlora::PeftConfig::new(2, 4.0, [openlora::Module::Q]).unwrap();
	trained.adapter = Adapter::init(&config, peft, 0).unwrap();
	let refused = build_of(&trained, METHOD);
	assert!(matches!(refused, Err(Error::Engine(openlora::Error::AdapterLayers { .. }))));
}

#[test]
fn build_is_refused_when_the_dimension_is_out_of_range() {
	let trained = trained();
	for dimension in [0, 15, 2_049] {
		let refused = build_of(&trained, Method { dimension, ..METHOD });
		assert!(matches!(refused, Err(Error::Malformed { .. })));
	}
}
