//! Sending a load at a rate, and waiting for its end.

use super::{
	load_accounts::{Account, nonces},
	load_calls::{Kind, Order},
	load_tracker::{ASIDE, Hash},
	load_watch::{LOOKS, Shared},
	train::console,
};
use crate::{
	chain::Chain,
	chain::load::{Refusal, Signing, Wire},
	keys::Signer,
	output::Output,
};
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt, stream::FuturesUnordered};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
	collections::{BTreeMap, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};

/// Requests on their way over one connection.
const IN_FLIGHT: usize = 64;
/// How long the pool may take to empty.
const DRAIN: Duration = Duration::from_secs(300);
/// How long a single transfer may take when all is over.
const PROBE: Duration = Duration::from_secs(60);
/// Between two looks at what was seen of the pool, which costs nothing.
const GLANCES: Duration = Duration::from_millis(500);

/// How sending went.
pub struct Sending {
	/// When it began.
	pub from: Instant,
	/// When the last answer came.
	pub to: Instant,
	/// What the pool took.
	pub accepted: u64,
	/// What it did not take, by reason.
	pub refused: BTreeMap<String, u64>,
}

/// The answer to one submission.
struct Answer {
	account: usize,
	/// What was submitted, and what became of it; nothing where the account only asked.
	outcome: Option<(Hash, Result<(), Refusal>)>,
	/// The account's next nonce, where it was asked for.
	nonce: Option<u64>,
}

/// All that a load is sent with.
pub struct Run {
	/// The chain.
	pub chain: Arc<Chain>,
	/// How its extrinsics are encoded.
	pub signing: Signing,
	/// The order of the calls.
	pub order: Order,
	/// The connections to send over.
	pub wires: Vec<Wire>,
	/// Who sends.
	pub accounts: Vec<Account>,
	/// What is measured meanwhile.
	pub shared: Shared,
	/// How to say how far it is.
	pub output: Output,
}

impl Run {
	fn bar(&self, length: u64, what: &'static str) -> Result<ProgressBar> {
		if self.output.json && !console() {
			return Ok(ProgressBar::hidden());
		}
		let bar = ProgressBar::new(length);
		let template = format!("{what} {{wide_bar}} {{pos}}/{{len}}, {{msg}}");
		bar.set_style(ProgressStyle::with_template(&template)?);
		Ok(bar)
	}

	/// Has every account create a Datanet, and learns their numbers.
	pub async fn create_datanets(&mut self) -> Result<()> {
		for (account, wire) in self.accounts.iter_mut().zip(self.wires.iter().cycle()) {
			let call = Kind::Create.call(&account.party, 0);
			let ready = self.signing.sign(&account.key, account.base, 0, call)?;
			self.shared.lock().tracker.sent(ready.hash, ASIDE, false);
			if let Err(refusal) = wire.submit(&ready.text).await {
				bail!("an account could not create its Datanet: {}", refusal.reason());
			}
			account.base += 1;
		}
		let start = Instant::now();
		while self.shared.outstanding() > 0 {
			if start.elapsed() > DRAIN {
				bail!("the accounts' Datanets did not come into blocks");
			}
			tokio::time::sleep(Duration::from_millis(300)).await;
		}
		let holding = self.shared.lock().tracker.holding();
		let mut datanets = BTreeMap::new();
		for (_, hash) in holding {
			datanets.extend(self.chain.created(hash).await?);
		}
		for account in &mut self.accounts {
			let id: &[u8; 32] = account.party.account.as_ref();
			let datanet = datanets.get(id).copied();
			account.party.datanet = Some(datanet.context("an account could not create a Datanet")?);
		}
		Ok(())
	}

	/// Signs the next `each` extrinsics of every account, on all cores.
	pub fn sign_ahead(&mut self, each: u64) -> Result<()> {
		let bar = self.bar(self.accounts.len() as u64, "signing")?;
		let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
		let (signing, order) = (&self.signing, &self.order);
		let share = self.accounts.len().div_ceil(threads);
		std::thread::scope(|scope| {
			let signers: Vec<_> = self
				.accounts
				.chunks_mut(share)
				.map(|accounts| {
					let bar = bar.clone();
					scope.spawn(move || -> Result<()> {
						for account in accounts {
							account.ready.clear();
							for sequence in account.taken..account.taken + each {
								let ready = account.sign(signing, order, sequence)?;
								account.ready.push_back(ready);
							}
							bar.inc(1);
						}
						Ok(())
					})
				})
				.collect();
			signers.into_iter().try_for_each(|signer| match signer.join() {
				Ok(done) => done,
				Err(_) => bail!("a thread that signs has ended"),
			})
		})?;
		bar.finish_and_clear();
		Ok(())
	}

