//! What has to hold in an index that comes from elsewhere.

use super::{
	Header, View,
	draft::{grouped, square, sum},
	layout::{Layout, Section, Table},
};
use crate::error::{Error, Result};
use codec::DecodeAll;
use openledger_primitives_attribution::score;
use rayon::prelude::*;

/// Whether a sketch is one that a leaf or a query can have.
pub(crate) fn check_sketch(sketch: &[i8], dimension: usize, position: u32) -> Result<()> {
	if sketch.len() != dimension {
		return Err(Error::Dimension { expected: dimension, found: sketch.len() });
	}
	if !score::is_symmetric(sketch) {
		return Err(Error::Asymmetric(position));
	}
	Ok(())
}

/// Reads header and layout, and checks table, header and that every section is where it belongs.
///
/// # Errors
/// As [`Table::read`], [`Table::fits`] and [`Header::check`].
pub(super) fn outline(bytes: &[u8]) -> Result<(Table, Header, Layout)> {
	let table = Table::read(bytes)?;
	table.check(bytes, Section::Header)?;
	let encoded = &bytes[table.range(Section::Header)];
	let header = Header::decode_all(&mut &encoded[..])
		.map_err(|error| Error::malformed("index header", error))?;
	let accounts = table.range(Section::Accounts).len();
	let layout = Layout::new(&header, encoded.len(), accounts / 32)?;
	table.fits(&layout)?;
	Ok((table, header, layout))
}

/// Checks everything: checksums, sketches, clusters, the snapshots' roots from the record leaves, both
/// trees, and the contributor leaves as sums of their records.
///
/// # Errors
/// Typed, naming the first that does not hold.
pub(super) fn everything(table: &Table, view: &View) -> Result<()> {
	if !view.layout.gaps_are_zero(view.bytes) {
		return Err(Error::malformed("index", "its encoding is not the canonical one"));
	}
	Section::ALL.iter().try_for_each(|section| table.check(view.bytes, *section))?;
	let count = view.len();
	(0..count).into_par_iter().try_for_each(|position| check_row(view, position))?;
	check_heads(view)?;
	check_members(view)?;
	check_records(view)?;
	let hashes = view.leaf_tree().ok_or(Error::Tree("index leaves"))?;
	let leaf = |position: usize| view.index_leaf(position).map(|leaf| leaf.hash());
	let sound = (0..count).into_par_iter().all(|at| leaf(at) == hashes.leaf(at));
	if !sound || !hashes.is_sound() {
		return Err(Error::Tree("index leaves"));
	}
	check_sums(view)
}

fn check_row(view: &View, position: usize) -> Result<()> {
	let leaf = view.leaf(position).ok_or(Error::Tree("index leaves"))?;
	check_sketch(leaf.sketch, view.layout.dimension, position as u32)?;
	match view.rows().square(position) == square(leaf.sketch) {
		true => Ok(()),
		false => {
			let reason = format!("the squared norm at position {position} is another");
			Err(Error::malformed("index", reason))
		}
	}
}

/// Checks that clusters are stars around a member that was committed first.
///
/// # Errors
/// [`Error::BadHead`].
pub(super) fn check_heads(view: &View) -> Result<()> {
	(0..view.len()).into_par_iter().try_for_each(|position| {
		let Some(leaf) = view.leaf(position) else { return Ok(()) };
		if leaf.head as usize == position {
			return Ok(());
		}
		let head = leaf.head as usize;
		let refuse =
			|reason| Err(Error::BadHead { position: position as u32, head: leaf.head, reason });
		let key = |at: usize| view.committed_at(at).map(|block| (block, at));
		match view.head(head) {
			None => refuse("there is no such record"),
			Some(of_head) if of_head != leaf.head => refuse("it is a duplicate itself"),
			Some(_) if key(head) > key(position) => refuse("it was committed later"),
			Some(_) if leaf.scale != 0 || leaf.sketch.iter().any(|c| *c != 0) => {
				refuse("a duplicate has no sketch of its own")
			}
			Some(_) => Ok(()),
		}
	})
}

/// Checks that accounts ascend, each with a record, and that members are the records' contributors.
fn check_members(view: &View) -> Result<()> {
	let refuse = |reason: &str| Err(Error::malformed("index contributors", reason));
	let accounts = view.layout.section(view.bytes, Section::Accounts).as_chunks::<32>().0;
	if !accounts.is_sorted_by(|a, b| a < b) {
		return refuse("their accounts do not ascend");
	}
	let numbers: Option<Vec<u32>> = (0..view.len()).map(|at| view.contributor_of(at)).collect();
	let numbers = numbers.unwrap_or_default();
	if numbers.iter().any(|number| *number as usize >= accounts.len()) {
		return refuse("a record names one that there is not");
	}
	let (starts, members) = grouped(&numbers, accounts.len());
	if view.layout.section(view.bytes, Section::Starts) != starts.as_flattened()
		|| view.layout.section(view.bytes, Section::Members) != members.as_flattened()
	{
		return refuse("their members are not the records that name them");
	}
	let empty = (0..accounts.len()).any(|at| view.members(at).is_none_or(|of| of.len() == 0));
	if empty { refuse("one has no record") } else { Ok(()) }
}

/// Checks the snapshots' trees and roots against the record leaves.
fn check_records(view: &View) -> Result<()> {
	let mut first = 0;
	for (number, (datanet, snapshot)) in view.header.snapshots.iter().enumerate() {
		let refused = || Error::SnapshotRoot { datanet: *datanet };
		let tree = view.record_tree(number).ok_or_else(refused)?;
		let same = (0..tree.len())
			.into_par_iter()
			.all(|at| view.record(first + at).map(|record| record.hash()) == tree.leaf(at));
		if !same || !tree.is_sound() || tree.root() != snapshot.root {
			return Err(refused());
		}
		first += tree.len();
	}
	Ok(())
}

/// Checks the contributor leaves and their tree.
fn check_sums(view: &View) -> Result<()> {
	let tree = view.contributor_tree().ok_or(Error::Tree("contributor leaves"))?;
	let rows = view.contributor_rows();
	(0..view.contributors()).into_par_iter().try_for_each(|number| {
		let (expected, hash) = sum(view, number, None)?;
		let same = view.contributor(number).is_some_and(|found| found == expected);
		if !same || rows.square(number) != square(&expected.sketch) {
			return Err(Error::ContributorSums);
		}
		match tree.leaf(number).is_some_and(|found| found.0 == hash) {
			true => Ok(()),
			false => Err(Error::Tree("contributor leaves")),
		}
	})?;
	if tree.is_sound() { Ok(()) } else { Err(Error::Tree("contributor leaves")) }
}
