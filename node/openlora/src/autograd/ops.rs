//! Parts of a transformer block as single operations that candle differentiates.
//!
//! Each has its gradient in closed form. Composed of candle's tensor operations they would write
//! several arrays for every value that matters, in both directions, and candle's fused kernels of
//! the same name have no gradient at all. Sums follow the order of
//! [`inner_product`](crate::autograd::linear::inner_product) and exponentials come from one source, whatever
//! the number of threads.

mod attention;
mod norm;
mod rotary;
mod swiglu;

pub(crate) use crate::kernels::exp::{exp, exp_all};
pub(crate) use attention::attention;
pub(crate) use norm::rms_norm;
pub(crate) use rotary::rotate_heads;
pub(crate) use swiglu::swiglu;

/// Values below which a second thread costs more than it saves.
const PARALLEL_VALUES: usize = 1 << 15;

/// Splits `target` into chunks of `chunk` values and runs `work` on each with its index, on several
/// threads when there is enough to do.
fn for_each_chunk(target: &mut [f32], chunk: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
	use rayon::prelude::*;
	if chunk == 0 {
		return;
	}
	if target.len() < PARALLEL_VALUES || rayon::current_num_threads() == 1 {
		target.chunks_mut(chunk).enumerate().for_each(|(index, chunk)| work(index, chunk));
	} else {
		target.par_chunks_mut(chunk).enumerate().for_each(|(index, chunk)| work(index, chunk));
	}
}

#[cfg(test)]
mod test_tools;
