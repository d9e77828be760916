//! With an answerer that finds what it is told.

use super::*;
use crate::testing::{Scripted, job, retrieval::RETRIEVING, until};
use std::sync::atomic::Ordering;
use tokio::runtime::Runtime;

const MODEL: ModelId = 5;
const LONG: Duration = Duration::from_secs(20);

fn held(here: u32, missing: &[Hash]) -> Held {
	Held { records: 6, here, missing: missing.to_vec() }
}

/// A stock whose answerer finds this.
fn stock(runtime: &Runtime, scripted: Scripted, finds: Held) -> (Arc<Stock>, Arc<Scripted>) {
	*scripted.records.lock() = finds;
	let scripted = Arc::new(scripted);
	let (handle, never) = (runtime.handle().clone(), CancellationToken::new());
	(Arc::new(Stock::new(scripted.clone(), handle, never)), scripted)
}

#[test]
fn version_is_looked_through_once_and_is_complete_from_then_on() {
	let runtime = Runtime::new().unwrap();
	let (stock, scripted) = stock(&runtime, Scripted::default(), held(6, &[]));
	let material = RETRIEVING.material();
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Complete(held(6, &[])));
	assert_eq!(stock.ask(MODEL, &material), Standing::Complete(held(6, &[])));
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 1);
	// Prompts of another retrieval are of other records.
	let mut other = material;
	other.retrieval.as_mut().unwrap().lens = Hash::zero();
	stock.wait(MODEL, &other, LONG);
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 2);
	assert_eq!(stock.ask(MODEL, &job(1).material), Standing::Complete(Held::default()));
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 2);
}

#[test]
fn who_asks_meanwhile_is_told_how_far_it_is_and_waits_no_longer_than_it_will() {
	let runtime = Runtime::new().unwrap();
	let (stock, scripted) = stock(&runtime, Scripted::held(), held(2, &[]));
	let material = RETRIEVING.material();
	assert_eq!(stock.ask(MODEL, &material), Standing::Fetching(Held::default()));
	let now = Standing::Fetching(held(2, &[]));
	until("it tells how far it is", || stock.ask(MODEL, &material) == now);
	assert_eq!(stock.wait(MODEL, &material, Duration::from_millis(20)), now);
	stock.pass(LONG);
	assert_eq!(stock.wait(MODEL, &material, LONG), now, "nobody waits that long after");
	stock.known.lock().values_mut().next().unwrap().since = Instant::now();
	*scripted.records.lock() = held(6, &[]);
	*scripted.hold.lock() = false;
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Complete(held(6, &[])));
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 1);
}

#[test]
fn what_was_missing_is_looked_for_again_after_a_pause() {
	let runtime = Runtime::new().unwrap();
	let nowhere = Hash::repeat_byte(4);
	let (stock, scripted) = stock(&runtime, Scripted::default(), held(5, &[nowhere]));
	let material = RETRIEVING.material();
	let lacking = Standing::Lacking(held(5, &[nowhere]));
	assert_eq!(stock.wait(MODEL, &material, LONG), lacking);
	*scripted.records.lock() = held(6, &[]);
	assert_eq!(stock.wait(MODEL, &material, LONG), lacking);
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 1);
	stock.pass(PAUSE);
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Complete(held(6, &[])));
}

#[test]
fn record_that_is_gone_again_takes_back_that_all_are_here() {
	let runtime = Runtime::new().unwrap();
	let (stock, scripted) = stock(&runtime, Scripted::default(), held(6, &[]));
	let (material, gone) = (RETRIEVING.material(), Hash::repeat_byte(4));
	let lost = |hash| stock.lost(MODEL, &material, &Failure::MissingContent(hash));
	assert!(lost(gone), "nothing was said of it yet");
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Complete(held(6, &[])));
	for other in [Failure::Busy, Failure::MissingContent(material.adapter)] {
		assert!(!stock.lost(MODEL, &material, &other));
	}
	assert!(!stock.lost(MODEL, &job(1).material, &Failure::MissingContent(gone)));
	assert_eq!(stock.ask(MODEL, &material), Standing::Complete(held(6, &[])));
	assert!(lost(gone));
	let lacking = Standing::Lacking(held(5, &[gone]));
	assert_eq!(stock.ask(MODEL, &material), lacking);
	stock.pass(PAUSE / 2);
	// Who began before does not put off that it is looked for.
	assert!(lost(Hash::repeat_byte(5)));
	assert_eq!(stock.ask(MODEL, &material), lacking);
	stock.pass(PAUSE / 2);
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Complete(held(6, &[])));
	assert_eq!(scripted.looks.load(Ordering::SeqCst), 2);
}

#[test]
fn failure_is_told_and_a_panic_is_one() {
	let runtime = Runtime::new().unwrap();
	let missing = Failure::MissingContent(Hash::repeat_byte(1));
	let scripted = Scripted { failure: Mutex::new(Some(missing.clone())), ..Scripted::default() };
	let (stock, _) = self::stock(&runtime, scripted, Held::default());
	let material = RETRIEVING.material();
	assert_eq!(stock.wait(MODEL, &material, LONG), Standing::Failed(missing));
	let scripted = Scripted { panic: Mutex::new(true), ..Scripted::default() };
	let (stock, _) = self::stock(&runtime, scripted, Held::default());
	let told = stock.wait(MODEL, &material, LONG);
	assert!(matches!(told, Standing::Failed(Failure::Engine(_))), "{told:?}");
}
