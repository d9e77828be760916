//! Requests to every route of a worker that are changed at random: each is refused with a code for programs
//! and leaves receipts and contents as they were, or is done, and a question that is answered has a receipt
//! that commits to what was sent. What was drawn is asked for by verifiers who sit nowhere: who sits, and what
//! they are given, is in the tests of draws.

#[path = "../../../../sessions/src/tests/mangle.rs"]
mod mangle;

use std::{fmt::Write, path::PathBuf, sync::Arc};

use codec::Encode;
use mangle::{Cases, Headers, headers, mangle, retext};
use openledger_primitives_core::record::content_hash;
use openledger_primitives_receipts::{
	SignedVoucher, SumFrontier, Voucher,
	commitment::{self, Salt},
};
use openledger_sessions::{
	Access,
	protocol::{ACCESS, Asking, Given, Payment, SALT, audit, stock},
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::{Value, json};
use sp_core::{Pair, sr25519};

use super::world::*;
use crate::{
	http,
	testing::{files, key, signed},
};

/// The most bytes of an answer to a request that was changed.
const LONGEST: usize = 1 << 20;

/// A payer that signs for all it gets.
struct Payer {
	world: World,
	key: sr25519::Pair,
	tree: SumFrontier,
	/// Files of the worker, after the last content that was put.
	files: Vec<PathBuf>,
	/// Contents that were put.
	contents: Vec<Vec<u8>>,
}

/// A request as a client sends it.
struct Request {
	method: Method,
	path: String,
	headers: Headers,
	body: Vec<u8>,
}

impl Payer {
	async fn new() -> Self {
		let world = World::new(Arc::new(crate::testing::Scripted::default())).await;
		let key = key("Ferdie");
		{
			let mut said = world.said();
			let session = &mut said.sessions.get_mut(&SESSION).unwrap().session;
			session.signer = key.public().into();
			session.escrow = u128::MAX / 2;
			let operator = crate::testing::key("Charlie").public().into();
			said.agents.insert(operator, agent().public().into());
		}
		let files = files_of(&world);
		Self { world, key, tree: SumFrontier::default(), files, contents: Vec::new() }
	}

	fn access(&self) -> Access {
		let signature = self.key.sign(&Access::payload(&GENESIS, SESSION)).into();
		Access { session: SESSION, signature }
	}

	fn voucher(&self) -> Option<SignedVoucher> {
		let voucher = Voucher::of(SESSION, &self.tree);
		let signature = || self.key.sign(&voucher.payload(&GENESIS)).into();
		(self.tree.count() > 0).then(|| SignedVoucher { voucher, signature: signature() })
	}

	/// One of the requests that there are, in which nothing is wrong but for a body that is changed
	/// before its length and hash are told.
	fn request(&self, rng: &mut ChaCha8Rng) -> Request {
		let entered = || Headers::from([(ACCESS, hex::encode(self.access().encode()))]);
		let post = |path: &str, headers, body| Request {
			method: Method::POST,
			path: path.into(),
			headers,
			body,
		};
		let get =
			|path: String, headers| Request { method: Method::GET, path, headers, body: vec![] };
		let bytes: Vec<u8> = (0..rng.random_range(1..64)).map(|_| rng.random()).collect();
		let hash = content_hash(&bytes);
		let content = format!("/content/{}", hex::encode(hash));
		match rng.random_range(0..10) {
			0..3 => {
				let asked: Value = serde_json::from_slice(&question(rng.random())).unwrap();
				let asking = Asking {
					access: self.access(),
					salt: rng.random(),
					most: 1_000_000,
					voucher: self.voucher(),
				};
				post(
					"/v1/chat/completions",
					asking.headers().into_iter().collect(),
					mangle(rng, asked),
				)
			}
			3 => match self.voucher() {
				Some(voucher) => {
					post("/v1/session/voucher", entered(), mangle(rng, json!(Payment { voucher })))
				}
				None => get("/health".into(), Headers::new()),
			},
			4 => {
				let after = json!({ "after": rng.random_range(0..=self.tree.count()) });
				post("/v1/session/receipts", entered(), mangle(rng, after))
			}
			5 => {
				let pass = pass("Bob", rng.random());
				let claim = audit::path(rng.random());
				get(claim, audit::headers(&pass.agent, &pass.signature).into_iter().collect())
			}
			6 => {
				let own = signed(&key("Alice"), &hash, bytes.len() as u64);
				Request {
					method: Method::PUT,
					path: content,
					headers: own.into_iter().collect(),
					body: bytes,
				}
			}
			7 => {
				let at = rng.random_range(0..=self.contents.len());
				let known = self.contents.get(at);
				let known =
					known.map(|bytes| format!("/content/{}", hex::encode(content_hash(bytes))));
				get(known.unwrap_or(content), Headers::new())
			}
			8 => {
				let pair = key("Charlie");
				let signature = pair.sign(&stock::payload(&GENESIS, MODEL));
				let own = [
					(http::ACCOUNT_HEADER, format!("0x{}", hex::encode(pair.public().0))),
					(http::SIGNATURE_HEADER, hex::encode(signature.0)),
				];
				post(&stock::path(MODEL), own.into_iter().collect(), vec![])
			}
			_ => get(["/health", "/status"][rng.random_range(0..2)].into(), Headers::new()),
		}
	}

	/// Whether the case was done.
	async fn case(&mut self, rng: &mut ChaCha8Rng) -> bool {
		let mut request = self.request(rng);
		if rng.random() {
			request.headers = headers(rng, request.headers);
		}
		if rng.random_ratio(1, 8) {
			request.path = path(rng, &request.path);
		}
		if rng.random_ratio(1, 12) {
			let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];
			request.method = methods[rng.random_range(0..5)].clone();
		}
		let Some((status, answer)) = self.send(&request).await else { return false };
		let told = format!("{} {}: {status} {answer}", request.method, request.path);
		assert!(status < 500 || status == 503, "{told}");
		if status < 300 {
			self.done(&request, &answer);
		} else if request.method != Method::HEAD {
			assert!(!code(&answer).is_empty() && code(&answer) != "no error", "{told}");
			let message = answer["error"]["message"].as_str().expect("a message");
			assert!(!message.is_empty() && message.len() < 2_000, "{told}");
		}
		let receipts = self.world.operator.metrics().receipts.get();
		assert_eq!(receipts, u64::from(self.tree.count()), "{told}");
		assert_eq!(files_of(&self.world), self.files, "{told}");
		status < 300
	}

	/// The response; `None` for what a client does not even send.
	async fn send(&self, request: &Request) -> Option<(u16, Value)> {
		let url = self.world.url(&request.path);
		let mut sent =
			self.world.client.request(request.method.clone(), url).body(request.body.clone());
		for (name, value) in &request.headers {
			sent = sent.header(*name, value);
		}
		let sent = sent.build().ok()?;
		let response = self.world.client.execute(sent).await.expect("the worker answers");
		let status = response.status().as_u16();
		let bytes = response.bytes().await.expect("a whole response");
		assert!(bytes.len() < LONGEST);
		// Contents are no JSON.
		Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
	}

	/// Takes what was given, and checks that it is for what was sent.
	fn done(&mut self, request: &Request, answer: &Value) {
		if request.method == Method::PUT {
			self.files = files_of(&self.world);
			self.contents.push(request.body.clone());
		}
		let Some(given) = answer.get("openledger") else { return };
		let given: Given = serde_json::from_value(given.clone()).expect("a receipt");
		let receipt = &given.signed.receipt;
		assert!(given.signed.verify(&GENESIS, &agent().public().into()));
		assert_eq!((receipt.session, receipt.position), (SESSION, self.tree.count()));
		let mut salt = Salt::default();
		hex::decode_to_slice(request.headers[SALT].trim(), &mut salt).expect("a salt");
		assert_eq!(receipt.input, commitment::input(&salt, &request.body));
		self.tree.push(receipt.leaf()).expect("a tree that has room");
	}
}

