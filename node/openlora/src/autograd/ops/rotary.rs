//! Rotary position embedding (arXiv:2104.09864) in the half-split order of Hugging Face.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, bail};

use super::for_each_chunk;
use crate::autograd::linear::{cpu_values, values};

/// Splits `x`, `[n, heads · width]`, into heads and turns each by its row's angles.
///
/// `cos` and `sin` are `[n, width / 2]` and constant; the result is `[heads, n, width]`. Elements
/// `i` and `i + width / 2` of a head are one pair.
pub(crate) fn rotate_heads(x: &Tensor, heads: usize, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
	let (n, columns) = x.dims2()?;
	let half = columns / heads.max(1) / 2;
	if heads * half * 2 != columns || cos.dims() != [n, half] || sin.dims() != [n, half] {
		let (cos, sin) = (cos.shape(), sin.shape());
		bail!("rotate_heads: {:?} in {heads} heads, with angles {cos:?}, {sin:?}", x.shape());
	}
	let (cos, sin) = (cos.contiguous()?.detach(), sin.contiguous()?.detach());
	x.contiguous()?.apply_op1(Rotation { heads, cos, sin })
}

struct Rotation {
	heads: usize,
	cos: Tensor,
	sin: Tensor,
}

/// `(a, b) ↦ (a·cos − b·sin, b·cos + a·sin)` for every pair of a head's row.
fn turn(result: &mut [f32], x: &[f32], cos: &[f32], sin: &[f32], direction: f32) {
	let half = cos.len();
	let (first, second) = x.split_at(half);
	let (result_first, result_second) = result.split_at_mut(half);
	for i in 0..half {
		let (cos, sin) = (cos[i], direction * sin[i]);
		result_first[i] = first[i] * cos - second[i] * sin;
		result_second[i] = second[i] * cos + first[i] * sin;
	}
}

impl CustomOp1 for Rotation {
	fn name(&self) -> &'static str {
		"rotate-heads"
	}

	fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		let (n, half) = self.cos.dims2()?;
		let width = 2 * half;
		let x = cpu_values(x, layout)?;
		let (cos, cos_layout) = self.cos.storage_and_layout();
		let (sin, sin_layout) = self.sin.storage_and_layout();
		let (cos, sin) = (values(&cos, cos_layout)?, values(&sin, sin_layout)?);
		let mut result = vec![0.0; x.len()];
		for_each_chunk(&mut result, n * width, |head, result| {
			for (row, result) in result.chunks_exact_mut(width).enumerate() {
				let x = &x[(row * self.heads + head) * width..][..width];
				turn(result, x, &cos[row * half..][..half], &sin[row * half..][..half], 1.0);
			}
		});
		Ok((CpuStorage::F32(result), Shape::from((self.heads, n, width))))
	}

	/// A rotation's transpose turns back.
	fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
		let (n, half) = self.cos.dims2()?;
		let width = 2 * half;
		let gradient = gradient.contiguous()?;
		let (g, g_layout) = gradient.storage_and_layout();
		let (cos, cos_layout) = self.cos.storage_and_layout();
		let (sin, sin_layout) = self.sin.storage_and_layout();
		let g = values(&g, g_layout)?;
		let (cos, sin) = (values(&cos, cos_layout)?, values(&sin, sin_layout)?);
		let mut result = vec![0.0; g.len()];
		for_each_chunk(&mut result, self.heads * width, |row, result| {
			for (head, result) in result.chunks_exact_mut(width).enumerate() {
				let g = &g[(head * n + row) * width..][..width];
				turn(result, g, &cos[row * half..][..half], &sin[row * half..][..half], -1.0);
			}
		});
		Ok(Some(Tensor::from_vec(result, x.shape(), &Device::Cpu)?))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::autograd::ops::test_tools::{agree, uniform};
	use candle_core::D;

	#[test]
	fn rotation_and_gradient_equal_composed_operations_when_rows_are_few_or_many() {
		for (n, heads, half) in [(1, 1, 1), (3, 2, 4), (400, 3, 16)] {
			let (cos, sin) = (uniform(&[n, half], 1), uniform(&[n, half], 2));
			agree(
				&[uniform(&[n, heads * half * 2], 3)],
				|x| rotate_heads(x[0], heads, &cos, &sin).unwrap(),
				|x| {
					let split =
						x[0].reshape((n, heads, 2 * half)).unwrap().transpose(0, 1).unwrap();
					let split = split.contiguous().unwrap();
					let a = split.narrow(D::Minus1, 0, half).unwrap();
					let b = split.narrow(D::Minus1, half, half).unwrap();
					let by = |x: &Tensor, y: &Tensor| x.broadcast_mul(y).unwrap();
					let first = (by(&a, &cos) - by(&b, &sin)).unwrap();
					let second = (by(&b, &cos) + by(&a, &sin)).unwrap();
					Tensor::cat(&[first, second], D::Minus1).unwrap()
				},
			);
		}
	}

	#[test]
	fn rotation_is_refused_when_angles_or_heads_do_not_fit() {
		let x = uniform(&[3, 8], 4);
		let angles = uniform(&[3, 2], 5);
		assert!(rotate_heads(&x, 2, &angles, &angles).is_ok());
		assert!(rotate_heads(&x, 3, &angles, &angles).is_err());
		assert!(rotate_heads(&x, 0, &angles, &angles).is_err());
		assert!(rotate_heads(&x, 1, &angles, &angles).is_err());
		let short = uniform(&[2, 2], 6);
		assert!(rotate_heads(&x, 2, &short, &angles).is_err());
	}
}
