//! Answering one question: generate, then say which records moved the answer.

mod compare;
mod examine;
mod load;
mod prompt;
mod stock;
#[cfg(test)]
mod tests;
mod text;

use std::{
	collections::BTreeMap,
	sync::{
		Arc,
		mpsc::{Receiver, RecvTimeoutError},
	},
	time::{Duration, Instant},
};

use openledger_attribution::{Generated, claim, estimator, query_generated, retrieval::Sought};
use openledger_primitives_attribution::{
	Claim,
	audit::{Traces, sealed, seals},
	duplicate::Overlap,
	verify,
};
use openledger_primitives_core::{Hash, MAX_OUTPUT, model::Usage};
use openledger_primitives_inference::{
	Failure, Material,
	comparison::Comparison,
	examination::{Examination, Examined},
};
use openlora::{
	Adapter, Base, Config, GenerateOptions, Sampling, Team, Tokenizer, Trail,
	serve::{self as batch, Event, Limits, Request},
};
use parking_lot::Mutex;
use rayon::ThreadPool;
use sp_core::crypto::AccountId32;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub(crate) use self::load::{Loaded, Loader, Search};

use self::{prompt::Prompted, text::Bounds};
use crate::{
	cache::Cache,
	content::{ContentStore, Last},
	error::StartError,
	metrics::Metrics,
	question::{Question, Unanswered},
	queue::{Answerer, Done},
	stock::Held,
};

/// The most tokens of an answer. Questions ask for no more, but for those that were asked where more was taken on:
/// what was answered to them is audited where it stayed within this, and takes no longer than any other.
const MOST_TOKENS: usize = MAX_OUTPUT as usize;
/// How often a growing answer's length is looked at, in tokens.
const LENGTH_CHECK: usize = 16;
/// How long an answer that may have been dropped waits for a token before it looks.
const PATIENCE: Duration = Duration::from_millis(100);
/// Room for keys and values is given in pages of so many positions at most.
const PAGE_POSITIONS: usize = 64;

/// Answers questions with the bases that are loaded and the adapters and indexes in the content store.
pub struct Server {
	bases: BTreeMap<Hash, Served>,
	loader: Loader,
	/// What was found for questions of late.
	sought: Mutex<Cache<Sought>>,
	/// What attribution computes with.
	pool: Arc<ThreadPool>,
	/// As many threads for examinations, which take minutes: answers would wait for them.
	examining: Arc<ThreadPool>,
	metrics: Metrics,
}

/// A base, and the batch in which answers that are under way are generated.
struct Served {
	base: Arc<Base>,
	batch: batch::Server,
}

/// An answer as it is returned, and as it is attributed.
struct Answered {
	text: String,
	tokens: Vec<u32>,
	usage: Usage,
	complete: bool,
	generated: Generated,
}

pub(crate) fn engine(error: impl std::fmt::Display) -> Failure {
	Failure::Engine(error.to_string())
}

fn check(cancel: &CancellationToken) -> Result<(), Failure> {
	if cancel.is_cancelled() { Err(engine("nobody waits for it any more")) } else { Ok(()) }
}

impl Server {
	/// A server of `bases`, by the hash of their weights, which answers up to `parallel` questions at
	/// once with the threads of `pool`.
	/// Of adapters, indexes and lenses, `loaded` bytes each stay in memory. `runtime` does what waits for the
	/// network.
	///
	/// # Errors
	/// [`StartError::Thread`] when the system gives no thread.
	pub fn new(
		bases: BTreeMap<Hash, Arc<Base>>,
		store: ContentStore,
		runtime: Handle,
		loaded: u64,
		parallel: usize,
		pool: Arc<ThreadPool>,
		metrics: Metrics,
	) -> Result<Self, StartError> {
		let start = |(hash, base): (Hash, Arc<Base>)| {
			let limits = limits(&base.config, parallel);
			let batch = batch::Server::start(Arc::clone(&base), Team::shared()?.clone(), limits)?;
			Ok((hash, Served { base, batch }))
		};
		// The engine takes as many threads as the pool has in which it begins.
		let bases: openlora::Result<_> = pool.install(|| bases.into_iter().map(start).collect());
		let bases = bases.map_err(|error| StartError::Thread(error.to_string()))?;
		let examining = self::pool(pool.current_num_threads())?;
		let (loader, sought) = (Loader::new(store, runtime, loaded), Cache::new(prompt::KNOWN));
		Ok(Self { bases, loader, sought: Mutex::new(sought), pool, examining, metrics })
	}

