//! GGUF files, version 3: header, metadata and what is where, before the tensors themselves.

/// Tensors begin at multiples of so many bytes unless the metadata says otherwise.
pub(crate) const ALIGNMENT: usize = 32;

/// Metadata entries as the file has them.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
	bytes: Vec<u8>,
	count: u64,
}

impl Metadata {
	/// Entries that stand in a file already.
	pub(crate) fn copied(bytes: Vec<u8>, count: u64) -> Self {
		Self { bytes, count }
	}

	/// Adds an entry of the type `kind`.
	pub(crate) fn entry(&mut self, key: &str, kind: u32, value: &[u8]) {
		self.bytes.extend(text(key));
		self.bytes.extend(kind.to_le_bytes());
		self.bytes.extend(value);
		self.count += 1;
	}

	/// Adds a string.
	pub(crate) fn text(&mut self, key: &str, value: &str) {
		self.entry(key, 8, &text(value));
	}

	/// Adds a number in single precision.
	pub(crate) fn float(&mut self, key: &str, value: f32) {
		self.entry(key, 6, &value.to_le_bytes());
	}

	/// Adds a list of `len` values of the type `kind`, which `values` holds.
	#[cfg(any(test, feature = "testing"))]
	pub(crate) fn list(&mut self, key: &str, kind: u32, len: usize, values: &[u8]) {
		let head = [&kind.to_le_bytes()[..], &(len as u64).to_le_bytes(), values].concat();
		self.entry(key, 9, &head);
	}
}

/// What the header says about a tensor.
#[derive(Debug, Clone)]
pub(crate) struct TensorEntry {
	pub(crate) name: String,
	/// Outermost dimension first.
	pub(crate) shape: Vec<usize>,
	/// GGML's number of its type.
	pub(crate) id: u32,
	/// In bytes.
	pub(crate) size: u64,
}

/// Everything before the first tensor; each tensor follows at the next multiple of `alignment`, in the
/// order given.
pub(crate) fn header(metadata: &Metadata, tensors: &[TensorEntry], alignment: usize) -> Vec<u8> {
	let mut out = b"GGUF".to_vec();
	out.extend(3u32.to_le_bytes());
	out.extend((tensors.len() as u64).to_le_bytes());
	out.extend(metadata.count.to_le_bytes());
	out.extend(&metadata.bytes);
	let mut offset = 0u64;
	for TensorEntry { name, shape, id, size } in tensors {
		out.extend(text(name));
		out.extend((shape.len() as u32).to_le_bytes());
		for &dimension in shape.iter().rev() {
			out.extend((dimension as u64).to_le_bytes());
		}
		out.extend(id.to_le_bytes());
		out.extend(offset.to_le_bytes());
		offset += size.next_multiple_of(alignment as u64);
	}
	out
}

/// A string with its length before it.
pub(crate) fn text(value: &str) -> Vec<u8> {
	[&(value.len() as u64).to_le_bytes(), value.as_bytes()].concat()
}