/// The worker's files by name: contents are named by their hashes.
fn files_of(world: &World) -> Vec<PathBuf> {
	let mut all = files(world.folder.path());
	all.sort();
	all
}

/// Another path: one of its parts changed, or something about the whole.
fn path(rng: &mut ChaCha8Rng, path: &str) -> String {
	let mut parts: Vec<String> = path.split('/').map(String::from).collect();
	let at = rng.random_range(0..parts.len());
	parts[at] = match rng.random_range(0..5) {
		0 => "%00".into(),
		1 => "..".into(),
		2 => "a".repeat(5_000),
		3 => parts[at].bytes().fold(String::new(), |mut all, byte| {
			let _ = write!(all, "%{byte:02x}");
			all
		}),
		_ => retext(rng, &parts[at]),
	};
	format!("/{}", parts.join("/").trim_start_matches('/'))
}

#[tokio::test(flavor = "multi_thread")]
async fn mangled_requests_are_refused_by_name_or_done() {
	let mut payer = Payer::new().await;
	let mut cases = Cases::in_order("requests", 400);
	while let Some(mut case) = cases.another() {
		cases.accept(payer.case(&mut case.rng).await);
	}
	cases.report();
	// Whatever was sent before, the next question is answered.
	let asking =
		Asking { access: payer.access(), salt: [1; 32], most: 1_000_000, voucher: payer.voucher() };
	assert_eq!(payer.world.send(&asking, &question(0)).await.0, 200);
}
