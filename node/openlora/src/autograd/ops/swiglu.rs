//! The gate of a SwiGLU feed-forward layer (arXiv:2002.05202).

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::for_each_chunk;
use crate::autograd::linear::{cpu_values, values};
use crate::kernels::exp::sigmoid;

/// Values worked on at once.
const CHUNK: usize = 4096;

/// `gate · σ(gate) · up`, element by element, for two tensors of one shape.
pub(crate) fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
	gate.contiguous()?.apply_op2(&up.contiguous()?, SwiGlu)
}

struct SwiGlu;

impl CustomOp2 for SwiGlu {
	fn name(&self) -> &'static str {
		"swiglu"
	}

	fn cpu_fwd(
		&self,
		gate: &CpuStorage,
		gate_layout: &Layout,
		up: &CpuStorage,
		up_layout: &Layout,
	) -> Result<(CpuStorage, Shape)> {
		let (gate, up) = (cpu_values(gate, gate_layout)?, cpu_values(up, up_layout)?);
		if gate.len() != up.len() {
			candle_core::bail!("swiglu: {:?} and {:?}", gate_layout.shape(), up_layout.shape());
		}
		let mut result = vec![0.0; gate.len()];
		for_each_chunk(&mut result, CHUNK, |index, result| {
			let (gate, up) = (&gate[index * CHUNK..], &up[index * CHUNK..]);
			for ((result, gate), up) in result.iter_mut().zip(gate).zip(up) {
				*result = gate * sigmoid(*gate) * up;
			}
		});
		Ok((CpuStorage::F32(result), gate_layout.shape().clone()))
	}

	/// `∂/∂gate = g · up · σ · (1 + gate · (1 − σ))`, `∂/∂up = g · gate · σ`.
	fn bwd(
		&self,
		gate: &Tensor,
		up: &Tensor,
		_result: &Tensor,
		gradient: &Tensor,
	) -> Result<(Option<Tensor>, Option<Tensor>)> {
		let gradient = gradient.contiguous()?;
		let (gate_storage, gate_layout) = gate.storage_and_layout();
		let (up_storage, up_layout) = up.storage_and_layout();
		let (g_storage, g_layout) = gradient.storage_and_layout();
		let gate_values = values(&gate_storage, gate_layout)?;
		let up_values = values(&up_storage, up_layout)?;
		let g = values(&g_storage, g_layout)?;
		// Pairs of (gate, up) gradients: one pass computes the exponential for both.
		let mut pairs = vec![0.0; 2 * g.len()];
		for_each_chunk(&mut pairs, 2 * CHUNK, |index, pairs| {
			let (of_gate, of_up) = pairs.split_at_mut(pairs.len() / 2);
			let from = index * CHUNK;
			let inputs = gate_values[from..].iter().zip(&up_values[from..]).zip(&g[from..]);
			for ((of_gate, of_up), ((gate, up), g)) in of_gate.iter_mut().zip(of_up).zip(inputs) {
				let sigma = sigmoid(*gate);
				*of_gate = g * up * sigma * (1.0 + gate * (1.0 - sigma));
				*of_up = g * gate * sigma;
			}
		});
		let (mut of_gate, mut of_up) = (Vec::with_capacity(g.len()), Vec::with_capacity(g.len()));
		for pairs in pairs.chunks(2 * CHUNK) {
			let (gates, ups) = pairs.split_at(pairs.len() / 2);
			of_gate.extend_from_slice(gates);
			of_up.extend_from_slice(ups);
		}
		Ok((
			Some(Tensor::from_vec(of_gate, gate.shape(), &Device::Cpu)?),
			Some(Tensor::from_vec(of_up, up.shape(), &Device::Cpu)?),
		))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::autograd::ops::test_tools::{agree, uniform};

	#[test]
	fn gate_and_gradients_equal_composed_operations_when_values_are_few_or_many() {
		for shape in [[1, 3], [5, 9], [700, 64]] {
			let (gate, up) = ((uniform(&shape, 1) * 8.0).unwrap(), uniform(&shape, 2));
			agree(
				&[gate, up],
				|x| swiglu(x[0], x[1]).unwrap(),
				|x| (x[0].silu().unwrap() * x[1]).unwrap(),
			);
		}
	}

	#[test]
	fn gate_is_finite_when_inputs_are_extreme() {
		let gate = Tensor::new(&[-1e30f32, 1e30, -200.0, 0.0], &Device::Cpu).unwrap();
		let up = Tensor::new(&[1f32, 1.0, 1.0, 1.0], &Device::Cpu).unwrap();
		let y = swiglu(&gate, &up).unwrap().to_vec1::<f32>().unwrap();
		assert_eq!(y, [0.0, 1e30, 0.0, 0.0]);
	}

	#[test]
	fn gate_is_refused_when_shapes_differ() {
		assert!(swiglu(&uniform(&[2, 3], 3), &uniform(&[2, 4], 4)).is_err());
	}
}
