//! What the server does, for Prometheus.

use openlora::serve::Load;
use prometheus::{
	Counter, CounterVec, Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::models::Models;

/// Everything as it is now, in Prometheus's text format.
///
/// # Errors
/// When two metrics have one name, which the tests would show.
pub(crate) fn text(load: Load, models: &Models) -> prometheus::Result<Vec<u8>> {
	let registry = Registry::new_custom(Some("openlora".into()), None)?;
	let gauge = |name: &str, help: &str, value: usize| -> prometheus::Result<()> {
		let gauge = IntGauge::new(name, help)?;
		gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
		registry.register(Box::new(gauge))
	};
	let counter = |name: &str, help: &str, value: u64| -> prometheus::Result<()> {
		let counter = IntCounter::new(name, help)?;
		counter.inc_by(value);
		registry.register(Box::new(counter))
	};
	gauge("requests_running", "Requests in the batch.", load.running)?;
	gauge("requests_waiting", "Requests that wait for a place in it.", load.waiting)?;
	gauge("cache_pages", "Pages of keys and values that requests use.", load.pages)?;
	gauge("cache_kept_pages", "Pages kept for prompts that begin alike.", load.kept_pages)?;
	counter("tokens_total", "Tokens run.", load.tokens)?;
	counter("reused_tokens_total", "Tokens of prompts taken from kept pages.", load.reused_tokens)?;
	counter("guessed_tokens_total", "Tokens of answers that were guessed.", load.guessed_tokens)?;
	counter("right_guesses_total", "Guessed tokens that were right.", load.right_guesses)?;

	let (totals, adapters) = models.usage();
	let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
	gauge("adapter_bytes", "Bytes of adapters in memory.", bytes(totals.resident_bytes))?;
	gauge("adapter_budget_bytes", "Bytes of adapters that may be.", bytes(totals.budget))?;
	counter("adapter_loads_total", "Adapters read into memory.", totals.loads)?;
	let help = "Adapters that could not be read when they were needed.";
	counter("adapter_failed_loads_total", help, totals.failed_loads)?;
	let seconds = Counter::new("adapter_loading_seconds_total", "Seconds that reading took.")?;
	seconds.inc_by(totals.loading_seconds);
	registry.register(Box::new(seconds))?;

	let labels = ["adapter"];
	let resident = Opts::new("adapter_resident", "Whether the adapter is in memory.");
	let resident = IntGaugeVec::new(resident, &labels)?;
	let counters = |name: &str, help: &str| IntCounterVec::new(Opts::new(name, help), &labels);
	let hits = counters("adapter_hits_total", "Requests that found it in memory.")?;
	let misses = counters("adapter_misses_total", "Requests that had to wait for it.")?;
	let evictions = counters("adapter_evictions_total", "Times that it made room.")?;
	let help = "Seconds from requests that missed it until it was in memory.";
	let waited = CounterVec::new(Opts::new("adapter_waited_seconds_total", help), &labels)?;
	for (name, usage) in adapters {
		resident.with_label_values(&[&name]).set(usage.resident.into());
		hits.with_label_values(&[&name]).inc_by(usage.hits);
		misses.with_label_values(&[&name]).inc_by(usage.misses);
		evictions.with_label_values(&[&name]).inc_by(usage.evictions);
		waited.with_label_values(&[&name]).inc_by(usage.waited.as_secs_f64());
	}
	registry.register(Box::new(waited))?;
	registry.register(Box::new(resident))?;
	for counters in [hits, misses, evictions] {
		registry.register(Box::new(counters))?;
	}
	let mut text = Vec::new();
	prometheus::TextEncoder::new().encode(&registry.gather(), &mut text)?;
	Ok(text)
}
