//! Numbers for the draws of a batch, beside those of on-chain requests.
//!
//! A drawn receipt is claimed, challenged, audited and settled as an on-chain request is, under a
//! number that no request has: requests count up from zero and never reach the highest bit.

use crate::{Balance, BatchId, RequestId, settlement::Distribution, traits::Settlement};
use core::marker::PhantomData;
use sp_runtime::{DispatchError, Permill};

const DRAWN: RequestId = 1 << 63;

/// The number of draw `draw` of `batch`.
pub const fn draw_id(batch: BatchId, draw: u8) -> RequestId {
	DRAWN | (batch as RequestId) << 8 | draw as RequestId
}

/// The batch and the draw that a number stands for; `None` for the number of a request.
pub const fn drawn(id: RequestId) -> Option<(BatchId, u8)> {
	if id & DRAWN == 0 || id & !DRAWN > (BatchId::MAX as RequestId) << 8 | u8::MAX as RequestId {
		return None;
	}
	Some(((id >> 8) as BatchId, id as u8))
}

/// Settles requests by `Requests` and draws by `Draws`, as their numbers have it. Bonds are
/// `Requests`' to take from.
pub struct Routed<Requests, Draws>(PhantomData<(Requests, Draws)>);

impl<AccountId, Requests, Draws> Settlement<AccountId> for Routed<Requests, Draws>
where
	Requests: Settlement<AccountId>,
	Draws: Settlement<AccountId>,
{
	fn settle(
		id: RequestId,
		shares: &[(AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<AccountId>, DispatchError> {
		match drawn(id) {
			None => Requests::settle(id, shares, earned),
			Some(_) => Draws::settle(id, shares, earned),
		}
	}

	fn slash(
		operator: &AccountId,
		amount: Balance,
		rewarded: &[AccountId],
	) -> Result<Balance, DispatchError> {
		Requests::slash(operator, amount, rewarded)
	}

	fn restore(
		id: RequestId,
		operator: &AccountId,
		shares: &[(AccountId, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		Requests::restore(id, operator, shares, amount)
	}

	fn refund(id: RequestId) -> Result<Balance, DispatchError> {
		match drawn(id) {
			None => Requests::refund(id),
			Some(_) => Draws::refund(id),
		}
	}

	fn at_stake(id: RequestId) -> Option<(Balance, Balance)> {
		match drawn(id) {
			None => Requests::at_stake(id),
			Some(_) => Draws::at_stake(id),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Settles nothing, and tells by what it has at stake which one was asked.
	struct Fixed<const STAKE: Balance>;

	impl<const STAKE: Balance> Settlement<u8> for Fixed<STAKE> {
		fn settle(
			_: RequestId,
			_: &[(u8, u64)],
			_: Permill,
		) -> Result<Distribution<u8>, DispatchError> {
			Err(DispatchError::Other("settled nothing"))
		}

		fn slash(_: &u8, _: Balance, _: &[u8]) -> Result<Balance, DispatchError> {
			Ok(STAKE)
		}

		fn restore(
			_: RequestId,
			_: &u8,
			_: &[(u8, u64)],
			_: Balance,
		) -> Result<Balance, DispatchError> {
			Ok(STAKE)
		}

		fn refund(_: RequestId) -> Result<Balance, DispatchError> {
			Ok(STAKE)
		}

		fn at_stake(_: RequestId) -> Option<(Balance, Balance)> {
			Some((STAKE, STAKE))
		}
	}

	#[test]
	fn requests_and_draws_are_settled_apart_and_bonds_are_one() {
		type Both = Routed<Fixed<1>, Fixed<2>>;
		for (id, stake) in [(7, 1), (draw_id(7, 7), 2)] {
			assert_eq!(Both::at_stake(id), Some((stake, stake)));
			assert_eq!(Both::refund(id), Ok(stake));
			assert!(Both::settle(id, &[], Permill::one()).is_err());
		}
		assert_eq!(Both::slash(&1, 9, &[2]), Ok(1));
	}

	#[test]
	fn numbers_of_draws_come_back_and_are_no_requests() {
		for batch in [0, 1, 77, u32::MAX] {
			for draw in [0, 1, 255] {
				assert_eq!(drawn(draw_id(batch, draw)), Some((batch, draw)));
			}
		}
		for request in [0, 1, u64::MAX / 2] {
			assert_eq!(drawn(request), None);
		}
		assert_eq!(drawn(u64::MAX), None);
	}
}
