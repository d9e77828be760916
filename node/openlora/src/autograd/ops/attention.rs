//! Causal grouped-query attention (arXiv:2305.13245).

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use super::exp_all;
use crate::autograd::linear::{Matrix, Mode, inner_product, multiply, values};

/// Multiplications below which a second thread costs more than it saves.
const PARALLEL_WORK: usize = 1 << 17;

/// `softmax(q·kᵀ / √width)·v` for each head, where a token sees itself and what came before.
///
/// `q` is `[heads, n, width]`; `k` and `v` are `[kv_heads, total, width]`, of which the last `n`
/// rows belong to the tokens of `q`. Consecutive query heads share a key head. The result is
/// `[n, heads · width]`; every input gets its gradient. Scores are recomputed for the backward
/// pass, which takes less time than keeping them.
pub(crate) fn attention(q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
	let (heads, n, width) = q.dims3()?;
	let (kv_heads, total, k_width) = k.dims3()?;
	let fits = k_width == width && v.dims() == k.dims() && n <= total;
	if !fits || kv_heads == 0 || heads % kv_heads != 0 || total == 0 {
		bail!("attention: {:?} over {:?} and {:?}", q.shape(), k.shape(), v.shape());
	}
	let op = Attention { heads, kv_heads, n, total, width };
	q.contiguous()?.apply_op3(&rows_without_gaps(k)?, &rows_without_gaps(v)?, op)
}

/// The tensor itself when each head's rows follow each other in memory, as in a cache with room
/// after each head; else a copy.
fn rows_without_gaps(x: &Tensor) -> Result<Tensor> {
	let width = x.dim(2)?;
	if x.stride()[1] == width && x.stride()[2] == 1 { Ok(x.clone()) } else { x.contiguous() }
}

/// Rows of each head, which begin a fixed step apart.
struct Heads<'a> {
	values: &'a [f32],
	step: usize,
}

impl<'a> Heads<'a> {
	fn new(storage: &'a CpuStorage, layout: &Layout) -> Result<Self> {
		let values = &storage.as_slice::<f32>()?[layout.start_offset()..];
		Ok(Self { values, step: layout.stride()[0] })
	}

	fn of(storage: &'a Storage, layout: &Layout) -> Result<Self> {
		match storage {
			Storage::Cpu(storage) => Self::new(storage, layout),
			_ => bail!("attention: a tensor is not on the CPU"),
		}
	}

	fn head(&self, head: usize, rows: usize, width: usize) -> Matrix<'a> {
		Matrix::new(&self.values[head * self.step..], rows, width)
	}
}

struct Attention {
	heads: usize,
	kv_heads: usize,
	n: usize,
	total: usize,
	width: usize,
}

impl Attention {
	fn scale(&self) -> f32 {
		(1.0 / (self.width as f64).sqrt()) as f32
	}

	fn group(&self) -> usize {
		self.heads / self.kv_heads
	}

	fn is_parallel(&self) -> bool {
		rayon::current_num_threads() > 1
			&& self.heads * self.n * self.total * self.width >= PARALLEL_WORK
	}

	/// Softmax of one head's scores, `[n, total]`, zero where a token would see a later one.
	fn probabilities(&self, q: Matrix<'_>, k: Matrix<'_>) -> Vec<f32> {
		let mut scores = vec![0.0; self.n * self.total];
		multiply(&mut scores, q, k.t(), self.scale(), Mode::Replace);
		for (row, scores) in scores.chunks_exact_mut(self.total).enumerate() {
			let (seen, hidden) = scores.split_at_mut(self.total - self.n + row + 1);
			hidden.fill(0.0);
			let largest = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
			for score in seen.iter_mut() {
				*score -= largest;
			}
			let normaliser = (1.0 / exp_all(seen)) as f32;
			for score in seen {
				*score *= normaliser;
			}
		}
		scores
	}
}

