//! Where a run is after so many steps: what its next step follows from.

use std::{
	borrow::Cow,
	collections::HashMap,
	fs::{self, File},
	io::{Read, Write},
	path::{Path, PathBuf},
};

use safetensors::{Dtype, SafeTensors, View};

use super::{chain::Digest, optimizer::Moments};
use crate::{
	adapter::{AdapterWeights, Module},
	error::{Error, Result},
	weights,
};

const HASHED: &[u8] = b"openledger/training-state/1";
const STEP_KEY: &str = "step";
/// A state's header is far smaller.
const HEADER_ROOM: u64 = 1 << 16;

/// Parameters and optimizer after so many steps. Which examples come next follows from the step.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
	pub(super) step: u64,
	/// Flat, in the order of [`crate::parameters`].
	pub(super) parameters: Vec<f32>,
	pub(super) moments: Moments,
}

/// Where two states of the same step part.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
	/// `parameters`, `first_moment` or `second_moment`.
	pub values: &'static str,
	/// Position in the flat vector.
	pub index: usize,
	/// The layer, the projection and the matrix, `A` or `B`, that the position belongs to.
	pub place: Option<(usize, Module, char)>,
	/// The value in either, bit by bit.
	pub bits: [u32; 2],
}

impl State {
	/// Steps done.
	pub fn step(&self) -> u64 {
		self.step
	}

	/// The adapter's values, in the order of [`Adapter::values`](crate::Adapter::values).
	pub fn values(&self) -> &[f32] {
		&self.parameters
	}

	/// blake2b-256 of `"openledger/training-state/1"`, the step, the number of parameters, then the
	/// parameters and both moments; numbers little end first.
	pub fn hash(&self) -> Digest {
		let numbers = [self.step, self.parameters.len() as u64].map(u64::to_le_bytes);
		let [parameters, first, second] = self.vectors().map(|(_, values)| bytes(values));
		Digest::of(&[HASHED, &numbers[0], &numbers[1], &parameters, &first, &second])
	}

	/// The first value in which the states differ, in the order in which they are hashed.
	pub fn difference(&self, other: &Self, shape: &AdapterWeights) -> Option<Difference> {
		let each = self.vectors().into_iter().zip(other.vectors());
		for ((values, ours), (_, theirs)) in each {
			let mut pairs = ours.iter().zip(theirs).map(|(a, b)| [a.to_bits(), b.to_bits()]);
			let Some((index, bits)) =
				pairs.by_ref().enumerate().find(|(_, bits)| bits[0] != bits[1])
			else {
				continue;
			};
			return Some(Difference { values, index, place: place(shape, index), bits });
		}
		None
	}

	fn vectors(&self) -> [(&'static str, &[f32]); 3] {
		let Moments { first, second } = &self.moments;
		[("parameters", &self.parameters), ("first_moment", first), ("second_moment", second)]
	}

	pub(super) fn tensors(&self) -> [(&'static str, Values<'_>); 3] {
		self.vectors().map(|(name, values)| (name, Values::new(values)))
	}

	pub(super) fn from_tensors(step: u64, tensors: &SafeTensors<'_>, count: usize) -> Result<Self> {
		let of = |name| values(tensors, name, count);
		let moments = Moments { first: of("first_moment")?, second: of("second_moment")? };
		Ok(Self { step, parameters: of("parameters")?, moments })
	}

	/// Where a folder keeps the state of a step.
	pub fn path(folder: &Path, step: u64) -> PathBuf {
		folder.join("states").join(format!("step-{step:08}.safetensors"))
	}

	/// Writes the state to [`State::path`], as a whole or not at all.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn save(&self, folder: &Path) -> Result<()> {
		let metadata = HashMap::from([(STEP_KEY.to_string(), self.step.to_string())]);
		let bytes =
			safetensors::serialize(self.tensors(), Some(metadata)).map_err(weights::refusal)?;
		write(&Self::path(folder, self.step), &bytes)
	}

	/// The state of a step that a folder keeps, if it does, of an adapter with `count` parameters.
	///
	/// # Errors
	/// [`Error::Io`], and [`Error::Malformed`] for what is no such state.
	pub fn load(folder: &Path, step: u64, count: usize) -> Result<Option<Self>> {
		Self::read(&Self::path(folder, step), step, count)
	}

	/// As [`State::load`], from the file that holds it, whatever its name.
	///
	/// # Errors
	/// As [`State::load`].
	pub fn read(path: &Path, step: u64, count: usize) -> Result<Option<Self>> {
		let broken = |reason: &dyn std::fmt::Display| {
			Error::malformed(format!("training state {}", path.display()), reason)
		};
		let Some(bytes) =
			read_bounded(path, 12 * count as u64 + HEADER_ROOM).map_err(|error| broken(&error))?
		else {
			return Ok(None);
		};
		let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(&e))?;
		let own = header.metadata().as_ref().and_then(|metadata| metadata.get(STEP_KEY));
		if own.map(String::as_str) != Some(&*step.to_string()) {
			return Err(broken(&"it is of another step"));
		}
		let tensors = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
		Self::from_tensors(step, &tensors, count).map(Some).map_err(|e| broken(&e))
	}
}

/// The matrix that a position of the flat vector belongs to.
fn place(shape: &AdapterWeights, index: usize) -> Option<(usize, Module, char)> {
	let mut end = 0;
	for (layer, module, lora) in shape.iter() {
		for (matrix, name) in [(&lora.a, 'A'), (&lora.b, 'B')] {
			end += matrix.elem_count();
			if index < end {
				return Some((layer, module, name));
			}
		}
	}
	None
}

