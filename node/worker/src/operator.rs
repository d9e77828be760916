//! The worker as a whole: put together at start, taken apart at stop.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Instant};

use openledger_primitives_core::Hash;
use openledger_primitives_inference::host::Engine;
use openledger_sessions::store::Agent;
use openlora_http::Connections;
use parking_lot::Mutex;
use sp_core::crypto::AccountId32;
use substrate_prometheus_endpoint::Registry;
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
	bases::{self, LoadedBase},
	canaries::Canaries,
	config::OperatorConfig,
	content::ContentStore,
	engine::QueueEngine,
	error::StartError,
	http,
	metrics::Metrics,
	queue::{Answerer, Queue, Shape},
	serve::{self, Server},
	sessions::{Desk, Means, Sessions, chain::Chain, handout::Fetcher},
	status::{OperatorStatus, Reporter, StatusSource},
	stock::Stock,
};

/// A running worker. It stops when dropped.
pub struct Operator {
	engine: Arc<QueueEngine>,
	queue: Arc<Queue>,
	reporter: Arc<Reporter>,
	address: SocketAddr,
	shutdown: CancellationToken,
	http: Mutex<Option<JoinHandle<()>>>,
	desk: Desk,
	stock: Arc<Stock>,
	keeper: Mutex<Option<JoinHandle<()>>>,
	answerer: Arc<dyn Answerer>,
	canaries: Canaries,
	metrics: Metrics,
	config: OperatorConfig,
	runtime: Handle,
}

impl Operator {
	/// Loads the bases, opens the content store, and starts to serve HTTP on `runtime` and to answer
	/// on threads of its own. Returns once all of that runs; reading a base takes seconds.
	///
	/// # Errors
	/// [`StartError`], naming what to change.
	pub fn start(
		config: OperatorConfig,
		runtime: Handle,
		registry: Option<&Registry>,
	) -> Result<Self, StartError> {
		config.validate()?;
		let metrics = Metrics::new(registry)?;
		let parts = Parts::open(&config, &runtime, metrics)?;
		let loaded = bases::load(&config.bases)?;
		if loaded.is_empty() {
			log::warn!(
				"no --operator-base is given: the worker stores content and answers nothing"
			);
		}
		let names = loaded.iter().map(|base| (base.hash, base.name())).collect();
		let server = Server::new(
			loaded.into_iter().map(|LoadedBase { hash, base, .. }| (hash, base)).collect(),
			parts.store.clone(),
			runtime.clone(),
			config.limits.loaded,
			// Jobs and questions in sessions have as many turns each.
			config.parallel.saturating_mul(2),
			serve::pool(config.threads)?,
			parts.metrics.clone(),
		)?;
		Self::assemble(&config, &runtime, parts, Arc::new(server), names)
	}

	/// As [`Operator::start`], with `answerer` in the place of bases and models.
	///
	/// # Errors
	/// [`StartError`], naming what to change.
	pub fn start_with(
		config: OperatorConfig,
		runtime: Handle,
		registry: Option<&Registry>,
		answerer: Arc<dyn Answerer>,
	) -> Result<Self, StartError> {
		config.validate()?;
		let parts = Parts::open(&config, &runtime, Metrics::new(registry)?)?;
		Self::assemble(&config, &runtime, parts, answerer, Vec::new())
	}

	fn assemble(
		config: &OperatorConfig,
		runtime: &Handle,
		parts: Parts,
		answerer: Arc<dyn Answerer>,
		bases: Vec<(Hash, String)>,
	) -> Result<Self, StartError> {
		let Parts { listener, address, store, metrics } = parts;
		let shape = Shape { capacity: config.queue, parallel: config.parallel };
		let handouts = Arc::new(Fetcher::new(runtime.clone())?);
		let canaries = Canaries::open(&config.canaries)?;
		let queue =
			Queue::start(answerer.clone(), handouts, canaries.clone(), shape, metrics.clone())?;
		let queue = Arc::new(queue);
		let desk = Desk::default();
		let shutdown = CancellationToken::new();
		let stock = Arc::new(Stock::new(answerer.clone(), runtime.clone(), shutdown.clone()));
		let engine = QueueEngine::new(queue.clone(), answerer.clone(), desk.clone(), stock.clone());
		let engine = Arc::new(engine);
		let reporter = Arc::new(Reporter {
			bases,
			answerer: answerer.clone(),
			queue: queue.clone(),
			store: store.clone(),
			metrics: metrics.clone(),
			started: Instant::now(),
		});
		let services = http::Services {
			store,
			status: reporter.clone(),
			desk: desk.clone(),
			metrics: metrics.clone(),
		};
		let router = http::router(services);
		let connections =
			Connections { most: config.limits.connections, silence: config.limits.silence };
		let serving = http::serve(listener, router, connections, shutdown.clone());
		let http = Mutex::new(Some(runtime.spawn(serving)));
		log::info!("the worker listens on http://{address}, its store is {}", config.store);
		Ok(Self {
			engine,
			queue,
			reporter,
			address,
			shutdown,
			http,
			desk,
			stock,
			keeper: Mutex::default(),
			answerer,
			canaries,
			metrics,
			config: config.clone(),
			runtime: runtime.clone(),
		})
	}

