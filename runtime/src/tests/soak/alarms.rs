//! What the runtime logs as an error: pallets tell by it that something happened which they hold
//! impossible, and go on.

use super::report;
use crate::RuntimeCall;
use frame_support::traits::GetCallMetadata;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{
	backtrace::{Backtrace, BacktraceStatus},
	cell::RefCell,
	sync::Once,
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

impl Log for Ear {
	fn enabled(&self, metadata: &Metadata) -> bool {
		metadata.level() == Level::Error
	}

	fn log(&self, record: &Record) {
		if self.enabled(record.metadata()) {
			let mut text = format!("{} says: {}", record.target(), record.args());
			// The SDK's text is mostly the same wherever it comes from.
			let trace = Backtrace::capture();
			if trace.status() == BacktraceStatus::Captured {
				text = format!("{text}\n{trace}");
			}
			HEARD.with_borrow_mut(|heard| heard.push(text));
		}
	}

	fn flush(&self) {}
}

/// Listens from now on, if nobody else in this process does already.
pub fn listen() {
	static ONCE: Once = Once::new();
	ONCE.call_once(|| {
		if log::set_logger(&Ear).is_ok() {
			log::set_max_level(LevelFilter::Error);
		}
	});
	take();
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
