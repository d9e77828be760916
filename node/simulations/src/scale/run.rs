//! The network's days, block by block.

use super::{
	blocks::{Filled, Kind, Waiting, Work},
	costs::Costs,
	drawn::Sampled,
	network::{DAY, Network, Served},
	pay::Pay,
};
use crate::settling::market::Claims;
use openledger_primitives_core::Hash;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, mem, ops::Range};

/// A claim whose audit is not over.
#[derive(Clone, Copy)]
struct Audit {
	opened: u32,
	commits: u32,
	reveals: u32,
	/// The block of the last finding so far.
	revealed: u32,
}

/// A batch that is not pruned.
struct Batch {
	committed: u32,
	/// The first block in which a receipt of it was shown, or its seed read.
	drawn: Option<u32>,
	every: f64,
	fees: f64,
	shown: u32,
	/// Claims that are not final.
	open: u32,
	audits: BTreeMap<u16, Audit>,
}

/// How long something took, in blocks, by how many fees it was about.
#[derive(Default)]
pub struct Latency {
	weights: BTreeMap<u32, f64>,
}

impl Latency {
	fn add(&mut self, blocks: u32, fees: f64) {
		*self.weights.entry(blocks).or_default() += fees;
	}

	/// The blocks within which a part of the fees was paid.
	pub fn within(&self, part: f64) -> Option<u32> {
		let total: f64 = self.weights.values().sum();
		let mut sum = 0.0;
		self.weights.iter().find_map(|(blocks, fees)| {
			sum += fees;
			(sum >= part * total).then_some(*blocks)
		})
	}
}

/// What happened.
#[derive(Default)]
pub struct Outcome {
	/// Batches committed.
	pub batches: u64,
	/// Answers in them.
	pub answers: f64,
	/// Draws.
	pub draws: u64,
	/// Receipts shown.
	pub shown: u64,
	/// Of which too late.
	pub late: u64,
	/// Audits that lots called.
	pub audits: u64,
	/// Commitments of verifiers that came after the time for them.
	pub neglected: u64,
	/// The most seats that were taken at once.
	pub most_seats: u32,
	/// How full blocks were.
	pub filled: Filled,
	/// What still waited at the end.
	pub waiting: usize,
	/// Batches that were not concluded at the end.
	pub unfinished: usize,
	/// From the commitment to pay.
	pub from_commitment: Latency,
	/// From the answer to pay.
	pub from_answer: Latency,
}

/// Something that happens by itself in a later block.
#[derive(Clone, Copy)]
enum Event {
	Due(usize),
	Decided(u32),
	Work(u32, u16, Kind),
}

/// A running network.
pub struct Run<'a> {
	network: &'a Network,
	costs: &'a Costs,
	claims: Claims,
	served: Vec<Served>,
	rng: ChaCha8Rng,
	batches: BTreeMap<u32, Batch>,
	next: u32,
	later: BTreeMap<u32, Vec<Event>>,
	waiting: Waiting,
	/// Sessions to open and end that do not make up whole ones yet.
	sessions: f64,
	seats: u32,
	/// When each verifier is done with all that it has to execute.
	verifiers: Vec<u32>,
	pub(super) pay: Pay,
	pub(super) outcome: Outcome,
}

impl<'a> Run<'a> {
	/// A network before its first block.
	pub fn new(network: &'a Network, costs: &'a Costs) -> Self {
		let mut rng = ChaCha8Rng::seed_from_u64(network.seed);
		let served = network.served(&mut rng);
		let mut later: BTreeMap<u32, Vec<Event>> = BTreeMap::new();
		for (at, one) in served.iter().enumerate() {
			later.entry(one.first as u32).or_default().push(Event::Due(at));
		}
		Self {
			network,
			costs,
			claims: Claims::new(network.market),
			served,
			rng,
			batches: BTreeMap::new(),
			next: 0,
			later,
			waiting: Waiting::default(),
			sessions: 0.0,
			seats: 0,
			verifiers: vec![0; network.verifiers as usize],
			pay: Pay::new(network.models, network.market.contributors),
			outcome: Outcome::default(),
		}
	}

