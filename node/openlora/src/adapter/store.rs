//! Adapters as bytes: the PEFT folder, and the one blob that is hashed and registered.

use std::{
	borrow::Cow,
	collections::HashMap,
	fs::{self, File},
	io::Read,
	path::Path,
};

use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, View};

use super::{Adapter, AdapterWeights, Lora, Module, PeftConfig, peft};
use crate::{
	config::{Config, MAX_LAYERS},
	error::{Error, Result},
	weights,
};

const CONFIG_FILE: &str = "adapter_config.json";
const WEIGHTS_FILE: &str = "adapter_model.safetensors";
/// Where the blob keeps the configuration.
const CONFIG_KEY: &str = "adapter_config";
const PREFIX: &str = "base_model.model.model.layers.";
/// Beyond this no adapter for a base of this engine's size can be; the limit keeps a wrong file
/// from being read into memory.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// PEFT's name of one matrix; `letter` is `A` or `B`.
pub(super) fn tensor_name(layer: usize, module: Module, letter: char) -> String {
	format!("{PREFIX}{layer}.{}.lora_{letter}.weight", module.path())
}

/// What [`tensor_name`] was made from.
fn parse_name(name: &str) -> Option<(usize, Module, char)> {
	let (layer, rest) = name.strip_prefix(PREFIX)?.split_once('.')?;
	let (path, letter) = rest.strip_suffix(".weight")?.split_once(".lora_")?;
	let module = Module::ALL.into_iter().find(|module| module.path() == path)?;
	let letter = match letter {
		"A" => 'A',
		"B" => 'B',
		_ => return None,
	};
	let layer = layer.parse().ok().filter(|&layer| layer < MAX_LAYERS)?;
	// "01" and "1" would be two tensors for one place.
	(tensor_name(layer, module, letter) == name).then_some((layer, module, letter))
}

impl Adapter {
	/// Reads an adapter of any kind: a PEFT folder, the one blob, or a GGUF file, for which the shape of
	/// the base has to be known.
	///
	/// # Errors
	/// As [`Adapter::load_dir`], [`Adapter::from_bytes`] and [`Adapter::load_gguf`], and
	/// [`Error::InvalidOption`] for a GGUF file without a base.
	pub fn load(path: &Path, base: Option<&Config>) -> Result<Self> {
		let metadata = fs::metadata(path).map_err(Error::io(path))?;
		if metadata.is_dir() {
			return Self::load_dir(path);
		}
		if metadata.len() > MAX_BYTES {
			return Err(too_large(metadata.len(), MAX_BYTES));
		}
		let bytes = fs::read(path).map_err(Error::io(path))?;
		if !bytes.starts_with(b"GGUF") {
			return Self::from_bytes(&bytes);
		}
		let base = base.ok_or_else(|| Error::InvalidOption {
			option: "base",
			value: "none".into(),
			reason: "a GGUF adapter can only be read with its base",
		})?;
		Self::load_gguf(path, base)
	}

	/// Reads a PEFT folder: `adapter_config.json` and `adapter_model.safetensors`.
	///
	/// # Errors
	/// Everything that [`Adapter::from_bytes`] refuses, files that cannot be read, and
	/// [`Error::OutsideFolder`] for links that leave the folder.
	pub fn load_dir(folder: &Path) -> Result<Self> {
		let text = read_within(folder, CONFIG_FILE, peft::MAX_BYTES)?;
		let text = String::from_utf8(text).map_err(|e| Error::malformed(CONFIG_FILE, e))?;
		let config = PeftConfig::from_json(&text)?;
		let bytes = read_within(folder, WEIGHTS_FILE, MAX_BYTES)?;
		read_tensors(config, &SafeTensors::deserialize(&bytes).map_err(weights::refusal)?)
	}

	/// Writes a PEFT folder that [`Adapter::load_dir`] and PEFT itself read.
	///
	/// # Errors
	/// [`Error::Io`] when a file cannot be written.
	pub fn save_dir(&self, folder: &Path) -> Result<()> {
		fs::create_dir_all(folder).map_err(Error::io(folder))?;
		let config_path = folder.join(CONFIG_FILE);
		fs::write(&config_path, self.config.to_json()).map_err(Error::io(&config_path))?;
		let path = folder.join(WEIGHTS_FILE);
		fs::write(&path, self.to_bytes()?).map_err(Error::io(&path))
	}

