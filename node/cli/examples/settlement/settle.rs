//! The life of a batch on the chain, stage by stage.

use crate::{
	Failure,
	blocks::{Bytes, Chain},
	books::{Book, books, vouchers},
	index::Ground,
	settled::{Cost, Life, Settled},
	stage::{Stage, check},
	wasm::{self, Verifying},
};
use codec::Encode;
use openledger_primitives_core::{BatchId, Hash};
use openledger_primitives_receipts::{batch, draw};
use openledger_runtime::{Runtime, System};
use pallet_receipts::{Batches, Lines, MAX_SHOWN, NextBatch, NextDue, Shown};
use sp_core::storage::Storage;
use sp_runtime::BoundedVec;
use std::collections::BTreeSet;

/// Blocks after which a batch that is still not concluded never will be.
const PATIENCE: u32 = 300;

/// The same with a claim verified many times.
pub struct Watched {
	pub life: Life,
	pub verifying: Verifying,
	pub transaction_bytes: usize,
}

/// What batches are settled on.
pub struct Setting<'a> {
	/// The runtime's WASM.
	pub code: &'a [u8],
	/// The state that each chain starts with.
	pub genesis: Storage,
	pub ground: &'a Ground,
	pub sessions: u32,
	pub verifiers: u32,
}

/// What hooks did in a block.
#[derive(Clone, Copy)]
struct Hooked {
	stage: &'static str,
	batch: usize,
	time_ps: u64,
}

struct Run<'a> {
	setting: &'a Setting<'a>,
	chain: Chain,
	stage: Stage,
	/// For each block what its hooks weighed, and what they were for.
	hooked: Vec<Hooked>,
	batch: usize,
	/// What hooks are busy with in most blocks.
	doing: &'static str,
	/// After each batch, the block and the bytes of the state.
	counted: Vec<(u32, Bytes)>,
	/// How many times a claim is verified.
	repeat: usize,
	watched: Option<(Verifying, usize)>,
}

/// A batch as the chain has it.
fn kept(id: BatchId) -> Option<pallet_receipts::BatchOf<Runtime>> {
	Batches::<Runtime>::get(id)
}

impl<'a> Run<'a> {
	fn new(setting: &'a Setting, repeat: usize) -> Result<Self, Failure> {
		let mut chain = Chain::new(setting.genesis.clone());
		// On a chain that has settled any batch, its queue is looked at in every block: that is what a block
		// costs, and not the next batch.
		chain.see(|| NextDue::<Runtime>::put(1));
		let (mut hooked, nothing) = (Vec::new(), Hooked { stage: "nothing", batch: 0, time_ps: 0 });
		hooked.push(nothing);
		hooked.push(Hooked { time_ps: chain.pass()?.mandatory.ref_time(), ..nothing });
		let Setting { sessions, verifiers, .. } = *setting;
		let stage = Stage::new(&mut chain, setting.ground, sessions, verifiers)?;
		Ok(Self {
			setting,
			chain,
			stage,
			hooked,
			batch: 0,
			doing: "queues",
			counted: Vec::new(),
			repeat,
			watched: None,
		})
	}

	fn end(&mut self) {
		let time_ps = self.chain.end().mandatory.ref_time();
		self.hooked.push(Hooked { stage: self.doing, batch: self.batch, time_ps });
	}

	/// A block in which hooks do whatever they have to.
	fn pass(&mut self, id: BatchId) -> Result<(), Failure> {
		let settled = |batch: pallet_receipts::BatchOf<Runtime>| {
			batch.stages.iter().filter(|stage| **stage == pallet_receipts::Stage::Settled).count()
		};
		let look = |chain: &mut Chain| {
			chain.see(|| kept(id).map(|batch| (batch.concluded, settled(batch))))
		};
		let before = look(&mut self.chain);
		self.chain.begin()?;
		let time_ps = self.chain.end().mandatory.ref_time();
		let stage = match (before, look(&mut self.chain)) {
			(Some((false, _)), Some((true, _))) => "conclusion",
			(Some((_, one)), Some((_, two))) if two > one => "finality",
			_ => self.doing,
		};
		self.hooked.push(Hooked { stage, batch: self.batch, time_ps });
		Ok(())
	}

