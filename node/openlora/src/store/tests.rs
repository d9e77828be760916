use super::*;
use crate::{
	Base, GenerateOptions, Isa, Module, PeftConfig, Sampling, Team, generate,
	serve::{Limits, Request, Server},
	testing,
};
use std::{ops::ControlFlow, time::Duration};

fn adapter(base: &Base, seed: u64) -> Adapter {
	let config = PeftConfig::new([2, 8, 20][seed as usize % 3], 8.0, Module::ALL).unwrap();
	testing::random_adapter(&base.config, config, seed)
}

fn key(seed: u64) -> Key {
	[seed as u8; 32]
}

fn nobody() -> Arc<dyn Fn() + Send + Sync> {
	Arc::new(|| ())
}

/// Waits for an adapter to be in memory, or not to be.
fn load(stored: &Arc<Stored>) -> Result<Arc<Packed>> {
	let lease = Lease::ask(vec![Arc::clone(stored)], &nobody())?.unwrap();
	loop {
		if let Some(mut packed) = lease.ready()? {
			return Ok(packed.remove(0));
		}
		thread::sleep(Duration::from_millis(1));
	}
}

/// An adapter could not be read, and whoever asked is not told from where.
fn check_unreadable<T>(result: Result<T>, folder: &Path) {
	let Err(error) = result else { panic!("it could be read") };
	assert!(matches!(error, Error::AdapterUnreadable(_)), "{error}");
	assert!(!error.to_string().contains(folder.to_str().unwrap()), "{error}");
}

fn request(seed: usize, adapters: Vec<(Arc<Stored>, f32)>) -> Request {
	let prompt = (0..1 + seed * 5 % 40).map(|i| ((i * 31 + seed * 7 + 3) % 250) as u32).collect();
	let options = GenerateOptions::new(6, Sampling::GREEDY, vec![]);
	let adapters = adapters.into_iter().map(|(one, factor)| (one.into(), factor)).collect();
	Request { prompt, adapters, options, payer: seed as u64 % 3 }
}

fn server(base: &Arc<Base>) -> Server {
	let team = Arc::new(Team::new(2, Isa::best()).unwrap());
	let limits = Limits { running: 3, ..Limits::default() };
	Server::start(Arc::clone(base), team, limits).unwrap()
}

#[test]
fn answers_are_those_of_the_adapter_in_memory_when_few_fit_at_once() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let adapters: Vec<Adapter> = (0..8).map(|seed| adapter(&base, seed)).collect();
	let largest =
		adapters.iter().map(|one| one.pack().unwrap().bytes().len() as u64).max().unwrap();
	let store = Store::open(folder.path(), &base.config, largest * 2).unwrap();
	let stored: Vec<_> =
		(0..).zip(&adapters).map(|(seed, one)| store.add(key(seed), one).unwrap()).collect();
	let server = server(&base);
	let answers: Vec<_> = (0..60)
		.map(|i| {
			let adapters = vec![(Arc::clone(&stored[i * 5 % 8]), 1.0)];
			server.submit(request(i, adapters)).unwrap()
		})
		.collect();
	for (i, answer) in answers.into_iter().enumerate() {
		let Request { prompt, options, .. } = request(i, vec![]);
		let on = &mut |_| ControlFlow::Continue(());
		let alone = generate(&base, Some(&adapters[i * 5 % 8]), &prompt, &options, on).unwrap();
		assert_eq!(answer.finish().unwrap().0, alone.tokens);
	}
	let usage: Vec<Usage> = stored.iter().map(|one| one.usage()).collect();
	assert!(usage.iter().all(|one| one.loads > 0 && one.hits + one.misses >= 7));
	assert!(usage.iter().any(|one| one.evictions > 0), "all eight do not fit");
	let totals = store.totals();
	assert!(totals.resident_bytes <= totals.budget);
	assert_eq!(totals.loads, usage.iter().map(|one| one.loads).sum::<u64>());
	assert_eq!(totals.adapters, 8);
}

