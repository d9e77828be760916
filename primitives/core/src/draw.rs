//! Numbers for the draws of a batch, beside those of on-chain requests.
//!
//! A drawn receipt is claimed, challenged, audited and settled as an on-chain request is, under a
//! number that no request has: requests count up from zero and never reach the highest bit.

use crate::{BatchId, RequestId};

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

#[cfg(test)]
mod tests {
	use super::*;

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