	/// Passes blocks until `done`, and says how many.
	fn wait(
		&mut self,
		id: BatchId,
		done: impl Fn(pallet_receipts::BatchOf<Runtime>) -> bool,
	) -> Result<u32, Failure> {
		for blocks in 0..PATIENCE {
			if self.chain.see(|| kept(id)).is_some_and(&done) {
				return Ok(blocks);
			}
			self.pass(id)?;
		}
		Err("a batch does not come to its end".into())
	}

	/// The receipts that draws fall into, by place of the session's book and of the receipt.
	fn hits(&mut self, id: BatchId, books: &[Book]) -> Result<BTreeSet<(usize, u32)>, Failure> {
		let (batch, lines) = self.chain.see(|| (kept(id), Lines::<Runtime>::get(id)));
		let batch = batch.ok_or("a batch is missing")?;
		let seed = batch.drawn.ok_or("a batch is not drawn")?.seed;
		let mut hits = BTreeSet::new();
		for number in 0..batch.draws() {
			let unit = draw::unit(&seed, id, number, batch.total).ok_or("a batch has no fees")?;
			let (line, own) = batch::find(&lines, unit).ok_or("a unit is in no line")?;
			let at = lines.iter().position(|one| one.session == line.session);
			let at = at.ok_or("a line is missing")?;
			hits.insert((at, books[at].find(own)?));
		}
		Ok(hits)
	}

	/// Shows these receipts together.
	fn reveal(
		&self,
		id: BatchId,
		books: &[Book],
		places: &[(usize, u32)],
	) -> Result<pallet_receipts::Call<Runtime>, Failure> {
		let shown = places.iter().map(|(at, position)| {
			let (receipt, proof) = books[*at].show(*position)?;
			let claim = self.setting.ground.claim(*position as usize).clone();
			Ok(Shown { receipt, proof, claim })
		});
		let shown = BoundedVec::truncate_from(shown.collect::<Result<Vec<_>, Failure>>()?);
		Ok(pallet_receipts::Call::reveal { batch: id, shown })
	}

	/// Settles a batch of so many answers, and says what its transactions took.
	fn settle(&mut self, answers: u32) -> Result<Settled, Failure> {
		let agent = self.stage.agent.clone();
		self.chain.begin()?;
		let (first, opened) = self.stage.open(&mut self.chain)?;
		self.doing = "queues";
		self.end();
		let books = books(&self.stage, first, answers, self.setting.ground)?;

		self.chain.begin()?;
		let genesis: Hash = self.chain.see(|| System::block_hash(0));
		let id = self.chain.see(NextBatch::<Runtime>::get);
		let vouchers = BoundedVec::truncate_from(vouchers(&books, &self.stage, &genesis));
		let call = pallet_receipts::Call::commit_batch { model: self.stage.model, vouchers };
		let committed = self.chain.submit(&agent, call)?;
		self.doing = "draw";
		self.end();

		let mut blocks = 1 + self.wait(id, |batch| batch.drawn.is_some())?;
		let hits = self.hits(id, &books)?;
		self.chain.begin()?;
		let hits: Vec<_> = hits.into_iter().collect();
		if let Some(first) = hits.first().filter(|_| self.repeat > 0) {
			let call = self.reveal(id, &books, &[*first])?;
			let transaction = self.chain.sign(&agent, call)?.encode();
			let verifying =
				wasm::verify(self.setting.code, &mut self.chain, &transaction, self.repeat)?;
			self.watched = Some((verifying, transaction.len()));
		}
		let mut shown = Vec::new();
		for together in hits.chunks(MAX_SHOWN as usize) {
			let call = self.reveal(id, &books, together)?;
			shown.push(self.chain.submit(&agent, call)?);
		}
		self.doing = "queues";
		self.end();
		blocks += 1 + self.wait(id, |batch| batch.concluded)?;
		check(&mut self.chain)?;

		self.chain.begin()?;
		let batch = self.chain.see(|| kept(id)).ok_or("a batch is missing")?;
		let paid = |stage: &pallet_receipts::Stage| {
			matches!(stage, pallet_receipts::Stage::Settled | pallet_receipts::Stage::Joined(_))
		};
		if !batch.stages.iter().all(paid) || batch.held != 0 {
			return Err("a batch was not paid".into());
		}
		let prune = pallet_receipts::Call::prune_batch { batch: id };
		let pruned = self.chain.submit(&agent, prune)?;
		self.end();
		self.chain.begin()?;
		let closed = self.stage.close(&mut self.chain)?;
		self.end();
		self.chain.begin()?;
		self.end();
		check(&mut self.chain)?;
		self.counted.push((self.chain.number(), self.chain.bytes()));
		self.batch += 1;
		Ok(Settled {
			answers,
			draws: batch.draws().into(),
			shown: hits.len() as u32,
			blocks,
			stages: vec![
				Cost::of("commit", &[committed]),
				Cost::of("reveal", &shown),
				Cost::of("prune", &[pruned]),
			],
			sessions: vec![Cost::of("open", &opened), Cost::of("close", &closed)],
			left: Bytes::new(),
		})
	}
}

