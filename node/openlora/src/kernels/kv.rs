//! Keys and values of many sequences, in pages of sixteen positions.
//!
//! A page holds every layer's keys and values of its positions in half precision. For each layer and
//! key head, keys lie element by element, sixteen positions beside each other, so that one
//! instruction scores sixteen positions; values lie position by position.

use super::{Arch, Isa, Kernel};
use crate::{
	config::Config,
	error::{Error, Result},
};

/// Positions of a page.
pub(crate) const PAGE: usize = 16;

/// Where keys and values lie within a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
	/// The first layer that it has.
	first: usize,
	layers: usize,
	heads: usize,
	width: usize,
	/// Width of a value's row, a multiple of sixteen.
	padded: usize,
}

impl Shape {
	pub(crate) fn new(config: &Config) -> Self {
		let width = config.head_dim;
		let padded = width.next_multiple_of(PAGE);
		Self { first: 0, layers: config.layers, heads: config.kv_heads, width, padded }
	}

	/// Of the layers from `first` on.
	pub(crate) fn from(self, first: usize) -> Self {
		let left = (self.first + self.layers).saturating_sub(first);
		Self { first, layers: left, ..self }
	}

	/// Elements of the keys, or the values, of one head in one layer.
	fn head(&self) -> usize {
		self.padded * PAGE
	}

	/// Elements of a page.
	fn page(&self) -> usize {
		self.layers * self.heads * 2 * self.head()
	}

	/// Bytes of a page.
	pub(crate) fn page_bytes(&self) -> usize {
		2 * self.page()
	}

	/// Where the keys of a head begin in a page; its values follow.
	fn keys(&self, layer: usize, head: usize) -> usize {
		((layer - self.first) * self.heads + head) * 2 * self.head()
	}
}

/// The pages that there are, and which of them are free.
#[derive(Debug)]
pub(crate) struct Pool {
	shape: Shape,
	pages: Vec<Box<[u16]>>,
	/// How many sequences use a page; it is free when none does.
	users: Vec<u32>,
	free: Vec<u32>,
	/// Numbers of pages that have no memory.
	spare: Vec<u32>,
	limit: usize,
}

/// The pages of one sequence.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
	pages: Vec<u32>,
	len: usize,
}

impl Sequence {
	/// Positions that are filled.
	pub(crate) fn len(&self) -> usize {
		self.len
	}

	/// Its pages, in order.
	pub(crate) fn pages(&self) -> &[u32] {
		&self.pages
	}

	/// Counts positions whose keys and values every layer has.
	pub(crate) fn advance(&mut self, count: usize) {
		self.len += count;
	}
}

impl Pool {
	/// At most `limit` pages, none of which takes memory yet.
	pub(crate) fn new(config: &Config, limit: usize) -> Self {
		let shape = Shape::new(config);
		let (pages, users) = (Vec::new(), Vec::new());
		Self { shape, pages, users, free: Vec::new(), spare: Vec::new(), limit }
	}

	/// Bytes of a page.
	pub(crate) fn page_bytes(&self) -> usize {
		self.shape.page_bytes()
	}

	/// Pages that can still be had.
	pub(crate) fn available(&self) -> usize {
		self.limit + self.free.len() - self.held()
	}

	/// Pages that have memory.
	fn held(&self) -> usize {
		self.pages.len() - self.spare.len()
	}

	/// Takes pages that can be had out of use, and memory from as many, so that something else may have
	/// it.
	///
	/// # Errors
	/// [`Error::CacheFull`]; nothing changes then.
	pub(crate) fn withdraw(&mut self, count: usize) -> Result<()> {
		let available = self.available();
		if count > available {
			let (positions, available) = (count * PAGE, available * PAGE);
			let bytes = self.page_bytes() / PAGE;
			return Err(Error::CacheFull { positions, available, bytes });
		}
		self.limit -= count;
		while self.held() > self.limit {
			let Some(page) = self.free.pop() else { break };
			self.pages[page as usize] = Box::default();
			self.spare.push(page);
		}
		Ok(())
	}

	/// Gives back pages that were taken out of use.
	pub(crate) fn restore(&mut self, count: usize) {
		self.limit += count;
	}

