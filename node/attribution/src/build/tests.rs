use super::*;
use crate::{
	claim, query,
	testing::{Trained, account, trained},
	training_set,
};
use openledger_primitives_attribution::{Terms, verify};

fn options(pay_by: PayBy, cache_dir: Option<&Path>) -> BuildOptions<'_> {
	let method = Method { pay_by, credits: 3, dimension: 64 };
	BuildOptions { method, projection: Hash::repeat_byte(8), cache_dir }
}

fn build_with(trained: &Trained, options: &BuildOptions) -> Result<IndexFile> {
	let mut on = |_| ControlFlow::Continue(());
	build(&trained.base, &trained.adapter, &trained.sources(), options, &mut on)
}

#[test]
fn claims_on_a_built_index_verify_and_own_answers_come_first() {
	let trained = trained();
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		let index = build_with(&trained, &options(pay_by, None)).unwrap();
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
			let claim =
				claim(&index, found.sketch, found.gain, found.traces[0], &payer, terms.method)
					.unwrap();
			verify(&terms, &payer, &claim).unwrap();
		}
	}
}

#[test]
fn duplicates_and_what_cannot_be_trained_on_have_empty_leaves() {
	let trained = trained();
	let index = build_with(&trained, &options(PayBy::Records, None)).unwrap();
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
	let cached = options(PayBy::Records, Some(folder.path()));
	let first = build_with(&trained, &cached).unwrap();
	let mut computed = 0;
	let again = build(&trained.base, &trained.adapter, &trained.sources(), &cached, &mut |p| {
		computed += usize::from(p.done < p.total);
		ControlFlow::Continue(())
	})
	.unwrap();
	assert_eq!(computed, 0);
	let without = build_with(&trained, &options(PayBy::Records, None)).unwrap();
	assert_eq!(again.to_bytes(), first.to_bytes());
	assert_eq!(without.to_bytes(), first.to_bytes());
}

#[test]
fn build_goes_on_where_it_was_when_interrupted() {
	let trained = trained();
	let folder = tempfile::tempdir().unwrap();
	let cached = options(PayBy::Records, Some(folder.path()));
	let mut stop = |p: Progress| match p.done {
		3 => ControlFlow::Break(()),
		_ => ControlFlow::Continue(()),
	};
	let stopped = build(&trained.base, &trained.adapter, &trained.sources(), &cached, &mut stop);
	assert!(matches!(stopped, Err(Error::Cancelled)));
	let mut first = None;
	let index = build(&trained.base, &trained.adapter, &trained.sources(), &cached, &mut |p| {
		first.get_or_insert(p);
		ControlFlow::Continue(())
	})
	.unwrap();
	assert_eq!(first, Some(Progress { stage: Stage::Records, done: 3, total: 5 }));
	let whole = build_with(&trained, &options(PayBy::Records, None)).unwrap();
	assert_eq!(index.to_bytes(), whole.to_bytes());
}

#[test]
fn floor_refuses_the_null_queries_that_it_was_calibrated_on() {
	let trained = trained();
	let index = build_with(&trained, &options(PayBy::Records, None)).unwrap();
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
		let refused = build_with(&changed, &options(PayBy::Records, None));
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
	let refused = build_with(&trained, &options(PayBy::Records, None));
	assert!(matches!(refused, Err(Error::Engine(openlora::Error::AdapterLayers { .. }))));
}

#[test]
fn build_is_refused_when_the_dimension_is_out_of_range() {
	let trained = trained();
	for dimension in [0, 15, 2_049] {
		let mut options = options(PayBy::Records, None);
		options.method.dimension = dimension;
		assert!(matches!(build_with(&trained, &options), Err(Error::Malformed { .. })));
	}
}
