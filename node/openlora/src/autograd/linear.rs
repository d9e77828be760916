//! Multiplication by a frozen weight: the one seam between the model and its kernels.
//!
//! candle's own matmul computes the gradients of both operands. A base's weights are never
//! trained, so their gradients would be as expensive as everything else together and thrown away.
//! The operations here know their weight as a constant, and propagate the gradients of the input
//! and of the low-rank matrices only.

mod dot;
mod product;

use candle_core::{
	CpuStorage, CustomOp1, CustomOp3, DType, Device, Layout, Result, Shape, Storage, Tensor, bail,
};

pub(crate) use dot::inner_product;
pub(crate) use product::{Matrix, Mode, multiply};

use crate::adapter::Lora;

/// Up to this many rows, reading each weight once beats packing the weights into blocks.
const FEW_ROWS: usize = 4;

/// `x · wᵀ`, differentiable in `x` alone.
///
/// `x` is `[.., in]` and `w` is `[out, in]`, both f32 on the CPU; the result is `[.., out]`.
/// The weight is read in place when it is contiguous, and a `w` that is a variable is refused: its
/// gradient would silently be missing.
///
/// # Errors
/// candle's shape and type errors, and a message when `w` is a variable.
pub fn frozen_linear(x: &Tensor, w: &Tensor) -> Result<Tensor> {
	let weight = frozen(x, w)?;
	x.contiguous()?.apply_op1(FrozenLinear { weight })
}

/// `x · wᵀ + scale · (x · aᵀ) · bᵀ`, differentiable in `x`, `a` and `b`.
///
/// `x` is `[.., in]`, `w` is `[out, in]`, `a` is `[rank, in]` and `b` is `[out, rank]`, all f32 on
/// the CPU; the result is `[.., out]`.
///
/// # Errors
/// As [`frozen_linear`], and when the low-rank matrices do not fit.
pub fn adapted_linear(x: &Tensor, w: &Tensor, lora: &Lora, scale: f64) -> Result<Tensor> {
	let weight = frozen(x, w)?;
	let (outputs, inputs) = weight.dims2()?;
	let (rank, _) = lora.a.dims2()?;
	if lora.a.dims() != [rank, inputs] || lora.b.dims() != [outputs, rank] {
		let (a, b) = (lora.a.shape(), lora.b.shape());
		bail!("adapted_linear: {a:?} and {b:?} do not fit a weight of {:?}", w.shape());
	}
	let op = AdaptedLinear { weight, scale: scale as f32 };
	x.contiguous()?.apply_op3(&lora.a.contiguous()?, &lora.b.contiguous()?, op)
}

/// The weight as a contiguous constant, if it fits `x`.
fn frozen(x: &Tensor, w: &Tensor) -> Result<Tensor> {
	if w.is_variable() {
		bail!("frozen_linear: the weight is a variable, which would get no gradient");
	}
	if x.dtype() != DType::F32 || w.dtype() != DType::F32 {
		bail!("frozen_linear: expected f32, got {:?} and {:?}", x.dtype(), w.dtype());
	}
	let (_, inputs) = w.dims2()?;
	if x.rank() == 0 || x.dims()[x.rank() - 1] != inputs {
		bail!("frozen_linear: {:?} does not fit a weight of {:?}", x.shape(), w.shape());
	}
	Ok(w.contiguous()?.detach())
}

/// The values of a contiguous f32 tensor in main memory.
pub(crate) fn values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
	match storage {
		Storage::Cpu(storage) => cpu_values(storage, layout),
		_ => bail!("a tensor is not on the CPU"),
	}
}

/// As [`values`], from the storage that an operation is given.
pub(crate) fn cpu_values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
	match layout.contiguous_offsets() {
		Some((from, to)) => Ok(&storage.as_slice::<f32>()?[from..to]),
		None => bail!("a tensor of {:?} is not contiguous", layout.shape()),
	}
}

/// `x · wᵀ` for `x` of `m` rows.
fn forward(x: &[f32], w: &[f32], m: usize, n: usize, k: usize) -> Vec<f32> {
	if m <= FEW_ROWS {
		return dot::rows_by_weights(x, w, m, n, k);
	}
	let mut y = vec![0.0; m * n];
	multiply(&mut y, Matrix::new(x, m, k), Matrix::new(w, n, k).t(), 1.0, Mode::Replace);
	y
}

/// Shape of the result, `[.., out]`, for an input of `[.., in]`.
fn with_last(shape: &Shape, last: usize) -> Shape {
	let mut dims = shape.dims().to_vec();
	dims.pop();
	dims.push(last);
	Shape::from(dims)
}

struct FrozenLinear {
	/// `[out, in]`, contiguous.
	weight: Tensor,
}