	/// Opens the store of receipts at `path`, and answers questions in sessions with the operator whose
	/// agent `account` is; `agent` signs for it. Until then the worker gives no receipts. Blocks the
	/// thread on the disk.
	///
	/// # Errors
	/// [`StartError::Receipts`].
	pub fn open_sessions(
		&self,
		path: &Path,
		chain: Arc<dyn Chain>,
		account: AccountId32,
		agent: impl Agent + 'static,
	) -> Result<(), StartError> {
		let means = Means {
			chain,
			agent: account,
			answerer: self.answerer.clone(),
			canaries: self.canaries.clone(),
			stock: self.stock.clone(),
			shape: Shape { capacity: self.config.queue, parallel: self.config.parallel },
			metrics: self.metrics.clone(),
			runtime: self.runtime.clone(),
			shutdown: self.shutdown.clone(),
		};
		let sessions = Arc::new(Sessions::open(path, self.config.trust, means, agent)?);
		*self.keeper.lock() = Some(self.runtime.spawn(sessions.clone().keep()));
		self.desk.open(sessions);
		log::info!("receipts are kept in {}", path.display());
		Ok(())
	}

	/// What off-chain workers talk to.
	pub fn engine(&self) -> Arc<dyn Engine> {
		self.engine.clone()
	}

	/// The agent whose key signs receipts, where it was named.
	pub fn agent(&self) -> Option<&AccountId32> {
		self.config.agent.as_ref()
	}

	/// The sessions, where there are any.
	#[cfg(test)]
	pub(crate) fn sessions(&self) -> Option<&Arc<Sessions>> {
		self.desk.sessions()
	}

	/// The content store.
	pub(crate) fn content(&self) -> &ContentStore {
		&self.reporter.store
	}

	/// What is counted.
	pub(crate) fn metrics(&self) -> &Metrics {
		&self.metrics
	}

	/// What it holds of the records that go into prompts.
	#[cfg(test)]
	pub(crate) fn stock(&self) -> &Stock {
		&self.stock
	}

	/// How the worker is.
	pub fn status(&self) -> OperatorStatus {
		self.reporter.status()
	}

	/// What [`Operator::status`] asks, to be kept by whoever serves it.
	pub fn reporter(&self) -> Arc<dyn StatusSource> {
		self.reporter.clone()
	}

	/// Where HTTP is served: the port that the system chose, where zero was asked for.
	pub fn address(&self) -> SocketAddr {
		self.address
	}

	/// Stops answering and serving, lets HTTP requests under way finish for a few seconds, and
	/// returns when all is done.
	pub async fn stop(self) {
		self.shutdown.cancel();
		let queue = self.queue.clone();
		let stopping = tokio::task::spawn_blocking(move || queue.stop());
		let http = self.http.lock().take();
		let keeper = self.keeper.lock().take();
		if stopping.await.is_err() {
			log::error!("the queue did not stop in order");
		}
		if let Some(http) = http
			&& http.await.is_err()
		{
			log::error!("the HTTP server did not stop in order");
		}
		if let Some(keeper) = keeper
			&& keeper.await.is_err()
		{
			log::error!("sessions were not looked after to the end");
		}
	}
}

impl Drop for Operator {
	fn drop(&mut self) {
		self.shutdown.cancel();
		self.queue.stop();
	}
}

/// What both ways of starting need first. The port comes before the bases: that it is taken should
/// not be learnt after seconds of loading.
struct Parts {
	listener: tokio::net::TcpListener,
	address: SocketAddr,
	store: ContentStore,
	metrics: Metrics,
}

impl Parts {
	fn open(
		config: &OperatorConfig,
		runtime: &Handle,
		metrics: Metrics,
	) -> Result<Self, StartError> {
		let failed = |source| StartError::Listen { address: config.listen, source };
		let _context = runtime.enter();
		let listener = http::bind(config.listen).map_err(failed)?;
		let address = listener.local_addr().map_err(failed)?;
		let store = ContentStore::open(config, metrics.clone())?;
		Ok(Self { listener, address, store, metrics })
	}
}
