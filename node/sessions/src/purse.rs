//! The payer's side of one session: one small file.
//!
//! The file holds the session's own key, the tree of all that was paid for, and the requests that
//! have no receipt yet. It is replaced as a whole and waited for before anything that it promises
//! leaves: before a request goes out ([`Purse::ask`]), so that its receipt is known again after a
//! crash, and before a voucher does ([`Purse::pay`]), so that no other one is ever signed for the same
//! receipts. These calls block on the disk for some milliseconds; async callers run them where
//! blocking is allowed.
//!
//! ## Getting in step again
//!
//! The operator may have receipts that the payer never saw, as when a connection was lost. The payer
//! then says how many receipts it has ([`crate::protocol::Missing`]), the operator sends those that
//! come after with their answers, and [`Purse::catch_up`] pays for each that answers a request of this
//! purse. A request that has no receipt after that was not answered, and is let go of with
//! [`Purse::abandon`]. Sending it a second time instead could make two answers, one of which would
//! never be paid.

mod check;
mod error;
mod state;

pub use check::Checked;
pub use error::PurseError;

use crate::{
	Access, files,
	protocol::{Again, Asking, Given},
};
use openledger_primitives_core::{
	Balance, Hash, ModelId, SessionId,
	model::{Price, Usage},
};
use openledger_primitives_receipts::{
	SignedVoucher, Voucher,
	commitment::{self, Salt},
};
use rand::{TryRngCore, rngs::OsRng};
use sp_core::{Pair, crypto::AccountId32, sr25519};
use state::{Asked, State};
use std::{
	io,
	path::{Path, PathBuf},
};

/// The most requests that have no receipt yet.
pub const MOST_ASKED: usize = 256;

/// What a payer looked up on chain and agrees to.
#[derive(Clone, Debug)]
pub struct Deal {
	/// The chain's genesis hash.
	pub genesis: Hash,
	/// The operator's agent, which signs receipts.
	pub agent: AccountId32,
	/// The model version.
	pub model: ModelId,
	/// What answers may cost at most.
	pub price: Price,
}

/// Where a purse stands. Amounts are in the smallest unit of OPEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
	/// The session, once it is open.
	pub session: Option<SessionId>,
	/// How many receipts are paid.
	pub receipts: u32,
	/// What they cost.
	pub spent: Balance,
	/// What was put into the session.
	pub escrow: Balance,
	/// Requests without a receipt.
	pub asked: usize,
}

/// An answer that was paid for when both sides got in step again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
	/// The salt of the request that it answers.
	pub salt: Salt,
	/// The receipt's position.
	pub position: u32,
	/// The answer's text.
	pub answered: String,
}

/// What getting in step again came to.
#[derive(Debug)]
pub struct CaughtUp {
	/// The voucher for all that is paid now; none where nothing ever was.
	pub voucher: Option<SignedVoucher>,
	/// The answers that were paid for.
	pub answers: Vec<Recovered>,
	/// Why the receipt after them was refused. It and those behind it stay unpaid: the tree can't leave
	/// one out.
	pub refused: Option<PurseError>,
}

/// A payer's purse for one session.
pub struct Purse {
	path: PathBuf,
	state: State,
	key: sr25519::Pair,
	/// Held as long as the purse is: two of them would sign different trees.
	_lock: files::Lock,
}

fn lock(path: &Path) -> Result<files::Lock, PurseError> {
	let failed = |error| PurseError::File { path: path.to_owned(), error };
	files::lock(path).map_err(failed)?.ok_or_else(|| PurseError::InUse(path.to_owned()))
}

