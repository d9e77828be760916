//! A worker with sessions, a payer, and a chain.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use openledger_primitives_api::{BatchInfo, LineInfo, SessionInfo};
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, Hash, ModelId, RequestId, SessionId,
	model::{Price, Usage},
};
use openledger_primitives_inference::{
	Command, Material, Message, Reply, Response, receipts::Pass,
};
use openledger_sessions::{
	Purse,
	protocol::{Again, Asking, Given, Missing, Resent},
	purse::Deal,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use tempfile::TempDir;
use tokio::{runtime::Handle, task::JoinHandle};

use crate::{
	config::OperatorConfig,
	operator::Operator,
	queue::Answerer,
	sessions::chain::{At, Chain, ChainError, OnChain},
	testing::{Scripted, config, job, key},
};

pub const GENESIS: Hash = Hash::repeat_byte(9);
pub const MODEL: ModelId = 5;
pub const SESSION: SessionId = 3;
pub const PRICE: Price = Price { prompt: 1_000, output: 2_000 };
pub const ESCROW: Balance = 2_000;
/// What the payer agrees to, in tokens.
pub const MOST: Usage = Usage { prompt: 100, output: 256 };
pub const PAYER: AccountId32 = AccountId32::new([9; 32]);

/// What the chain says.
#[derive(Default)]
pub struct Said {
	pub height: BlockNumber,
	pub sessions: BTreeMap<SessionId, OnChain>,
	pub material: Option<Material>,
	/// The agents of operators.
	pub agents: BTreeMap<AccountId32, AccountId32>,
	/// Batches, and whether they are final.
	pub batches: BTreeMap<BatchId, (BatchInfo<AccountId32>, bool)>,
	pub seats: Vec<(RequestId, AccountId32)>,
	/// How often sessions were looked up.
	pub lookups: u32,
}

#[derive(Default)]
pub struct FakeChain(pub Mutex<Said>);

impl Chain for FakeChain {
	fn genesis(&self) -> Hash {
		GENESIS
	}

	fn height(&self) -> Result<BlockNumber, ChainError> {
		Ok(self.0.lock().height)
	}

	fn session(&self, session: SessionId) -> Result<Option<OnChain>, ChainError> {
		let mut said = self.0.lock();
		said.lookups += 1;
		Ok(said.sessions.get(&session).cloned())
	}

	fn material(&self, model: ModelId) -> Result<Option<Material>, ChainError> {
		Ok(self.0.lock().material.clone().filter(|_| model == MODEL))
	}

	fn agent(&self, operator: &AccountId32) -> Result<Option<AccountId32>, ChainError> {
		Ok(self.0.lock().agents.get(operator).cloned())
	}

	fn batch(&self, batch: BatchId, at: At) -> Result<Option<BatchInfo<AccountId32>>, ChainError> {
		let said = self.0.lock();
		let found = said.batches.get(&batch).filter(|(_, is_final)| *is_final || at == At::Best);
		Ok(found.map(|(info, _)| info.clone()))
	}

	fn sits(&self, claim: RequestId, agent: &AccountId32) -> Result<bool, ChainError> {
		Ok(self.0.lock().seats.contains(&(claim, agent.clone())))
	}
}

impl FakeChain {
	/// The batch that takes what the vouchers owe, which is final.
	pub fn commit(&self, id: BatchId, vouchers: &[openledger_primitives_receipts::SignedVoucher]) {
		let mut said = self.0.lock();
		let mut lines = Vec::new();
		for signed in vouchers {
			let voucher = signed.voucher;
			let session = &mut said.sessions.get_mut(&voucher.session).unwrap().session;
			lines.push(LineInfo {
				session: voucher.session,
				first: session.receipts,
				count: voucher.count,
				from: session.settled,
				to: voucher.amount,
				root: voucher.root,
			});
			session.escrow -= voucher.amount - session.settled;
			(session.receipts, session.settled) = (voucher.count, voucher.amount);
		}
		let info = BatchInfo {
			id,
			operator: AccountId32::new([1; 32]),
			model: MODEL,
			total: lines.iter().map(|line| line.to - line.from).sum(),
			held: 0,
			returns: 0,
			committed_at: 1,
			round: 1,
			seed: None,
			reveal_by: None,
			concluded: false,
			lines,
			draws: Vec::new(),
		};
		said.batches.insert(id, (info, true));
	}
}

pub fn agent() -> sr25519::Pair {
	key("Alice")
}

/// A worker and its payer.
pub struct World {
	pub operator: Operator,
	pub chain: Arc<FakeChain>,
	pub purse: Purse,
	pub client: reqwest::Client,
	pub folder: TempDir,
}

pub fn scripted() -> Arc<Scripted> {
	Arc::new(Scripted::default())
}

pub fn purse(path: PathBuf) -> Purse {
	let deal =
		Deal { genesis: GENESIS, agent: agent().public().into(), model: MODEL, price: PRICE };
	Purse::create(&path, deal).unwrap()
}

pub fn start(config: OperatorConfig, answerer: Arc<dyn Answerer>) -> Operator {
	Operator::start_with(config, Handle::current(), None, answerer).unwrap()
}

/// A session of the purse's, as the chain has it when it was just opened.
pub fn opened(purse: &Purse) -> OnChain {
	OnChain {
		session: SessionInfo {
			id: SESSION,
			payer: PAYER,
			operator: AccountId32::new([1; 32]),
			model: MODEL,
			signer: purse.signer(),
			price: PRICE,
			escrow: ESCROW,
			settled: 0,
			receipts: 0,
			expires_at: 1_000,
			left_until: 2_000,
			closing: false,
			ended: false,
			batches: 0,
			private: false,
		},
		agent: Some(agent().public().into()),
	}
}

impl World {
	pub async fn new(answerer: Arc<dyn Answerer>) -> Self {
		Self::with(answerer, |_| ()).await
	}

	/// A world whose session is open.
	pub async fn with(
		answerer: Arc<dyn Answerer>,
		change: impl FnOnce(&mut OperatorConfig),
	) -> Self {
		let folder = tempfile::tempdir().unwrap();
		let mut config = config(folder.path());
		change(&mut config);
		let operator = start(config, answerer);
		let chain = Arc::new(FakeChain::default());
		chain.0.lock().material = Some(job(1).material);
		let mut purse = purse(folder.path().join("purse"));
		chain.0.lock().sessions.insert(SESSION, opened(&purse));
		purse.opened(SESSION, PRICE, ESCROW).unwrap();
		let client = reqwest::Client::builder().no_proxy().build().unwrap();
		let world = Self { operator, chain, purse, client, folder };
		world.open_sessions();
		world
	}

	fn open_sessions(&self) {
		let path = self.folder.path().join("receipts.redb");
		let account = agent().public().into();
		self.operator.open_sessions(&path, self.chain.clone(), account, agent()).unwrap();
	}

	/// Stops the worker and starts it again on the same files.
	pub async fn restart(self, answerer: Arc<dyn Answerer>) -> Self {
		let Self { operator, chain, purse, client, folder } = self;
		operator.stop().await;
		let operator = start(config(folder.path()), answerer);
		let world = Self { operator, chain, purse, client, folder };
		world.open_sessions();
		world
	}

	pub fn url(&self, path: &str) -> String {
		format!("http://{}{path}", self.operator.address())
	}

	pub async fn post(
		&self,
		path: &str,
		headers: &[(&'static str, String)],
		body: Vec<u8>,
	) -> (u16, Value) {
		let mut request = self.client.post(self.url(path)).body(body);
		for (name, value) in headers {
			request = request.header(*name, value);
		}
		let response = request.send().await.unwrap();
		let status = response.status().as_u16();
		if matches!(status, 429 | 503) {
			assert!(response.headers().contains_key("retry-after"), "{status}");
		}
		(status, response.json().await.unwrap())
	}

	/// What the payer sends for a question.
	pub fn asking(&mut self, body: &[u8]) -> Asking {
		self.purse.ask(body, MOST).unwrap()
	}

	pub async fn send(&self, asking: &Asking, body: &[u8]) -> (u16, Value) {
		self.post("/v1/chat/completions", &asking.headers(), body.to_vec()).await
	}

	/// The same, without waiting for what comes back.
	pub fn begin(
		&self,
		asking: &Asking,
		body: &[u8],
	) -> JoinHandle<reqwest::Result<reqwest::Response>> {
		let mut request = self.client.post(self.url("/v1/chat/completions")).body(body.to_vec());
		for (name, value) in asking.headers() {
			request = request.header(name, value);
		}
		tokio::spawn(request.send())
	}

	/// Asks, checks the receipt, and signs for it.
	pub async fn exchange(&mut self, body: &[u8]) -> (Value, Given) {
		let answer = loop {
			let asking = self.asking(body);
			let (status, answer) = self.send(&asking, body).await;
			// What a tiny base samples is its salt's, which now and then has it end at once.
			if answer["error"]["code"] == "empty_answer" {
				self.purse.abandon(&asking.salt).unwrap();
				continue;
			}
			assert_eq!(status, 200, "{answer}");
			break answer;
		};
		let given: Given = serde_json::from_value(answer["openledger"].clone()).unwrap();
		let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
		let checked = self.purse.check(&given, text.as_bytes()).unwrap();
		self.purse.pay(checked).unwrap();
		(answer, given)
	}

	/// Sends the last voucher by itself.
	pub async fn pay(&self) -> (u16, Value) {
		let voucher = self.purse.voucher().cloned().unwrap();
		let body = serde_json::to_vec(&openledger_sessions::protocol::Payment { voucher }).unwrap();
		self.post("/v1/session/voucher", &self.access(), body).await
	}

	pub fn access(&self) -> Vec<(&'static str, String)> {
		use codec::Encode;
		let access = self.purse.access().unwrap();
		vec![(openledger_sessions::protocol::ACCESS, hex::encode(access.encode()))]
	}

	/// The receipts that come after those that the payer has.
	pub async fn missed(&self, after: u32) -> Result<Vec<Again>, (u16, Value)> {
		let body = serde_json::to_vec(&Missing { after }).unwrap();
		match self.post("/v1/session/receipts", &self.access(), body).await {
			(200, value) => Ok(serde_json::from_value::<Resent>(value).unwrap().receipts),
			refused => Err(refused),
		}
	}

	pub fn command(&self, command: Command) -> Response {
		let Reply::V3(response) = self.operator.engine().exchange(Message::V3(command));
		response
	}

	pub fn said(&self) -> parking_lot::MutexGuard<'_, Said> {
		self.chain.0.lock()
	}
}

/// A question; different for each number.
pub fn question(number: u32) -> Vec<u8> {
	let content = format!("Who is number {number}?");
	let messages = json!([{ "role": "user", "content": content }]);
	json!({ "model": MODEL.to_string(), "messages": messages }).to_string().into_bytes()
}

pub fn code(body: &Value) -> &str {
	body["error"]["code"].as_str().unwrap_or("no error")
}

/// A verifier's agent, and what it signed for a claim.
pub fn pass(name: &str, claim: RequestId) -> Pass {
	let pair = key(name);
	let signature = pair.sign(&Pass::payload(&GENESIS, claim)).into();
	Pass { agent: pair.public().into(), signature }
}
