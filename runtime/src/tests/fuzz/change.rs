//! Changes of a call's tree: counts, numbers, orders, doubles, and parts of other calls of the same type.

use super::value::{Kind, Type, Value};
use arbitrary::{Result, Unstructured};
use std::collections::BTreeMap;

/// Parts of one type that are kept for others' places, at most.
const KEPT: usize = 48;
/// Longer than any list or text that a call takes.
const LONG: usize = 9_000;

/// Parts of valid calls, by type.
#[derive(Default)]
pub struct Pool(BTreeMap<Type, Vec<Value>>);

impl Pool {
	/// Adds a value with everything that it is made of.
	pub fn add(&mut self, value: &Value) {
		let same = self.0.entry(value.of).or_default();
		if same.len() < KEPT {
			same.push(value.clone());
		}
		value.parts().iter().for_each(|part| self.add(part));
	}

	fn other(&self, of: Type, u: &mut Unstructured) -> Result<Option<Value>> {
		match self.0.get(&of) {
			Some(same) if !same.is_empty() => Ok(Some(u.choose(same)?.clone())),
			_ => Ok(None),
		}
	}
}

/// Changes one to three parts of a call, or none of them; which call it is stays.
pub fn change(u: &mut Unstructured, call: &mut Value, pool: &Pool) -> Result<()> {
	for _ in 0..u.int_in_range(0..=3)? {
		// The pallet, then the call, then one of its arguments.
		let Some(call) = call.parts_mut().first_mut() else { return Ok(()) };
		let arguments = call.parts_mut();
		if arguments.is_empty() {
			return Ok(());
		}
		let at = u.choose_index(arguments.len())?;
		let mut part = &mut arguments[at];
		while !part.parts().is_empty() && !u.ratio(1, 5)? {
			let at = u.choose_index(part.parts().len())?;
			part = &mut part.parts_mut()[at];
		}
		alter(u, part, pool)?;
	}
	Ok(())
}

fn alter(u: &mut Unstructured, value: &mut Value, pool: &Pool) -> Result<()> {
	if u.ratio(1, 3)?
		&& let Some(other) = pool.other(value.of, u)?
	{
		*value = other;
		return Ok(());
	}
	match &mut value.kind {
		Kind::Number(bytes) => number(u, bytes)?,
		Kind::Compact(number) => *number = u.arbitrary::<u128>()? >> u.int_in_range(0..=127)?,
		Kind::Array(bytes) => array(u, bytes)?,
		Kind::Bytes(bytes) => text(u, bytes)?,
		// Its parts are changed where they are reached.
		Kind::Group(_) => {}
		Kind::Choice(index, _) => *index = u.int_in_range(0..=4)?,
		Kind::List(item, items) => {
			let item = *item;
			list(u, item, items, pool)?;
		}
	}
	Ok(())
}

fn number(u: &mut Unstructured, bytes: &mut [u8]) -> Result<()> {
	let mut old = [0; 32];
	old[..bytes.len()].copy_from_slice(bytes);
	let low = u128::from_le_bytes(std::array::from_fn(|at| old[at]));
	let new = match u.int_in_range(0..=7)? {
		0 => 0,
		1 => u128::MAX,
		2 => low.wrapping_add(u.int_in_range(1..=3)?),
		3 => low.wrapping_sub(u.int_in_range(1..=3)?),
		4 => low.wrapping_mul(2),
		5 => 1 << (bytes.len() * 8 - 1).min(127),
		6 => u.arbitrary::<u128>()? >> u.int_in_range(0..=127)?,
		_ => u.int_in_range(0..=40)?,
	};
	let wide = if new == u128::MAX { [0xff; 32] } else { [0; 32] };
	let mut wide = wide;
	wide[..16].copy_from_slice(&new.to_le_bytes());
	bytes.copy_from_slice(&wide[..bytes.len()]);
	Ok(())
}

fn array(u: &mut Unstructured, bytes: &mut [u8]) -> Result<()> {
	match u.int_in_range(0..=3)? {
		0 => bytes.fill(0),
		1 => bytes.fill(0xff),
		2 if !bytes.is_empty() => {
			let at = u.choose_index(bytes.len())?;
			bytes[at] ^= 1 << u.int_in_range(0..=7)?;
		}
		_ => u.fill_buffer(bytes)?,
	}
	Ok(())
}

fn text(u: &mut Unstructured, bytes: &mut Vec<u8>) -> Result<()> {
	match u.int_in_range(0..=6)? {
		0 => bytes.clear(),
		1 => bytes.truncate(u.choose_index(bytes.len() + 1)?),
		2 => bytes.extend(u.bytes(3)?),
		3 => bytes.resize(LONG, b'a'),
		4 => bytes.extend(bytes.clone()),
		_ if !bytes.is_empty() => {
			let at = u.choose_index(bytes.len())?;
			// The component that sketches may not have, and what is no UTF-8.
			bytes[at] = *u.choose(&[0, 0x7f, 0x80, 0xff])?;
		}
		_ => bytes.push(0),
	}
	Ok(())
}

fn list(u: &mut Unstructured, item: Type, items: &mut Vec<Value>, pool: &Pool) -> Result<()> {
	if items.is_empty() || u.ratio(1, 8)? {
		items.extend(pool.other(item, u)?);
		return Ok(());
	}
	let at = u.choose_index(items.len())?;
	match u.int_in_range(0..=8)? {
		0 => items.clear(),
		1 => drop(items.remove(at)),
		2 => {
			let twice = items[at].clone();
			items.insert(at, twice);
		}
		3 => items.reverse(),
		4 => {
			let other = u.choose_index(items.len())?;
			items.swap(at, other);
		}
		5 => drop(items.pop()),
		6 => {
			let twice = items[at].clone();
			items.push(twice);
		}
		// As many as fill any proof, and then more than it takes.
		7 => items.resize(u.int_in_range(30..=34)?, items[at].clone()),
		_ => items.resize(300, items[at].clone()),
	}
	Ok(())
}