impl CustomOp1 for FrozenLinear {
	fn name(&self) -> &'static str {
		"frozen-linear"
	}

	fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
		let (n, k) = self.weight.dims2()?;
		let m = layout.shape().elem_count() / k.max(1);
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let y = forward(cpu_values(x, layout)?, values(&weight, weight_layout)?, m, n, k);
		Ok((CpuStorage::F32(y), with_last(layout.shape(), n)))
	}

	fn bwd(&self, x: &Tensor, _y: &Tensor, y_gradient: &Tensor) -> Result<Option<Tensor>> {
		let (n, k) = self.weight.dims2()?;
		let m = x.elem_count() / k.max(1);
		let y_gradient = y_gradient.contiguous()?;
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let (g, g_layout) = y_gradient.storage_and_layout();
		let g = Matrix::new(values(&g, g_layout)?, m, n);
		let w = Matrix::new(values(&weight, weight_layout)?, n, k);
		let mut result = vec![0.0; m * k];
		multiply(&mut result, g, w, 1.0, Mode::Replace);
		Ok(Some(Tensor::from_vec(result, x.shape(), &Device::Cpu)?))
	}
}

struct AdaptedLinear {
	/// `[out, in]`, contiguous.
	weight: Tensor,
	scale: f32,
}

impl CustomOp3 for AdaptedLinear {
	fn name(&self) -> &'static str {
		"adapted-linear"
	}

	fn cpu_fwd(
		&self,
		x: &CpuStorage,
		x_layout: &Layout,
		a: &CpuStorage,
		a_layout: &Layout,
		b: &CpuStorage,
		b_layout: &Layout,
	) -> Result<(CpuStorage, Shape)> {
		let (n, k) = self.weight.dims2()?;
		let rank = a_layout.dims()[0];
		let m = x_layout.shape().elem_count() / k.max(1);
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let x = cpu_values(x, x_layout)?;
		let mut y = forward(x, values(&weight, weight_layout)?, m, n, k);
		let low = forward(x, cpu_values(a, a_layout)?, m, rank, k);
		let b = cpu_values(b, b_layout)?;
		if m <= FEW_ROWS {
			let update = dot::rows_by_weights(&low, b, m, n, rank);
			for (y, update) in y.iter_mut().zip(update) {
				*y += self.scale * update;
			}
		} else {
			let b = Matrix::new(b, n, rank);
			multiply(&mut y, Matrix::new(&low, m, rank), b.t(), self.scale, Mode::Add);
		}
		Ok((CpuStorage::F32(y), with_last(x_layout.shape(), n)))
	}

	/// With `g` the gradient of the result and `s` the scale: `gₓ = g·w + s·(g·b)·a`,
	/// `gₐ = s·(g·b)ᵀ·x`, `g_b = s·gᵀ·(x·aᵀ)`.
	fn bwd(
		&self,
		x: &Tensor,
		a: &Tensor,
		b: &Tensor,
		_y: &Tensor,
		y_gradient: &Tensor,
	) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
		let (n, k) = self.weight.dims2()?;
		let (rank, m) = (a.dim(0)?, x.elem_count() / k.max(1));
		let y_gradient = y_gradient.contiguous()?;
		let (weight, weight_layout) = self.weight.storage_and_layout();
		let (g_storage, g_layout) = y_gradient.storage_and_layout();
		let (x_storage, x_layout) = x.storage_and_layout();
		let (a_storage, a_layout) = a.storage_and_layout();
		let (b_storage, b_layout) = b.storage_and_layout();
		let g_matrix = Matrix::new(values(&g_storage, g_layout)?, m, n);
		let w_matrix = Matrix::new(values(&weight, weight_layout)?, n, k);
		let x_matrix = Matrix::new(values(&x_storage, x_layout)?, m, k);
		let a_matrix = Matrix::new(values(&a_storage, a_layout)?, rank, k);
		let b_matrix = Matrix::new(values(&b_storage, b_layout)?, n, rank);

		let mut low_gradient = vec![0.0; m * rank];
		multiply(&mut low_gradient, g_matrix, b_matrix, self.scale, Mode::Replace);
		let low_gradient = Matrix::new(&low_gradient, m, rank);

		let of_x = |()| {
			let mut result = vec![0.0; m * k];
			multiply(&mut result, g_matrix, w_matrix, 1.0, Mode::Replace);
			multiply(&mut result, low_gradient, a_matrix, 1.0, Mode::Add);
			Tensor::from_vec(result, x.shape(), &Device::Cpu)
		};
		let of_a = |()| {
			let mut result = vec![0.0; rank * k];
			multiply(&mut result, low_gradient.t(), x_matrix, 1.0, Mode::Replace);
			Tensor::from_vec(result, a.shape(), &Device::Cpu)
		};
		let of_b = |()| {
			let mut low = vec![0.0; m * rank];
			multiply(&mut low, x_matrix, a_matrix.t(), self.scale, Mode::Replace);
			let mut result = vec![0.0; n * rank];
			let low = Matrix::new(&low, m, rank);
			multiply(&mut result, g_matrix.t(), low, 1.0, Mode::Replace);
			Tensor::from_vec(result, b.shape(), &Device::Cpu)
		};
		// The inputs of the first block and the matrices of a served adapter need none.
		let wanted = |tensor: &Tensor| tensor.track_op().then_some(());
		Ok((
			wanted(x).map(of_x).transpose()?,
			wanted(a).map(of_a).transpose()?,
			wanted(b).map(of_b).transpose()?,
		))
	}
}

#[cfg(test)]
mod tests;
