use crate::{Exposed, migrations::CountExposure, mock::*, pallet::Pallet};
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion};
use openledger_primitives_core::traits::Settlement;
use sp_runtime::Permill;

#[test]
fn open_requests_count_as_exposure_when_migrated() {
	chain(|| {
		operate(1, 4);
		operate(2, 4);
		let [first, second, third] = [ask(5), ask(5), ask(6)].map(Result::unwrap);
		let operator = |id| crate::Requests::<Test>::get(id).unwrap().operator;
		for id in [first, third] {
			let operator = operator(id);
			let who: &[u8; 32] = operator.as_ref();
			reply(who[0], id).unwrap();
		}
		Inference::settle(third, &[], Permill::one()).unwrap();
		let expected: std::collections::BTreeMap<_, _> = Exposed::<Test>::iter().collect();
		// One is answered, for 320; the other can cost 120 + 100 · 10.
		assert_eq!(expected.values().sum::<u128>(), 320 + 1_120, "{first} and {second} are open");
		let _ = Exposed::<Test>::clear(u32::MAX, None);
		StorageVersion::new(1).put::<Pallet<Test>>();
		CountExposure::<Test>::on_runtime_upgrade();
		assert_eq!(Pallet::<Test>::on_chain_storage_version(), StorageVersion::new(2));
		assert_eq!(Exposed::<Test>::iter().collect::<std::collections::BTreeMap<_, _>>(), expected);
		// The second time it finds nothing to do.
		CountExposure::<Test>::on_runtime_upgrade();
		assert_eq!(Exposed::<Test>::iter().collect::<std::collections::BTreeMap<_, _>>(), expected);
	});
}
