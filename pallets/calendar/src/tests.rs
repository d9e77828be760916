use crate::{self as pallet_calendar, *};
use frame_support::{derive_impl, traits::Get};
use sp_runtime::BuildStorage;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Calendar: pallet_calendar,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlockU32<Test>;
}

impl Config for Test {}

fn chain(lengths: Lengths) -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	GenesisConfig::<Test>::new(lengths).assimilate_storage(&mut storage).unwrap();
	storage.into()
}

#[test]
fn lengths_are_those_of_genesis() {
	chain(Lengths::FAST).execute_with(|| {
		assert_eq!(Calendar::lengths(), Lengths::FAST);
		assert_eq!(<EpochSlots<Test> as Get<u64>>::get(), 20);
		assert_eq!(<SessionsPerEra<Test> as Get<u32>>::get(), 3);
		assert_eq!(<BondingEras<Test> as Get<u32>>::get(), 4);
		assert_eq!(<Days<Test, 14> as Get<u32>>::get(), 280);
		assert_eq!(<Year<Test> as Get<u32>>::get(), 7_300);
	});
}

#[test]
fn hours_are_at_least_one_block() {
	chain(Lengths::FAST).execute_with(|| {
		assert_eq!(<Hours<Test, 1> as Get<u32>>::get(), 1);
		assert_eq!(<Hours<Test, 12> as Get<u32>>::get(), 10);
	});
	chain(Lengths::REAL).execute_with(|| assert_eq!(<Hours<Test, 1> as Get<u32>>::get(), 1_200));
}

#[test]
fn slashes_take_effect_before_the_stake_is_released() {
	let lengths = Lengths { slash_defer_eras: 100, ..Lengths::FAST };
	chain(lengths).execute_with(|| assert_eq!(<SlashDeferEras<Test> as Get<u32>>::get(), 3));
}

#[test]
fn specification_is_refused_when_a_length_is_zero_or_unknown() {
	let good = serde_json::to_value(Lengths::REAL).unwrap();
	assert_eq!(serde_json::from_value::<Lengths>(good.clone()).unwrap(), Lengths::REAL);
	let mut zero = good.clone();
	zero["epochSlots"] = 0.into();
	assert!(serde_json::from_value::<Lengths>(zero).unwrap_err().to_string().contains("nonzero"));
	let mut unknown = good;
	unknown["epochBlocks"] = 1.into();
	assert!(
		serde_json::from_value::<Lengths>(unknown).unwrap_err().to_string().contains("epochBlocks")
	);
}
