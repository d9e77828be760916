//! What is judged in: the base, the data, what is asked, and the table of what retrained adapters make of it.

use crate::{
	Failure,
	data::{Data, Text},
	runs::{self, Run},
	table::{Growing, Table},
};
use indicatif::{ProgressBar, ProgressStyle};
use openlora::{Adapter, Base};
use rayon::prelude::*;
use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

/// The base, the data, and where the table is.
pub struct Setting {
	/// The base that adapters are trained on.
	pub base: Arc<Base>,
	/// What they are trained on, and what is asked of them.
	pub data: Data,
	/// Where the table is.
	pub table: PathBuf,
}

/// What the table has losses of: each fact asked for in a wording of its own, with the right answer, and then
/// with the answer that the adapter trained on everything gives.
pub struct Queries(pub Vec<Text>);

/// Of three facts, two are for the report and one is for choosing what is reported.
pub fn is_for_choosing(fact: usize) -> bool {
	fact % 3 == 2
}

impl Setting {
	/// Reads base and data of a folder.
	pub fn open(folder: &Path) -> Result<Self, Failure> {
		let base = Base::load(&folder.join("base"))?;
		let data = Data::read(&base, &folder.join("data"))?;
		Ok(Self { base, data, table: folder.join("table.txt") })
	}

	/// The adapter trained on everything.
	pub fn whole(&self) -> Result<Adapter, Failure> {
		Run::Whole.train(&self.base, &self.data)
	}

	/// What is asked, given the adapter trained on everything.
	pub fn queries(&self, whole: &Adapter) -> Result<Queries, Failure> {
		let asked = self.data.facts.iter().map(|fact| fact.asked.clone());
		let answered = self.data.answers(&self.base, whole)?;
		Ok(Queries(asked.chain(answered).collect()))
	}

	/// The places in [`Queries`] that are reported: every other fact with the right answer, the others with
	/// the adapter's own.
	pub fn reported(&self) -> Vec<usize> {
		let facts = self.data.facts.len();
		let reported = (0..facts).filter(|fact| !is_for_choosing(*fact));
		reported.enumerate().map(|(at, fact)| fact + at % 2 * facts).collect()
	}

	/// The places that choices are made by: those of the other facts, both ways.
	pub fn choosing(&self) -> Vec<usize> {
		let facts = self.data.facts.len();
		(0..2 * facts).filter(|place| is_for_choosing(place % facts)).collect()
	}

	/// What an adapter makes of each query.
	pub fn losses(&self, adapter: &Adapter, queries: &Queries) -> Result<Vec<f32>, Failure> {
		queries.0.iter().map(|query| runs::loss(&self.base, Some(adapter), query)).collect()
	}

	/// Trains those of the runs that the table lacks, as many at once as there are cores.
	pub fn train(&self, wanted: &[Run]) -> Result<(), Failure> {
		let done = Table::read(&self.table)?;
		let left: Vec<&Run> = wanted.iter().filter(|run| !done.0.contains_key(run)).collect();
		if left.is_empty() {
			return Ok(());
		}
		let bar = ProgressBar::new(left.len() as u64).with_style(ProgressStyle::with_template(
			"{bar:30} {pos}/{len} runs, {eta} left, {msg}",
		)?);
		let queries = self.queries(&self.whole()?)?;
		let table = Growing::open(&self.table)?;
		left.par_iter().try_for_each(|run| {
			let adapter = run.train(&self.base, &self.data)?;
			table.add(run, &self.losses(&adapter, &queries)?)?;
			bar.set_message(run.kind());
			bar.inc(1);
			Ok::<_, Failure>(())
		})?;
		bar.finish_and_clear();
		Ok(())
	}
}
