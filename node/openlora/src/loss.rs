//! Mean negative log-likelihood of target tokens, with its gradient in closed form.
//!
//! For logits `z` of one position and target `t`, the loss is `ln Σⱼ exp(zⱼ) − zₜ` and its gradient
//! is `softmax(z) − 1ₜ`. As one operation it reads the logits once in each direction; composed of
//! tensor operations it would write a dozen arrays of vocabulary size for every position.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use crate::ops::{exp, exp_all};

/// Mean over positions of the negative natural-log probability of each position's target.
///
/// `logits` is `[positions, vocab]` in f32 on the CPU, `targets` holds one token id for each
/// position. The result is a scalar, not finite when a logit is not.
///
/// # Errors
/// When there are no positions, when counts differ, or when a target is not in the vocabulary.
pub(crate) fn mean_negative_log_likelihood(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
	let (positions, vocab) = logits.dims2()?;
	if positions == 0 || positions != targets.len() {
		bail!("loss: {positions} positions of logits for {} targets", targets.len());
	}
	if let Some(target) = targets.iter().find(|target| **target as usize >= vocab) {
		bail!("loss: target {target} is not in the vocabulary of {vocab} tokens");
	}
	logits.contiguous()?.apply_op1(NegativeLogLikelihood { targets: targets.to_vec() })
}

struct NegativeLogLikelihood {
	targets: Vec<u32>,
}

/// `ln Σⱼ exp(zⱼ)`, shifted by the largest logit so that no exponential overflows.
fn log_sum_exp(logits: &[f32]) -> f64 {
	let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	if !largest.is_finite() {
		return f64::NAN;
	}
	let mut powers = [0f32; 256];
	let mut sum = 0.0;
	for logits in logits.chunks(powers.len()) {
		let powers = &mut powers[..logits.len()];
		for (power, z) in powers.iter_mut().zip(logits) {
			*power = z - largest;
		}
		sum += exp_all(powers);
	}
	f64::from(largest) + libm::log(sum)
}

impl CustomOp1 for NegativeLogLikelihood {
	fn name(&self) -> &'static str {
		"negative-log-likelihood"
	}

	fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		let (positions, vocab) = layout.shape().dims2()?;
		let Some((from, to)) = layout.contiguous_offsets() else {
			bail!("loss: logits are not contiguous");
		};
		let losses: Vec<f64> = logits.as_slice::<f32>()?[from..to]
			.par_chunks_exact(vocab)
			.zip(&self.targets)
			.map(|(logits, target)| log_sum_exp(logits) - f64::from(logits[*target as usize]))
			.collect();
		let mean = losses.iter().sum::<f64>() / positions as f64;
		Ok((CpuStorage::F32(vec![mean as f32]), Shape::from(())))
	}

	fn bwd(&self, logits: &Tensor, _loss: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
		let (positions, vocab) = logits.dims2()?;
		let weight = gradient.to_scalar::<f32>()? / positions as f32;
		let (storage, layout) = logits.storage_and_layout();
		let (Storage::Cpu(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets())
		else {
			bail!("loss: logits are not contiguous on the CPU");
		};
		let mut result = vec![0f32; positions * vocab];
		result
			.par_chunks_exact_mut(vocab)
			.zip(storage.as_slice::<f32>()?[from..to].par_chunks_exact(vocab))
			.zip(&self.targets)
			.for_each(|((result, logits), target)| {
				let normaliser = log_sum_exp(logits) as f32;
				for (result, z) in result.iter_mut().zip(logits) {
					*result = weight * exp(z - normaliser);
				}
				result[*target as usize] -= weight;
			});
		Ok(Some(Tensor::from_vec(result, (positions, vocab), &Device::Cpu)?))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use candle_core::{D, Var};

	fn logits() -> Tensor {
		let values: Vec<f32> = (0..21).map(|i| ((i * 37 % 19) as f32 - 9.0) * 0.7).collect();
		Tensor::from_vec(values, (3, 7), &Device::Cpu).unwrap()
	}

	/// The same loss composed of candle's own differentiable operations.
	fn composed(logits: &Tensor, targets: &[u32]) -> Tensor {
		let ids = Tensor::new(targets, &Device::Cpu).unwrap().unsqueeze(1).unwrap();
		let normaliser = logits.exp().unwrap().sum_keepdim(D::Minus1).unwrap().log().unwrap();
		let log_probabilities = logits.broadcast_sub(&normaliser).unwrap();
		log_probabilities.gather(&ids, 1).unwrap().neg().unwrap().mean_all().unwrap()
	}

	#[test]
	fn loss_and_gradient_equal_composed_operations_when_logits_are_moderate() {
		let targets = [0, 6, 3];
		let variable = Var::from_tensor(&logits()).unwrap();
		let (ours, theirs) = (
			mean_negative_log_likelihood(&variable, &targets).unwrap(),
			composed(&variable, &targets),
		);
		let value = |t: &Tensor| t.to_scalar::<f32>().unwrap();
		assert!((value(&ours) - value(&theirs)).abs() < 1e-5);
		let gradient = |loss: &Tensor| {
			let loss = (loss * 2.5).unwrap();
			loss.backward().unwrap().get(&variable).unwrap().to_vec2::<f32>().unwrap().concat()
		};
		for (a, b) in gradient(&ours).iter().zip(gradient(&theirs)) {
			assert!((a - b).abs() < 1e-5, "{a} {b}");
		}
	}

	#[test]
	fn loss_is_finite_when_logits_are_huge() {
		let huge = Tensor::new(&[[1e30f32, 0.0], [-1e30, 0.0]], &Device::Cpu).unwrap();
		let loss = mean_negative_log_likelihood(&huge, &[0, 1]).unwrap();
		assert_eq!(loss.to_scalar::<f32>().unwrap(), 0.0);
	}

	#[test]
	fn loss_is_not_finite_when_a_logit_is_not() {
		for bad in [f32::NAN, f32::INFINITY] {
			let logits = Tensor::new(&[[0.0, bad, 1.0]], &Device::Cpu).unwrap();
			let loss = mean_negative_log_likelihood(&logits, &[0]).unwrap();
			assert!(!loss.to_scalar::<f32>().unwrap().is_finite());
		}
	}

	#[test]
	fn loss_is_refused_when_targets_do_not_fit() {
		assert!(mean_negative_log_likelihood(&logits(), &[0, 1]).is_err());
		assert!(mean_negative_log_likelihood(&logits(), &[0, 1, 7]).is_err());
		let none = Tensor::zeros((0, 7), candle_core::DType::F32, &Device::Cpu).unwrap();
		assert!(mean_negative_log_likelihood(&none, &[]).is_err());
	}
}
