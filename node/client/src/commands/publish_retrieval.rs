//! What `openledger model publish` commits to of records in prompts: an index over the same records, made
//! with the seed that the chain drew for the version.

use super::{publish, retrieve::lens_of};
use crate::{
	chain::{Chain, number, retrieval as argument},
	content::Content,
	keys::Signer,
	output::Output,
};
use anyhow::{Context as _, Result, bail, ensure};
use openledger_attribution::{
	Sources,
	retrieval::{Options, Records, RetrievalIndex, Step, build},
};
use openledger_primitives_api::ModelInfo;
use openledger_primitives_core::{
	Hash, MAX_CREDITED, MAX_CREDITS, MAX_FOUND, MAX_SKETCH, MIN_SKETCH,
	model::{IndexCommitment, Method, ModelStatus, Retrieval, RetrievalRefusal},
	record::content_hash,
};
use openlora::Base;
use sp_core::crypto::AccountId32;
use sp_runtime::Permill;
use std::{ops::ControlFlow, path::PathBuf};

/// Components of a sketch, unless the owner says otherwise.
const DIMENSION: u16 = MAX_SKETCH as u16;

/// Whether records are put into prompts, and what they are paid.
#[derive(clap::Args)]
pub struct Retrieved {
	/// Put records into prompts, found by this retrieval index. Where there is no such file it is built and
	/// written, its lens beside it as FILE.lens.
	#[arg(long, value_name = "FILE")]
	retrieval: Option<PathBuf>,
	/// Per cent of what contributors are paid that the records in a prompt have, 1 to 100.
	#[arg(
		long,
		value_name = "PERCENT",
		default_value_t = 30,
		value_parser = clap::value_parser!(u8).range(1..=100),
		requires = "retrieval"
	)]
	retrieved_part: u8,
	/// The most records in one prompt, 1 to 4 (default: the file's, or 4). With the credits, at most 16.
	#[arg(
		long,
		value_name = "N",
		value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_FOUND)),
		requires = "retrieval"
	)]
	retrieved_most: Option<u8>,
	/// Components of a sketch in the retrieval index, 16 to 2,048 (default: the file's, or 2,048).
	#[arg(
		long,
		value_name = "K",
		value_parser = clap::value_parser!(u16).range(i64::from(MIN_SKETCH)..=i64::from(MAX_SKETCH)),
		requires = "retrieval"
	)]
	retrieved_dimension: Option<u16>,
}

/// A retrieval that the chain would take, as far as it is known before the version is registered.
pub struct Plan {
	path: PathBuf,
	/// The index in the file, where there is one.
	made: Option<RetrievalIndex>,
	most: u8,
	dimension: u16,
	part: Permill,
}

/// What a version trained on `sources` is given by the chain.
pub struct Drawn<'a> {
	/// What it was trained on.
	pub sources: Sources<'a>,
	/// The seed.
	pub seed: Hash,
}

impl Retrieved {
	/// What is asked for beside a version's own method, refused as the chain would refuse it; none where no
	/// records are put into prompts.
	pub fn plan(&self, method: &Method) -> Result<Option<Plan>> {
		let Some(path) = self.retrieval.clone() else { return Ok(None) };
		let made = match path.try_exists() {
			Ok(false) => None,
			_ => Some(RetrievalIndex::open(&path, &lens_of(&path)).with_context(|| {
				format!(
					"can't use {}: name a file that is not there, and the index is built",
					path.display()
				)
			})?),
		};
		let has = made.as_ref().map(|index| index.file().header().method);
		let most = self.retrieved_most.or(has.map(|of| of.credits)).unwrap_or(MAX_FOUND as u8);
		let dimension =
			self.retrieved_dimension.or(has.map(|of| of.dimension)).unwrap_or(DIMENSION);
		if let Some(has) = has {
			ensure!(
				(has.credits, has.dimension) == (most, dimension),
				"{} is for {} records in a prompt, by sketches of {} components: say the same, or name a file \
				 that is not there, and the index is built",
				path.display(),
				has.credits,
				has.dimension
			);
		}
		let part = Permill::from_percent(self.retrieved_part.into());
		let plan = Plan { path, made, most, dimension, part };
		plan.check(method)?;
		Ok(Some(plan))
	}
}

impl Plan {
	fn commitment(&self, lens: Hash, index: IndexCommitment) -> Retrieval {
		let Self { most, dimension, part, .. } = *self;
		Retrieval { most, dimension, part, lens, index }
	}

	fn check(&self, method: &Method) -> Result<()> {
		// Of lens and index, which there may not be yet, nothing is checked here.
		let (zero, records) = (Hash::zero(), 1);
		let index = IndexCommitment {
			records_root: zero,
			records,
			contributors_root: zero,
			contributors: records,
			floor_ppm: 0,
			file: zero,
		};
		match self.commitment(zero, index).check(method) {
			Ok(()) => Ok(()),
			Err(RetrievalRefusal::Together) => bail!(self.together(method)),
			Err(RetrievalRefusal::Most | RetrievalRefusal::Dimension | RetrievalRefusal::Part) => {
				bail!(
					"a prompt holds 1 to {MAX_FOUND} records, which have some of the pay and are found by sketches \
					 of {MIN_SKETCH} to {MAX_SKETCH} components: {} has others",
					self.path.display()
				)
			}
		}
	}

