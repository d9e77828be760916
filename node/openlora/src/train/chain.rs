//! The chain of hashes that a run commits to, and what anyone can check about it without repeating
//! the run.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

const LINK: &[u8] = b"openledger/training-link/1";

/// A blake2b-256 hash, in hexadecimal where it is written down.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
	/// The hash of parts, one after the other.
	pub fn of(parts: &[&[u8]]) -> Self {
		let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
		parts.iter().for_each(|part| {
			state.update(part);
		});
		let mut bytes = [0; 32];
		bytes.copy_from_slice(state.finalize().as_bytes());
		Self(bytes)
	}
}

impl fmt::Display for Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl fmt::Debug for Digest {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl Serialize for Digest {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for Digest {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		let mut bytes = [0; 32];
		hex::decode_to_slice(&text, &mut bytes).map_err(de::Error::custom)?;
		Ok(Self(bytes))
	}
}

/// A state of training that the run has committed to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
	/// Steps done.
	pub step: u64,
	/// The state's hash.
	pub state: Digest,
	/// Mean loss on the validation examples, in nats per learnt token, where the run was evaluated.
	#[serde(serialize_with = "wider", default, skip_serializing_if = "Option::is_none")]
	pub loss: Option<f32>,
	/// blake2b-256 of `"openledger/training-link/1"`, the hash of the link before (of the first: what
	/// the run began with), step, state, and 0, or 1 and the loss; numbers little end first.
	pub hash: Digest,
}

/// As a double, which comes back as the very same single.
fn wider<S: Serializer>(loss: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
	loss.map(f64::from).serialize(serializer)
}

impl Link {
	/// The link that follows the one with the hash `before`.
	pub fn after(before: Digest, step: u64, state: Digest, loss: Option<f32>) -> Self {
		let number = step.to_le_bytes();
		let hash = match loss {
			None => Digest::of(&[LINK, &before.0, &number, &state.0, &[0]]),
			Some(loss) => {
				Digest::of(&[LINK, &before.0, &number, &state.0, &[1], &loss.to_le_bytes()])
			}
		};
		Self { step, state, loss, hash }
	}
}

/// Checks that links follow each other from `genesis` on, by hash and by step, the first at step 0.
///
/// # Errors
/// [`Error::BrokenChain`] naming the first step that doesn't.
pub fn check(genesis: Digest, links: &[Link]) -> Result<()> {
	let broken = |step, reason| Err(Error::BrokenChain { step, reason });
	let Some(first) = links.first() else { return broken(0, "there are no links") };
	if first.step != 0 {
		return broken(first.step, "the first link is not step 0's");
	}
	let mut before = genesis;
	for (at, link) in links.iter().enumerate() {
		if at > 0 && link.step <= links[at - 1].step {
			return broken(link.step, "steps don't ascend");
		}
		if link.loss.is_some_and(|loss| !loss.is_finite()) {
			return broken(link.step, "the loss is not finite");
		}
		if Link::after(before, link.step, link.state, link.loss).hash != link.hash {
			return broken(link.step, "the hash is not that of the link and the one before");
		}
		before = link.hash;
	}
	Ok(())
}

/// The step whose parameters a run hands out: that of the lowest validation loss, the earliest of
/// equals, or the last where there was no evaluation. Step 0, before any training, is not one of them.
pub fn chosen(links: &[Link]) -> u64 {
	let trained = links.iter().filter(|link| link.step > 0);
	let evaluated = trained.filter_map(|link| Some((link.step, link.loss?)));
	let best = evaluated.reduce(|best, one| if one.1 < best.1 { one } else { best });
	best.map(|(step, _)| step).or(links.last().map(|link| link.step)).unwrap_or(0)
}

/// Evaluations since the one that [`chosen`] names.
pub fn without_progress(links: &[Link]) -> usize {
	let best = chosen(links);
	links.iter().filter(|link| link.step > best && link.loss.is_some()).count()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn chain(losses: &[Option<f32>]) -> Vec<Link> {
		let mut before = Digest([9; 32]);
		let links = losses.iter().enumerate().map(|(at, loss)| {
			let state = Digest::of(&[&[at as u8]]);
			let link = Link::after(before, 10 * at as u64, state, *loss);
			before = link.hash;
			link
		});
		links.collect()
	}

	#[test]
	fn digest_is_blake2b_256() {
		let expected = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
		assert_eq!(Digest::of(&[b"a", b"", b"bc"]).to_string(), expected);
	}

	#[test]
	fn chain_is_accepted_only_when_every_link_follows() {
		let links = chain(&[Some(3.0), None, Some(2.0)]);
		check(Digest([9; 32]), &links).unwrap();
		type Change = fn(&mut Vec<Link>);
		let changes: [Change; 8] = [
			|links| links.clear(),
			|links| {
				links.remove(0);
			},
			|links| {
				links.remove(1);
			},
			|links| links[1].state.0[3] ^= 1,
			|links| links[2].loss = Some(1.9),
			|links| links[2].loss = Some(f32::NAN),
			|links| links[1].step = 0,
			|links| links[0].loss = None,
		];
		for (number, change) in changes.into_iter().enumerate() {
			let mut changed = links.clone();
			change(&mut changed);
			let refused = check(Digest([9; 32]), &changed);
			assert!(matches!(refused, Err(Error::BrokenChain { .. })), "{number}: {refused:?}");
		}
		assert!(check(Digest([8; 32]), &links).is_err());
	}

	#[test]
	fn best_step_is_that_of_the_lowest_loss_after_the_beginning() {
		assert_eq!(chosen(&chain(&[Some(1.0), Some(3.0), Some(2.0), Some(2.0), Some(2.5)])), 20);
		assert_eq!(without_progress(&chain(&[None, Some(3.0), Some(2.0), Some(2.0), None])), 1);
		assert_eq!(chosen(&chain(&[None, None, None])), 20);
		assert_eq!(without_progress(&chain(&[None, None, None])), 0);
		assert_eq!(chosen(&[]), 0);
	}

	#[test]
	fn link_is_the_same_when_written_and_read() {
		for loss in [None, Some(0.1), Some(f32::MIN_POSITIVE), Some(3.402_823_5e38)] {
			let link = Link::after(Digest([1; 32]), u64::MAX, Digest([2; 32]), loss);
			let text = serde_json::to_string(&link).unwrap();
			assert_eq!(serde_json::from_str::<Link>(&text).unwrap(), link, "{text}");
		}
		for bad in ["\"ab\"", "\"zz\"", "3", "\"\""] {
			assert!(serde_json::from_str::<Digest>(bad).is_err(), "{bad}");
		}
	}
}
