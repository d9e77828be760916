//! A runtime of balances and rewards.

use crate as pallet_rewards;
use frame_support::{PalletId, derive_impl, parameter_types, traits::ConstU128};
use openledger_primitives_core::settlement::FeeSplit;
use sp_runtime::{BuildStorage, Permill};

pub const ED: u128 = 100;
pub const TREASURY: u64 = 900;
pub const VERIFIERS: u64 = 901;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Rewards: pallet_rewards,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = u128;
	type AccountStore = System;
	type ExistentialDeposit = ConstU128<ED>;
}

parameter_types! {
	pub const RewardsPalletId: PalletId = PalletId(*b"ol/rewrd");
	pub static Split: FeeSplit = FeeSplit {
		contributors: Permill::from_percent(50),
		owner: Permill::from_percent(20),
		operator: Permill::from_percent(20),
		verifiers: Permill::from_percent(5),
	};
	pub const Treasury: u64 = TREASURY;
	pub const Verifiers: u64 = VERIFIERS;
}

impl pallet_rewards::Config for Test {
	type Currency = Balances;
	type PalletId = RewardsPalletId;
	type Split = Split;
	type TreasuryAccount = Treasury;
	type VerifiersAccount = Verifiers;
	type WeightInfo = pallet_rewards::weights::SubstrateWeight<Test>;
}

/// A chain whose only balance is the pot's existential deposit.
pub fn unchecked() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	pallet_rewards::GenesisConfig::<Test>::default().assimilate_storage(&mut storage).unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs `test` on that chain, and checks what always holds afterwards.
pub fn chain(test: impl FnOnce()) {
	unchecked().execute_with(|| {
		test();
		Rewards::do_try_state().unwrap();
	});
}