	/// How answers are made up.
	pub fn claims(&self) -> &Claims {
		&self.claims
	}

	fn at(&mut self, block: u32, event: Event) {
		self.later.entry(block).or_default().push(event);
	}

	fn queue(&mut self, kind: Kind, batch: u32, claim: u16) {
		let shown = self.batches.get(&batch).map_or(0, |batch| batch.shown);
		let together = self.together(shown, claim).len() as u32;
		let (time_ps, bytes) = kind.takes(self.costs, self.network.sessions, shown, together);
		self.waiting.push(Work { kind, batch, claim, time_ps, bytes });
	}

	/// The receipts that are shown with this one, which is the first of them.
	fn together(&self, shown: u32, first: u16) -> Range<u16> {
		first..shown.min(u32::from(first) + self.network.together) as u16
	}

	/// Blocks from `from` up to, not including, `to`.
	pub fn pass(&mut self, from: u32, to: u32) {
		let a_block = f64::from(self.network.sessions) * self.served.len() as f64
			/ (self.network.session_days * f64::from(DAY));
		for block in from..to {
			self.sessions += a_block;
			while self.sessions >= 1.0 {
				self.sessions -= 1.0;
				self.queue(Kind::Open, 0, 0);
				self.queue(Kind::Close, 0, 0);
			}
			for event in self.later.remove(&block).unwrap_or_default() {
				self.happens(block, event);
			}
			let mut filled = mem::take(&mut self.outcome.filled);
			let done = self.waiting.block(self.costs, self.network.most_due, &mut filled);
			self.outcome.filled = filled;
			for work in done {
				self.done(block, work);
			}
		}
		self.outcome.waiting = self.waiting.len();
		self.outcome.unfinished = self.batches.len();
	}

	fn happens(&mut self, block: u32, event: Event) {
		match event {
			Event::Due(at) => self.commit(block, at),
			Event::Decided(id) => {
				let shown = self.batches.get(&id).map_or(0, |batch| batch.shown);
				let firsts = (0..shown as u16).step_by(self.network.together as usize);
				firsts.for_each(|first| self.queue(Kind::Reveal, id, first));
			}
			Event::Work(id, claim, kind) => self.queue(kind, id, claim),
		}
	}

	/// An operator commits what it has of a model version, and draws fall.
	fn commit(&mut self, block: u32, at: usize) {
		let served = self.served[at];
		let last = served.first
			+ served.every * ((f64::from(block) - served.first) / served.every).round();
		self.at(((last + served.every) as u32).max(block + 1), Event::Due(at));
		let each = (served.answers / f64::from(self.network.sessions)).round().max(1.0) as u64;
		let sessions = (0..self.network.sessions).map(|_| each);
		let batch = Sampled::new(&self.network.market, sessions, &mut self.rng);
		let id = self.next;
		self.next += 1;
		let draws = self.network.draws;
		let seed = Hash::from(self.rng.random::<[u8; 32]>());
		let shown = batch.draw(&self.claims, (&seed, id, draws), &mut self.rng);
		self.pay.settled(served.model, batch.total() as f64);
		for one in &shown {
			for credit in &one.credits {
				let amount = one.decides as f64 * f64::from(credit.share);
				self.pay.pay(served.model, credit.contributor, amount);
			}
		}
		self.outcome.batches += 1;
		self.outcome.answers += each as f64 * f64::from(self.network.sessions);
		self.outcome.draws += u64::from(draws);
		self.outcome.shown += shown.len() as u64;
		let count = shown.len() as u32;
		self.batches.insert(
			id,
			Batch {
				committed: block,
				drawn: None,
				every: served.every,
				fees: batch.total() as f64,
				shown: count,
				open: count,
				audits: BTreeMap::new(),
			},
		);
		self.queue(Kind::Commit, id, 0);
	}

