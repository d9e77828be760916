//! Sketches, records and headers from counters.

use crate::Failure;
use openledger_attribution::{
	index::{self, Header, Leaf, Parts},
	quantize,
	scan::{Probe, Rows},
	tree::Tree,
};
use openledger_primitives_core::{
	Hash, Sketch,
	model::{Method, PayBy},
	record::{RecordLeaf, Snapshot},
};
use rayon::prelude::*;
use sp_core::crypto::AccountId32;

/// SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
fn word(counter: u64) -> u64 {
	let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
	z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
	z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
	z ^ (z >> 31)
}

/// Components with a standard deviation of 34: sums of four uniform bytes, within −127…127.
pub fn normal(seed: u64, dimension: usize) -> Vec<i8> {
	let start = word(seed).wrapping_mul(3);
	(0..dimension as u64)
		.map(|at| {
			let bytes = word(start.wrapping_add(at)).to_le_bytes();
			let sum: i32 = bytes.iter().take(4).map(|byte| i32::from(*byte)).sum();
			((sum - 510) / 4).clamp(-127, 127) as i8
		})
		.collect()
}

/// The columns of an index.
pub struct Columns {
	sketches: Vec<i8>,
	scales: Vec<[u8; 2]>,
	squares: Vec<[u8; 4]>,
	dimension: usize,
}

fn square(sketch: &[i8]) -> u32 {
	sketch.iter().map(|c| i32::from(*c).pow(2) as u32).sum()
}

impl Columns {
	pub fn new(count: usize, dimension: usize) -> Self {
		let mut sketches = vec![0i8; count * dimension];
		sketches
			.par_chunks_mut(dimension)
			.enumerate()
			.for_each(|(row, sketch)| sketch.copy_from_slice(&normal(row as u64, dimension)));
		let rows = || sketches.par_chunks(dimension);
		let scales = rows().map(|row| quantize::scale(row, 1.0).to_le_bytes()).collect();
		let squares = rows().map(|row| square(row).to_le_bytes()).collect();
		Self { scales, squares, dimension, sketches }
	}

	pub fn len(&self) -> usize {
		self.scales.len()
	}

	pub fn sketches(&self) -> &[i8] {
		&self.sketches
	}

	/// The first `count` rows.
	pub fn rows(&self, count: usize) -> Result<Rows<'_>, Failure> {
		let Self { sketches, scales, squares, dimension } = self;
		let sketches = &sketches[..count * dimension];
		Ok(Rows::of_columns(sketches, &scales[..count], &squares[..count], *dimension, 0)?)
	}
}

/// A query at a cosine of about a half to a row.
pub fn near(rows: &Rows, row: usize, seed: u64) -> Result<Probe, Failure> {
	let sketch = rows.sketch_of(row).ok_or("there is no such row")?;
	let noise = normal((1 << 40) + seed, sketch.len());
	let mixed: Vec<i8> = sketch
		.iter()
		.zip(noise)
		.map(|(a, b)| {
			(f32::from(*a) * 0.5 + f32::from(b) * 0.866).clamp(-127.0, 127.0).round() as i8
		})
		.collect();
	Ok(Probe::new(&mixed)?)
}

/// An index over one snapshot of `count` records by a hundred contributors.
pub fn parts(count: usize, dimension: usize) -> Result<Parts, Failure> {
	let account = |row: u64| {
		let mut bytes = [0; 32];
		bytes[..8].copy_from_slice(&word(row % 100).to_le_bytes());
		AccountId32::new(bytes)
	};
	let records: Vec<RecordLeaf<AccountId32>> = (0..count as u64)
		.map(|row| RecordLeaf {
			datanet: 1,
			index: row as u32,
			contributor: account(row),
			content: Hash::from_low_u64_be(row),
			size: 100,
			committed_at: row as u32,
		})
		.collect();
	let root = Tree::new(records.iter().map(RecordLeaf::hash).collect()).root();
	let leaves = (0..count)
		.map(|row| {
			let sketch = normal(row as u64, dimension);
			let scale = quantize::scale(&sketch, 1.0);
			let sketch = Sketch::try_from(sketch).map_err(|_| "too many components")?;
			Ok::<_, Failure>(Leaf { head: row as u32, scale, sketch })
		})
		.collect::<Result<_, _>>()?;
	let dimension = dimension as u16;
	let header = Header {
		method: Method { pay_by: PayBy::Records, credits: 8, dimension },
		manifest: Hash::zero(),
		adapter: Hash::zero(),
		projection: Hash::zero(),
		features: index::GRADIENTS,
		floor_ppm: 0,
		nulls: Hash::zero(),
		snapshots: vec![(1, Snapshot { root, count: count as u32, frozen_at: 1 })],
	};
	Ok(Parts { header, leaves, records })
}