/// A vector of a file, of `count` finite values.
pub(super) fn values(tensors: &SafeTensors<'_>, name: &str, count: usize) -> Result<Vec<f32>> {
	let refuse = |reason: String| Err(Error::malformed(name, reason));
	let view = tensors.tensor(name).map_err(|e| Error::malformed(name, e))?;
	if view.dtype() != Dtype::F32 || view.shape() != [count] {
		return refuse(format!("its shape is {:?}, expected {count} numbers", view.shape()));
	}
	let values = weights::to_f32(name, view.dtype(), view.data())?;
	if values.iter().any(|value| !value.is_finite()) {
		return refuse("it has a value that is not finite".into());
	}
	Ok(values)
}

/// A file's bytes, if there is one, and it has at most so many.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
	let file = match File::open(path) {
		Ok(file) => file,
		Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
		Err(error) => return Err(Error::io(path)(error)),
	};
	let mut bytes = Vec::new();
	file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path))?;
	if bytes.len() as u64 > limit {
		let path = path.display();
		return Err(Error::Checkpoint(format!("{path} has more than {limit} bytes: remove it")));
	}
	Ok(Some(bytes))
}

/// Writes a file as a whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
	if let Some(folder) = path.parent() {
		fs::create_dir_all(folder).map_err(Error::io(folder))?;
	}
	let partial = path.with_extension("safetensors.partial");
	let write = || {
		let mut file = File::create(&partial)?;
		file.write_all(bytes)?;
		// Renaming may reach the disk before the content does.
		file.sync_all()
	};
	write().map_err(Error::io(&partial))?;
	fs::rename(&partial, path).map_err(Error::io(path))
}

fn bytes(values: &[f32]) -> Vec<u8> {
	values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A flat vector as little-endian f32.
pub(super) struct Values<'a> {
	shape: [usize; 1],
	values: &'a [f32],
}

impl<'a> Values<'a> {
	pub(super) fn new(values: &'a [f32]) -> Self {
		Self { shape: [values.len()], values }
	}
}

impl View for Values<'_> {
	fn dtype(&self) -> Dtype {
		Dtype::F32
	}

	fn shape(&self) -> &[usize] {
		&self.shape
	}

	fn data(&self) -> Cow<'_, [u8]> {
		Cow::Owned(bytes(self.values))
	}

	fn data_len(&self) -> usize {
		4 * self.values.len()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Adapter, PeftConfig, testing};

	fn state() -> (Adapter, State) {
		let config = PeftConfig::new(2, 4.0, [Module::K, Module::Up]).unwrap();
		let adapter = testing::random_adapter(&testing::tiny_config(), config, 1);
		let parameters = crate::parameters::flatten(adapter.weights()).unwrap();
		let first = parameters.iter().map(|p| 0.5 * p).collect();
		let second = parameters.iter().map(|p| p * p).collect();
		(adapter, State { step: 7, parameters, moments: Moments { first, second } })
	}

	#[test]
	fn hash_differs_when_any_value_or_the_step_differs() {
		let (_, state) = state();
		type Change = fn(&mut State);
		let changes: [Change; 5] = [
			|s| s.step = 8,
			|s| s.parameters[3] = -s.parameters[3],
			|s| s.moments.first[0] = 0.0,
			|s| s.moments.second[1] = 0.0,
			|s| std::mem::swap(&mut s.moments.first, &mut s.moments.second),
		];
		for change in changes {
			let mut changed = state.clone();
			change(&mut changed);
			assert_ne!(changed.hash(), state.hash());
		}
		assert_eq!(state.clone().hash(), state.hash());
	}

	#[test]
	fn difference_names_the_first_matrix_that_differs() {
		let (adapter, state) = state();
		assert_eq!(state.difference(&state, adapter.weights()), None);
		let mut other = state.clone();
		let (inputs, outputs) = testing::tiny_config().dimensions(Module::K);
		let index = 2 * (inputs + outputs) + 5;
		other.parameters[index] += 1.0;
		other.moments.second[0] = 3.0;
		let found = state.difference(&other, adapter.weights()).unwrap();
		assert_eq!((found.values, found.index), ("parameters", index));
		assert_eq!(found.place, Some((0, Module::Up, 'A')));
		let mut other = state.clone();
		let last = other.parameters.len() - 1;
		other.moments.second[last] = 3.0;
		let found = state.difference(&other, adapter.weights()).unwrap();
		assert_eq!((found.values, found.place), ("second_moment", Some((1, Module::Up, 'B'))));
	}

	#[test]
	fn state_is_the_same_when_saved_and_loaded() {
		let (_, state) = state();
		let folder = tempfile::tempdir().unwrap();
		state.save(folder.path()).unwrap();
		let count = state.parameters.len();
		assert_eq!(State::load(folder.path(), 7, count).unwrap().as_ref(), Some(&state));
		assert_eq!(State::load(folder.path(), 8, count).unwrap(), None);
	}

	#[test]
	fn state_is_refused_when_damaged_or_of_another_step_or_shape() {
		let (_, state) = state();
		let folder = tempfile::tempdir().unwrap();
		state.save(folder.path()).unwrap();
		let count = state.parameters.len();
		assert!(State::load(folder.path(), 7, count + 1).is_err());
		let path = State::path(folder.path(), 7);
		let whole = fs::read(&path).unwrap();
		fs::rename(&path, State::path(folder.path(), 9)).unwrap();
		assert!(State::load(folder.path(), 9, count).is_err());
		let mut not_finite = whole.clone();
		let last = whole.len() - 4;
		not_finite[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
		let long = [&whole[..], &[0; 1 << 17]].concat();
		for bad in [vec![], vec![255; 40], whole[..whole.len() - 1].to_vec(), not_finite, long] {
			fs::write(&path, bad).unwrap();
			let refused = State::load(folder.path(), 7, count);
			assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
		}
	}
}