#[test]
fn adapter_is_the_same_when_it_is_found_again_by_another_store() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let adapter = adapter(&base, 2);
	let first = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let generation = first.add(key(1), &adapter).unwrap().generation();
	let second = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let stored = second.find(key(1)).unwrap().unwrap();
	assert_ne!(stored.generation(), generation);
	assert_eq!(load(&stored).unwrap().bytes(), adapter.pack().unwrap().bytes());
	assert!(second.find(key(2)).unwrap().is_none());
	assert_eq!(second.add(key(1), &adapter).unwrap().generation(), stored.generation());
}

#[test]
fn file_stays_until_nobody_uses_it_when_it_is_discarded() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let files = || std::fs::read_dir(folder.path()).unwrap().count();
	let stored = store.add(key(1), &adapter(&base, 1)).unwrap();
	let again = Arc::clone(&stored);
	stored.discard();
	drop(stored);
	assert!(load(&again).is_ok());
	drop(again);
	assert_eq!(files(), 0);
	assert_eq!((store.totals().adapters, store.totals().resident_bytes), (0, 0));
	let kept = store.add(key(1), &adapter(&base, 1)).unwrap();
	drop(kept);
	assert_eq!(files(), 1);
}

#[test]
fn adapter_is_refused_when_it_does_not_fit_base_or_budget() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 100).unwrap();
	let adapter = adapter(&base, 1);
	assert!(matches!(store.add(key(1), &adapter), Err(Error::AdapterTooLarge { budget: 100, .. })));
	let mut other = base.config.clone();
	other.layers += 1;
	let elsewhere = Store::open(folder.path(), &other, 1 << 20).unwrap();
	assert!(matches!(elsewhere.add(key(1), &adapter), Err(Error::AdapterLayers { .. })));
	let large = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	large.add(key(1), &adapter).unwrap();
	assert!(matches!(store.find(key(1)), Err(Error::AdapterTooLarge { .. })));
	assert!(matches!(elsewhere.find(key(1)), Err(Error::AdapterLayers { .. })));
	other = base.config.clone();
	other.intermediate += 1;
	let elsewhere = Store::open(folder.path(), &other, 1 << 20).unwrap();
	assert!(matches!(elsewhere.find(key(1)), Err(Error::AdapterShape { .. })));
}

#[test]
fn request_is_refused_when_its_adapters_do_not_fit_together_or_have_two_stores() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let sizes = [1, 4].map(|seed| adapter(&base, seed).pack().unwrap().bytes().len() as u64);
	let store = Store::open(folder.path(), &base.config, sizes[0] + sizes[1] - 1).unwrap();
	let [one, two] = [1, 4].map(|seed| store.add(key(seed), &adapter(&base, seed)).unwrap());
	let server = server(&base);
	let both = vec![(Arc::clone(&one), 1.0), (two, 0.5)];
	assert!(matches!(server.submit(request(1, both)), Err(Error::AdapterTooLarge { .. })));
	let other = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let mixed = vec![(Arc::clone(&one), 1.0), (other.find(key(1)).unwrap().unwrap(), 1.0)];
	assert!(matches!(server.submit(request(1, mixed)), Err(Error::Malformed { .. })));
	let twice = vec![(Arc::clone(&one), 1.0), (one, 0.5)];
	assert!(server.submit(request(1, twice)).unwrap().finish().is_ok());
}

#[test]
fn request_fails_alone_when_its_file_is_gone_and_runs_when_it_is_back() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let [lost, there] = [1, 2].map(|seed| store.add(key(seed), &adapter(&base, seed)).unwrap());
	let file = store.path_of(&key(1));
	std::fs::rename(&file, folder.path().join("elsewhere")).unwrap();
	let server = server(&base);
	let [first, second] =
		[&lost, &there].map(|one| server.submit(request(3, vec![(Arc::clone(one), 1.0)])).unwrap());
	check_unreadable(first.finish(), folder.path());
	assert!(second.finish().is_ok());
	let Totals { loads, failed_loads, .. } = store.totals();
	assert_eq!((loads, failed_loads, lost.usage().loads), (1, 1, 0));
	std::fs::rename(folder.path().join("elsewhere"), &file).unwrap();
	let again = server.submit(request(3, vec![(lost, 1.0)])).unwrap();
	assert!(again.finish().is_ok());
}

