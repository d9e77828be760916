//! How large claims get.

#[path = "common/largest.rs"]
mod largest;

use codec::Encode;
use largest::largest;
use openledger_primitives_attribution::verify;
use openledger_primitives_core::model::PayBy;
use sp_core::crypto::AccountId32;

#[test]
fn largest_claim_on_a_million_records_is_small_enough() {
	let payer = AccountId32::new([0xff; 32]);
	for (pay_by, most) in [(PayBy::Records, 24 * 1_024), (PayBy::Contributors, 32 * 1_024)] {
		let largest = largest(pay_by, 512);
		assert_eq!(verify(&largest.terms(), &payer, &largest.claim).unwrap().paid.len(), 16);
		let size = largest.claim.encoded_size();
		assert!(size <= most, "{pay_by:?}: {size} bytes");
	}
}
