//! The index with its lens, and what it finds.

use super::{MOST, VERSION, lens::Lens};
use crate::{
	error::{Error, Result},
	index::IndexFile,
	scan::{self, Ask, Probe, Ranked, Search, Wanted},
};
use openledger_primitives_core::{Sketch, model::PayBy};
use openlora::Base;
use sp_core::crypto::AccountId32;
use std::{fs, path::Path};

/// A retrieval index with the lens that it was built with. Copies share the file.
#[derive(Debug, Clone)]
pub struct RetrievalIndex {
	file: IndexFile,
	lens: Lens,
}

impl RetrievalIndex {
	/// Puts a file and its lens together.
	///
	/// # Errors
	/// [`Error::Malformed`] where they don't belong together.
	pub fn new(file: IndexFile, lens: Lens) -> Result<Self> {
		let refuse = |reason: &str| Err(Error::malformed("retrieval index", reason));
		let header = file.header();
		if header.features != VERSION {
			return refuse("it is an index of another kind, or of another version");
		}
		if header.adapter != lens.hash() {
			return refuse("it was built with another lens");
		}
		let method = header.method;
		let expected = (lens.dimension(), lens.seed(), PayBy::Records);
		if (file.dimension(), header.projection, method.pay_by) != expected {
			return refuse("its method is not its lens's");
		}
		if usize::from(method.credits) > MOST {
			return refuse("it puts more records into a prompt than there may be");
		}
		Ok(Self { file, lens })
	}

	/// Opens an index file and its lens, checking all of both.
	///
	/// # Errors
	/// [`Error::Io`], as [`IndexFile::open`], [`Lens::from_bytes`] and [`RetrievalIndex::new`].
	pub fn open(index: &Path, lens: &Path) -> Result<Self> {
		let bytes = fs::read(lens).map_err(Error::io(lens))?;
		Self::new(IndexFile::open_retrieval(index)?, Lens::from_bytes(&bytes)?)
	}

	/// Writes the index file and its lens, each as a whole.
	///
	/// # Errors
	/// [`Error::Io`].
	pub fn save(&self, index: &Path, lens: &Path) -> Result<()> {
		crate::store::write_atomically(lens, &self.lens.to_bytes())?;
		self.file.save(index)
	}

	/// The index file: what is committed to, and what proofs are made from.
	pub fn file(&self) -> &IndexFile {
		&self.file
	}

	/// The lens.
	pub fn lens(&self) -> &Lens {
		&self.lens
	}

	/// A question's sketch.
	///
	/// # Errors
	/// As [`Lens::questions`].
	pub fn question(&self, base: &Base, question: &str) -> Result<Sketch> {
		let found = self.lens.questions(base, &[question])?.pop();
		found.ok_or(Error::EmptyAnswer)
	}

	/// The records for a prompt: the best above the floor, as many as the method says, best first. The payer's
	/// own are left out. None for a question without anything to go by.
	///
	/// # Errors
	/// As [`scan::best_records`].
	pub fn find(&self, question: &Sketch, payer: Option<&AccountId32>) -> Result<Vec<Ranked>> {
		let count = usize::from(self.file.header().method.credits);
		self.ranked(question, payer, count, Wanted::Paid)
	}

	/// The best records for a question, whether or not they are above the floor.
	///
	/// # Errors
	/// As [`scan::best_records`].
	pub fn ranked(
		&self,
		question: &Sketch,
		payer: Option<&AccountId32>,
		count: usize,
		wanted: Wanted,
	) -> Result<Vec<Ranked>> {
		let ask = Ask { payer, wanted, count, search: Search::Auto };
		let probe = Probe::new(question)?;
		Ok(scan::best_records(&self.file, std::slice::from_ref(&probe), ask)?.concat())
	}
}
