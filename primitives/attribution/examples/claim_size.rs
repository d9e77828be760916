//! Prints how large the largest claims on 2²⁰ records of 2¹⁴ contributors are, and how long verifying
//! them takes natively.

#[path = "../tests/common/largest.rs"]
mod largest;

use codec::Encode;
use largest::largest;
use openledger_primitives_attribution::verify;
use openledger_primitives_core::model::PayBy;
use sp_core::crypto::AccountId32;
use std::time::Instant;

const RUNS: u32 = 200;

fn main() {
	let payer = AccountId32::new([0xff; 32]);
	println!("| pays | components | nodes shown | SCALE bytes | KiB | verified in |");
	println!("|---|---|---|---|---|---|");
	for pay_by in [PayBy::Records, PayBy::Contributors] {
		for dimension in [512, 1_024] {
			let made = largest(pay_by, dimension);
			let (terms, claim) = (made.terms(), &made.claim);
			let bytes = claim.encoded_size();
			let nodes = claim.records_proof.nodes.len() + claim.contributors_proof.nodes.len();
			let begun = Instant::now();
			for _ in 0..RUNS {
				assert!(verify(&terms, &payer, claim).is_ok());
			}
			let each = begun.elapsed() / RUNS;
			let kib = bytes as f64 / 1_024.0;
			println!("| {pay_by:?} | {dimension} | {nodes} | {bytes} | {kib:.1} | {each:.0?} |");
		}
	}
}
