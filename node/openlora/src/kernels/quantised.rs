//! Products with quantised weights: whole numbers inside a block, fused multiply-adds between blocks.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod expand;
mod layout;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pack;
mod portable;
mod rows;

pub(crate) use layout::{BLOCK, Kind, LANES};
pub(crate) use pack::BlockFormat;
pub(crate) use rows::Rows;

use super::{Isa, Shared, storage::Bytes};
use layout::{Layout, with_layout};
use rows::Row;

/// A matrix of quantised weights, `[outputs, inputs]`, in panels of sixteen outputs.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
	kind: Kind,
	outputs: usize,
	blocks: usize,
	data: Bytes,
}

impl Panels {
	/// Packs GGUF's blocks. `row` names the bytes of each output's weights. The first output of a panel
	/// with a scale that is not finite, if there is one.
	pub(crate) fn pack<'a>(
		format: BlockFormat,
		outputs: usize,
		inputs: usize,
		row: impl Fn(usize) -> &'a [u8],
	) -> Result<Self, usize> {
		let (kind, blocks) = (format.kind(), inputs.div_ceil(BLOCK));
		let size = blocks * bytes(kind);
		let mut data = Bytes::zeroed(outputs.div_ceil(LANES) * size);
		let mut panel = Vec::new();
		for (number, first) in (0..outputs).step_by(LANES).enumerate() {
			let rows =
				std::array::from_fn(|lane| (first + lane < outputs).then(|| row(first + lane)));
			panel.clear();
			if !pack::panel(format, &rows, blocks, &mut panel) {
				return Err(first);
			}
			data[number * size..][..size].copy_from_slice(&panel);
		}
		Ok(Self { kind, outputs, blocks, data })
	}

	/// Number of outputs.
	pub(crate) fn outputs(&self) -> usize {
		self.outputs
	}

	/// Number of inputs.
	pub(crate) fn inputs(&self) -> usize {
		self.blocks * BLOCK
	}

	/// Number of panels.
	pub(crate) fn count(&self) -> usize {
		self.outputs.div_ceil(LANES)
	}

	/// The packed weights.
	pub(crate) fn data(&self) -> &[u8] {
		&self.data
	}

	fn panel(&self, index: usize) -> &[u8] {
		let size = self.blocks * bytes(self.kind);
		&self.data[index * size..][..size]
	}

	/// The products of some panels with rows `first..first + count`.
	///
	/// `target` has the rows' results, `stride` apart, from row `first` on.
	///
	/// # Safety
	/// Nobody else may write the columns of these panels.
	pub(crate) unsafe fn multiply(
		&self,
		isa: Isa,
		panels: std::ops::Range<usize>,
		rows: &Rows,
		target: Shared<'_, f32>,
	) {
		debug_assert_eq!(rows.blocks(), self.blocks);
		for index in panels {
			let panel = self.panel(index);
			let lanes = LANES.min(self.outputs - index * LANES);
			let write = |row: usize, results: &[[f32; LANES]]| {
				for (row, results) in (row..).zip(results) {
					let at = row * self.outputs + index * LANES;
					// SAFETY: the caller guarantees that the columns are ours.
					let target = unsafe { target.slice(at, lanes) };
					// Of a known length they are one store.
					match target.first_chunk_mut() {
						Some(whole) => *whole = *results,
						None => target.copy_from_slice(&results[..lanes]),
					}
				}
			};
			let mut row = 0;
			while row < rows.count() {
				match rows.count() - row {
					1 => write(row, &product(isa, self.kind, panel, [rows.row(row)])),
					2 | 3 => {
						let two = std::array::from_fn(|i| rows.row(row + i));
						write(row, &product::<2>(isa, self.kind, panel, two));
						row += 1;
					}
					// AVX-512 has registers for the sums of twice as many.
					left if left < 8 || isa != Isa::Avx512 => {
						let four = std::array::from_fn(|i| rows.row(row + i));
						write(row, &product::<4>(isa, self.kind, panel, four));
						row += 3;
					}
					_ => {
						let eight = std::array::from_fn(|i| rows.row(row + i));
						write(row, &product::<8>(isa, self.kind, panel, eight));
						row += 7;
					}
				}
				row += 1;
			}
		}
	}

	/// The weights of a panel for some inputs, whole blocks of them, in single precision: a row of
	/// `stride` for each of its sixteen outputs.
	pub(crate) fn expand(
		&self,
		isa: Isa,
		panel: usize,
		inputs: std::ops::Range<usize>,
		target: &mut [f32],
		stride: usize,
	) {
		debug_assert!(inputs.start.is_multiple_of(BLOCK) && inputs.end.is_multiple_of(BLOCK));
		let bytes = bytes(self.kind);
		let blocks = &self.panel(panel)[inputs.start / BLOCK * bytes..inputs.end / BLOCK * bytes];
		isa.run(expand::Expand { kind: self.kind, blocks, target, stride });
	}
}

/// Bytes of a block.
fn bytes(kind: Kind) -> usize {
	fn of<L: Layout>() -> usize {
		L::BYTES
	}
	with_layout!(kind, of, [], ())
}

/// The products of one panel with some rows, on an instruction set that the processor has.
fn product<const R: usize>(
	isa: Isa,
	kind: Kind,
	panel: &[u8],
	rows: [Row<'_>; R],
) -> [[f32; LANES]; R] {
	use portable::product as portable;
	match isa {
		#[cfg(target_arch = "x86_64")]
		Isa::Avx512 => {
			use avx512::product as avx512;
			debug_assert!(isa.is_available());
			// SAFETY: a team's instruction set is available.
			unsafe { with_layout!(kind, avx512, [R], (panel, rows)) }
		}
		#[cfg(target_arch = "x86_64")]
		Isa::Avx2 => {
			use avx2::product as avx2;
			debug_assert!(isa.is_available());
			// SAFETY: a team's instruction set is available.
			unsafe { with_layout!(kind, avx2, [R], (panel, rows)) }
		}
		#[cfg(target_arch = "aarch64")]
		Isa::Neon => {
			use neon::product as neon;
			with_layout!(kind, neon, [R], (panel, rows))
		}
		_ => with_layout!(kind, portable, [R], (panel, rows)),
	}
}

#[cfg(test)]
mod tests;