	/// A pool of its own with what a sequence has in the layers from `first` on.
	pub(crate) fn copy(&self, sequence: &Sequence, first: usize) -> (Self, Sequence) {
		let shape = self.shape.from(first);
		let from = self.shape.page() - shape.page();
		let count = sequence.len.div_ceil(PAGE);
		let pages = sequence.pages[..count].iter();
		let pages = pages.map(|page| self.pages[*page as usize][from..].into()).collect();
		let (free, spare) = (Vec::new(), Vec::new());
		let pool = Self { shape, pages, users: vec![1; count], free, spare, limit: count };
		(pool, Sequence { pages: (0..count as u32).collect(), len: sequence.len })
	}

	/// Gives a sequence room for `count` more positions.
	///
	/// # Errors
	/// [`Error::CacheFull`]; the sequence is unchanged.
	pub(crate) fn reserve(&mut self, sequence: &mut Sequence, count: usize) -> Result<()> {
		let needed = (sequence.len + count).div_ceil(PAGE).saturating_sub(sequence.pages.len());
		if needed > self.available() {
			let bytes = self.page_bytes();
			let available = self.available() * PAGE;
			return Err(Error::CacheFull { positions: count, available, bytes: bytes / PAGE });
		}
		for _ in 0..needed {
			let empty = || vec![0; self.shape.page()].into();
			let page = if let Some(page) = self.free.pop() {
				page
			} else if let Some(page) = self.spare.pop() {
				self.pages[page as usize] = empty();
				page
			} else {
				self.pages.push(empty());
				self.users.push(0);
				(self.pages.len() - 1) as u32
			};
			self.users[page as usize] = 1;
			sequence.pages.push(page);
		}
		Ok(())
	}

	/// How many sequences, and others, use a page.
	pub(crate) fn users(&self, page: u32) -> u32 {
		self.users[page as usize]
	}

	/// Counts another user of a page.
	pub(crate) fn keep(&mut self, page: u32) {
		self.users[page as usize] += 1;
	}

	/// Counts one user less; a page that nobody uses is free.
	pub(crate) fn release(&mut self, page: u32) {
		let users = &mut self.users[page as usize];
		*users -= 1;
		if *users == 0 {
			self.free.push(page);
		}
	}

	/// An empty sequence that begins with full pages of another, shared with it.
	pub(crate) fn shared(&mut self, pages: Vec<u32>) -> Sequence {
		pages.iter().for_each(|page| self.keep(*page));
		Sequence { len: pages.len() * PAGE, pages }
	}

	/// Takes back what a sequence has beyond its first `len` positions.
	pub(crate) fn truncate(&mut self, sequence: &mut Sequence, len: usize) {
		sequence.len = sequence.len.min(len);
		let keep = sequence.len.div_ceil(PAGE);
		for page in sequence.pages.split_off(keep.min(sequence.pages.len())) {
			self.release(page);
		}
	}

	/// Writes a layer's keys and values of position `at`, for which there is room; both have a row of
	/// `width` for each head. They are rounded to half precision. False when one is beyond its range,
	/// or not a number.
	pub(crate) fn write(
		&mut self,
		isa: Isa,
		sequence: &Sequence,
		layer: usize,
		at: usize,
		keys: &[f32],
		values: &[f32],
	) -> bool {
		let page = &mut self.pages[sequence.pages[at / PAGE] as usize];
		isa.run(Write { shape: self.shape, layer, slot: at % PAGE, page, keys, values })
	}

	/// The pages of a sequence, for [`super::attention`].
	pub(crate) fn view<'a>(
		&'a self,
		sequence: &'a Sequence,
		layer: usize,
		head: usize,
	) -> View<'a> {
		View { pool: self, pages: &sequence.pages, keys: self.shape.keys(layer, head) }
	}
}

/// Keys and values of one head of a sequence.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
	pool: &'a Pool,
	pages: &'a [u32],
	keys: usize,
}

impl<'a> View<'a> {
	/// Width of a head.
	pub(crate) fn width(&self) -> usize {
		self.pool.shape.width
	}

	/// Width of a value's row.
	pub(crate) fn padded(&self) -> usize {
		self.pool.shape.padded
	}

