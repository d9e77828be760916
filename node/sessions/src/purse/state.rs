//! What a purse's file holds.

use super::{Deal, PurseError};
use crate::files;
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::{Balance, Hash, ModelId, SessionId, model::Price};
use openledger_primitives_receipts::{SignedVoucher, SumFrontier, Voucher, commitment::Salt};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use std::{fs, path::Path};

/// The file is this, the blake2b-256 hash of the rest, and the rest: the state, SCALE-encoded.
const HEADER: &[u8; 19] = b"openledger/purse/1\n";

/// A request without a receipt.
#[derive(Clone, Encode, Decode)]
pub(super) struct Asked {
	pub(super) salt: Salt,
	/// The commitment to the request's body.
	pub(super) input: Hash,
	/// What its answer may cost.
	pub(super) most: Balance,
}

#[derive(Clone, Encode, Decode)]
pub(super) struct State {
	pub(super) genesis: Hash,
	pub(super) agent: AccountId32,
	pub(super) model: ModelId,
	/// The session's price; before it is open, the most that it may be.
	pub(super) price: Price,
	pub(super) escrow: Balance,
	pub(super) session: Option<SessionId>,
	pub(super) seed: [u8; 32],
	pub(super) tree: SumFrontier,
	pub(super) voucher: Option<SignedVoucher>,
	pub(super) asked: Vec<Asked>,
}

impl State {
	pub(super) fn new(deal: Deal, seed: [u8; 32]) -> Self {
		let Deal { genesis, agent, model, price } = deal;
		Self {
			genesis,
			agent,
			model,
			price,
			escrow: 0,
			session: None,
			seed,
			tree: SumFrontier::default(),
			voucher: None,
			asked: Vec::new(),
		}
	}

	pub(super) fn key(&self) -> sr25519::Pair {
		sr25519::Pair::from_seed(&self.seed)
	}

	pub(super) fn save(&self, path: &Path) -> Result<(), PurseError> {
		let body = self.encode();
		let bytes = [HEADER.as_slice(), BlakeTwo256::hash(&body).as_bytes(), &body].concat();
		files::replace(path, &bytes)
			.map_err(|error| PurseError::File { path: path.to_owned(), error })
	}

	pub(super) fn load(path: &Path) -> Result<Self, PurseError> {
		let failed = |error| PurseError::File { path: path.to_owned(), error };
		let bytes = fs::read(path).map_err(failed)?;
		if files::is_shared(path).map_err(failed)? {
			return Err(PurseError::Shared(path.to_owned()));
		}
		Self::read(&bytes).ok_or_else(|| PurseError::Damaged(path.to_owned()))
	}

	fn read(bytes: &[u8]) -> Option<Self> {
		let rest = bytes.strip_prefix(HEADER.as_slice())?;
		let (hash, body) = rest.split_at_checked(32)?;
		if BlakeTwo256::hash(body).as_bytes() != hash {
			return None;
		}
		let state = Self::decode_all(&mut &*body).ok()?;
		let signed = state.voucher.as_ref().map(|signed| signed.voucher);
		let due = state.session.filter(|_| state.tree.count() > 0);
		(signed == due.map(|session| Voucher::of(session, &state.tree))).then_some(state)
	}
}
