//! The checkpoints of a training as a model version commits to them: the chain of hashes, and where the
//! content store has the states that it is of.

use crate::{
	error::{Error, Result},
	local::TrainingLog,
	manifest::Manifest,
};
use openledger_primitives_core::Hash;
use openlora::{
	TrainOptions,
	train::{Digest, Link},
};
use serde::{Deserialize, Serialize};
use sp_io::hashing::blake2_256;

/// The version of the list's format.
pub const VERSION: u32 = 1;
/// The most examples that the steps between two checkpoints may take: a verifier has to repeat any of these
/// stretches in the time that it has.
pub const MOST_EXAMPLES: u64 = 1_024;
/// The most tokens that these may have together, each example counted with as many as the manifest lets one
/// have. Training on some fifty tokens takes a second of one processor (`docs/training.md`, with a base of 135
/// million weights), so this is three quarters of an hour of one, of the hour that verifiers have.
pub const MOST_TOKENS: u64 = 131_072;

const WHAT: &str = "list of checkpoints";

/// The list. Its canonical bytes are JSON without spaces, fields in the order below; their hash is what the
/// registry holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
	/// [`VERSION`].
	pub version: u32,
	/// The chain.
	pub log: TrainingLog,
	/// blake2b-256 of the file of every state but the first, in the order of the chain. The first follows
	/// from the manifest.
	pub states: Vec<Hash>,
}

impl Checkpoints {
	/// The list of a training whose states have these files.
	///
	/// # Errors
	/// [`Error::Malformed`] where there are more or fewer than the chain has links after the first, or no
	/// steps between two.
	pub fn new(log: TrainingLog, states: Vec<Hash>) -> Result<Self> {
		let list = Self { version: VERSION, log, states };
		list.check()?;
		Ok(list)
	}

	/// The canonical bytes.
	///
	/// # Errors
	/// [`Error::Malformed`], which it never is.
	pub fn to_bytes(&self) -> Result<Vec<u8>> {
		serde_json::to_vec(self).map_err(|error| Error::malformed(WHAT, error))
	}