	/// Keys of sixteen positions, `[width][16]`, and values, `[16][padded]`.
	#[inline(always)]
	pub(crate) fn page(&self, index: usize) -> (&'a [u16], &'a [u16]) {
		let head = self.pool.shape.head();
		let page = &self.pool.pages[self.pages[index] as usize][self.keys..][..2 * head];
		page.split_at(head)
	}

	/// Keys and values of the first positions in single precision, both `[positions, width]`.
	pub(crate) fn read(&self, isa: Isa, positions: usize) -> (Vec<f32>, Vec<f32>) {
		isa.run(Read { view: *self, positions })
	}
}

struct Read<'a> {
	view: View<'a>,
	positions: usize,
}

impl Kernel for Read<'_> {
	type Output = (Vec<f32>, Vec<f32>);

	#[inline(always)]
	fn run<A: Arch>(self) -> (Vec<f32>, Vec<f32>) {
		let (width, padded) = (self.view.width(), self.view.padded());
		let mut keys = vec![0.0; self.positions * width];
		let mut values = keys.clone();
		for page in 0..self.positions.div_ceil(PAGE) {
			let (k, v) = self.view.page(page);
			let first = page * PAGE;
			let count = PAGE.min(self.positions - first);
			for element in 0..width {
				for (part, halves) in
					k[element * PAGE..][..PAGE].as_chunks::<8>().0.iter().enumerate()
				{
					for (slot, key) in (8 * part..count).zip(A::widen(halves)) {
						keys[(first + slot) * width + element] = key;
					}
				}
			}
			for slot in 0..count {
				let row = &mut values[(first + slot) * width..][..width];
				let halves = v[slot * padded..][..padded].as_chunks::<8>().0;
				for (values, halves) in row.chunks_mut(8).zip(halves) {
					values.copy_from_slice(&A::widen(halves)[..values.len()]);
				}
			}
		}
		(keys, values)
	}
}

struct Write<'a> {
	shape: Shape,
	layer: usize,
	slot: usize,
	page: &'a mut [u16],
	keys: &'a [f32],
	values: &'a [f32],
}