impl Purse {
	/// Makes a purse with a key of its own at `path`. The session is opened on chain with
	/// [`Purse::signer`], and then entered with [`Purse::opened`].
	///
	/// # Errors
	/// [`PurseError::Exists`], [`PurseError::InUse`], [`PurseError::File`].
	pub fn create(path: &Path, deal: Deal) -> Result<Self, PurseError> {
		let lock = lock(path)?;
		let failed = |error| PurseError::File { path: path.to_owned(), error };
		if path.try_exists().map_err(failed)? {
			return Err(PurseError::Exists(path.to_owned()));
		}
		let mut seed = [0; 32];
		OsRng.try_fill_bytes(&mut seed).map_err(|error| failed(io::Error::other(error)))?;
		let state = State::new(deal, seed);
		state.save(path)?;
		Ok(Self { path: path.to_owned(), key: state.key(), state, _lock: lock })
	}

	/// Opens the purse at `path`.
	///
	/// # Errors
	/// [`PurseError::InUse`], [`PurseError::File`], [`PurseError::Shared`], [`PurseError::Damaged`].
	pub fn open(path: &Path) -> Result<Self, PurseError> {
		let lock = lock(path)?;
		let state = State::load(path)?;
		Ok(Self { path: path.to_owned(), key: state.key(), state, _lock: lock })
	}

	/// The account that signs the session's vouchers.
	pub fn signer(&self) -> AccountId32 {
		self.key.public().into()
	}

	/// What the purse agreed to: for an open session, at its price.
	pub fn deal(&self) -> Deal {
		let State { genesis, ref agent, model, price, .. } = self.state;
		Deal { genesis, agent: agent.clone(), model, price }
	}

	/// Where the purse stands.
	pub fn status(&self) -> Status {
		Status {
			session: self.state.session,
			receipts: self.state.tree.count(),
			spent: self.state.tree.sum(),
			escrow: self.state.escrow,
			asked: self.state.asked.len(),
		}
	}

	/// The voucher for all that is paid.
	pub fn voucher(&self) -> Option<&SignedVoucher> {
		self.state.voucher.as_ref()
	}

