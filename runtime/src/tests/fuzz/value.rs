//! A call as a tree, read from its encoding by the types that the runtime's metadata tell.

use codec::{Compact, Decode, Encode};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};

/// The number of a type in the metadata.
pub type Type = u32;

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Kind {
	/// A number, little-endian, or a truth value.
	Number(Vec<u8>),
	/// A number that is encoded in as few bytes as it needs.
	Compact(u128),
	/// So many bytes as the type says: a hash, an account, a key.
	Array(Vec<u8>),
	/// Bytes of any number: a text, a sketch.
	Bytes(Vec<u8>),
	/// Parts that the type lists.
	Group(Vec<Value>),
	/// One of several variants with its parts.
	Choice(u8, Vec<Value>),
	/// Any number of items.
	List(Type, Vec<Value>),
}

/// A node with its type.
#[derive(Clone, Debug)]
pub struct Value {
	/// The type.
	pub of: Type,
	/// What it holds.
	pub kind: Kind,
}

fn taken(input: &mut &[u8], count: usize) -> Option<Vec<u8>> {
	let (first, rest) = input.split_at_checked(count)?;
	*input = rest;
	Some(first.to_vec())
}

fn width(primitive: &TypeDefPrimitive) -> Option<usize> {
	use TypeDefPrimitive::{
		Bool, Char, I8, I16, I32, I64, I128, I256, Str, U8, U16, U32, U64, U128, U256,
	};
	Some(match primitive {
		Bool | U8 | I8 => 1,
		U16 | I16 => 2,
		Char | U32 | I32 => 4,
		U64 | I64 => 8,
		U128 | I128 => 16,
		U256 | I256 => 32,
		Str => return None,
	})
}

/// Whether values of this type are single bytes.
fn is_byte(types: &PortableRegistry, of: Type) -> bool {
	let primitive = types.resolve(of).map(|of| &of.type_def);
	matches!(primitive, Some(TypeDef::Primitive(TypeDefPrimitive::U8 | TypeDefPrimitive::I8)))
}

fn fields<'a>(
	types: &PortableRegistry,
	fields: impl IntoIterator<Item = &'a scale_info::Field<PortableForm>>,
	input: &mut &[u8],
) -> Option<Vec<Value>> {
	fields.into_iter().map(|field| read(types, field.ty.id, input)).collect()
}

/// Reads a value of this type; `None` where the bytes are none.
pub fn read(types: &PortableRegistry, of: Type, input: &mut &[u8]) -> Option<Value> {
	let kind = match &types.resolve(of)?.type_def {
		TypeDef::Composite(composite) => Kind::Group(fields(types, &composite.fields, input)?),
		TypeDef::Variant(variants) => {
			let index = u8::decode(input).ok()?;
			let variant = variants.variants.iter().find(|variant| variant.index == index)?;
			Kind::Choice(index, fields(types, &variant.fields, input)?)
		}
		TypeDef::Sequence(sequence) => {
			let count = Compact::<u32>::decode(input).ok()?.0;
			let item = sequence.type_param.id;
			if is_byte(types, item) {
				Kind::Bytes(taken(input, count as usize)?)
			} else {
				let items = (0..count).map(|_| read(types, item, input)).collect::<Option<_>>()?;
				Kind::List(item, items)
			}
		}
		TypeDef::Array(array) if is_byte(types, array.type_param.id) => {
			Kind::Array(taken(input, array.len as usize)?)
		}
		TypeDef::Array(array) => {
			let items = (0..array.len).map(|_| read(types, array.type_param.id, input));
			Kind::Group(items.collect::<Option<_>>()?)
		}
		TypeDef::Tuple(tuple) => {
			let parts = tuple.fields.iter().map(|field| read(types, field.id, input));
			Kind::Group(parts.collect::<Option<_>>()?)
		}
		TypeDef::Primitive(primitive) => match width(primitive) {
			Some(width) => Kind::Number(taken(input, width)?),
			None => Kind::Bytes(Vec::<u8>::decode(input).ok()?),
		},
		TypeDef::Compact(_) => Kind::Compact(Compact::<u128>::decode(input).ok()?.0),
		TypeDef::BitSequence(_) => return None,
	};
	Some(Value { of, kind })
}

impl Value {
	/// Its encoding.
	pub fn write(&self, to: &mut Vec<u8>) {
		match &self.kind {
			Kind::Number(bytes) | Kind::Array(bytes) => to.extend(bytes),
			Kind::Compact(number) => Compact(*number).encode_to(to),
			Kind::Bytes(bytes) => bytes.encode_to(to),
			Kind::Group(parts) => parts.iter().for_each(|part| part.write(to)),
			Kind::Choice(index, parts) => {
				to.push(*index);
				parts.iter().for_each(|part| part.write(to));
			}
			Kind::List(_, items) => {
				Compact(items.len() as u32).encode_to(to);
				items.iter().for_each(|item| item.write(to));
			}
		}
	}

	/// What it is made of.
	pub fn parts(&self) -> &[Value] {
		match &self.kind {
			Kind::Group(parts) | Kind::Choice(_, parts) | Kind::List(_, parts) => parts,
			_ => &[],
		}
	}

	/// What it is made of, to be changed.
	pub fn parts_mut(&mut self) -> &mut [Value] {
		match &mut self.kind {
			Kind::Group(parts) | Kind::Choice(_, parts) | Kind::List(_, parts) => parts,
			_ => &mut [],
		}
	}
}
