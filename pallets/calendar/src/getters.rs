//! The lengths as the configurations of other pallets read them.

use crate::{Config, DAYS_PER_YEAR, MAX_BONDING_ERAS, Pallet};
use core::marker::PhantomData;
use frame_support::traits::Get;

/// Hours in a day.
const HOURS_PER_DAY: u32 = 24;

/// Slots in an epoch.
pub struct EpochSlots<T>(PhantomData<T>);

impl<T: Config> Get<u64> for EpochSlots<T> {
	fn get() -> u64 {
		Pallet::<T>::lengths().epoch_slots.get().into()
	}
}

/// Sessions in an era.
pub struct SessionsPerEra<T>(PhantomData<T>);

impl<T: Config> Get<u32> for SessionsPerEra<T> {
	fn get() -> u32 {
		Pallet::<T>::lengths().sessions_per_era.get()
	}
}

/// Eras from unbonding a stake to its release, at most [`MAX_BONDING_ERAS`].
pub struct BondingEras<T>(PhantomData<T>);

impl<T: Config> Get<u32> for BondingEras<T> {
	fn get() -> u32 {
		Pallet::<T>::lengths().bonding_eras.get().min(MAX_BONDING_ERAS)
	}
}

/// Eras from a slash to its effect: less than a stake is bonded for, whatever the specification
/// says, or offenders would be gone before they pay.
pub struct SlashDeferEras<T>(PhantomData<T>);

impl<T: Config> Get<u32> for SlashDeferEras<T> {
	fn get() -> u32 {
		let bonding = <BondingEras<T> as Get<u32>>::get();
		Pallet::<T>::lengths().slash_defer_eras.min(bonding.saturating_sub(1))
	}
}

/// `N` days, in blocks.
pub struct Days<T, const N: u32>(PhantomData<T>);

impl<T: Config, BlockNumber: From<u32>, const N: u32> Get<BlockNumber> for Days<T, N> {
	fn get() -> BlockNumber {
		Pallet::<T>::lengths().day.get().saturating_mul(N).into()
	}
}

/// `N` hours, in blocks; at least one block.
pub struct Hours<T, const N: u32>(PhantomData<T>);

impl<T: Config, BlockNumber: From<u32>, const N: u32> Get<BlockNumber> for Hours<T, N> {
	fn get() -> BlockNumber {
		let blocks = Pallet::<T>::lengths().day.get().saturating_mul(N);
		blocks.checked_div(HOURS_PER_DAY).unwrap_or_default().max(1).into()
	}
}

/// A year, in blocks.
pub struct Year<T>(PhantomData<T>);

impl<T: Config, BlockNumber: From<u32>> Get<BlockNumber> for Year<T> {
	fn get() -> BlockNumber {
		<Days<T, DAYS_PER_YEAR> as Get<BlockNumber>>::get()
	}
}
