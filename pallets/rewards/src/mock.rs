//! A runtime of balances and rewards.

use crate as pallet_rewards;
use frame_support::{
	PalletId, derive_impl, parameter_types,
	traits::{ConstU128, LinearStoragePrice, fungible::HoldConsideration},
};
use openledger_primitives_core::{
	settlement::{FeeSplit, Payment},
	traits::Voice,
};
use sp_runtime::{BuildStorage, Permill};

pub const ED: u128 = 100;
pub const TREASURY: u64 = 900;
pub const VERIFIERS: u64 = 901;
pub const VALIDATORS: u64 = 902;

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
		validators: Permill::from_percent(2),
	};
	pub const Treasury: u64 = TREASURY;
	pub const Verifiers: u64 = VERIFIERS;
	pub const Validators: u64 = VALIDATORS;
	pub const PayeeReason: RuntimeHoldReason =
		RuntimeHoldReason::Rewards(pallet_rewards::HoldReason::Payee);
	pub const AccountReason: RuntimeHoldReason =
		RuntimeHoldReason::Rewards(pallet_rewards::HoldReason::Account);
	/// What the voice was told: contributors with what they earned, and what the treasury had. In
	/// the chain's state, so that it goes with whatever is rolled back.
	pub storage Heard: Vec<(Vec<(u64, u128)>, u128)> = Vec::new();
	/// What the voice was told to credit.
	pub storage Credited: Vec<(u64, u128)> = Vec::new();
	/// What the voice was told is nobody's.
	pub storage Forgone: u128 = 0;
}

/// A voice of two points for each unit, which keeps what it is told.
pub struct Recorder;

impl Voice<u64> for Recorder {
	fn earned(payments: &[Payment<u64>], sunk: u128) -> Vec<u128> {
		let mut heard = Heard::get();
		heard.push((payments.iter().map(|p| (p.account, p.amount)).collect(), sunk));
		Heard::set(&heard);
		payments.iter().map(|payment| 2 * payment.amount).collect()
	}

	fn credit(account: &u64, points: u128) {
		let mut credited = Credited::get();
		credited.push((*account, points));
		Credited::set(&credited);
	}

	fn forgo(points: u128) {
		Forgone::set(&(Forgone::get() + points));
	}
}

type Held<Reason> =
	HoldConsideration<u64, Balances, Reason, LinearStoragePrice<ConstU128<10>, ConstU128<1>, u128>>;

impl pallet_rewards::Config for Test {
	type Currency = Balances;
	type PalletId = RewardsPalletId;
	type Split = Split;
	type TreasuryAccount = Treasury;
	type VerifiersAccount = Verifiers;
	type ValidatorsAccount = Validators;
	type Voice = Recorder;
	type PayeeConsideration = Held<PayeeReason>;
	type AccountConsideration = Held<AccountReason>;
	type WeightInfo = pallet_rewards::weights::SubstrateWeight<Test>;
}

/// A chain whose only balances are the existential deposits of the pot and of the validators'
/// account.
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