#[test]
fn everyone_is_told_when_more_ask_for_a_file_that_is_gone_than_run_at_once() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let lost = store.add(key(1), &adapter(&base, 1)).unwrap();
	std::fs::remove_file(&lost.path).unwrap();
	let server = server(&base);
	let answers: Vec<_> = (0..20)
		.map(|i| server.submit(request(i, vec![(Arc::clone(&lost), 1.0)])).unwrap())
		.collect();
	for answer in answers {
		assert!(matches!(answer.finish(), Err(Error::AdapterUnreadable(_))));
	}
}

#[test]
fn file_is_refused_when_any_byte_differs_or_it_is_cut() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let stored = store.add(key(1), &adapter(&base, 0)).unwrap();
	let bytes = std::fs::read(&stored.path).unwrap();
	let refused = |bytes: &[u8]| {
		std::fs::write(&stored.path, bytes).unwrap();
		assert!(load(&stored).is_err());
		let other = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
		match other.find(key(1)) {
			Ok(found) => assert!(load(&found.unwrap()).is_err()),
			Err(error) => assert!(!error.to_string().is_empty()),
		}
	};
	// Every byte of the header, and some of the rest.
	for at in (0..32).chain((32..bytes.len()).step_by(bytes.len() / 40)) {
		let mut damaged = bytes.clone();
		damaged[at] ^= 0x40;
		refused(&damaged);
	}
	for length in [0, 3, 31, 32, 40, bytes.len() / 2, bytes.len() - 1] {
		refused(&bytes[..length]);
	}
	refused(&[bytes.as_slice(), b"more"].concat());
	std::fs::write(&stored.path, &bytes).unwrap();
	assert!(load(&stored).is_ok());
}

#[cfg(unix)]
#[test]
fn file_is_refused_when_it_is_a_link_out_of_the_folder() {
	let base = testing::tiny_base(1);
	let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let stored = store.add(key(1), &adapter(&base, 0)).unwrap();
	let target = outside.path().join("file");
	std::fs::rename(&stored.path, &target).unwrap();
	std::os::unix::fs::symlink(&target, &stored.path).unwrap();
	check_unreadable(load(&stored), folder.path());
	drop(stored);
	assert!(matches!(store.find(key(1)), Err(Error::Malformed { .. })));
}

#[test]
fn request_ends_when_its_store_is_closed_while_it_waits() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
	let stored = store.add(key(1), &adapter(&base, 0)).unwrap();
	drop(store);
	let answer = server(&base).submit(request(1, vec![(stored, 1.0)])).unwrap();
	assert!(matches!(answer.finish(), Err(Error::AdapterUnreadable(_) | Error::Stopped)));
}

#[test]
fn adapter_of_some_layers_with_different_ranks_is_kept_as_it_is() {
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let first_layer = PeftConfig::from_json(
		r#"{"peft_type":"LORA","r":3,"lora_alpha":5,"target_modules":["up_proj"],
			"layers_to_transform":[0]}"#,
	);
	for (seed, config) in [(1, testing::mixed_config()), (2, first_layer.unwrap())] {
		let adapter = testing::random_adapter(&base.config, config, seed);
		let adapter = Adapter::from_bytes(&adapter.to_bytes().unwrap()).unwrap();
		let packed = adapter.pack().unwrap();
		for _ in 0..2 {
			// Written by the first store, found by the second.
			let store = Store::open(folder.path(), &base.config, 1 << 20).unwrap();
			let stored = store.add(key(seed), &adapter).unwrap();
			stored.fits(&base.config).unwrap();
			let loaded = load(&stored).unwrap();
			assert_eq!(loaded.bytes(), packed.bytes());
			assert!(loaded.pairs().eq(packed.pairs()));
		}
	}
}