	/// Reads the blob that [`Adapter::to_bytes`] writes.
	///
	/// # Errors
	/// When it is not a safetensors file with a PEFT configuration in its metadata, a tensor is
	/// missing, unexpected, of the wrong shape or not finite, or a feature is not supported.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		if bytes.len() as u64 > MAX_BYTES {
			return Err(too_large(bytes.len() as u64, MAX_BYTES));
		}
		let (_, header) = SafeTensors::read_metadata(bytes).map_err(weights::refusal)?;
		let config = header
			.metadata()
			.as_ref()
			.and_then(|metadata| metadata.get(CONFIG_KEY))
			.ok_or_else(|| Error::MissingMetadata(CONFIG_KEY.into()))?;
		let config = PeftConfig::from_json(config)?;
		read_tensors(config, &SafeTensors::deserialize(bytes).map_err(weights::refusal)?)
	}

	/// The adapter as one safetensors file with the configuration under the metadata key
	/// `adapter_config`: the same adapter always gives the same bytes.
	///
	/// # Errors
	/// [`Error::Candle`] when a tensor cannot be read.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		let mut tensors = Vec::new();
		for (layer, module, lora) in self.weights.iter() {
			for (letter, tensor) in [('A', &lora.a), ('B', &lora.b)] {
				let shape = tensor.dims().to_vec();
				let values = tensor.flatten_all()?.to_vec1::<f32>()?;
				let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
				tensors.push((tensor_name(layer, module, letter), Matrix { shape, data }));
			}
		}
		// One metadata key only: the map's order is not fixed.
		let metadata = HashMap::from([(CONFIG_KEY.to_string(), self.config.to_json())]);
		safetensors::serialize(tensors, Some(metadata)).map_err(weights::refusal)
	}
}

/// Reads a file of a folder, which may link to another of the same folder, up to `limit` bytes.
fn read_within(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>> {
	let path = folder.join(name);
	let root = folder.canonicalize().map_err(Error::io(folder))?;
	let real = path.canonicalize().map_err(Error::io(&path))?;
	if !real.starts_with(&root) || !real.is_file() {
		return Err(Error::OutsideFolder(path));
	}
	let file = File::open(&real).map_err(Error::io(&path))?;
	let size = file.metadata().map_err(Error::io(&path))?.len();
	if size > limit {
		return Err(too_large(size, limit));
	}
	let mut bytes = Vec::with_capacity(size as usize);
	file.take(size).read_to_end(&mut bytes).map_err(Error::io(&path))?;
	Ok(bytes)
}

pub(super) fn too_large(found: u64, limit: u64) -> Error {
	Error::OversizedHeader { what: "size of an adapter's file in bytes", found, limit }
}

fn read_tensors(config: PeftConfig, file: &SafeTensors<'_>) -> Result<Adapter> {
	let mut found: HashMap<(usize, Module), [Option<Tensor>; 2]> = HashMap::new();
	for (name, view) in file.iter() {
		let (layer, module, letter) =
			parse_name(name).ok_or_else(|| Error::UnexpectedTensor(name.to_string()))?;
		let target = config.target(layer, module);
		let rank = target.ok_or_else(|| Error::UnexpectedTensor(name.to_string()))?.rank;
		let &[rows, columns] = view.shape() else {
			return Err(Error::WrongShape {
				name: name.to_string(),
				expected: if letter == 'A' { vec![rank, 0] } else { vec![0, rank] },
				found: view.shape().to_vec(),
			});
		};
		let values = weights::to_f32(name, view.dtype(), view.data())?;
		let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu)?;
		found.entry((layer, module)).or_default()[usize::from(letter == 'B')] = Some(tensor);
	}
	assemble(config, found)
}

/// Puts the matrices, `A` before `B`, of every projection together.
pub(super) fn assemble(
	config: PeftConfig,
	found: HashMap<(usize, Module), [Option<Tensor>; 2]>,
) -> Result<Adapter> {
	let layers = found.keys().map(|(layer, _)| layer + 1).max().unwrap_or_default();
	let mut matrices = AdapterWeights::new(layers, 1.0);
	for ((layer, module), [a, b]) in found {
		let missing = |letter| Error::MissingTensor(tensor_name(layer, module, letter));
		let lora = Lora { a: a.ok_or_else(|| missing('A'))?, b: b.ok_or_else(|| missing('B'))? };
		matrices.insert(layer, module, lora);
	}
	Adapter::new(config, matrices)
}

/// A matrix as little-endian f32.
struct Matrix {
	shape: Vec<usize>,
	data: Vec<u8>,
}

impl View for Matrix {
	fn dtype(&self) -> Dtype {
		Dtype::F32
	}

	fn shape(&self) -> &[usize] {
		&self.shape
	}

	fn data(&self) -> Cow<'_, [u8]> {
		Cow::Borrowed(&self.data)
	}

	fn data_len(&self) -> usize {
		self.data.len()
	}
}