	/// Reads a list from its canonical bytes, and checks that its chain holds.
	///
	/// # Errors
	/// [`Error::Malformed`] for other JSON, another spelling of the same, another version, files that are
	/// not as many as states, or checkpoints without steps between them; those of [`TrainingLog::from_bytes`].
	pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
		let list: Self =
			serde_json::from_slice(bytes).map_err(|error| Error::malformed(WHAT, error))?;
		list.check()?;
		if list.to_bytes()? != bytes {
			return Err(Error::malformed(WHAT, "its spelling is not canonical"));
		}
		Ok(list)
	}

	fn check(&self) -> Result<()> {
		if self.version != VERSION {
			return Err(Error::malformed(WHAT, "its version is not 1"));
		}
		// The chain's own rules are those of the file beside the adapter.
		TrainingLog::from_bytes(&self.log.to_bytes()?)?;
		let (files, links) = (self.states.len(), self.log.links.len());
		if files + 1 != links || files == 0 {
			let reason = format!("{files} files for a chain of {links} states");
			return Err(Error::malformed(WHAT, reason));
		}
		if self.log.checkpoint_every == 0 {
			return Err(Error::malformed(WHAT, "there are no steps between its checkpoints"));
		}
		Ok(())
	}

	/// blake2b-256 of the canonical bytes.
	///
	/// # Errors
	/// As [`Checkpoints::to_bytes`].
	pub fn hash(&self) -> Result<Hash> {
		Ok(blake2_256(&self.to_bytes()?).into())
	}

	/// How many stretches the training has, each from one checkpoint to the next.
	pub fn stretches(&self) -> usize {
		self.states.len()
	}

	/// The links that a stretch begins and ends with.
	pub fn stretch(&self, number: usize) -> Option<(&Link, &Link)> {
		Some((self.log.links.get(number)?, self.log.links.get(number.checked_add(1)?)?))
	}

	/// The file of the state after a step, where there is one.
	pub fn file(&self, step: u64) -> Option<Hash> {
		let place = self.log.links.iter().position(|link| link.step == step)?;
		self.states.get(place.checked_sub(1)?).copied()
	}

	/// What the training was done with, by its manifest.
	///
	/// # Errors
	/// As [`crate::Training::options`].
	pub fn options(&self, manifest: &Manifest) -> Result<TrainOptions> {
		let genesis = Digest(manifest.training_hash()?.0);
		let options = manifest.training.options()?;
		Ok(TrainOptions { genesis, checkpoint_every: self.log.checkpoint_every, ..options })
	}

	/// Whether the chain is one that the manifest's training of so many examples has: it begins with the
	/// manifest, is of states after the right steps, and evaluates nothing.
	///
	/// # Errors
	/// As [`Checkpoints::options`].
	pub fn follows(&self, manifest: &Manifest, examples: usize) -> Result<bool> {
		let options = self.options(manifest)?;
		let links = &self.log.links;
		let steps = options.commits(examples, links.len().saturating_add(1));
		let same = links.iter().map(|link| link.step).eq(steps);
		let evaluated = links.iter().any(|link| link.loss.is_some());
		Ok(self.log.genesis == options.genesis && same && !evaluated)
	}

	/// Checks that no stretch takes longer to repeat than verifiers have time for.
	///
	/// # Errors
	/// [`Error::Malformed`] naming the first that does.
	pub fn check_lengths(&self, manifest: &Manifest) -> Result<()> {
		let options = self.options(manifest)?;
		for pair in self.log.links.windows(2) {
			let [from, to] = [pair[0].step, pair[1].step];
			let examples = options.examples_between(from, to);
			if examples > MOST_EXAMPLES {
				let reason = format!(
					"from step {from} to {to} there are {examples} examples, more than the {MOST_EXAMPLES} \
					 that can be repeated in an audit: train with more checkpoints or smaller batches"
				);
				return Err(Error::malformed(WHAT, reason));
			}
			let tokens = examples.saturating_mul(manifest.record_tokens as u64);
			if tokens > MOST_TOKENS {
				let reason = format!(
					"from step {from} to {to} there can be {tokens} tokens, more than the {MOST_TOKENS} that \
					 can be repeated in an audit: train with more checkpoints, smaller batches or shorter \
					 records"
				);
				return Err(Error::malformed(WHAT, reason));
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn log(links: usize) -> TrainingLog {
		let genesis = Digest([4; 32]);
		let mut before = genesis;
		let links: Vec<Link> = (0..links)
			.map(|at| {
				let link = Link::after(before, 20 * at as u64, Digest([at as u8; 32]), None);
				before = link.hash;
				link
			})
			.collect();
		TrainingLog {
			version: crate::local::VERSION,
			genesis,
			checkpoint_every: 20,
			step: links.last().map_or(0, |link| link.step),
			links,
			adapter: Hash::zero(),
		}
	}

	#[test]
	fn list_is_the_same_when_written_and_read() {
		let files = vec![Hash::repeat_byte(1), Hash::repeat_byte(2)];
		let list = Checkpoints::new(log(3), files.clone()).unwrap();
		let bytes = list.to_bytes().unwrap();
		assert_eq!(Checkpoints::from_bytes(&bytes).unwrap(), list);
		assert_eq!(list.hash().unwrap(), Hash(blake2_256(&bytes)));
		assert_eq!(list.stretches(), 2);
		let (from, to) = list.stretch(1).unwrap();
		assert_eq!((from.step, to.step), (20, 40));
		assert!(list.stretch(2).is_none());
		assert_eq!(
			[0, 20, 40, 60].map(|step| list.file(step)),
			[None, Some(files[0]), Some(files[1]), None]
		);
	}

	#[test]
	fn list_is_refused_when_files_are_missing_or_the_chain_does_not_hold() {
		let file = Hash::repeat_byte(1);
		for (links, files) in [(3, 1), (3, 3), (1, 0), (0, 0)] {
			assert!(Checkpoints::new(log(links), vec![file; files]).is_err(), "{links} {files}");
		}
		let list = Checkpoints::new(log(3), vec![file; 2]).unwrap();
		let changes: [fn(&mut Checkpoints); 4] = [
			|list| list.version = 2,
			|list| list.log.checkpoint_every = 0,
			|list| list.log.links[1].state.0[0] ^= 1,
			|list| list.log.step = 20,
		];
		for change in changes {
			let mut changed = list.clone();
			change(&mut changed);
			assert!(Checkpoints::from_bytes(&changed.to_bytes().unwrap()).is_err(), "{changed:?}");
		}
		let bytes = list.to_bytes().unwrap();
		assert!(Checkpoints::from_bytes(&[&bytes[..], b" "].concat()).is_err());
		assert!(Checkpoints::from_bytes(&bytes[1..]).is_err());
	}
}
