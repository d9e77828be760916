//! Canaries: claims that are sealed falsely on purpose, and true in all else. Whoever upholds one has not executed
//! what it is on.

mod kept;

use std::{
	fs, io,
	path::{Path, PathBuf},
	sync::Arc,
};

use codec::Encode;
use openledger_primitives_attribution::{
	Claim,
	audit::{Secret, canary_secret, canary_traces, sealed, seals},
};
use openledger_primitives_core::{Hash, record::content_hash};
use openledger_primitives_inference::job::Canary;
use openledger_sessions::files;
use sp_core::crypto::AccountId32;

use self::kept::Kept;
use crate::error::StartError;

/// Which part of claims become canaries, and where the secret lies that theirs follow from.
#[derive(Clone, Debug, PartialEq)]
pub struct CanarySettings {
	/// The file: 64 hexadecimal digits, made where there is none and some claims are to become canaries. The claims
	/// in whose place canaries are lie beside it, with the ending `redb`.
	pub file: PathBuf,
	/// The part of claims, within 0 and 1.
	pub part: f64,
}

/// Makes canaries of claims; clones share the secret. Without one it makes none.
///
/// Whether the claim on what was asked becomes one, and with which secret, follows from what was asked: a job that
/// is answered again, after a restart or on another branch of the chain, comes to the same claim.
#[derive(Clone, Default)]
pub struct Canaries(Option<Arc<Known>>);

struct Known {
	seed: Secret,
	part: f64,
	kept: Kept,
}

impl Canaries {
	/// Reads the secret, or makes it where there is none and it is needed. One that is there is read though no
	/// claims become canaries any more: those that did are still to be unveiled.
	///
	/// # Errors
	/// [`StartError::Canaries`].
	pub fn open(settings: &CanarySettings) -> Result<Self, StartError> {
		let CanarySettings { file, part } = settings;
		let refuse = |reason: String| StartError::Canaries { path: file.clone(), reason };
		let failed = |error: io::Error| refuse(error.to_string());
		let seed = match fs::read_to_string(file) {
			Ok(_) if files::is_shared(file).map_err(failed)? => {
				return Err(refuse("others than its owner may read it (chmod 600)".into()));
			}
			Ok(text) => parse(&text).map_err(refuse)?,
			Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
			Err(_) if *part == 0.0 => return Ok(Self::default()),
			Err(_) => {
				log::warn!(
					"a new secret of canaries is made in {}: those that were planted with another can't be unveiled",
					file.display()
				);
				made(file).map_err(failed)?
			}
		};
		let kept =
			Kept::open(&file.with_extension("redb")).map_err(|error| refuse(error.to_string()))?;
		Ok(Self(Some(Arc::new(Known { seed, part: *part, kept }))))
	}

	/// What is known of the canary that is made of the claim on what `subject` was asked with, if one is; none
	/// where there are no canaries.
	pub fn known(&self, subject: &Hash) -> Option<Canary> {
		self.0.as_ref().map(|known| Canary {
			secret: canary_secret(&known.seed, subject),
			truth: known.kept.get(subject),
		})
	}

	/// Makes a canary of the claim on what `subject` was asked with, if its lot says so. Returns whether it does.
	/// The true claim is on disk then: without it, others would have to bring it.
	pub fn plant(&self, subject: &Hash, claim: &mut Claim<AccountId32>) -> bool {
		let Some(known) = self.0.as_ref().filter(|known| known.is_called(subject)) else {
			return false;
		};
		if let Err(error) = known.kept.keep(subject, claim) {
			log::warn!("a claim that could not be kept becomes no canary: {error}");
			return false;
		}
		let secret = canary_secret(&known.seed, subject);
		claim.trace = sealed(&seals(subject, &canary_traces(&secret)));
		true
	}
}

impl Known {
	/// Whether the lot of what was asked lies within the part: the first eight bytes of
	/// `blake2b-256(SCALE("openledger/canary/lot", seed, subject))`, little-endian, over 2⁶⁴.
	fn is_called(&self, subject: &Hash) -> bool {
		let lot = (b"openledger/canary/lot", self.seed, subject).using_encoded(content_hash);
		let [a, b, c, d, e, f, g, h, ..] = lot.0;
		let lot = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as f64 / 2f64.powi(64);
		lot < self.part
	}
}

