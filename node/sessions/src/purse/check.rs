//! Whether a receipt is right.

use super::{
	PurseError,
	state::{Asked, State},
};
use crate::protocol::Given;
use openledger_primitives_receipts::{Receipt, commitment, sum_tree::Refused};

/// A receipt that was checked, and may be paid.
#[derive(Clone, Debug)]
pub struct Checked(Receipt);

impl Checked {
	/// The receipt.
	pub fn receipt(&self) -> &Receipt {
		&self.0
	}

	/// Appends the receipt, and takes out the request that it answers.
	pub(super) fn append(self, state: &mut State) -> Result<Asked, PurseError> {
		let at = place(state, &self.0)?;
		state.tree.push(self.0.leaf()).map_err(|refused| match refused {
			Refused::NoFee => PurseError::NoFee,
			Refused::Full | Refused::Overflow | Refused::Damaged => PurseError::Full,
		})?;
		Ok(state.asked.remove(at))
	}
}

/// What can change between a check and a payment: that the receipt is the next one, and that its
/// request is still open. Returns the request's place.
fn place(state: &State, receipt: &Receipt) -> Result<usize, PurseError> {
	let (position, next) = (receipt.position, state.tree.count());
	if position < next {
		return Err(PurseError::Paid { position });
	}
	if position > next {
		return Err(PurseError::Missing { position, next });
	}
	let at = state.asked.iter().position(|asked| asked.input == receipt.input);
	at.ok_or(PurseError::NotAsked)
}

pub(super) fn check(state: &State, given: &Given, answered: &[u8]) -> Result<Checked, PurseError> {
	let receipt = &given.signed.receipt;
	let expected = state.session.ok_or(PurseError::NotOpen)?;
	if receipt.session != expected {
		return Err(PurseError::OtherSession { expected, found: receipt.session });
	}
	if receipt.model != state.model {
		return Err(PurseError::OtherModel { expected: state.model, found: receipt.model });
	}
	let at = place(state, receipt)?;
	let asked = state.asked.get(at).ok_or(PurseError::NotAsked)?;
	if receipt.fee == 0 {
		return Err(PurseError::NoFee);
	}
	if state.price.fee(receipt.usage) != Some(receipt.fee) {
		return Err(PurseError::WrongFee { fee: receipt.fee });
	}
	if receipt.fee > asked.most {
		return Err(PurseError::TooDear { fee: receipt.fee, most: asked.most });
	}
	let left = state.escrow.saturating_sub(state.tree.sum());
	if receipt.fee > left {
		return Err(PurseError::EscrowSpent { most: receipt.fee, left });
	}
	if commitment::output(&asked.salt, answered) != receipt.output {
		return Err(PurseError::OtherAnswer);
	}
	let claim = &given.claim;
	if commitment::claim(&claim.sketch, claim.gain, &claim.trace) != receipt.claim {
		return Err(PurseError::OtherClaim);
	}
	if !given.signed.verify(&state.genesis, &state.agent) {
		return Err(PurseError::BadSignature);
	}
	Ok(Checked(receipt.clone()))
}
