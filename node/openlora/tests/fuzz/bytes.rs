//! Changes of a file whose fields are known by their places.

use arbitrary::{Result, Unstructured};

/// What a stretch of bytes says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
	/// A count, a length, a dimension or an offset.
	Size,
	/// The number of a type.
	Type,
	/// Text.
	Text,
	/// A value of metadata, or of a tensor.
	Value,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug)]
pub struct Field {
	pub at: usize,
	pub len: usize,
	pub kind: Kind,
}

const SIZES: [u64; 16] = [
	0,
	1,
	2,
	3,
	31,
	32,
	255,
	65_535,
	65_537,
	1 << 24,
	(1 << 24) + 1,
	1 << 32,
	1 << 40,
	i64::MAX as u64,
	u64::MAX - 31,
	u64::MAX,
];

/// Changes one to three fields, then perhaps the file's length.
pub fn change(u: &mut Unstructured, mut file: Vec<u8>, fields: &[Field]) -> Result<Vec<u8>> {
	for _ in 0..u.int_in_range(1..=3)? {
		// Rare kinds as often as common ones.
		let kind = *u.choose(&[Kind::Size, Kind::Size, Kind::Type, Kind::Text, Kind::Value])?;
		let of: Vec<&Field> = fields.iter().filter(|field| field.kind == kind).collect();
		if of.is_empty() {
			continue;
		}
		let Field { at, len, .. } = **u.choose(&of)?;
		let Some(target) = file.get_mut(at..at + len) else { continue };
		match kind {
			Kind::Size | Kind::Type => {
				let mut old = [0; 8];
				old[..len].copy_from_slice(target);
				let old = u64::from_le_bytes(old);
				let new = match u.int_in_range(0..=3)? {
					0 => *u.choose(&SIZES)?,
					1 => old.wrapping_add(u.int_in_range(1..=3)?),
					2 => old.wrapping_sub(u.int_in_range(1..=40)?),
					_ if kind == Kind::Type => u.int_in_range(0..=40)?,
					_ => u.arbitrary()?,
				};
				target.copy_from_slice(&new.to_le_bytes()[..len]);
			}
			Kind::Text if len > 0 => {
				let byte = u.choose_index(len)?;
				target[byte] = *u.choose(&[0, 0xff, b'.', b'0', b'9', b'q', b'"', 0xc3])?;
			}
			Kind::Text => {}
			Kind::Value => u.fill_buffer(target)?,
		}
	}
	match u.int_in_range(0..=15)? {
		0 => file.truncate(u.choose_index(file.len() + 1)?),
		1 => file.extend(u.bytes(17)?),
		2 if !fields.is_empty() => {
			// Twice what is between two fields.
			let from = u.choose(fields)?.at.min(file.len());
			let to = (from + u.int_in_range(1..=200)?).min(file.len());
			let copy = file[from..to].to_vec();
			file.splice(from..from, copy);
		}
		3 if !fields.is_empty() => {
			let from = u.choose(fields)?.at.min(file.len());
			let to = (from + u.int_in_range(1..=200)?).min(file.len());
			file.drain(from..to);
		}
		_ => {}
	}
	Ok(file)
}

/// The fields of a valid GGUF file.
pub fn gguf_fields(file: &[u8]) -> Vec<Field> {
	let mut walk = Walk { file, at: 4, fields: Vec::new() };
	walk.number(4, Kind::Type);
	let tensors = walk.number(8, Kind::Size);
	for _ in 0..walk.number(8, Kind::Size) {
		walk.text();
		let kind = walk.number(4, Kind::Type);
		walk.value(kind);
	}
	for _ in 0..tensors {
		walk.text();
		for _ in 0..walk.number(4, Kind::Size) {
			walk.number(8, Kind::Size);
		}
		walk.number(4, Kind::Type);
		walk.number(8, Kind::Size);
	}
	let from = walk.at;
	walk.fields.extend((from..file.len().saturating_sub(4)).step_by(511).map(|at| Field {
		at,
		len: 4,
		kind: Kind::Value,
	}));
	walk.fields
}

struct Walk<'a> {
	file: &'a [u8],
	at: usize,
	fields: Vec<Field>,
}

impl Walk<'_> {
	fn number(&mut self, len: usize, kind: Kind) -> u64 {
		let mut bytes = [0; 8];
		bytes[..len].copy_from_slice(&self.file[self.at..self.at + len]);
		self.fields.push(Field { at: self.at, len, kind });
		self.at += len;
		u64::from_le_bytes(bytes)
	}

	fn text(&mut self) {
		let len = self.number(8, Kind::Size) as usize;
		self.fields.push(Field { at: self.at, len, kind: Kind::Text });
		self.at += len;
	}

	fn value(&mut self, kind: u64) {
		match kind {
			8 => self.text(),
			9 => {
				let kind = self.number(4, Kind::Type);
				for _ in 0..self.number(8, Kind::Size) {
					self.value(kind);
				}
			}
			kind => {
				let len = match kind {
					0 | 1 | 7 => 1,
					2 | 3 => 2,
					4..=6 => 4,
					_ => 8,
				};
				self.number(len, Kind::Value);
			}
		}
	}
}
