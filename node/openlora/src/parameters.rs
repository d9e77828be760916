//! An adapter's matrices as one flat vector, and back.
//!
//! The order is that of gradients, optimizer moments and checkpoints alike: layers ascending, then
//! [`Module`](crate::Module) order, then `A` row-major, then `B` row-major.

use candle_core::{Device, Tensor, Var, backprop::GradStore};

use crate::{
	adapter::{AdapterWeights, Lora},
	error::{Error, Result},
};

/// Number of values in the flat vector.
pub(crate) fn count(weights: &AdapterWeights) -> usize {
	weights.iter().map(|(_, _, lora)| lora.a.elem_count() + lora.b.elem_count()).sum()
}

/// Every matrix's values, one after the other.
pub(crate) fn flatten(weights: &AdapterWeights) -> Result<Vec<f32>> {
	let mut values = Vec::with_capacity(count(weights));
	for (_, _, lora) in weights.iter() {
		for matrix in [&lora.a, &lora.b] {
			values.extend(matrix.flatten_all()?.to_vec1::<f32>()?);
		}
	}
	Ok(values)
}

/// Matrices of `like`'s shapes with the values of a flat vector, as variables.
///
/// # Errors
/// [`Error::Malformed`] when the vector has another length.
pub(crate) fn variables(like: &AdapterWeights, values: &[f32]) -> Result<AdapterWeights> {
	rebuild(like, values, |values, matrix| {
		Ok(Var::from_slice(values, matrix.shape(), &Device::Cpu)?.into_inner())
	})
}

/// As [`variables`], but constants.
pub(crate) fn constants(like: &AdapterWeights, values: &[f32]) -> Result<AdapterWeights> {
	rebuild(like, values, |values, matrix| {
		Ok(Tensor::from_slice(values, matrix.shape(), &Device::Cpu)?)
	})
}

/// The gradients of candle's backward pass as a flat vector.
///
/// # Errors
/// [`Error::MissingGradient`] when a matrix was not reached: zeros in its place would pass for a
/// result.
pub(crate) fn gradient(weights: &AdapterWeights, mut grads: GradStore) -> Result<Vec<f32>> {
	let mut values = Vec::with_capacity(count(weights));
	for (layer, module, lora) in weights.iter() {
		for (matrix, name) in [(&lora.a, 'A'), (&lora.b, 'B')] {
			let missing = Error::MissingGradient { layer, module, matrix: name };
			let gradient = grads.remove(matrix).ok_or(missing)?;
			values.extend(gradient.flatten_all()?.to_vec1::<f32>()?);
		}
	}
	Ok(values)
}

fn rebuild(
	like: &AdapterWeights,
	values: &[f32],
	make: impl Fn(&[f32], &Tensor) -> Result<Tensor>,
) -> Result<AdapterWeights> {
	let expected = count(like);
	if values.len() != expected {
		let reason = format!("{} values for {expected} parameters", values.len());
		return Err(Error::malformed("parameter vector", reason));
	}
	let mut rest = values;
	like.map(|lora| {
		let mut take = |matrix: &Tensor| {
			let (values, after) = rest.split_at(matrix.elem_count());
			rest = after;
			make(values, matrix)
		};
		Ok(Lora { a: take(&lora.a)?, b: take(&lora.b)? })
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Adapter, Module, PeftConfig, testing};

	fn adapter() -> Adapter {
		let config = PeftConfig::new(3, 6.0, [Module::Q, Module::Down]).unwrap();
		Adapter::init(&testing::tiny_config(), config, 7).unwrap()
	}

	#[test]
	fn values_survive_when_flattened_and_rebuilt() {
		let adapter = adapter();
		let values: Vec<f32> = (0..adapter.parameter_count()).map(|i| i as f32).collect();
		for make in [variables, constants] {
			let rebuilt = make(adapter.weights(), &values).unwrap();
			assert_eq!(flatten(&rebuilt).unwrap(), values);
			for (layer, module, _) in rebuilt.iter() {
				assert_eq!(rebuilt.scale(layer, module), Some(2.0));
			}
		}
	}

	#[test]
	fn adapter_has_the_values_that_it_was_given_when_they_are_as_many_and_finite() {
		let adapter = adapter();
		let mut values: Vec<f32> = (0..adapter.parameter_count()).map(|i| i as f32).collect();
		let moved = adapter.with_values(&values).unwrap();
		assert_eq!(moved.values().unwrap(), values);
		assert_ne!(moved.generation(), adapter.generation());
		assert!(matches!(adapter.with_values(&values[1..]), Err(Error::Malformed { .. })));
		values[3] = f32::NAN;
		assert!(adapter.with_values(&values).is_err());
	}

	#[test]
	fn order_is_layer_then_module_then_a_before_b_when_flattened() {
		let config = testing::tiny_config();
		let adapter = adapter();
		let values: Vec<f32> = (0..adapter.parameter_count()).map(|i| i as f32).collect();
		let rebuilt = constants(adapter.weights(), &values).unwrap();
		let first = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
		let mut offset = 0;
		for layer in 0..config.layers {
			for module in [Module::Q, Module::Down] {
				let (inputs, outputs) = config.dimensions(module);
				let lora = rebuilt.get(layer, module).unwrap();
				assert_eq!(first(&lora.a), offset as f32);
				assert_eq!(lora.a.dims(), [3, inputs]);
				assert_eq!(first(&lora.b), (offset + 3 * inputs) as f32);
				assert_eq!(lora.b.dims(), [outputs, 3]);
				offset += 3 * (inputs + outputs);
			}
		}
		assert_eq!(offset, values.len());
	}

	#[test]
	fn vector_is_refused_when_its_length_differs() {
		let adapter = adapter();
		for length in [0, adapter.parameter_count() - 1, adapter.parameter_count() + 1] {
			let refused = constants(adapter.weights(), &vec![0.0; length]);
			assert!(matches!(refused, Err(Error::Malformed { .. })), "{length}");
		}
	}

	#[test]
	fn gradient_is_refused_by_name_when_a_matrix_was_not_reached() {
		let adapter = adapter();
		let values = flatten(adapter.weights()).unwrap();
		let weights = variables(adapter.weights(), &values).unwrap();
		let reached = &weights.get(0, Module::Q).unwrap().a;
		let grads = reached.sqr().unwrap().sum_all().unwrap().backward().unwrap();
		assert!(matches!(
			gradient(&weights, grads),
			Err(Error::MissingGradient { layer: 0, module: Module::Q, matrix: 'B' })
		));
	}
}
