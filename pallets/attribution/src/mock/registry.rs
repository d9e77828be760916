//! A registry of models over those trees, which can be condemned.

use super::*;
use frame_support::{
	storage::unhashed,
	traits::{fungible::Mutate, tokens::Preservation},
};
#[cfg(feature = "runtime-benchmarks")]
use openledger_primitives_attribution::{forgery::Forgery, omission::Omission};
use openledger_primitives_core::{
	merkle,
	model::{IndexCommitment, Method, PayBy, Price},
	record::Snapshot,
	settlement::Distribution,
	traits::{Models, ServedModel},
};

pub struct Registered;

fn condemned(model: ModelId) -> bool {
	unhashed::get_or_default(&(b"condemned", model).encode())
}

pub fn open(model: ModelId) -> u32 {
	unhashed::get_or_default(&(b"open", model).encode())
}

impl Models<AccountId32> for Registered {
	fn served(model: ModelId) -> Option<ServedModel<AccountId32>> {
		let pay_by = match model {
			CONTRIBUTORS => PayBy::Contributors,
			_ if (RECORDS..Versions::get()).contains(&model) => PayBy::Records,
			_ => return None,
		};
		let frozen = |second| Snapshot {
			root: merkle::root(&snapshot_leaves(second)),
			count: snapshot_leaves(second).len() as u32,
			frozen_at: 1,
		};
		let (index, people) = (index_hashes(), contributor_hashes());
		let condemned = condemned(model);
		Some(ServedModel {
			owner: account(if condemned { 90 } else { 80 }),
			status: if condemned { ModelStatus::Condemned } else { Uncondemned::get() },
			price: Price { prompt: 1_000, output: 10_000 },
			method: Method { pay_by, credits: 2, dimension: 16 },
			arithmetic: Computed::get(),
			snapshots: vec![(DATANETS[0], frozen(false)), (DATANETS[1], frozen(true))],
			index: (!Unindexed::get()).then(|| IndexCommitment {
				records_root: merkle::root(&index),
				records: index.len() as u32,
				contributors_root: merkle::root(&people),
				contributors: people.len() as u32,
				floor_ppm: 100_000,
				file: Hash::repeat_byte(3),
			}),
			base_owner: account(81),
			royalty: if condemned { Permill::zero() } else { Permill::from_percent(10) },
			base: Hash::repeat_byte(4),
			adapter: Hash::repeat_byte(5),
			projection: Hash::repeat_byte(6),
			retrieval: finding::retrieval(),
		})
	}

	fn acquire(model: ModelId) -> DispatchResult {
		unhashed::put(&(b"open", model).encode(), &(open(model) + 1));
		Ok(())
	}

	fn release(model: ModelId) {
		unhashed::put(&(b"open", model).encode(), &(open(model) - 1));
	}

	fn is_in_use(model: ModelId) -> bool {
		open(model) > 0
	}

	fn condemned(model: ModelId) -> Option<bool> {
		Self::served(model)?.index.map(|_| condemned(model))
	}

	fn condemn(model: ModelId, challenger: &AccountId32) -> Result<u128, DispatchError> {
		assert!(!condemned(model), "asked once");
		unhashed::put(&(b"condemned", model).encode(), &true);
		let keep = |to: &AccountId32, amount| {
			Balances::transfer(&account(PURSE), to, amount, Preservation::Preserve)
		};
		keep(challenger, STAKE / 2)?;
		keep(&Treasury::get(), STAKE - STAKE / 2)?;
		Ok(STAKE)
	}

	fn earned(_: ModelId, distribution: &Distribution<AccountId32>) {
		assert_eq!(distribution.total(), Some(distribution.fee));
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_inference::benchmarking::Helper<AccountId32> for Registered {
	fn published() -> ModelId {
		RECORDS
	}

	fn claim(_: ModelId, _: &AccountId32, credits: u32) -> Claim<AccountId32> {
		claim(&[], &[0, 1][..credits.min(2) as usize])
	}

	fn finalize(request: RequestId) {
		System::set_block_number(System::block_number() + 10);
		Attribution::finalize(signed(5), request).unwrap();
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_attribution::benchmarking::Helper<AccountId32> for Registered {
	fn challenged_with_most_credits() -> (RequestId, Omission<AccountId32>) {
		let id = answered(RECORDS, claim(&[], &[1])).unwrap();
		(id, Omission::Record(shown(0)))
	}

	fn challenged_with_longest_sketches() -> (RequestId, Omission<AccountId32>) {
		Self::challenged_with_most_credits()
	}

	fn claimed(count: u32, contributors: u32) -> Vec<RequestId> {
		let shown = &[0, 1][..contributors.min(2) as usize];
		(0..count).map(|_| answered(RECORDS, claim(&[], shown)).unwrap()).collect()
	}

	fn claimed_from_a_forged_index() -> (RequestId, Forgery) {
		Forged::set(Some((0, 49)));
		(answered(RECORDS, claim(&[], &[0])).unwrap(), forgery(0))
	}
}
