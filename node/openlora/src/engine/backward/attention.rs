//! The gradient through attention over the sequences' cached keys and values.

use super::Backward;
use crate::kernels::{Shared, attention::scale, gradient::AttentionGradient, kv::Pool};

/// Gradients of rotated queries, `[rows, heads · width]`, and of rotated keys and values,
/// `[rows, kv_heads · width]`.
pub(super) struct Gradients {
	pub(super) queries: Vec<f32>,
	pub(super) keys: Vec<f32>,
	pub(super) values: Vec<f32>,
}

/// The gradients for that of the attention's result, as the queries. No run sees another.
pub(super) fn gradients(
	way: &Backward<'_>,
	pool: &Pool,
	layer: usize,
	queries: &[f32],
	of_mixed: &[f32],
) -> Gradients {
	let config = &way.base.config;
	let (width, kv_heads) = (config.head_dim, config.kv_heads);
	let (wide, narrow) = (config.heads * width, kv_heads * width);
	let (rows, group) = (queries.len() / wide, config.heads / kv_heads);
	let mut result = Gradients {
		queries: vec![0.0; rows * wide],
		keys: vec![0.0; rows * narrow],
		values: vec![0.0; rows * narrow],
	};
	let of_queries = Shared::new(&mut result.queries);
	let (of_keys, of_values) = (Shared::new(&mut result.keys), Shared::new(&mut result.values));
	let stretches: Vec<_> = way.stretches().collect();
	way.team.for_each(stretches.len() * kv_heads, &|task| {
		let (stretch, shared) = (stretches[task / kv_heads].clone(), task % kv_heads);
		let (sequence, rows) = (&*way.runs[task / kv_heads].sequence, stretch.len());
		let start = sequence.len() - rows;
		let (keys, values) = pool.view(sequence, layer, shared).read(way.team.isa(), start + rows);
		let (mut own_keys, mut own_values) = (vec![0.0; rows * width], vec![0.0; rows * width]);
		let mut scratch = Vec::new();
		for row in 0..rows {
			let first = config.first_seen(start + row);
			let seen = first * width..(start + row + 1) * width;
			// The keys and values from the tape's first row on have gradients.
			let own = first.saturating_sub(start) * width;
			let at = (stretch.start + row) * wide + shared * group * width;
			way.team.isa().run(AttentionGradient {
				width,
				queries: &queries[at..][..group * width],
				gradient: &of_mixed[at..][..group * width],
				keys: &keys[seen.clone()],
				values: &values[seen],
				scale: scale(width),
				start: start.saturating_sub(first),
				// SAFETY: each task has heads of its own, of rows of its own.
				of_queries: unsafe { of_queries.slice(at, group * width) },
				of_keys: &mut own_keys[own..],
				of_values: &mut own_values[own..],
				scratch: &mut scratch,
			});
		}
		for (shared_target, own) in [(of_keys, own_keys), (of_values, own_values)] {
			for (row, own) in own.chunks_exact(width).enumerate() {
				let at = (stretch.start + row) * narrow + shared * width;
				// SAFETY: as above.
				let target = unsafe { shared_target.slice(at, width) };
				target.copy_from_slice(own);
			}
		}
	});
	result
}
