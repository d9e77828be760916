//! Jobs, answerers and configurations for tests.

pub mod model;
pub mod retrieval;

use std::{
	path::Path,
	sync::{
		LazyLock,
		atomic::{AtomicU32, Ordering},
	},
	time::{Duration, Instant},
};

use openledger_primitives_attribution::{
	Claim,
	audit::{self, Traces},
	duplicate::{Overlap, Shared},
};
use openledger_primitives_core::{
	Answer, Hash, ModelId, RequestId, Sketch,
	model::{IndexCommitment, Method, PayBy, Usage},
	record::{RecordEntry, upload_message},
	subject::{pair_id, version_id},
};
use openledger_primitives_inference::{
	Failure, Job, Material, Outcome,
	comparison::Comparison,
	examination::{Examination, Examined},
	receipts::Drawn,
};
use openlora::testing::tiny_config;
use parking_lot::Mutex;
use sp_core::{Pair, crypto::AccountId32, sr25519};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::model::Model;
use crate::{
	config::OperatorConfig,
	content::ContentStore,
	http,
	question::{Question, Unanswered},
	queue::{Answerer, Done, Fetched, Handouts},
	stock::Held as Records,
};

/// A model version, made once for all tests.
pub static MODEL: LazyLock<Model> = LazyLock::new(|| model::model(&tiny_config(), model::SEED));

/// Puts a blob into a store.
pub fn put(runtime: &Runtime, store: &ContentStore, bytes: &[u8]) -> Hash {
	runtime.block_on(model::put_into(store, bytes))
}

/// The base that [`Scripted`] has.
pub const BASE: Hash = Hash::repeat_byte(0xba);

/// The traces of everything that [`Scripted`] does.
pub const TRACES: Traces = [Hash::repeat_byte(1), Hash::repeat_byte(2), Hash::repeat_byte(3)];

/// The seed of a request, by which [`Scripted`] knows it.
pub fn seed(request: RequestId) -> [u8; 32] {
	let mut seed = [0; 32];
	seed[..8].copy_from_slice(&request.to_le_bytes());
	seed
}

/// A job for [`Scripted`].
pub fn job(request: RequestId) -> Job {
	Job {
		request,
		model: 1,
		payer: AccountId32::new([9; 32]),
		prompt: b"Who?".to_vec().try_into().unwrap(),
		max_tokens: 8,
		temperature: 0,
		seed: seed(request),
		deadline: 100,
		material: Material {
			base: BASE,
			adapter: Hash::zero(),
			method: Method { pay_by: PayBy::Records, credits: 4, dimension: 16 },
			index: IndexCommitment {
				records_root: Hash::zero(),
				records: 0,
				contributors_root: Hash::zero(),
				contributors: 0,
				floor_ppm: 0,
				file: Hash::zero(),
			},
			projection: Hash::zero(),
			snapshots: Vec::new(),
			retrieval: None,
		},
	}
}

/// The outcome that [`Scripted`] gives to a request.
pub fn outcome(request: RequestId) -> Outcome {
	Outcome {
		answer: Answer::truncate_from(format!("answer {request}").into_bytes()),
		usage: Usage { prompt: 1, output: 1 },
		claim: Claim {
			sketch: Sketch::truncate_from(vec![0; 16]),
			gain: 0,
			trace: Hash::zero(),
			contributors: Default::default(),
			contributors_proof: Default::default(),
			records: Default::default(),
			records_proof: Default::default(),
			found: None,
		},
	}
}

/// Answers as told: at once, or only when let go; with a failure or a panic where one is set.
#[derive(Default)]
pub struct Scripted {
	/// While true, answers wait until they are cancelled or this is false.
	pub hold: Mutex<bool>,
	/// What the next answers fail with.
	pub failure: Mutex<Option<Failure>>,
	/// Whether the next answers are empty.
	pub empty: Mutex<bool>,
	/// Whether the next answers panic.
	pub panic: Mutex<bool>,
	/// Requests in the order in which they were started.
	pub started: Mutex<Vec<RequestId>>,
	/// The workers that those were answered by.
	pub answered_by: Mutex<Vec<Option<Url>>>,
	/// How often a question was priced with its records.
	pub priced: AtomicU32,
	/// How often records were looked for.
	pub looks: AtomicU32,
	/// What is here of the records of every version.
	pub records: Mutex<Records>,
	/// How many answers were cancelled.
	pub cancelled: AtomicU32,
}

impl Scripted {
	/// One that holds every answer back.
	pub fn held() -> Self {
		Self { hold: Mutex::new(true), ..Self::default() }
	}
}

/// What [`Scripted`] finds in every examination.
pub const EXAMINED: Examined =
	Examined { sound: true, found: audit::Recomputed { leaves: BASE, state: BASE, floor_ppm: 7 } };

/// The examination of a model version, for [`Scripted`].
pub fn examination(model: ModelId) -> Examination {
	Examination {
		audit: version_id(model),
		model,
		material: job(1).material,
		manifest: Hash::zero(),
		training: Hash::zero(),
		drawn: Hash::zero(),
		seed: Hash::zero(),
		leaves: 8,
	}
}

/// What [`Scripted`] finds in every comparison.
pub const OVERLAP: Overlap = Overlap {
	whole: Shared { one: 10, other: 9, common: 9 },
	learnt: Shared { one: 2, other: 2, common: 2 },
};

