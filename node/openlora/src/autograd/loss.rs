//! What is asked of target tokens, with its gradient in closed form.
//!
//! For logits `z` of one position and target `t`, the negative log-likelihood is
//! `ln Σⱼ exp(zⱼ) − zₜ` and its gradient `softmax(z) − 1ₜ`; the negative log-odds leave `t` out of
//! the sum and out of the softmax. As one operation it reads the logits once in each direction;
//! composed of tensor operations it would write a dozen arrays of vocabulary size for every
//! position.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use super::ops::{exp, exp_all};
use crate::objective::Objective;

/// Mean over positions of the objective for each position's target.
///
/// `logits` is `[positions, vocab]` in f32 on the CPU, `targets` holds one token id for each
/// position. The result is a scalar, not finite when a logit is not.
///
/// # Errors
/// When there are no positions, when counts differ, or when a target is not in the vocabulary.
pub(crate) fn mean_loss(logits: &Tensor, targets: &[u32], objective: Objective) -> Result<Tensor> {
	let (positions, vocab) = logits.dims2()?;
	if positions == 0 || positions != targets.len() {
		bail!("loss: {positions} positions of logits for {} targets", targets.len());
	}
	if let Some(target) = targets.iter().find(|target| **target as usize >= vocab) {
		bail!("loss: target {target} is not in the vocabulary of {vocab} tokens");
	}
	logits.contiguous()?.apply_op1(TargetLoss { targets: targets.to_vec(), objective })
}

struct TargetLoss {
	targets: Vec<u32>,
	objective: Objective,
}

impl TargetLoss {
	/// `ln Σⱼ exp(zⱼ)` over the tokens that the objective holds the target against.
	fn normaliser(&self, logits: &[f32], target: usize) -> f64 {
		match self.objective.counts_target() {
			true => log_sum_exp([logits, &[]]),
			false => log_sum_exp([&logits[..target], &logits[target + 1..]]),
		}
	}
}

/// Exponentials that are computed together.
const POWERS: usize = 256;

/// `ln Σⱼ exp(zⱼ)` over both parts, shifted by the largest logit so that no exponential overflows.
fn log_sum_exp(parts: [&[f32]; 2]) -> f64 {
	let largest = parts.iter().copied().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
	if !largest.is_finite() {
		return f64::NAN;
	}
	let mut powers = [0f32; POWERS];
	let mut sum = 0.0;
	for logits in parts.iter().flat_map(|part| part.chunks(POWERS)) {
		let powers = &mut powers[..logits.len()];
		for (power, z) in powers.iter_mut().zip(logits) {
			*power = z - largest;
		}
		sum += exp_all(powers);
	}
	f64::from(largest) + libm::log(sum)
}

impl CustomOp1 for TargetLoss {
	fn name(&self) -> &'static str {
		"target-loss"
	}

	fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		let (positions, vocab) = layout.shape().dims2()?;
		let Some((from, to)) = layout.contiguous_offsets() else {
			bail!("loss: logits are not contiguous");
		};
		let losses: Vec<f64> = logits.as_slice::<f32>()?[from..to]
			.par_chunks_exact(vocab)
			.zip(&self.targets)
			.map(|(logits, target)| {
				let target = *target as usize;
				let odds = f64::from(logits[target]) - self.normaliser(logits, target);
				self.objective.of_odds(odds).0
			})
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
				let target = *target as usize;
				let normaliser = self.normaliser(logits, target);
				let odds = f64::from(logits[target]) - normaliser;
				let (normaliser, weight) =
					(normaliser as f32, weight * self.objective.of_odds(odds).1);
				for (result, z) in result.iter_mut().zip(logits) {
					*result = weight * exp(z - normaliser);
				}
				match self.objective.counts_target() {
					true => result[target] -= weight,
					false => result[target] = -weight,
				}
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

	fn mean_negative_log_likelihood(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
		mean_loss(logits, targets, Objective::Likelihood)
	}

	#[test]
	fn odds_and_their_gradient_are_those_of_the_probabilities() {
		let targets = [0u32, 6, 3];
		let odds = |values: &[f32]| -> f64 {
			let mean = values.chunks(7).zip(targets).map(|(z, t)| {
				let powers: Vec<f64> = z.iter().map(|z| f64::from(*z).exp()).collect();
				let p = powers[t as usize] / powers.iter().sum::<f64>();
				-(p / (1.0 - p)).ln() / 3.0
			});
			mean.sum()
		};
		let values = logits().flatten_all().unwrap().to_vec1::<f32>().unwrap();
		let variable = Var::from_tensor(&logits()).unwrap();
		let loss = mean_loss(&variable, &targets, Objective::Odds).unwrap();
		assert!((f64::from(loss.to_scalar::<f32>().unwrap()) - odds(&values)).abs() < 1e-5);
		let gradient =
			loss.backward().unwrap().get(&variable).unwrap().to_vec2::<f32>().unwrap().concat();
		for (at, gradient) in gradient.iter().enumerate() {
			let moved = |by: f32| {
				let mut values = values.clone();
				values[at] += by;
				odds(&values)
			};
			let difference = (moved(1e-3) - moved(-1e-3)) / 2e-3;
			assert!((f64::from(*gradient) - difference).abs() < 1e-4, "{at}");
		}
	}

	#[test]
	fn gradient_of_odds_stays_when_the_target_is_certain() {
		let variable = Var::new(&[[80f32, 1.0, 0.0]], &Device::Cpu).unwrap();
		let length = |objective| {
			let loss = mean_loss(&variable, &[0], objective).unwrap();
			let gradient = loss.backward().unwrap().get(&variable).unwrap().clone();
			gradient.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap()
		};
		assert_eq!(length(Objective::Likelihood), 0.0);
		assert!((1.0..2.0).contains(&length(Objective::Odds)));
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
