//! Root-mean-square norm (arXiv:1910.07467).

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, bail};

use super::for_each_chunk;
use crate::autograd::linear::{cpu_values, inner_product, values};

/// `x / √(mean(x²) + eps) · weight` over the last dimension, differentiable in `x`.
///
/// `x` is `[n, width]`, `weight` is `[width]` and constant.
pub(crate) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
	let (_, width) = x.dims2()?;
	if weight.dims() != [width] || weight.is_variable() {
		bail!("rms_norm: the weight has to be a constant of shape [{width}]");
	}
	x.contiguous()?.apply_op1(RmsNorm { weight: weight.contiguous()?.detach(), eps })
}

struct RmsNorm {
	weight: Tensor,
	eps: f64,
}

impl RmsNorm {
	/// `1 / √(mean(x²) + eps)`.
	fn factor(&self, row: &[f32]) -> f32 {
		let mean = f64::from(inner_product(row, row)) / row.len() as f64;
		(1.0 / (mean + self.eps).sqrt()) as f32
	}
}

impl CustomOp1 for RmsNorm {
	fn name(&self) -> &'static str {
		"rms-norm"
	}

	fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		let width = self.weight.dim(0)?;
		let x = cpu_values(x, layout)?;
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let weight = values(&weight, weight_layout)?;
		let mut result = vec![0.0; x.len()];
		for_each_chunk(&mut result, width, |row, result| {
			let x = &x[row * width..][..width];
			let factor = self.factor(x);
			for ((result, x), weight) in result.iter_mut().zip(x).zip(weight) {
				*result = x * factor * weight;
			}
		});
		Ok((CpuStorage::F32(result), layout.shape().clone()))
	}

	/// With `r` the factor of a row, `h = g · weight` and `d` its width, the gradient is
	/// `r·h − x · r³ / d · Σ h·x`.
	fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
		let width = self.weight.dim(0)?;
		let gradient = gradient.contiguous()?;
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let (x_storage, x_layout) = x.storage_and_layout();
		let (g_storage, g_layout) = gradient.storage_and_layout();
		let weight = values(&weight, weight_layout)?;
		let x_values = values(&x_storage, x_layout)?;
		let g = values(&g_storage, g_layout)?;
		let mut result = vec![0.0; x_values.len()];
		for_each_chunk(&mut result, width, |row, result| {
			let (x, g) = (&x_values[row * width..][..width], &g[row * width..][..width]);
			for ((result, g), weight) in result.iter_mut().zip(g).zip(weight) {
				*result = g * weight;
			}
			let factor = self.factor(x);
			let along = inner_product(result, x) * factor * factor * factor / width as f32;
			for (result, x) in result.iter_mut().zip(x) {
				*result = factor * *result - along * x;
			}
		});
		Ok(Some(Tensor::from_vec(result, x.shape(), &Device::Cpu)?))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::autograd::ops::test_tools::{agree, uniform};
	use candle_core::{D, Var};

	#[test]
	fn norm_and_gradient_equal_composed_operations_when_rows_are_few_or_many() {
		for rows in [1, 7, 2000] {
			let x = uniform(&[rows, 20], 1);
			let weight = uniform(&[20], 2);
			agree(
				&[x],
				|x| rms_norm(x[0], &weight, 1e-2).unwrap(),
				|x| {
					let mean = x[0].sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
					let root = (mean + 1e-2).unwrap().sqrt().unwrap();
					x[0].broadcast_div(&root).unwrap().broadcast_mul(&weight).unwrap()
				},
			);
		}
	}

	#[test]
	fn norm_is_refused_when_the_weight_is_a_variable_or_does_not_fit() {
		let x = uniform(&[2, 4], 3);
		let variable = Var::from_tensor(&uniform(&[4], 4)).unwrap();
		assert!(rms_norm(&x, &variable, 1e-5).is_err());
		assert!(rms_norm(&x, &uniform(&[5], 5), 1e-5).is_err());
	}
}