impl CustomOp3 for Attention {
	fn name(&self) -> &'static str {
		"attention"
	}

	fn cpu_fwd(
		&self,
		q: &CpuStorage,
		q_layout: &Layout,
		k: &CpuStorage,
		k_layout: &Layout,
		v: &CpuStorage,
		v_layout: &Layout,
	) -> Result<(CpuStorage, Shape)> {
		let (n, total, width) = (self.n, self.total, self.width);
		let (q, k) = (Heads::new(q, q_layout)?, Heads::new(k, k_layout)?);
		let v = Heads::new(v, v_layout)?;
		let mut by_head = vec![0.0; self.heads * n * width];
		let run = |(head, target): (usize, &mut [f32])| {
			let shared = head / self.group();
			let keys = k.head(shared, total, width);
			let p = self.probabilities(q.head(head, n, width), keys);
			let (p, values) = (Matrix::new(&p, n, total), v.head(shared, total, width));
			multiply(target, p, values, 1.0, Mode::Replace);
		};
		let chunk = (n * width).max(1);
		if self.is_parallel() {
			by_head.par_chunks_mut(chunk).enumerate().for_each(run);
		} else {
			by_head.chunks_mut(chunk).enumerate().for_each(run);
		}
		// [heads, n, width] -> [n, heads · width]
		let mut joined = Vec::with_capacity(by_head.len());
		for row in 0..n {
			for head in 0..self.heads {
				joined.extend_from_slice(&by_head[(head * n + row) * width..][..width]);
			}
		}
		Ok((CpuStorage::F32(joined), Shape::from((n, self.heads * width))))
	}

	/// For each head, with probabilities `p`, scale `s` and `g` the gradient of its result:
	/// `g_v = pᵀ·g`, `d = p ∘ (g·vᵀ − Σ p ∘ g·vᵀ)` row by row, `g_q = s·d·k`, `g_k = s·dᵀ·q`.
	fn bwd(
		&self,
		q: &Tensor,
		k: &Tensor,
		v: &Tensor,
		_result: &Tensor,
		gradient: &Tensor,
	) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
		let (n, total, width, group) = (self.n, self.total, self.width, self.group());
		let gradient = gradient.contiguous()?;
		let (q_storage, q_layout) = q.storage_and_layout();
		let (k_storage, k_layout) = k.storage_and_layout();
		let (v_storage, v_layout) = v.storage_and_layout();
		let (g_storage, g_layout) = gradient.storage_and_layout();
		let q_heads = Heads::of(&q_storage, q_layout)?;
		let k_heads = Heads::of(&k_storage, k_layout)?;
		let v_heads = Heads::of(&v_storage, v_layout)?;
		let g = values(&g_storage, g_layout)?;

		let mut of_q = vec![0.0; self.heads * n * width];
		let mut of_k = vec![0.0; self.kv_heads * total * width];
		let mut of_v = vec![0.0; self.kv_heads * total * width];
		type Target<'a> = (usize, ((&'a mut [f32], &'a mut [f32]), &'a mut [f32]));
		let run = |(shared, ((of_q, of_k), of_v)): Target<'_>| {
			let keys = k_heads.head(shared, total, width);
			let cached = v_heads.head(shared, total, width);
			let mut d = vec![0.0; n * total];
			for (member, of_q) in of_q.chunks_exact_mut(n * width).enumerate() {
				let head = shared * group + member;
				let queries = q_heads.head(head, n, width);
				let g = Matrix::strided(&g[head * width..], n, width, self.heads * width);
				let p = self.probabilities(queries, keys);
				multiply(of_v, Matrix::new(&p, n, total).t(), g, 1.0, Mode::Add);
				multiply(&mut d, g, cached.t(), 1.0, Mode::Replace);
				for (d, p) in d.chunks_exact_mut(total).zip(p.chunks_exact(total)) {
					let mean = inner_product(d, p);
					for (d, p) in d.iter_mut().zip(p) {
						*d = p * (*d - mean);
					}
				}
				let d = Matrix::new(&d, n, total);
				multiply(of_q, d, keys, self.scale(), Mode::Replace);
				multiply(of_k, d.t(), queries, self.scale(), Mode::Add);
			}
		};
		let (q_chunk, k_chunk) = ((group * n * width).max(1), (total * width).max(1));
		if self.is_parallel() {
			let keys = of_q.par_chunks_mut(q_chunk).zip(of_k.par_chunks_mut(k_chunk));
			keys.zip(of_v.par_chunks_mut(k_chunk)).enumerate().for_each(run);
		} else {
			let keys = of_q.chunks_mut(q_chunk).zip(of_k.chunks_mut(k_chunk));
			keys.zip(of_v.chunks_mut(k_chunk)).enumerate().for_each(run);
		}
		Ok((
			Some(Tensor::from_vec(of_q, q.shape(), &Device::Cpu)?),
			Some(Tensor::from_vec(of_k, k.shape(), &Device::Cpu)?),
			Some(Tensor::from_vec(of_v, v.shape(), &Device::Cpu)?),
		))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::autograd::ops::test_tools::{agree, uniform};
	use candle_core::D;

	fn composed(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
		let (heads, n, width) = q.dims3().unwrap();
		let (kv_heads, total, _) = k.dims3().unwrap();
		let repeat = |x: &Tensor| {
			let shape = (kv_heads, heads / kv_heads, total, width);
			let x = x.unsqueeze(1).unwrap().broadcast_as(shape).unwrap();
			x.reshape((heads, total, width)).unwrap()
		};
		let mask: Vec<f32> = (0..n * total)
			.map(|i| if i % total > total - n + i / total { f32::NEG_INFINITY } else { 0.0 })
			.collect();
		let mask = Tensor::from_vec(mask, (n, total), &Device::Cpu).unwrap();
		let keys = repeat(k).transpose(1, 2).unwrap().contiguous().unwrap();
		let scores = (q.matmul(&keys).unwrap() / (width as f64).sqrt()).unwrap();
		let powers = scores.broadcast_add(&mask).unwrap().exp().unwrap();
		let p = powers.broadcast_div(&powers.sum_keepdim(D::Minus1).unwrap()).unwrap();
		let joined = p.matmul(&repeat(v)).unwrap().transpose(0, 1).unwrap();
		joined.contiguous().unwrap().reshape((n, heads * width)).unwrap()
	}

	#[test]
	fn attention_and_gradients_equal_composed_operations_when_heads_share_keys() {
		for (heads, kv_heads, n, total, width) in
			[(1, 1, 2, 2, 4), (4, 2, 5, 5, 8), (6, 2, 3, 9, 4), (9, 3, 60, 70, 16), (4, 2, 1, 6, 8)]
		{
			let q = (uniform(&[heads, n, width], 1) * 3.0).unwrap();
			let k = uniform(&[kv_heads, total, width], 2);
			let v = uniform(&[kv_heads, total, width], 3);
			agree(
				&[q, k, v],
				|x| attention(x[0], x[1], x[2]).unwrap(),
				|x| composed(x[0], x[1], x[2]),
			);
		}
	}

	#[test]
	fn attention_reads_the_cached_rows_alone_when_a_buffer_has_room() {
		let (q, k, v) = (uniform(&[4, 2, 8], 4), uniform(&[2, 16, 8], 5), uniform(&[2, 16, 8], 6));
		let part = |x: &Tensor| x.narrow(1, 0, 7).unwrap();
		let roomy = attention(&q, &part(&k), &part(&v)).unwrap();
		let exact = |x: &Tensor| part(x).contiguous().unwrap();
		let tight = attention(&q, &exact(&k), &exact(&v)).unwrap();
		assert_eq!(roomy.to_vec2::<f32>().unwrap(), tight.to_vec2::<f32>().unwrap());
	}

	#[test]
	fn attention_ignores_later_tokens_when_they_change() {
		let (q, k, v) = (uniform(&[2, 3, 4], 7), uniform(&[1, 3, 4], 8), uniform(&[1, 3, 4], 9));
		let changed = |x: &Tensor| {
			Tensor::cat(&[x.narrow(1, 0, 2).unwrap(), uniform(&[1, 1, 4], 10)], 1).unwrap()
		};
		let before = attention(&q, &k, &v).unwrap().to_vec2::<f32>().unwrap();
		let after = attention(&q, &changed(&k), &changed(&v)).unwrap().to_vec2::<f32>().unwrap();
		assert_eq!(before[..2], after[..2]);
		assert_ne!(before[2], after[2]);
	}

	#[test]
	fn attention_is_refused_when_shapes_do_not_fit() {
		let of = |heads, n, width| uniform(&[heads, n, width], 11);
		assert!(attention(&of(3, 2, 4), &of(2, 2, 4), &of(2, 2, 4)).is_err());
		assert!(attention(&of(2, 3, 4), &of(2, 2, 4), &of(2, 2, 4)).is_err());
		assert!(attention(&of(2, 2, 4), &of(2, 2, 6), &of(2, 2, 6)).is_err());
		assert!(attention(&of(2, 2, 4), &of(2, 2, 4), &of(2, 3, 4)).is_err());
	}
}