impl Setting<'_> {
	/// Settles batches of so many answers, one after the other.
	pub fn settle(&self, answers: &[u32]) -> Result<Life, Failure> {
		Ok(self.run(answers, 0)?.0)
	}

	/// Settles one batch, and verifies the claim of its first drawn receipt so many times.
	pub fn settled_once(&self, answers: u32, repeat: usize) -> Result<Watched, Failure> {
		let (life, watched) = self.run(&[answers], repeat.max(1))?;
		let (verifying, transaction_bytes) = watched.ok_or("no claim was verified")?;
		Ok(Watched { life, verifying, transaction_bytes })
	}

	fn run(
		&self,
		answers: &[u32],
		repeat: usize,
	) -> Result<(Life, Option<(Verifying, usize)>), Failure> {
		let mut run = Run::new(self, repeat)?;
		let mut batches =
			answers.iter().map(|count| run.settle(*count)).collect::<Result<Vec<_>, _>>()?;
		let empty_ps = self.compare(&run, &mut batches)?;
		Ok((Life { batches, empty_ps }, run.watched))
	}

	/// Adds to each batch what hooks weighed more, and state has more, than on a chain as old on which
	/// nothing is settled. Returns what a block's hooks weigh there, on average.
	fn compare(&self, run: &Run, batches: &mut [Settled]) -> Result<u64, Failure> {
		let mut control = Run::new(self, 0)?;
		let (mut before, mut empty) = (Bytes::new(), 0);
		for number in control.chain.number() + 1..=run.chain.number() {
			let idle_ps = control.chain.pass()?.mandatory.ref_time();
			empty += idle_ps;
			let Hooked { stage, batch, time_ps } = run.hooked[number as usize];
			let more = time_ps.saturating_sub(idle_ps);
			if let Some(batch) = batches.get_mut(batch).filter(|_| more > 0) {
				batch.hooked(stage, more);
			}
			if let Some(at) = run.counted.iter().position(|(block, _)| *block == number) {
				let mut more = run.counted[at].1.clone();
				for (pallet, bytes) in control.chain.bytes() {
					*more.entry(pallet).or_default() -= bytes;
				}
				batches[at].left = more
					.iter()
					.map(|(name, bytes)| (*name, bytes - before.get(name).unwrap_or(&0)))
					.collect();
				batches[at].left.retain(|_, bytes| *bytes != 0);
				before = more;
			}
		}
		Ok(empty / u64::from(run.chain.number().max(1)))
	}
}
