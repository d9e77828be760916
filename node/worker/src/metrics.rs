//! Everything that Prometheus sees of the worker.

use openledger_primitives_inference::Failure;
use substrate_prometheus_endpoint::{
	Counter, CounterVec, F64, Gauge, Opts, PrometheusError, Registry, U64, register,
};

/// Counters and gauges of the worker; clones share them. They count whether or not anyone asks.
#[derive(Clone)]
pub struct Metrics {
	/// Jobs waiting for their turn.
	pub waiting: Gauge<U64>,
	/// Jobs being answered.
	pub running: Gauge<U64>,
	/// Results kept until they are forgotten.
	pub finished: Gauge<U64>,
	/// Jobs answered.
	pub answers: Counter<U64>,
	/// Answers of others executed again, for audits.
	pub executions: Counter<U64>,
	/// Claims that credit at least one leaf.
	pub claims: Counter<U64>,
	/// Records put into the prompts of answers.
	pub found: Counter<U64>,
	/// Jobs given up, by kind.
	pub failures: CounterVec<U64>,
	/// Tokens of prompts read.
	pub prompt_tokens: Counter<U64>,
	/// Tokens of answers generated.
	pub answer_tokens: Counter<U64>,
	/// Seconds spent generating.
	pub generating: Counter<F64>,
	/// Seconds spent on queries and claims.
	pub attributing: Counter<F64>,
	/// Bytes of content uploaded here.
	pub content_received: Counter<U64>,
	/// Bytes of content sent to others.
	pub content_sent: Counter<U64>,
	/// Bytes of content fetched from peers.
	pub content_fetched: Counter<U64>,
	/// HTTP requests refused, by reason.
	pub refusals: CounterVec<U64>,
	/// Claims made canaries.
	pub canaries: Counter<U64>,
	/// Receipts given.
	pub receipts: Counter<U64>,
	/// Requests in sessions and by verifiers refused, by reason.
	pub session_refusals: CounterVec<U64>,
	/// Times that what was asked was handed to a verifier.
	pub audits_served: Counter<U64>,
	/// Claims looked at for what can be challenged.
	pub watched_claims: Counter<U64>,
	/// Model versions' indexes looked at for what can be challenged.
	pub watched_indexes: Counter<U64>,
	/// Looks that content is missing for now, or is not what was committed to.
	pub watch_missing: Gauge<U64>,
	/// Looks that failed, by kind.
	pub watch_failures: CounterVec<U64>,
	/// Challenges of this node, by what became of them.
	pub challenges: CounterVec<U64>,
}

impl Metrics {
	/// Makes the metrics, and registers them where there is a registry.
	///
	/// # Errors
	/// When a metric of the same name is registered already.
	pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
		let gauge = |name: &str, help: &str| keep(Gauge::<U64>::new(name, help)?, registry);
		let count = |name: &str, help: &str| keep(Counter::<U64>::new(name, help)?, registry);
		let seconds = |name: &str, help: &str| keep(Counter::<F64>::new(name, help)?, registry);
		let by = |name: &str, help: &str, label: &str| {
			keep(CounterVec::<U64>::new(Opts::new(name, help), &[label])?, registry)
		};
		Ok(Self {
			waiting: gauge("openledger_jobs_waiting", "Jobs waiting for their turn")?,
			running: gauge("openledger_jobs_running", "Jobs being answered")?,
			finished: gauge("openledger_jobs_finished", "Results kept until forgotten")?,
			answers: count("openledger_answers_total", "Jobs answered")?,
			executions: count(
				"openledger_executions_total",
				"Answers of others executed again for audits",
			)?,
			claims: count("openledger_claims_total", "Claims that credit at least one leaf")?,
			found: count("openledger_found_records_total", "Records put into prompts")?,
			failures: by("openledger_failures_total", "Jobs given up", "kind")?,
			prompt_tokens: count("openledger_prompt_tokens_total", "Tokens of prompts read")?,
			answer_tokens: count("openledger_answer_tokens_total", "Tokens of answers generated")?,
			generating: seconds("openledger_generating_seconds_total", "Seconds generating")?,
			attributing: seconds("openledger_attributing_seconds_total", "Seconds attributing")?,
			content_received: count("openledger_content_received_bytes_total", "Bytes uploaded")?,
			content_sent: count("openledger_content_sent_bytes_total", "Bytes sent to others")?,
			content_fetched: count("openledger_content_fetched_bytes_total", "Bytes from peers")?,
			refusals: by("openledger_http_refusals_total", "HTTP requests refused", "code")?,
			canaries: count("openledger_canaries_total", "Claims sealed falsely on purpose")?,
			receipts: count("openledger_receipts_total", "Receipts given")?,
			session_refusals: by(
				"openledger_session_refusals_total",
				"Requests in sessions and by verifiers refused",
				"code",
			)?,
			audits_served: count(
				"openledger_audits_served_total",
				"Times that what was asked was handed to a verifier",
			)?,
			watched_claims: count("openledger_watched_claims_total", "Claims looked at")?,
			watched_indexes: count("openledger_watched_indexes_total", "Indexes looked at")?,
			watch_missing: gauge("openledger_watch_missing", "Looks that content is missing for")?,
			watch_failures: by("openledger_watch_failures_total", "Looks that failed", "kind")?,
			challenges: by("openledger_challenges_total", "Challenges of this node", "deed")?,
		})
	}
}

fn keep<T>(metric: T, registry: Option<&Registry>) -> Result<T, PrometheusError>
where
	T: Clone + substrate_prometheus_endpoint::prometheus::core::Collector + 'static,
{
	match registry {
		Some(registry) => register(metric, registry),
		None => Ok(metric),
	}
}

/// The label of a failure: its kind, without what it is about.
pub fn kind(failure: &Failure) -> &'static str {
	match failure {
		Failure::Unavailable => "unavailable",
		Failure::Unsupported => "unsupported",
		Failure::Busy => "busy",
		Failure::Unknown => "unknown",
		Failure::MissingBase(_) => "missing_base",
		Failure::MissingContent(_) => "missing_content",
		Failure::BadContent(_) => "bad_content",
		Failure::PromptTooLong => "prompt_too_long",
		Failure::Engine(_) => "engine",
		Failure::NotFinal => "not_final",
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn metrics_are_refused_when_registered_twice() {
		let registry = Registry::new();
		let metrics = Metrics::new(Some(&registry)).unwrap();
		metrics.failures.with_label_values(&[kind(&Failure::Busy)]).inc();
		let text = format!("{:?}", registry.gather());
		assert!(text.contains("openledger_failures_total") && text.contains("busy"));
		assert!(Metrics::new(Some(&registry)).is_err());
	}
}
