//! What the runtime logs as an error: pallets tell by it that something happened which they hold
//! impossible, and go on.

use super::report;
use crate::RuntimeCall;
use frame_support::traits::GetCallMetadata;
use sp_tracing::{
	tracing::{
		Event, Subscriber,
		field::{Field, Visit},
		level_filters::LevelFilter,
		subscriber::{self, DefaultGuard},
	},
	tracing_subscriber::{
		Layer, Registry,
		layer::{Context, SubscriberExt},
	},
};
use std::{
	backtrace::{Backtrace, BacktraceStatus},
	cell::RefCell,
	fmt::Debug,
};

/// What the SDK's own pallets are known to say, by the pallet that was called (any where it is none)
/// and how it begins.
const KNOWN: [(&str, &str); 2] = [
	// Of the size of the proof alone: a call's worst case in time is not always the one in proof.
	("", "runtime::frame-support says: Post dispatch weight is greater"),
	// What members of a pool lack after a slash is rounded for each of them, and can be a unit more
	// than the pool lacks (polkadot-sdk, pull request 12103).
	("NominationPools", "runtime::defensive says: a defensive failure"),
];

thread_local! {
	static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
	fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
		let mut said = Said { target: event.metadata().target().into(), message: String::new() };
		event.record(&mut said);
		let mut text = format!("{} says: {}", said.target, said.message);
		// The SDK's text is mostly the same wherever it comes from.
		let trace = Backtrace::capture();
		if trace.status() == BacktraceStatus::Captured {
			text = format!("{text}\n{trace}");
		}
		HEARD.with_borrow_mut(|heard| heard.push(text));
	}
}

/// What an event says and where, whether it was traced or logged.
struct Said {
	target: String,
	message: String,
}

impl Visit for Said {
	fn record_str(&mut self, field: &Field, value: &str) {
		if field.name() == "log.target" {
			self.target = value.into();
		}
	}

	fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
		if field.name() == "message" {
			self.message = format!("{value:?}");
		}
	}
}

/// Listens to this thread until what is returned is dropped.
///
/// Other tests of the process may set a logger of their own at any time (the runtime's integrity
/// test does), so that only a thread's own subscriber hears everything; the logger has to be the one
/// that passes on to it.
///
/// # Panics
///
/// If it hears nothing.
pub fn listen() -> DefaultGuard {
	sp_tracing::try_init_simple();
	let ear = subscriber::set_default(Registry::default().with(LevelFilter::ERROR).with(Ear));
	log::set_max_level(log::max_level().max(log::LevelFilter::Error));
	take();
	log::error!(target: "soak", "one, two");
	assert!(take().iter().any(|text| text.starts_with("soak says: one, two")), "nothing is heard");
	ear
}

/// What this thread has heard since the last time.
pub fn take() -> Vec<String> {
	HEARD.with_borrow_mut(std::mem::take)
}

/// What was heard while this call was tried.
pub fn after(call: &RuntimeCall) -> Vec<String> {
	let called = call.get_call_metadata().pallet_name;
	let known = |text: &String| {
		KNOWN.iter().any(|(pallet, begin)| {
			(pallet.is_empty() || *pallet == called) && text.starts_with(begin)
		})
	};
	let mut heard = take();
	heard.retain(|text| report::is_ours(called) || !known(text));
	heard
}