	/// What to do where claims would show too much.
	fn together(&self, method: &Method) -> String {
		let Method { credits, dimension, .. } = method;
		let shown = u32::from(self.most) * u32::from(self.dimension);
		let room = (MAX_CREDITED - shown) / u32::from(*dimension).max(1);
		let fit = room.min(MAX_CREDITS - u32::from(self.most));
		let advice = match fit {
			0 => "shorten sketches with --dimension or --retrieved-dimension".into(),
			fit => format!(
				"--credits {fit} has room, or more with shorter sketches (--dimension, --retrieved-dimension)"
			),
		};
		format!(
			"{credits} credits of {dimension} components and {} records in the prompt of {} are more than a \
			 claim may show, {MAX_CREDITS} with {MAX_CREDITED} components in all: {advice}",
			self.most, self.dimension
		)
	}

	/// Refuses a file that is another version's, while nothing is paid. `seed` is the one that an earlier try has
	/// been given: a version that is not registered yet is given one that no file can have.
	pub fn check_file(&self, sources: &Sources, seed: Option<Hash>) -> Result<()> {
		self.made.as_ref().map_or(Ok(()), |made| self.belongs(made, sources, seed))
	}

	/// The index, built and written now unless the file has it. Refused where it is not the one that audits
	/// come to.
	pub fn index(&self, base: &Base, drawn: &Drawn, output: Output) -> Result<RetrievalIndex> {
		self.check_file(&drawn.sources, Some(drawn.seed))?;
		match &self.made {
			None => self.build(base, drawn, output),
			Some(made) => Ok(made.clone()),
		}
	}

	fn build(&self, base: &Base, drawn: &Drawn, output: Output) -> Result<RetrievalIndex> {
		let Self { most, dimension, .. } = *self;
		let records = Records::of(&drawn.sources)?;
		let options = Options { seed: drawn.seed, dimension, most };
		let bar = publish::bar(output, "retrieval")?;
		let index = build(base, &records, &options, &mut |progress| {
			bar.set_message(match progress.step {
				Step::Records => "records",
				Step::Nulls => "null queries",
			});
			bar.set_length(progress.total as u64);
			bar.set_position(progress.done as u64);
			ControlFlow::Continue(())
		})?;
		bar.finish_and_clear();
		index.save(&self.path, &lens_of(&self.path))?;
		output.say(format!("wrote {}", self.path.display()));
		Ok(index)
	}

	fn belongs(&self, index: &RetrievalIndex, sources: &Sources, seed: Option<Hash>) -> Result<()> {
		let (header, manifest) = (index.file().header(), sources.manifest);
		let leaves = sources.records.iter().map(|(leaf, _)| leaf.clone());
		let differing =
			if header.snapshots != sources.snapshots || !index.file().records().iter().eq(leaves) {
				"is over other records than the adapter was trained on"
			} else if header.manifest != manifest.hash()? {
				"was made for another training"
			} else if index.lens().base() != manifest.base {
				"was made with another base"
			} else if seed != Some(header.projection) {
				"was made with another seed than the chain draws for this version"
			} else {
				return Ok(());
			};
		bail!(
			"{} {differing}: name a file that is not there, and the index is built",
			self.path.display()
		)
	}

	/// Stores lens and index where workers fetch them. Returns what the version commits to.
	pub async fn store(
		&self,
		index: &RetrievalIndex,
		store: &Content,
		signer: &Signer,
	) -> Result<Retrieval> {
		let (lens, file) = (index.lens(), index.file());
		let commitment = self.commitment(lens.hash(), file.commitment());
		for (committed, bytes) in
			[(commitment.lens, lens.to_bytes()), (commitment.index.file, file.to_bytes().to_vec())]
		{
			// What is committed to has to be what the store hands out.
			ensure!(content_hash(&bytes) == committed, "the index is not what it commits to");
			store.put(signer, bytes).await?;
		}
		Ok(commitment)
	}
}

/// Commits a draft to `retrieval`, or to putting no records into prompts, unless it is so already.
pub async fn commit(
	chain: &Chain,
	signer: &Signer,
	model: &ModelInfo<AccountId32>,
	retrieval: Option<Retrieval>,
) -> Result<()> {
	if chain.retrieval(model.id).await? == retrieval {
		return Ok(());
	}
	ensure!(
		model.status == ModelStatus::Draft,
		"model {} has committed to putting other records into prompts than this command: see openledger \
		 model show {0}",
		model.id
	);
	let call = vec![("model", number(model.id)), ("retrieval", argument::retrieval(retrieval))];
	chain.submit(signer, "Models", "commit_retrieval", call).await?;
	Ok(())
}

#[cfg(test)]
mod tests;