	/// Sends at `rate` for `time`. An account has one extrinsic on its way at a time, so that none
	/// arrives before the one that it follows.
	pub async fn send(&mut self, phase: usize, rate: f64, time: Duration) -> Result<Sending> {
		let bar = self.bar(time.as_secs(), "sending")?;
		self.shared.begin(phase);
		let from = Instant::now();
		let mut sending = Sending { from, to: from, accepted: 0, refused: BTreeMap::new() };
		let mut idle: VecDeque<usize> = (0..self.accounts.len()).collect();
		let mut flying = FuturesUnordered::new();
		let room = self.wires.len() * IN_FLIGHT;
		let mut tick = tokio::time::interval(Duration::from_millis(5));
		let (mut allowed, mut last) = (0.0, from);
		while from.elapsed() < time {
			tokio::select! {
				_ = tick.tick() => {
					let now = Instant::now();
					let more = now.duration_since(last).as_secs_f64() * rate;
					// What could not be sent in time is not made up for.
					allowed = f64::min(allowed + more, (rate / 2.0).max(1.0));
					last = now;
					while allowed >= 1.0 && flying.len() < room {
						let Some(account) = idle.pop_front() else { break };
						allowed -= 1.0;
						flying.push(self.submit(phase, account)?);
					}
					bar.set_position(from.elapsed().as_secs());
					bar.set_message(format!("{} outstanding", self.shared.outstanding()));
				}
				Some(answer) = flying.next() => {
					idle.extend(self.answered(&mut sending, answer));
				}
			}
		}
		while let Some(answer) = flying.next().await {
			self.answered(&mut sending, answer);
		}
		sending.to = Instant::now();
		bar.finish_and_clear();
		Ok(sending)
	}

	/// Starts to submit an account's next extrinsic; or to ask for its nonce, if what was taken of
	/// it has not been included for long.
	fn submit(
		&mut self,
		phase: usize,
		account: usize,
	) -> Result<impl Future<Output = Answer> + use<>> {
		let wire = self.wires[account % self.wires.len()].clone();
		let one = &mut self.accounts[account];
		let address = one.address();
		let mut meanwhile = self.shared.lock();
		let next = match one.is_stuck(&meanwhile.tracker) {
			true => None,
			false => {
				let (ready, transfer) = one.next(&self.signing, &self.order)?;
				meanwhile.tracker.sent(ready.hash, phase, transfer);
				Some((ready.text.clone(), ready.hash))
			}
		};
		Ok(async move {
			let outcome = match next {
				Some((text, hash)) => Some((hash, wire.submit(&text).await)),
				None => None,
			};
			let nonce = match outcome {
				None | Some((_, Err(Refusal::Silent))) => wire.next_nonce(&address).await,
				_ => None,
			};
			Answer { account, outcome, nonce }
		})
	}

	/// Notes an answer. Returns the account unless it can send no more.
	fn answered(&mut self, sending: &mut Sending, answer: Answer) -> Option<usize> {
		let Answer { account, outcome, nonce } = answer;
		let one = &mut self.accounts[account];
		let mut meanwhile = self.shared.lock();
		let refusal = match outcome {
			Some((hash, Ok(()))) => {
				sending.accepted += 1;
				meanwhile.tracker.accepted(&hash);
				one.advance();
				return Some(account);
			}
			Some((hash, Err(refusal))) => {
				meanwhile.tracker.refused(&hash);
				*sending.refused.entry(refusal.reason()).or_default() += 1;
				refusal
			}
			None => {
				if let Some(nonce) = nonce {
					one.go_on_from(nonce);
				}
				return Some(account);
			}
		};
		match refusal {
			Refusal::Known | Refusal::Stale => one.advance(),
			Refusal::Banned => one.sign_anew(),
			Refusal::Silent if nonce.is_some_and(|nonce| nonce > one.base + one.taken) => {
				one.advance();
			}
			Refusal::Poor => return None,
			Refusal::Full | Refusal::Silent | Refusal::Other(_) => {}
		}
		Some(account)
	}

	/// Waits until the pool is empty. Returns how long that took; none where it did not happen.
	pub async fn drain(&mut self) -> Option<Duration> {
		self.shared.begin(ASIDE);
		let start = Instant::now();
		let wire = self.wires.first()?.clone();
		let (mut empty, mut looked) = (None, start);
		while start.elapsed() < DRAIN {
			tokio::time::sleep(GLANCES).await;
			if self.shared.outstanding() > 0 && looked.elapsed() < LOOKS {
				continue;
			}
			looked = Instant::now();
			// Once may be between two blocks.
			match (wire.pending().await, empty) {
				(Some(0), Some(since)) => {
					self.shared.lock().tracker.give_up();
					let found = nonces(&wire, &self.accounts).await.ok()?;
					for (account, nonce) in self.accounts.iter_mut().zip(found) {
						account.go_on_from(nonce);
					}
					return Some(since);
				}
				(Some(0), None) => empty = Some(start.elapsed()),
				_ => empty = None,
			}
		}
		None
	}

	/// Sends one more transfer, and returns how long it takes into a block.
	pub async fn probe(&self, signer: &Signer) -> Option<Duration> {
		let wire = self.wires.first()?;
		let nonce = wire.next_nonce(&signer.address()).await?;
		let party = &self.accounts.first()?.party;
		let call = Kind::Transfer.call(party, 0);
		let ready = self.signing.sign(&signer.keypair, nonce, 0, call).ok()?;
		let start = Instant::now();
		self.shared.lock().tracker.sent(ready.hash, ASIDE, false);
		wire.submit(&ready.text).await.ok()?;
		while start.elapsed() < PROBE {
			if self.shared.lock().tracker.is_included(&ready.hash) {
				return Some(start.elapsed());
			}
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
		None
	}

	/// Waits for finality of the last block that holds some of the load, for a while.
	pub async fn finalised(&self) -> Result<u32> {
		let last = self.shared.lock().tracker.holding().last().map_or(0, |(number, _)| *number);
		let start = Instant::now();
		loop {
			let finalised = self.chain.finalised().await?;
			if finalised >= last || start.elapsed() > PROBE {
				return Ok(finalised);
			}
			tokio::time::sleep(Duration::from_millis(500)).await;
		}
	}
}
