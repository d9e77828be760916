//! Contents at rest: encrypted under a key in a file of its own.

use super::StoreError;
use crate::files;
use chacha20poly1305::{AeadInPlace, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::SessionId;
use openledger_primitives_receipts::commitment::Salt;
use rand::{RngCore, TryRngCore, rngs::OsRng};
use std::{fs, io, path::Path, sync::Arc};

const NONCE: usize = 24;
const TAG: usize = 16;

/// What the commitments of a receipt open to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Contents {
	/// The salt of both commitments.
	pub salt: Salt,
	/// The request's body, byte for byte.
	pub asked: Vec<u8>,
	/// The answer's text, UTF-8.
	pub answered: Vec<u8>,
	/// The claim, which [`claim`](super::claim()) reads.
	pub claim: Vec<u8>,
}

/// XChaCha20-Poly1305 with a random nonce for each text. Its nonces are long enough to be drawn at
/// random for as many texts as a disk holds.
pub(super) struct Sealer(XChaCha20Poly1305);

impl Sealer {
	/// Reads the key at `path`. One that is missing is made where `fresh` says that the store has
	/// nothing under it yet. Waits for the disk.
	pub(super) fn open(path: &Path, fresh: bool) -> Result<Self, StoreError> {
		let failed = |error| StoreError::File { path: path.to_owned(), error: Arc::new(error) };
		match fs::read(path) {
			Ok(bytes) => {
				let key =
					<[u8; 32]>::try_from(bytes).map_err(|_| StoreError::BadKey(path.to_owned()))?;
				if files::is_shared(path).map_err(failed)? {
					return Err(StoreError::BadKey(path.to_owned()));
				}
				Ok(Self::new(&key))
			}
			Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => {
				let mut key = [0; 32];
				OsRng.try_fill_bytes(&mut key).map_err(|error| failed(io::Error::other(error)))?;
				files::replace(path, &key).map_err(failed)?;
				Ok(Self::new(&key))
			}
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				Err(StoreError::NoKey(path.to_owned()))
			}
			Err(error) => Err(failed(error)),
		}
	}

	pub(super) fn new(key: &[u8; 32]) -> Self {
		Self(XChaCha20Poly1305::new(key.into()))
	}

	/// `nonce ‖ ciphertext ‖ tag` of what the contents encode to.
	pub(super) fn seal(
		&self,
		session: SessionId,
		position: u32,
		contents: &Contents,
	) -> Result<Vec<u8>, StoreError> {
		let mut nonce = [0; NONCE];
		rand::rng().fill_bytes(&mut nonce);
		let mut sealed =
			Vec::with_capacity(contents.size_hint().saturating_add(NONCE).saturating_add(TAG));
		sealed.extend_from_slice(&nonce);
		contents.encode_to(&mut sealed);
		let (_, text) = sealed.split_at_mut(NONCE);
		let tag = self
			.0
			.encrypt_in_place_detached(XNonce::from_slice(&nonce), &place(session, position), text)
			.map_err(|_| StoreError::Damaged("contents are too long to encrypt"))?;
		sealed.extend_from_slice(&tag);
		Ok(sealed)
	}

	/// The contents that were sealed for this place.
	pub(super) fn unseal(
		&self,
		session: SessionId,
		position: u32,
		sealed: &[u8],
	) -> Result<Contents, StoreError> {
		let damaged = StoreError::Damaged("contents do not open: the key or the text was changed");
		let Some((nonce, rest)) = sealed.split_at_checked(NONCE) else { return Err(damaged) };
		let Some((text, tag)) =
			rest.len().checked_sub(TAG).and_then(|at| rest.split_at_checked(at))
		else {
			return Err(damaged);
		};
		let mut text = text.to_vec();
		self.0
			.decrypt_in_place_detached(
				XNonce::from_slice(nonce),
				&place(session, position),
				&mut text,
				Tag::from_slice(tag),
			)
			.map_err(|_| damaged.clone())?;
		Contents::decode_all(&mut text.as_slice()).map_err(|_| damaged)
	}
}

/// What binds a text to its place, so that it opens nowhere else.
fn place(session: SessionId, position: u32) -> Vec<u8> {
	(b"openledger/contents", session, position).encode()
}
