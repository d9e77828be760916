//! An index of synthetic sketches, and claims made from it as workers make them.

use crate::Failure;
use codec::Encode;
use openledger_attribution::{
	claim,
	index::{self, Builder, Header, Leaf},
	quantize,
	tree::Tree,
};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Hash, Sketch,
	model::{IndexCommitment, Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use openledger_runtime::AccountId;
use openledger_simulations::settling::market::Places;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;

/// Leaves that a claim credits.
pub const CREDITS: u8 = 16;
/// Components of a sketch.
pub const DIMENSION: u16 = 512;
/// Contributors of the index, of whom the first has the most records, by Zipf's law.
const CONTRIBUTORS: usize = 1_000;
/// Different claims that answers are given in turns. Making one reads the whole index.
const CLAIMS: usize = 64;
/// A cosine that a leaf has to exceed to be credited, in millionths.
const FLOOR: u32 = 100_000;
/// What the chain calls the Datanet: it is the first one.
pub const DATANET: u32 = 0;
const SEED: u64 = 1;

/// Who is paid for records.
fn contributor(place: usize) -> AccountId {
	let mut bytes = [0x0c; 32];
	bytes[..8].copy_from_slice(&(place as u64).to_le_bytes());
	AccountId::new(bytes)
}

/// Nearly normal components with a standard deviation of about 37.
fn sketch(rng: &mut impl Rng) -> Vec<i8> {
	(0..DIMENSION)
		.map(|_| {
			let bytes = rng.random::<[u8; 2]>();
			let sum: i32 = bytes.iter().map(|byte| i32::from(*byte)).sum();
			((sum - 255) * 10 / 28) as i8
		})
		.collect()
}

/// Half of a leaf and half of nothing in particular: what an answer near one record looks like.
fn near(leaf: &[i8], rng: &mut impl Rng) -> Vec<i8> {
	let other = sketch(rng);
	leaf.iter().zip(other).map(|(a, b)| (i16::from(*a) / 2 + i16::from(b) / 2) as i8).collect()
}

/// What claims are made from, and the claims.
pub struct Ground {
	snapshot: Snapshot,
	commitment: IndexCommitment,
	claims: Vec<Claim<AccountId>>,
}

impl Ground {
	/// An index of `count` leaves at `path`.
	pub fn new(path: &Path, count: u32) -> Result<Self, Failure> {
		let mut rng = ChaCha8Rng::seed_from_u64(SEED);
		let owners = Places::zipf(CONTRIBUTORS, 1.0);
		let records: Vec<RecordLeaf<AccountId>> = (0..count)
			.map(|index| RecordLeaf {
				datanet: DATANET,
				index,
				contributor: contributor(owners.draw(&mut rng)),
				content: Hash::from_low_u64_be(index.into()),
				size: 600,
				committed_at: 1,
			})
			.collect();
		let root = Tree::new(records.iter().map(RecordLeaf::hash).collect()).root();
		let snapshot = Snapshot { root, count, frozen_at: 1 };
		let header = Header {
			method: Self::method(),
			manifest: Hash::repeat_byte(1),
			adapter: Hash::repeat_byte(2),
			projection: Hash::repeat_byte(3),
			features: index::GRADIENTS,
			floor_ppm: 0,
			nulls: Hash::repeat_byte(4),
			snapshots: vec![(DATANET, snapshot)],
		};
		let mut builder = Builder::open(path, header, &records)?;
		let mut asked = Vec::new();
		let every = (count as usize / CLAIMS).max(1);
		for at in 0..count {
			let sketch = sketch(&mut rng);
			if (at as usize).is_multiple_of(every) && asked.len() < CLAIMS {
				asked.push(near(&sketch, &mut rng));
			}
			let scale = quantize::scale(&sketch, 1.0);
			let sketch = Sketch::try_from(sketch).map_err(|_| "too many components")?;
			builder.push(Leaf { head: at, scale, sketch })?;
		}
		let index = builder.finish(|_| Ok(FLOOR))?;
		// No contributor pays, so nobody is left out for being the payer.
		let payer = AccountId::new([0xff; 32]);
		let claims = asked
			.into_iter()
			.map(|query| {
				let query = Sketch::try_from(query).map_err(|_| "too many components")?;
				let trace = Hash::repeat_byte(5);
				let made =
					claim(&index, query, i32::from(i16::MAX), trace, &payer, Self::method())?;
				if made.records.len() != usize::from(CREDITS) {
					return Err("a claim credits fewer leaves than it may".into());
				}
				Ok(made)
			})
			.collect::<Result<Vec<_>, Failure>>()?;
		Ok(Self { snapshot, commitment: index.commitment(), claims })
	}

	/// How answers are attributed.
	pub fn method() -> Method {
		Method { pay_by: PayBy::Records, credits: CREDITS, dimension: DIMENSION }
	}

	/// Everybody who has records.
	pub fn contributors() -> impl Iterator<Item = AccountId> {
		(0..CONTRIBUTORS).map(contributor)
	}

	/// The snapshot of all records.
	pub fn snapshot(&self) -> Snapshot {
		self.snapshot
	}

	/// What the model version commits to.
	pub fn commitment(&self) -> IndexCommitment {
		self.commitment
	}

	/// The claim on the answer with this number.
	pub fn claim(&self, answer: usize) -> &Claim<AccountId> {
		&self.claims[answer % self.claims.len()]
	}

	/// The longest claim, SCALE-encoded.
	pub fn claim_bytes(&self) -> usize {
		self.claims.iter().map(Encode::encoded_size).max().unwrap_or(0)
	}

	/// What of the longest claim proves the rest: all but the query's sketch, gain and trace, that is
	/// the credited leaves with their sketches, the records behind them, and the hashes that lead from
	/// both to what the chain knows.
	pub fn proof_bytes(&self) -> usize {
		let proof = |claim: &Claim<AccountId>| {
			let query = (&claim.sketch, claim.gain, claim.trace).encoded_size();
			claim.encoded_size() - query
		};
		self.claims.iter().map(proof).max().unwrap_or(0)
	}
}