fn parse(text: &str) -> Result<Secret, String> {
	let mut seed = Secret::default();
	hex::decode_to_slice(text.trim(), &mut seed)
		.map_err(|_| "it should have 64 hexadecimal digits".to_string())?;
	Ok(seed)
}

fn made(file: &Path) -> io::Result<Secret> {
	let seed: Secret = rand::random();
	if let Some(folder) = file.parent() {
		fs::create_dir_all(folder)?;
	}
	files::replace(file, format!("{}\n", hex::encode(seed)).as_bytes())?;
	Ok(seed)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::outcome;
	use openledger_primitives_attribution::audit::is_canary;

	fn claim() -> Claim<AccountId32> {
		outcome(1).claim
	}

	fn subject(n: u32) -> Hash {
		n.using_encoded(content_hash)
	}

	fn settings(folder: &Path, part: f64) -> CanarySettings {
		CanarySettings { file: folder.join("made").join("canaries"), part }
	}

	#[test]
	fn canary_is_the_claim_but_for_its_seal_and_the_same_after_a_restart() {
		let folder = tempfile::tempdir().unwrap();
		let open = || Canaries::open(&settings(folder.path(), 1.0)).unwrap();
		let canaries = open();
		let mut planted = claim();
		assert!(canaries.plant(&subject(1), &mut planted));
		assert_ne!(planted.trace, claim().trace);
		assert_eq!(Claim { trace: claim().trace, ..planted.clone() }, claim());
		let known = canaries.known(&subject(1)).unwrap();
		assert!(is_canary(&known.secret, &subject(1), &planted.trace));
		assert_eq!(known.truth, Some(claim()));
		let other = canaries.known(&subject(2)).unwrap();
		assert!(other.secret != known.secret && other.truth.is_none());
		drop(canaries);

		let mut again = claim();
		assert!(open().plant(&subject(1), &mut again));
		assert_eq!(again, planted);
		// What was planted is unveiled though no more is.
		let over = Canaries::open(&settings(folder.path(), 0.0)).unwrap();
		assert!(!over.plant(&subject(1), &mut again));
		assert_eq!(over.known(&subject(1)), Some(known));
	}

	#[test]
	fn part_of_claims_becomes_canaries() {
		let folder = tempfile::tempdir().unwrap();
		let canaries = Canaries::open(&settings(folder.path(), 0.1)).unwrap();
		let known = canaries.0.as_ref().unwrap();
		let planted = (0..10_000).filter(|n| known.is_called(&subject(*n))).count();
		// Four standard deviations.
		assert!((880..=1_120).contains(&planted), "{planted}");
		assert!((0..100).any(|n| canaries.plant(&subject(n), &mut claim())));
		assert!((0..100).any(|n| !canaries.plant(&subject(n), &mut claim())));
	}

	#[test]
	fn nothing_is_made_where_no_claim_becomes_a_canary() {
		let folder = tempfile::tempdir().unwrap();
		let settings = settings(folder.path(), 0.0);
		let canaries = Canaries::open(&settings).unwrap();
		assert!(!settings.file.exists());
		assert_eq!(canaries.known(&subject(1)), None);
		assert!(!canaries.plant(&subject(1), &mut claim()));
	}

	#[test]
	fn secret_that_is_none_is_refused_and_left_as_it_is() {
		let folder = tempfile::tempdir().unwrap();
		let settings = CanarySettings { file: folder.path().join("canaries"), part: 1.0 };
		for text in ["", "ab", "no secret at all", &"g".repeat(64)] {
			files::replace(&settings.file, text.as_bytes()).unwrap();
			assert!(
				matches!(Canaries::open(&settings), Err(StartError::Canaries { .. })),
				"{text}"
			);
			assert_eq!(fs::read_to_string(&settings.file).unwrap(), text);
		}
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			files::replace(&settings.file, "ab".repeat(32).as_bytes()).unwrap();
			fs::set_permissions(&settings.file, fs::Permissions::from_mode(0o644)).unwrap();
			let refused = Canaries::open(&settings).err().unwrap().to_string();
			assert!(refused.contains("chmod 600"), "{refused}");
		}
		fs::remove_file(&settings.file).unwrap();
		fs::create_dir(&settings.file).unwrap();
		assert!(matches!(Canaries::open(&settings), Err(StartError::Canaries { .. })));
	}
}
