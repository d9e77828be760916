//! Claims as they are kept.

use codec::DecodeAll;
use openledger_primitives_attribution::claim::Claim;
use sp_core::crypto::AccountId32;

/// The claim that [`Contents`](super::Contents) or [`Revealed`](super::Revealed) has. One that was kept before
/// claims said what was found for the prompt ends where they say so, and is one of a version that puts
/// nothing there.
///
/// # Errors
/// Where it is none.
pub fn claim(kept: &[u8]) -> Result<Claim<AccountId32>, codec::Error> {
	Claim::decode_all(&mut &*kept).or_else(|error| {
		let without_found = [kept, &[0]].concat();
		Claim::decode_all(&mut without_found.as_slice()).map_err(|_| error)
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;
	use openledger_primitives_attribution::Found;
	use openledger_primitives_core::{Hash, Sketch};

	/// A claim as it was before it said what was found, beside what it is now.
	fn both() -> (Vec<u8>, Claim<AccountId32>) {
		let claim = Claim {
			sketch: Sketch::truncate_from(vec![3; 64]),
			gain: 7,
			trace: Hash::repeat_byte(7),
			contributors: Default::default(),
			contributors_proof: Default::default(),
			records: Default::default(),
			records_proof: Default::default(),
			found: None,
		};
		let Claim { sketch, gain, trace, contributors, .. } = claim.clone();
		let Claim { contributors_proof, records, records_proof, .. } = claim.clone();
		let before =
			(sketch, gain, trace, contributors, contributors_proof, records, records_proof);
		(before.encode(), claim)
	}

	#[test]
	fn claim_is_read_whether_or_not_it_was_kept_before_it_said_what_was_found() {
		let (before, now) = both();
		assert!(Claim::<AccountId32>::decode_all(&mut before.as_slice()).is_err());
		assert_eq!(claim(&before).unwrap(), now);
		assert_eq!(claim(&now.encode()).unwrap(), now);
		let (sketch, records) = (Sketch::truncate_from(vec![1; 16]), Default::default());
		let found = Found { sketch, records, proof: Default::default() };
		let with_found = Claim { found: Some(found), ..now };
		assert_eq!(claim(&with_found.encode()).unwrap(), with_found);
	}

	#[test]
	fn what_is_no_claim_is_refused() {
		let (before, now) = both();
		for bytes in [&[][..], &before[..before.len() - 1], &[&now.encode()[..], &[0]].concat()] {
			assert!(claim(bytes).is_err(), "{} bytes", bytes.len());
		}
	}
}
