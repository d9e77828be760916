//! The stage of the benchmarks.

use super::*;
use frame_support::traits::fungible::Mutate as _;
use openledger_primitives_attribution::{Claim, forgery::Forgery, omission::Omission};
use openledger_primitives_core::{ModelId, RequestId, draw::draw_id};

impl pallet_inference::benchmarking::Helper<AccountId32> for Registered {
	fn published() -> ModelId {
		MODEL
	}

	fn claim(_: ModelId, _: &AccountId32, _: u32) -> Claim<AccountId32> {
		claim(0)
	}

	fn finalize(request: RequestId) {
		System::set_block_number(System::block_number() + 10);
		Attribution::finalize(signed(5), request).unwrap();
	}
}

impl pallet_attribution::benchmarking::Helper<AccountId32> for Registered {
	fn challenged_with_most_credits() -> (RequestId, Omission<AccountId32>) {
		let mut book = session(3, 1_000);
		book.answer(0, 500);
		let batch = commit(&[&book]).unwrap();
		spin(Hash::zero());
		book.show(batch, 0, 1).unwrap();
		(draw_id(batch, 0), Omission::Record(shown(1)))
	}

	fn challenged_with_longest_sketches() -> (RequestId, Omission<AccountId32>) {
		Self::challenged_with_most_credits()
	}

	fn claimed_from_a_forged_index() -> (RequestId, Forgery) {
		Forged::set(Some(1));
		let (request, _) = Self::challenged_with_most_credits();
		(request, forgery(1))
	}
}

impl crate::benchmarking::Helper<AccountId32> for Registered {
	fn served(fees: u128) -> (ModelId, AccountId32, AccountId32) {
		assert!(fees <= BOND / 2);
		// Benchmarks start from nothing, at times without even the genesis.
		if !pallet_inference::Operators::<Test>::contains_key(account(OPERATOR)) {
			for who in [account(OPERATOR), account(RIVAL), Rewards::account()] {
				Balances::set_balance(&who, RICH);
			}
			operate();
		}
		(MODEL, account(OPERATOR), account(AGENT))
	}

	fn claim(_: ModelId, _: &AccountId32, _: u32) -> Claim<AccountId32> {
		claim(0)
	}

	fn draw(round: RoundId) {
		assert_eq!(round, Round::get());
		spin(Hash::zero());
	}

	fn finalize(request: RequestId) {
		<Self as pallet_inference::benchmarking::Helper<AccountId32>>::finalize(request);
	}
}
