use super::*;
use crate::{BlockWeights, OPEN, Runtime, TransactionPayment};
use frame_support::{
	dispatch::{DispatchClass, DispatchInfo},
	traits::Get,
	weights::Weight,
};
use openledger_primitives_core::{MAX_ANSWER, MAX_CREDITS, MAX_PROMPT, MAX_SNAPSHOTS};

/// The heaviest that each call of our pallets can be.
fn heaviest() -> Vec<(&'static str, Weight)> {
	use pallet_attribution::WeightInfo as _;
	use pallet_datanets::WeightInfo as _;
	use pallet_inference::WeightInfo as _;
	use pallet_models::WeightInfo as _;
	use pallet_rewards::WeightInfo as _;
	type Datanets = <Runtime as pallet_datanets::Config>::WeightInfo;
	type Models = <Runtime as pallet_models::Config>::WeightInfo;
	type Inference = <Runtime as pallet_inference::Config>::WeightInfo;
	type Attribution = <Runtime as pallet_attribution::Config>::WeightInfo;
	type Rewards = <Runtime as pallet_rewards::Config>::WeightInfo;
	let curators = <<Runtime as pallet_datanets::Config>::MaxCurators as Get<u32>>::get();
	let records = <<Runtime as pallet_datanets::Config>::MaxRecords as Get<u32>>::get();
	let models = <<Runtime as pallet_inference::Config>::MaxModelsPerOperator as Get<u32>>::get();
	let operators =
		<<Runtime as pallet_inference::Config>::MaxOperatorsPerModel as Get<u32>>::get();
	vec![
		("datanets.create", Datanets::create(curators)),
		("datanets.commit", Datanets::commit()),
		("datanets.reveal", Datanets::reveal(records)),
		("datanets.accept", Datanets::accept(records)),
		("datanets.reject", Datanets::reject(records)),
		("datanets.archive", Datanets::archive(records)),
		("models.register", Models::register(MAX_SNAPSHOTS)),
		("models.remove", Models::remove(MAX_SNAPSHOTS)),
		("inference.serve", Inference::serve(models)),
		("inference.leave", Inference::leave(models)),
		("inference.request", Inference::request(MAX_PROMPT, operators)),
		("inference.answer", Inference::answer(MAX_ANSWER, MAX_CREDITS)),
		("inference.expire", Inference::expire()),
		("attribution.open_challenge", Attribution::open_challenge()),
		("attribution.finalize", Attribution::finalize()),
		("rewards.claim", Rewards::claim()),
		("rewards.sweep", Rewards::sweep()),
		("rewards.open_account", Rewards::open_account()),
		("rewards.close_account", Rewards::close_account()),
	]
}

#[test]
fn every_call_fits_a_block_at_its_heaviest() {
	let limit = BlockWeights::get().get(DispatchClass::Normal).max_extrinsic.unwrap();
	for (call, weight) in heaviest() {
		assert!(weight.all_gt(Weight::zero()) || weight.ref_time() > 0, "{call} weighs nothing");
		assert!(weight.all_lte(limit), "{call} weighs {weight:?}, beyond {limit:?}");
	}
}

#[test]
fn every_call_costs_less_than_an_open_at_its_heaviest() {
	dev().execute_with(|| {
		for (call, call_weight) in heaviest() {
			let info = DispatchInfo { call_weight, ..Default::default() };
			let fee = TransactionPayment::compute_fee(16 * 1024, &info, 0);
			assert!(fee < OPEN, "{call} costs {fee}");
		}
	});
}