	fn done(&mut self, block: u32, work: Work) {
		let Work { kind, batch: id, claim, .. } = work;
		let network = self.network;
		match kind {
			Kind::Open | Kind::Close => {}
			Kind::Commit => {
				let from = network.drawn_from(block);
				if let Some(batch) = self.batches.get_mut(&id) {
					batch.committed = block;
				}
				self.at(from + 1, Event::Decided(id));
				self.at(from, Event::Work(id, 0, Kind::Look));
			}
			Kind::Look => {
				let Some(batch) = self.batches.get_mut(&id) else { return };
				batch.drawn.get_or_insert(block);
			}
			Kind::Reveal => {
				let Some(batch) = self.batches.get_mut(&id) else { return };
				let (shown, drawn) = (batch.shown, *batch.drawn.get_or_insert(block));
				let late = block > drawn + network.reveal_period;
				// Where claims may be audited, none is looked at before lots have decided.
				let cleared = if network.audit_rate > 0.0 { network.drawn_from(block) } else { 0 };
				let looked_at = cleared.max(block + network.window);
				for claim in self.together(shown, claim) {
					self.outcome.late += u64::from(late);
					self.at(looked_at, Event::Work(id, claim, Kind::Finality));
				}
			}
			Kind::Finality => self.finality(block, id, claim),
			Kind::Committee => self.open(block, id, claim),
			Kind::AuditCommit | Kind::AuditReveal => self.audit(block, id, claim, kind),
			Kind::Conclude => self.at(block + 1, Event::Work(id, 0, Kind::Prune)),
			Kind::Prune => drop(self.batches.remove(&id)),
		}
	}

	/// A claim is looked at: where it may be audited it is put off until lots have decided, and where
	/// it is audited until the audit is over.
	fn finality(&mut self, block: u32, id: u32, claim: u16) {
		let network = self.network;
		let Some(batch) = self.batches.get_mut(&id) else { return };
		if network.audit_rate > 0.0 {
			if let Some(audit) = batch.audits.get(&claim) {
				let found = audit.reveals == network.committee;
				let ends = if found {
					audit.revealed + network.appeal_window
				} else {
					audit.opened + network.commit_period + network.appeal_window
				};
				if !found || block <= ends {
					let until = ends.max(block) + 1;
					self.at(until, Event::Work(id, claim, Kind::Finality));
					return;
				}
			} else if self.rng.random::<f64>() < network.audit_rate {
				let audit = Audit { opened: block, commits: 0, reveals: 0, revealed: 0 };
				batch.audits.insert(claim, audit);
				self.at(block + 1, Event::Work(id, claim, Kind::Committee));
				return;
			}
		}
		batch.open -= 1;
		let fees = batch.fees / f64::from(batch.shown);
		let (committed, every, last) = (batch.committed, batch.every, batch.open == 0);
		let before = (every * self.rng.random::<f64>()) as u32;
		self.outcome.from_commitment.add(block - committed, fees);
		self.outcome.from_answer.add(block - committed + before, fees);
		if last {
			self.at(block + 1, Event::Work(id, 0, Kind::Conclude));
		}
	}

	/// A committee is drawn; each member executes what it has to, one answer after the other.
	fn open(&mut self, block: u32, id: u32, claim: u16) {
		let network = self.network;
		self.outcome.audits += 1;
		self.seats += network.committee;
		self.outcome.most_seats = self.outcome.most_seats.max(self.seats);
		for _ in 0..network.committee {
			let who = self.rng.random_range(0..self.verifiers.len());
			let done = self.verifiers[who].max(block) + network.execution;
			self.verifiers[who] = done;
			self.at(done, Event::Work(id, claim, Kind::AuditCommit));
		}
		self.at(block + network.look_again, Event::Work(id, claim, Kind::Finality));
	}

	fn audit(&mut self, block: u32, id: u32, claim: u16, kind: Kind) {
		let committee = self.network.committee;
		let Some(batch) = self.batches.get_mut(&id) else { return };
		let Some(audit) = batch.audits.get_mut(&claim) else { return };
		if kind == Kind::AuditCommit {
			audit.commits += 1;
			self.outcome.neglected += u64::from(block > audit.opened + self.network.commit_period);
			if audit.commits == committee {
				for _ in 0..committee {
					self.at(block + 1, Event::Work(id, claim, Kind::AuditReveal));
				}
			}
		} else {
			audit.reveals += 1;
			audit.revealed = block;
			if audit.reveals == committee {
				self.seats = self.seats.saturating_sub(committee);
			}
		}
	}
}
