//! OPEN: balances, fees, and what storage costs.

use super::parameters::dynamic_params;
use crate::{
	AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent, RuntimeFreezeReason,
	RuntimeHoldReason, System,
};
use frame_support::{
	PalletId, parameter_types,
	traits::{
		ConstU8, ConstU32, ConstU128, Get, Imbalance, LinearStoragePrice, OnUnbalanced,
		VariantCountOf, WithdrawReasons,
		fungible::{Balanced, Credit, HoldConsideration},
		tokens::imbalance::ResolveTo,
	},
	weights::ConstantMultiplier,
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
	FixedPointNumber, Perquintill,
	traits::{AccountIdConversion, Bounded, ConvertInto, One},
};

/// One OPEN in its smallest unit.
pub const OPEN: Balance = 1_000_000_000_000_000_000;
/// A thousandth of an OPEN.
pub const MILLI: Balance = OPEN / 1_000;
/// A millionth of an OPEN.
pub const MICRO: Balance = MILLI / 1_000;
/// What there is of OPEN when a chain starts.
pub const SUPPLY: Balance = 1_000_000_000 * OPEN;
/// The least that an account holds; one with less is removed.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;

/// The deposit for an entry of storage.
pub const DEPOSIT_PER_ITEM: Balance = 10 * MILLI;
/// The deposit for a byte of storage.
pub const DEPOSIT_PER_BYTE: Balance = 100 * MICRO;

/// What `items` entries of `bytes` in all take as a deposit.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
	(items as Balance)
		.saturating_mul(DEPOSIT_PER_ITEM)
		.saturating_add((bytes as Balance).saturating_mul(DEPOSIT_PER_BYTE))
}

/// A deposit for storage, held for `Reason`.
pub type StorageDeposit<Reason> = HoldConsideration<
	AccountId,
	Balances,
	Reason,
	LinearStoragePrice<ConstU128<DEPOSIT_PER_ITEM>, ConstU128<DEPOSIT_PER_BYTE>, Balance>,
>;

/// A second of execution costs one OPEN: this much for each of its 10¹² picoseconds.
const FEE_PER_PICOSECOND: Balance = OPEN / 1_000_000_000_000;

parameter_types! {
	pub const TreasuryPalletId: PalletId = PalletId(*b"open/try");
	/// Takes its part of fees, deployment fees, slashes and forfeited deposits.
	pub TreasuryAccount: AccountId = TreasuryPalletId::get().into_account_truncating();
	/// Takes the verifiers' part of each fee until verifiers are drawn.
	pub VerifiersAccount: AccountId = PalletId(*b"open/vrf").into_account_truncating();
	/// Takes the validators' part of each fee until the era ends.
	pub ValidatorsAccount: AccountId = PalletId(*b"open/val").into_account_truncating();
	/// Holds what is set aside for community and ecosystem until it vests.
	pub ReserveAccount: AccountId = PalletId(*b"open/com").into_account_truncating();
	pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
	/// A day of full blocks raises fees about fivefold: e^(0.75 · 75·10⁻⁶ · 28,800).
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
	/// Idle blocks don't make fees cheaper than their base.
	pub MinimumMultiplier: Multiplier = Multiplier::one();
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

impl pallet_balances::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
	type Balance = Balance;
	type DustRemoval = ResolveTo<TreasuryAccount, Balances>;
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type ReserveIdentifier = [u8; 8];
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, DealWithFees>;
	type WeightToFee = ConstantMultiplier<Balance, ConstU128<FEE_PER_PICOSECOND>>;
	type LengthToFee = ConstantMultiplier<Balance, ConstU128<MICRO>>;
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Runtime,
		TargetFullness,
		AdjustmentVariable,
		MinimumMultiplier,
		MaximumMultiplier,
	>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

/// Where a transaction's fee goes: a part is burned, the rest is the treasury's, and the tip the
/// block author's.
pub struct DealWithFees;

impl OnUnbalanced<Credit<AccountId, Balances>> for DealWithFees {
	fn on_unbalanceds(mut parts: impl Iterator<Item = Credit<AccountId, Balances>>) {
		if let Some(fee) = parts.next() {
			Self::on_unbalanced(fee);
		}
		for tip in parts {
			match Authorship::author() {
				// An author that can't hold the tip leaves it to the treasury.
				Some(author) => {
					if let Err(tip) = Balances::resolve(&author, tip) {
						ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(tip);
					}
				}
				None => ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(tip),
			}
		}
	}

	fn on_nonzero_unbalanced(fee: Credit<AccountId, Balances>) {
		let burned = dynamic_params::fees::Burned::get().mul_floor(fee.peek());
		let (burned, kept) = fee.split(burned);
		// A credit that is dropped lowers the issuance by its amount.
		drop(burned);
		ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(kept);
	}
}

parameter_types! {
	pub VestingKeeps: WithdrawReasons =
		WithdrawReasons::except(WithdrawReasons::TRANSFER | WithdrawReasons::RESERVE);
}

impl pallet_vesting::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type BlockNumberToBalance = ConvertInto;
	type MinVestedTransfer = ConstU128<OPEN>;
	type WeightInfo = pallet_vesting::weights::SubstrateWeight<Runtime>;
	type UnvestedFundsAllowedWithdrawReasons = VestingKeeps;
	type BlockNumberProvider = System;
	const MAX_VESTING_SCHEDULES: u32 = 28;
}