impl Kernel for Write<'_> {
	type Output = bool;

	#[inline(always)]
	fn run<A: Arch>(self) -> bool {
		let Shape { heads, width, padded, .. } = self.shape;
		let mut finite = true;
		for head in 0..heads {
			let from = self.shape.keys(self.layer, head);
			let (keys, values) =
				self.page[from..][..2 * self.shape.head()].split_at_mut(padded * PAGE);
			let mut each = |numbers: &[f32], put: &mut dyn FnMut(usize, u16)| {
				for (at, chunk) in numbers[head * width..][..width].chunks(8).enumerate() {
					let mut eight = [0.0; 8];
					eight[..chunk.len()].copy_from_slice(chunk);
					for (i, half) in A::narrow(&eight)[..chunk.len()].iter().enumerate() {
						finite &= half & 0x7c00 != 0x7c00;
						put(8 * at + i, *half);
					}
				}
			};
			each(self.keys, &mut |element, half| keys[element * PAGE + self.slot] = half);
			each(self.values, &mut |element, half| values[self.slot * padded + element] = half);
		}
		finite
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;

	#[test]
	fn keys_and_values_are_where_they_were_put() {
		let config = testing::tiny_config();
		let mut pool = Pool::new(&config, 4);
		let mut sequence = Sequence::default();
		pool.reserve(&mut sequence, 20).unwrap();
		let row = config.kv_heads * config.head_dim;
		let number = |layer: usize, at: usize, i: usize| (layer * 1000 + at * 40 + i) as f32 / 64.0;
		for layer in 0..config.layers {
			for at in 0..20 {
				let keys: Vec<f32> = (0..row).map(|i| number(layer, at, i)).collect();
				let values: Vec<f32> = keys.iter().map(|key| -key).collect();
				assert!(pool.write(Isa::best(), &sequence, layer, at, &keys, &values));
			}
		}
		for layer in 0..config.layers {
			for head in 0..config.kv_heads {
				let view = pool.view(&sequence, layer, head);
				for at in 0..20 {
					let (keys, values) = view.page(at / PAGE);
					for i in 0..config.head_dim {
						let half = |bits: u16| half::f16::from_bits(bits).to_f32();
						let expected = number(layer, at, head * config.head_dim + i);
						let expected = half::f16::from_f32(expected).to_f32();
						assert_eq!(half(keys[i * PAGE + at % PAGE]), expected);
						assert_eq!(half(values[at % PAGE * view.padded() + i]), -expected);
					}
				}
			}
		}
	}

	#[test]
	fn pages_come_back_when_a_sequence_gives_them_up() {
		let mut pool = Pool::new(&testing::tiny_config(), 3);
		let (mut one, mut other) = (Sequence::default(), Sequence::default());
		pool.reserve(&mut one, 33).unwrap();
		assert_eq!(pool.available(), 0);
		assert!(matches!(pool.reserve(&mut other, 1), Err(Error::CacheFull { .. })));
		one.advance(33);
		pool.truncate(&mut one, 16);
		assert_eq!((pool.available(), one.len()), (2, 16));
		pool.reserve(&mut other, 32).unwrap();
		pool.reserve(&mut one, 0).unwrap();
		assert!(pool.reserve(&mut one, 1).is_err());
		pool.truncate(&mut other, 0);
		assert_eq!(pool.available(), 2);
	}

	#[test]
	fn pages_that_are_withdrawn_have_no_memory_and_come_back() {
		let mut pool = Pool::new(&testing::tiny_config(), 4);
		let mut sequence = Sequence::default();
		pool.reserve(&mut sequence, 64).unwrap();
		assert!(pool.withdraw(1).is_err());
		sequence.advance(64);
		pool.truncate(&mut sequence, 16);
		pool.withdraw(2).unwrap();
		assert_eq!((pool.available(), pool.held()), (1, 2));
		assert!(pool.reserve(&mut sequence, 17).is_err());
		pool.reserve(&mut sequence, 16).unwrap();
		assert!(pool.withdraw(1).is_err());
		pool.restore(2);
		assert_eq!(pool.available(), 2);
		pool.reserve(&mut sequence, 48).unwrap();
		assert_eq!((pool.available(), pool.held()), (0, 4));
		assert!(pool.pages.iter().all(|page| page.len() == pool.shape.page()));
	}

	#[test]
	fn copy_has_the_upper_layers_of_a_sequence() {
		let config = testing::tiny_config();
		let mut pool = Pool::new(&config, 3);
		let (mut before, mut sequence) = (Sequence::default(), Sequence::default());
		pool.reserve(&mut before, 1).unwrap();
		pool.reserve(&mut sequence, 20).unwrap();
		let row = config.kv_heads * config.head_dim;
		for layer in 0..config.layers {
			for at in 0..20 {
				let keys = vec![(layer * 32 + at) as f32; row];
				assert!(pool.write(Isa::best(), &sequence, layer, at, &keys, &keys));
			}
		}
		sequence.advance(20);
		let (copied, copy) = pool.copy(&sequence, 1);
		assert_eq!((copy.len(), copied.available()), (20, 0));
		assert!(copied.page_bytes() < pool.page_bytes());
		for layer in 1..config.layers {
			for head in 0..config.kv_heads {
				let of = pool.view(&sequence, layer, head).read(Isa::best(), 20);
				assert_eq!(copied.view(&copy, layer, head).read(Isa::best(), 20), of);
			}
		}
	}

	#[test]
	fn numbers_are_refused_when_half_precision_does_not_reach_them() {
		let config = testing::tiny_config();
		let mut pool = Pool::new(&config, 1);
		let mut sequence = Sequence::default();
		pool.reserve(&mut sequence, 1).unwrap();
		let row = config.kv_heads * config.head_dim;
		for bad in [f32::NAN, f32::INFINITY, 70_000.0, -70_000.0] {
			let (mut keys, values) = (vec![0.0; row], vec![0.0; row]);
			keys[row - 1] = bad;
			assert!(!pool.write(Isa::best(), &sequence, 0, 0, &keys, &values));
			assert!(!pool.write(Isa::best(), &sequence, 0, 0, &values, &keys));
		}
	}
}