	/// Generates the answer. It is charged and attributed by the tokens of its text, as anyone who
	/// has the text gets them: sampling may choose another spelling in tokens, and the text may have
	/// been cut.
	fn generate(
		&self,
		question: &Question,
		served: &Served,
		adapter: &Arc<Adapter>,
		prompt: &[u32],
		cancel: &CancellationToken,
	) -> Result<Answered, Unanswered> {
		let started = Instant::now();
		let base = &served.base;
		let max_tokens = most(question, base, prompt.len());
		let mut options =
			GenerateOptions::new(max_tokens, sampling(question), base.stop_tokens.clone());
		options.log_probs = Some(0);
		let bytes = question.longest.unwrap_or(usize::MAX);
		let bounds = Bounds { bytes, tokens: options.max_tokens.min(MOST_TOKENS) };
		let request = Request {
			prompt: prompt.to_vec(),
			adapters: vec![(Arc::clone(adapter).into(), 1.0)],
			options,
			payer: number(question.payer.as_ref()),
		};
		let (growing, trail) = submitted(&served.batch, adapter, request).map_err(engine)?;
		let (mut tokens, mut log_probs) = (Vec::new(), Vec::new());
		let long = loop {
			match growing.next_within(PATIENCE) {
				Ok(Event::Token(chosen)) => {
					tokens.push(chosen.token);
					log_probs.extend(chosen.log_probs.map(|of| of.chosen));
				}
				Ok(Event::Done(_)) => break false,
				Ok(Event::Failed(error)) => return Err(engine(error).into()),
				Err(RecvTimeoutError::Timeout) => {}
				Err(RecvTimeoutError::Disconnected) => {
					return Err(engine(openlora::Error::Stopped).into());
				}
			}
			let long = !tokens.is_empty()
				&& tokens.len() % LENGTH_CHECK == 0
				&& is_long(question, &base.tokenizer, &tokens, bounds);
			if cancel.is_cancelled() || long {
				break long;
			}
		};
		// Of one that is cut the trail comes once no token is under way any more; else it is there.
		let ended = long.then(|| growing.end());
		let trail = trail.filter(|_| !cancel.is_cancelled()).and_then(|trail| trail.recv().ok());
		drop(ended);
		self.metrics.generating.inc_by(started.elapsed().as_secs_f64());
		self.metrics.prompt_tokens.inc_by(prompt.len() as u64);
		self.metrics.answer_tokens.inc_by(tokens.len() as u64);
		check(cancel)?;
		let whole = base.tokenizer.decode(&tokens).map_err(engine)?.len();
		let complete = tokens.len() < max_tokens;
		let fitting = text::fitting(&base.tokenizer, &tokens, bytes).map_err(engine)?;
		let generated = Generated { tokens, log_probs, trail };
		let (text, tokens) = text::settle(&base.tokenizer, fitting, bounds).map_err(engine)?;
		if tokens.is_empty() {
			return Err(Unanswered::Empty);
		}
		let complete = complete && text.len() == whole;
		let usage = usage(prompt.len(), tokens.len())?;
		Ok(Answered { text, tokens, usage, complete, generated })
	}
}

/// Whether an answer that grows is longer than any may be. Tokens are counted as they are charged, so that an
/// answer of another spelling ends where it did for whoever gave it; what is still open at its end may take more
/// of them than it does once it is whole.
fn is_long(question: &Question, tokenizer: &Tokenizer, tokens: &[u32], bounds: Bounds) -> bool {
	let most = MOST_TOKENS + LENGTH_CHECK;
	let is_over = || text::is_over(tokenizer, tokens, bounds.bytes);
	let is_beyond = || text::is_beyond(tokenizer, tokens, most);
	(question.longest.is_some() && is_over()) || (tokens.len() > most && is_beyond())
}

/// How much a base answers at once.
fn limits(base: &Config, parallel: usize) -> Limits {
	let usual = Limits::default();
	// Memory is taken as it is needed; the longest answer has to fit by itself, if without a trail.
	let positions = base.context.next_multiple_of(PAGE_POSITIONS);
	let longest = batch::position_bytes(base).saturating_mul(positions);
	let cache_bytes = usual.cache_bytes.max(longest);
	// An answer that was given up is in the batch until its next step.
	Limits { running: parallel, waiting: 2 * parallel, cache_bytes, ..usual }
}

/// A request on its way into the batch. Its answer leaves a trail where the adapter allows it and there is
/// room for one; a trail says log-probabilities too.
fn submitted(
	batch: &batch::Server,
	adapter: &Adapter,
	request: Request,
) -> openlora::Result<(batch::Answer, Option<Receiver<Trail>>)> {
	if adapter.is_half() {
		let mut keeping = request.clone();
		keeping.options.log_probs = None;
		match batch.submit_keeping(keeping, estimator::first_layer(adapter)) {
			Ok((answer, trail)) => return Ok((answer, Some(trail))),
			Err(openlora::Error::CacheFull { .. }) => {}
			Err(error) => return Err(error),
		}
	}
	Ok((batch.submit(request)?, None))
}

/// The most tokens that the answer to a prompt of so many may have.
fn most(question: &Question, base: &Base, prompt: usize) -> usize {
	let room = base.config.context.saturating_sub(prompt);
	room.min(usize::try_from(question.max_tokens).unwrap_or(usize::MAX))
}

/// Counts of tokens, as they are charged.
fn usage(prompt: usize, output: usize) -> Result<Usage, Failure> {
	let count = |tokens: usize| u32::try_from(tokens).map_err(engine);
	Ok(Usage { prompt: count(prompt)?, output: count(output)? })
}