/// The comparison of two records, for [`Scripted`].
pub fn comparison(challenge: u32) -> Comparison {
	let entry = |byte| RecordEntry { content: Hash::repeat_byte(byte), size: 1 };
	let (later, earlier) = (entry(2), entry(1));
	Comparison { audit: pair_id(challenge), seed: Hash::zero(), later, earlier }
}

impl Answerer for Scripted {
	fn bases(&self) -> Vec<Hash> {
		vec![BASE]
	}

	fn least(&self, question: &Question) -> Result<[Usage; 2], Unanswered> {
		Ok([Usage { prompt: 1, output: question.max_tokens }; 2])
	}

	fn stock(
		&self,
		_: &Material,
		told: &mut dyn FnMut(&Records),
		cancel: &CancellationToken,
	) -> Result<Records, Failure> {
		self.looks.fetch_add(1, Ordering::SeqCst);
		told(&self.records.lock());
		while *self.hold.lock() && !cancel.is_cancelled() {
			std::thread::sleep(Duration::from_millis(1));
		}
		assert!(!*self.panic.lock(), "told to");
		match &*self.failure.lock() {
			Some(failure) => Err(failure.clone()),
			None => Ok(self.records.lock().clone()),
		}
	}

	fn most(&self, question: &Question, _: &CancellationToken) -> Result<Usage, Unanswered> {
		self.priced.fetch_add(1, Ordering::SeqCst);
		match &*self.failure.lock() {
			Some(failure) => Err(failure.clone().into()),
			None => Ok(Usage { prompt: 1, output: question.max_tokens }),
		}
	}

	fn answer(&self, question: &Question, cancel: &CancellationToken) -> Result<Done, Unanswered> {
		let request = RequestId::from_le_bytes(question.seed[..8].try_into().unwrap());
		self.started.lock().push(request);
		self.answered_by.lock().push(question.answered_by.clone().map(|by| by.worker));
		while *self.hold.lock() {
			if cancel.is_cancelled() {
				self.cancelled.fetch_add(1, Ordering::SeqCst);
				return Err(Failure::Engine("dropped".into()).into());
			}
			std::thread::sleep(Duration::from_millis(1));
		}
		assert!(!*self.panic.lock(), "told to");
		if *self.empty.lock() {
			return Err(Unanswered::Empty);
		}
		match &*self.failure.lock() {
			Some(failure) => Err(failure.clone().into()),
			None => {
				let Outcome { answer, usage, claim } = outcome(request);
				let text = String::from_utf8(answer.into_inner()).unwrap();
				Ok(Done { text, usage, claim, traces: TRACES, complete: true })
			}
		}
	}

	fn examine(
		&self,
		_: &Examination,
		_: &CancellationToken,
	) -> Result<(Examined, Traces), Failure> {
		self.failure.lock().clone().map_or(Ok((EXAMINED, TRACES)), Err)
	}

	fn compare(&self, _: &Comparison, _: &CancellationToken) -> Result<(Overlap, Traces), Failure> {
		self.failure.lock().clone().map_or(Ok((OVERLAP, TRACES)), Err)
	}
}

/// Keeps what is to be fetched, with whom to tell.
#[derive(Default)]
pub struct Held(pub Mutex<Vec<(CancellationToken, Fetched)>>);

impl Handouts for Held {
	fn fetch(&self, _: Drawn, cancel: CancellationToken, then: Fetched) {
		self.0.lock().push((cancel, then));
	}
}

/// Waits until `condition` holds.
pub fn until(what: &str, condition: impl Fn() -> bool) {
	let start = Instant::now();
	while !condition() {
		assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
		std::thread::sleep(Duration::from_millis(2));
	}
}

/// As [`until`], for tests on a runtime.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
	let start = Instant::now();
	while !condition() {
		assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
		tokio::time::sleep(Duration::from_millis(2)).await;
	}
}

/// A worker in `folder`, on a port that the system chooses, with limits that tests can reach.
pub fn config(folder: &Path) -> OperatorConfig {
	let mut config = OperatorConfig::new(folder);
	config.listen = ([127, 0, 0, 1], 0).into();
	config.queue = 4;
	config.threads = 1;
	config.limits.blob = 1 << 20;
	config.limits.quota = 3 << 20;
	config.limits.silence = Duration::from_secs(2);
	config
}

/// A development key.
pub fn key(name: &str) -> sr25519::Pair {
	sr25519::Pair::from_string(&format!("//{name}"), None).unwrap()
}

/// The account and signature headers for an upload.
pub fn signed(pair: &sr25519::Pair, hash: &Hash, size: u64) -> [(&'static str, String); 2] {
	let signature = pair.sign(&upload_message(hash, size));
	[
		(http::ACCOUNT_HEADER, format!("0x{}", hex::encode(pair.public().0))),
		(http::SIGNATURE_HEADER, hex::encode(signature.0)),
	]
}

/// The files below a folder, temporary ones included, without the ledger.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
	let mut found = Vec::new();
	let mut folders = vec![folder.to_path_buf()];
	while let Some(folder) = folders.pop() {
		for entry in std::fs::read_dir(folder).unwrap() {
			let path = entry.unwrap().path();
			if path.is_dir() {
				folders.push(path);
			} else if path.extension().is_none_or(|extension| extension != "redb") {
				found.push(path);
			}
		}
	}
	found
}
