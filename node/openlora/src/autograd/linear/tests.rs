use super::*;
use candle_core::{Device, Var};
use rand::{Rng, SeedableRng};

fn uniform(shape: &[usize], seed: u64) -> Tensor {
	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
	let values: Vec<f32> =
		(0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
	Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
	(a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn product_equals_matmul_when_rows_are_few_or_many() {
	let w = uniform(&[48, 70], 1);
	for rows in [1, 2, FEW_ROWS, FEW_ROWS + 1, 40] {
		let x = uniform(&[rows, 70], 2);
		let expected = x.matmul(&w.t().unwrap()).unwrap();
		let y = frozen_linear(&x, &w).unwrap();
		assert!(largest_difference(&y, &expected) < 1e-5, "{rows} rows");
	}
}

#[test]
fn product_keeps_leading_dimensions_when_input_is_a_strided_view() {
	let x = uniform(&[3, 5, 2, 16], 3).transpose(1, 2).unwrap();
	let w = uniform(&[7, 16], 4);
	let y = frozen_linear(&x, &w).unwrap();
	assert_eq!(y.dims(), [3, 2, 5, 7]);
	let expected = x.contiguous().unwrap().broadcast_matmul(&w.t().unwrap()).unwrap();
	assert!(largest_difference(&y, &expected) < 1e-5);
}

#[test]
fn product_reads_the_right_rows_when_operands_are_slices() {
	let (x, w) = (uniform(&[4, 8], 5), uniform(&[10, 8], 6));
	let (x_part, w_part) = (x.narrow(0, 2, 1).unwrap(), w.narrow(0, 3, 5).unwrap());
	let y = frozen_linear(&x_part, &w_part).unwrap();
	let expected = x.matmul(&w.t().unwrap()).unwrap().narrow(0, 2, 1).unwrap();
	let expected = expected.narrow(1, 3, 5).unwrap();
	assert!(largest_difference(&y, &expected) < 1e-5);
}

#[test]
fn gradient_equals_matmul_gradient_when_rows_are_few_or_many() {
	let w = uniform(&[24, 40], 7);
	for rows in [1, 3, 33] {
		let x = Var::from_tensor(&uniform(&[rows, 40], 8)).unwrap();
		let weighting = uniform(&[rows, 24], 9);
		let through = |y: Tensor| {
			let loss = (y * &weighting).unwrap().sqr().unwrap().sum_all().unwrap();
			loss.backward().unwrap().get(&x).unwrap().clone()
		};
		let ours = through(frozen_linear(&x, &w).unwrap());
		let theirs = through(x.matmul(&w.t().unwrap()).unwrap());
		assert!(largest_difference(&ours, &theirs) < 1e-4, "{rows} rows");
	}
}

#[test]
fn weight_is_refused_when_it_is_a_variable() {
	let w = Var::from_tensor(&uniform(&[4, 4], 10)).unwrap();
	let error = frozen_linear(&uniform(&[2, 4], 11), &w).unwrap_err();
	assert!(error.to_string().contains("variable"));
}

#[test]
fn input_is_refused_when_its_width_or_type_differs() {
	let w = uniform(&[4, 6], 12);
	assert!(frozen_linear(&uniform(&[2, 5], 13), &w).is_err());
	let doubles = uniform(&[2, 6], 14).to_dtype(DType::F64).unwrap();
	assert!(frozen_linear(&doubles, &w).is_err());
}

#[test]
fn adapted_product_and_gradients_equal_composed_operations_when_rows_are_few_or_many() {
	let (w, a, b) = (uniform(&[24, 40], 20), uniform(&[3, 40], 21), uniform(&[24, 3], 22));
	let (a, b) = (Var::from_tensor(&a).unwrap(), Var::from_tensor(&b).unwrap());
	let lora = Lora { a: a.as_tensor().clone(), b: b.as_tensor().clone() };
	for rows in [1, 3, 33] {
		let x = Var::from_tensor(&uniform(&[rows, 40], 23)).unwrap();
		let weighting = uniform(&[rows, 24], 24);
		let through = |y: Tensor| {
			let loss = (y * &weighting).unwrap().sqr().unwrap().sum_all().unwrap();
			let grads = loss.backward().unwrap();
			[&x, &a, &b].map(|variable| grads.get(variable).unwrap().clone())
		};
		let ours = adapted_linear(&x, &w, &lora, 1.7).unwrap();
		let low = x.matmul(&a.t().unwrap()).unwrap().matmul(&b.t().unwrap()).unwrap();
		let theirs = (x.matmul(&w.t().unwrap()).unwrap() + (low * 1.7).unwrap()).unwrap();
		assert!(largest_difference(&ours, &theirs) < 1e-4, "{rows} rows");
		for (ours, theirs) in through(ours).iter().zip(through(theirs)) {
			let size = theirs.abs().unwrap().flatten_all().unwrap().max(0).unwrap();
			let size = size.to_scalar::<f32>().unwrap();
			assert!(largest_difference(ours, &theirs) < 1e-5 * size, "{rows} rows");
		}
	}
}

#[test]
fn adapted_gradients_reach_the_low_rank_matrices_when_the_input_is_constant() {
	let (x, w) = (uniform(&[6, 5], 25), uniform(&[7, 5], 26));
	let a = Var::from_tensor(&uniform(&[2, 5], 27)).unwrap();
	let b = Var::from_tensor(&uniform(&[7, 2], 28)).unwrap();
	let lora = Lora { a: a.as_tensor().clone(), b: b.as_tensor().clone() };
	let y = adapted_linear(&x, &w, &lora, 1.0).unwrap();
	let grads = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
	assert!(grads.get(&a).is_some() && grads.get(&b).is_some());
	assert!(grads.get(&x).is_none());
}

#[test]
fn low_rank_matrices_are_refused_when_they_do_not_fit() {
	let (x, w) = (uniform(&[6, 5], 29), uniform(&[7, 5], 30));
	for (a, b) in [([2, 6], [7, 2]), ([2, 5], [6, 2]), ([2, 5], [7, 3])] {
		let lora = Lora { a: uniform(&a, 31), b: uniform(&b, 32) };
		assert!(adapted_linear(&x, &w, &lora, 1.0).is_err(), "{a:?} {b:?}");
	}
}
