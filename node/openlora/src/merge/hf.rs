//! Merged Hugging Face folders: the same files, weights in as many safetensors files as before.

use std::{
	collections::HashMap,
	fs::File,
	io::{BufWriter, Write},
	ops::ControlFlow,
	path::Path,
};

use serde_json::{Map, Value, json};

use super::{MergeOptions, MergeProgress, Merged, MergedNumbers, add, plain, projections};
use crate::{
	adapter::{Adapter, Module},
	error::{Error, Result},
	hf::{self, INDEX, Shards, shard::Shard, tensor_name},
	kernels::Precision,
	output,
	weights::{Numbers, Slot},
};

/// What a folder may have beside its weights that belongs to the model.
const COPIED: [&str; 11] = [
	"generation_config.json",
	"tokenizer.json",
	"tokenizer_config.json",
	"special_tokens_map.json",
	"added_tokens.json",
	"vocab.json",
	"merges.txt",
	"tokenizer.model",
	"chat_template.jinja",
	"chat_template.json",
	"LICENSE",
];

pub(super) fn merge(
	base: &Path,
	adapter: &Adapter,
	target: &Path,
	MergeOptions { numbers, replace }: MergeOptions,
	progress: &mut dyn FnMut(MergeProgress) -> ControlFlow<()>,
) -> Result<Merged> {
	let config = hf::load_config(base)?;
	adapter.fits(&config)?;
	let mut shards = Shards::open(base)?;
	shards.check_names(&config)?;
	for slot in Slot::all(&config) {
		shards.check_shape(&tensor_name(slot), &slot.shape(&config))?;
	}
	let projections = projections(&config, tensor_name);
	let mut work =
		Work { adapter, numbers, projections, progress, merged: Merged::default(), done: 0 };
	work.merged.tensors = shards.files().map(|shard| shard.names().len()).sum();
	output::folder(target, replace, |folder| {
		for shard in shards.files() {
			let name = shard.path().file_name().unwrap_or_default().to_owned();
			work.write(shard, &folder.join(name))?;
		}
		for name in COPIED {
			let from = base.join(name);
			if from.is_file() {
				output::part(&folder.join(name), &hf::read(&from)?)?;
			}
		}
		let mut settings = hf::read_json(&base.join(hf::CONFIG))?;
		if let (MergedNumbers::Plain(precision), Some(fields)) = (numbers, settings.as_object_mut())
		{
			let key = if fields.contains_key("dtype") { "dtype" } else { "torch_dtype" };
			fields.insert(key.into(), json!(torch_name(precision)));
		}
		let pretty = |value: &Value| format!("{value:#}\n").into_bytes();
		output::part(&folder.join(hf::CONFIG), &pretty(&settings))?;
		if base.join(INDEX).is_file() {
			let mut index = hf::read_json(&base.join(INDEX))?;
			index["metadata"]["total_size"] = json!(work.merged.bytes);
			output::part(&folder.join(INDEX), &pretty(&index))?;
		}
		Ok(())
	})?;
	Ok(work.merged)
}

struct Work<'a> {
	adapter: &'a Adapter,
	numbers: MergedNumbers,
	projections: HashMap<String, (usize, Module)>,
	progress: &'a mut dyn FnMut(MergeProgress) -> ControlFlow<()>,
	merged: Merged,
	done: usize,
}

impl Work<'_> {
	/// Writes one safetensors file.
	fn write(&mut self, shard: &mut Shard, path: &Path) -> Result<()> {
		let mut header = Map::new();
		header.insert("__metadata__".into(), json!({ "format": "pt" }));
		let (mut end, mut tensors) = (0, Vec::new());
		for name in shard.names() {
			let (own, shape) = shard.info(&name)?;
			let precision = match self.numbers {
				MergedNumbers::Own => own,
				MergedNumbers::Plain(precision) => precision,
			};
			let start = end;
			end += shape.iter().product::<usize>() * precision.bytes();
			header.insert(
				name.clone(),
				json!({ "dtype": type_name(precision), "shape": shape, "data_offsets": [start, end] }),
			);
			tensors.push((name, precision));
		}
		let mut header = Value::Object(header).to_string();
		// Data begins at a multiple of eight.
		let length = header.len().next_multiple_of(8);
		header.push_str(&" ".repeat(length - header.len()));
		let file = File::create_new(path).map_err(Error::io(path))?;
		let mut out = BufWriter::with_capacity(1 << 20, file);
		let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Error::io(path));
		write(&(length as u64).to_le_bytes())?;
		write(header.as_bytes())?;
		for (name, precision) in tensors {
			let progress = MergeProgress { done: self.done, tensors: self.merged.tensors };
			if (self.progress)(progress).is_break() {
				return Err(Error::Cancelled);
			}
			let Numbers::Plain(_, mut values) = shard.tensor(&name)?.numbers else {
				return Err(Error::malformed(name, "a quantised tensor"));
			};
			if let Some(&place) = self.projections.get(&name) {
				self.merged.changed += usize::from(add(self.adapter, place, &mut values, None)?);
			}
			let bytes = plain(&name, &values, precision)?;
			self.merged.bytes += bytes.len() as u64;
			self.done += 1;
			write(&bytes)?;
		}
		let mut finish = || {
			out.flush()?;
			out.get_ref().sync_all()
		};
		finish().map_err(Error::io(path))
	}
}

fn type_name(precision: Precision) -> &'static str {
	match precision {
		Precision::F32 => "F32",
		Precision::F16 => "F16",
		Precision::BF16 => "BF16",
	}
}

fn torch_name(precision: Precision) -> &'static str {
	match precision {
		Precision::F32 => "float32",
		Precision::F16 => "float16",
		Precision::BF16 => "bfloat16",
	}
}