	/// The salts of requests without a receipt.
	pub fn asked(&self) -> impl Iterator<Item = Salt> + '_ {
		self.state.asked.iter().map(|asked| asked.salt)
	}

	/// Enters the session once it is open on chain, or that its escrow was added to: `price` is the
	/// session's there, `escrow` all that was ever put into it, in the smallest unit of OPEN.
	///
	/// # Errors
	/// [`PurseError::PriceRaised`], [`PurseError::OtherSession`], [`PurseError::File`].
	pub fn opened(
		&mut self,
		session: SessionId,
		price: Price,
		escrow: Balance,
	) -> Result<(), PurseError> {
		let agreed = self.state.price;
		if price.prompt > agreed.prompt || price.output > agreed.output {
			return Err(PurseError::PriceRaised);
		}
		if let Some(expected) = self.state.session.filter(|known| *known != session) {
			return Err(PurseError::OtherSession { expected, found: session });
		}
		let mut state = self.state.clone();
		state.session = Some(session);
		state.price = price;
		state.escrow = state.escrow.max(escrow);
		self.put(state)
	}

	/// Takes the agent's receipts from now on, as when the operator changed its agent on chain.
	///
	/// # Errors
	/// [`PurseError::File`].
	pub fn trust(&mut self, agent: AccountId32) -> Result<(), PurseError> {
		self.put(State { agent, ..self.state.clone() })
	}

	/// What lets this client use the session.
	///
	/// # Errors
	/// [`PurseError::NotOpen`].
	pub fn access(&self) -> Result<Access, PurseError> {
		let session = self.state.session.ok_or(PurseError::NotOpen)?;
		let signature = self.key.sign(&Access::payload(&self.state.genesis, session)).into();
		Ok(Access { session, signature })
	}

	/// Writes down that `asked`, the request's body byte for byte, is sent, and makes what goes with
	/// it. `most` bounds the tokens that it may take. Waits for the disk.
	///
	/// # Errors
	/// [`PurseError::NotOpen`], [`PurseError::TooManyAsked`], [`PurseError::EscrowSpent`],
	/// [`PurseError::File`].
	pub fn ask(&mut self, asked: &[u8], most: Usage) -> Result<Asking, PurseError> {
		let access = self.access()?;
		if self.state.asked.len() >= MOST_ASKED {
			return Err(PurseError::TooManyAsked);
		}
		let most = self.state.price.fee(most).unwrap_or(Balance::MAX);
		let promised = self
			.state
			.asked
			.iter()
			.fold(self.state.tree.sum(), |sum, asked| sum.saturating_add(asked.most));
		let left = self.state.escrow.saturating_sub(promised);
		if most > left {
			return Err(PurseError::EscrowSpent { most, left });
		}
		let mut salt = [0; 32];
		OsRng.try_fill_bytes(&mut salt).map_err(|error| PurseError::File {
			path: self.path.clone(),
			error: io::Error::other(error),
		})?;
		let mut state = self.state.clone();
		state.asked.push(Asked { salt, input: commitment::input(&salt, asked), most });
		self.put(state)?;
		Ok(Asking { access, salt, most, voucher: self.state.voucher.clone() })
	}

	/// Lets go of a request that the operator refused, or has no receipt for after both got in step.
	/// If it is answered later all the same, that answer is not paid, and the session is stuck. Waits
	/// for the disk.
	///
	/// # Errors
	/// [`PurseError::File`].
	pub fn abandon(&mut self, salt: &Salt) -> Result<(), PurseError> {
		let mut state = self.state.clone();
		state.asked.retain(|asked| asked.salt != *salt);
		self.put(state)
	}

	/// Whether a receipt is right: of this session, the next one, at its price, for a request of this
	/// purse, signed, and committing to what was asked, answered and claimed. `answered` is the
	/// answer's text.
	///
	/// # Errors
	/// [`PurseError`]; none of them changes anything.
	pub fn check(&self, given: &Given, answered: &[u8]) -> Result<Checked, PurseError> {
		check::check(&self.state, given, answered)
	}

	/// Pays for a receipt, and for all before it. The voucher may be sent at once or with the next
	/// request. Waits for the disk.
	///
	/// # Errors
	/// What [`Purse::check`] refuses, where the purse has moved on since; [`PurseError::File`].
	pub fn pay(&mut self, checked: Checked) -> Result<SignedVoucher, PurseError> {
		let mut state = self.state.clone();
		checked.append(&mut state)?;
		self.sign(state)
	}

	/// Pays for receipts that this purse missed, in order; those that it has are passed over. Waits for
	/// the disk.
	///
	/// # Errors
	/// [`PurseError::File`]. A receipt that is refused ends it without an error
	/// ([`CaughtUp::refused`]).
	pub fn catch_up(&mut self, missed: Vec<Again>) -> Result<CaughtUp, PurseError> {
		let mut state = self.state.clone();
		let mut answers = Vec::new();
		let mut refused = None;
		for Again { given, answered } in missed {
			let position = given.signed.receipt.position;
			if position < state.tree.count() {
				continue;
			}
			let paid = check::check(&state, &given, answered.as_bytes())
				.and_then(|checked| checked.append(&mut state));
			match paid {
				Ok(asked) => answers.push(Recovered { salt: asked.salt, position, answered }),
				Err(error) => {
					refused = Some(error);
					break;
				}
			}
		}
		let voucher = match answers.is_empty() {
			true => self.state.voucher.clone(),
			false => Some(self.sign(state)?),
		};
		Ok(CaughtUp { voucher, answers, refused })
	}

	/// Signs for all of the new state's tree, and takes that state over once it is on disk.
	fn sign(&mut self, mut state: State) -> Result<SignedVoucher, PurseError> {
		let session = state.session.ok_or(PurseError::NotOpen)?;
		let voucher = Voucher::of(session, &state.tree);
		let signature = self.key.sign(&voucher.payload(&state.genesis)).into();
		let signed = SignedVoucher { voucher, signature };
		state.voucher = Some(signed.clone());
		self.put(state)?;
		Ok(signed)
	}

	fn put(&mut self, state: State) -> Result<(), PurseError> {
		state.save(&self.path)?;
		self.state = state;
		Ok(())
	}
}