/// Threads to compute with.
///
/// # Errors
/// [`StartError::Thread`] when the system gives none.
pub fn pool(threads: usize) -> Result<Arc<ThreadPool>, StartError> {
	let pool = rayon::ThreadPoolBuilder::new()
		.num_threads(threads)
		.thread_name(|index| format!("openledger-{index}"))
		.build();
	pool.map(Arc::new).map_err(|error| StartError::Thread(error.to_string()))
}

impl Answerer for Server {
	fn bases(&self) -> Vec<Hash> {
		// One whose thread has ended, by a panic, answers nothing any more.
		let running = self.bases.iter().filter(|(_, served)| served.batch.is_running());
		running.map(|(hash, _)| *hash).collect()
	}

	fn least(&self, question: &Question) -> Result<[Usage; 2], Unanswered> {
		let (served, prompt) = self.plain(question)?;
		// What fills the prompt beyond what the answer may have is taken from the answer, token for token, and
		// leaves it one at least. So the cheapest stands at either end, whichever kind of token is dearer.
		let full = served.base.config.context.saturating_sub(1);
		Ok([usage(prompt, most(question, &served.base, prompt))?, usage(full, 1)?])
	}

	fn most(&self, question: &Question, cancel: &CancellationToken) -> Result<Usage, Unanswered> {
		let Prompted { served, tokens, .. } = self.prompt(question, cancel.into())?;
		Ok(usage(tokens.len(), most(question, &served.base, tokens.len()))?)
	}

	fn answer(&self, question: &Question, cancel: &CancellationToken) -> Result<Done, Unanswered> {
		let last = question.answered_by.clone().map(|by| Last::new(by.worker, by.audit));
		let search = Search { last: last.as_ref(), cancel };
		let Prompted { served, tokens: prompt, sought } = self.prompt(question, search)?;
		let base = &served.base;
		let material = &question.material;
		let adapter = self.loader.adapter(material, base, search)?;
		let index = self.loader.index(material, search)?;
		let index = &index.0;
		check(cancel)?;
		let answered = self.generate(question, served, &adapter, &prompt, cancel)?;
		let started = Instant::now();
		let Answered { text, tokens, usage, complete, generated } = answered;
		let (claim, traces) = self.pool.install(|| -> Result<_, Failure> {
			let found = query_generated(base, &adapter, index, &prompt, &tokens, generated);
			let found = found.map_err(engine)?;
			check(cancel)?;
			let subject = question.seed.into();
			let traces = found.traces(&subject, sought.as_ref().map(|sought| sought.execution));
			let trace = sealed(&seals(&subject, &traces));
			let payer = &question.payer;
			let claim = claim(index, found.sketch, found.gain, trace, payer, material.method);
			let found = sought.map(|sought| Arc::unwrap_or_clone(sought).found);
			Ok((Claim { found, ..claim.map_err(engine)? }, traces))
		})?;
		accepted(question, &claim)?;
		self.metrics.attributing.inc_by(started.elapsed().as_secs_f64());
		let quoted = claim.found.as_ref().map_or(0, |found| found.records.len());
		self.metrics.found.inc_by(quoted as u64);
		if quoted > 0 || !(claim.contributors.is_empty() && claim.records.is_empty()) {
			self.metrics.claims.inc();
		}
		Ok(Done { text, usage, claim, traces, complete })
	}

	fn stock(
		&self,
		material: &Material,
		told: &mut dyn FnMut(&Held),
		cancel: &CancellationToken,
	) -> Result<Held, Failure> {
		self.stocked(material, told, cancel)
	}

	fn examine(
		&self,
		examination: &Examination,
		cancel: &CancellationToken,
	) -> Result<(Examined, Traces), Failure> {
		self.examined(examination, cancel)
	}

	fn compare(
		&self,
		comparison: &Comparison,
		cancel: &CancellationToken,
	) -> Result<(Overlap, Traces), Failure> {
		self.compared(comparison, cancel)
	}
}

/// How the payer wants tokens chosen. The generator's seed is the first eight bytes of the
/// question's, little-endian; with a temperature, the whole distribution is drawn from.
fn sampling(question: &Question) -> Sampling {
	match question.temperature {
		0 => Sampling::GREEDY,
		thousandths => Sampling::seeded(number(&question.seed), f64::from(thousandths) / 1_000.0),
	}
}

/// The first eight bytes, little-endian.
fn number([a, b, c, d, e, f, g, h, ..]: &[u8; 32]) -> u64 {
	u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
}

/// What the runtime would refuse is a failure here, before anyone pays for submitting it.
fn accepted(question: &Question, claim: &Claim<AccountId32>) -> Result<(), Failure> {
	match verify(&question.material.terms(), &question.payer, claim) {
		Ok(_) => Ok(()),
		Err(refusal) => Err(engine(format!("the claim would be refused: {refusal:?}"))),
	}
}
