//! Comparing an operation and its gradients with the same thing composed of candle's operations.

use candle_core::{Device, Tensor, Var};
use rand::{Rng, SeedableRng};

/// Values within −1..1 from a seed.
pub(crate) fn uniform(shape: &[usize], seed: u64) -> Tensor {
	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
	let values: Vec<f32> =
		(0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
	Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Asserts that both give the same result, and the same gradient of every input for a loss that
/// weighs each element of the result differently.
pub(crate) fn agree(
	inputs: &[Tensor],
	ours: impl Fn(&[&Tensor]) -> Tensor,
	theirs: impl Fn(&[&Tensor]) -> Tensor,
) {
	let variables: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
	let tensors: Vec<&Tensor> = variables.iter().map(|x| x.as_tensor()).collect();
	let (ours, theirs) = (ours(&tensors), theirs(&tensors));
	assert_eq!(ours.dims(), theirs.dims());
	close(&ours, &theirs, "result");
	let weights = uniform(ours.dims(), 99);
	let gradients = |y: &Tensor| (y * &weights).unwrap().sum_all().unwrap().backward().unwrap();
	let (ours, theirs) = (gradients(&ours), gradients(&theirs));
	for (index, variable) in variables.iter().enumerate() {
		let ours = ours.get(variable).unwrap_or_else(|| panic!("no gradient of input {index}"));
		close(ours, theirs.get(variable).unwrap(), &format!("gradient of input {index}"));
	}
}

fn close(ours: &Tensor, theirs: &Tensor, what: &str) {
	let largest = |t: &Tensor| {
		t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap()
	};
	let (size, difference) = (largest(theirs), largest(&(ours - theirs).unwrap()));
	assert!(size > 0.0, "{what} is zero: nothing is compared");
	assert!(difference <= 1e-5 * size.max(0.1), "{what} differs by {difference} of {size}");
}
