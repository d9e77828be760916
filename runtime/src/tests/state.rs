//! The state of a running chain, as `scripts/upgrade` reads it from a node: what always holds, and
//! that this runtime has migrated it.

use super::blocks::assert_invariants;
use crate::{Balance, Balances, Runtime, VERSION};
use frame_support::traits::{GetStorageVersion, StorageVersion};
use sp_core::storage::{Storage, well_known_keys};
use sp_io::TestExternalities;

/// Names the file: a line for each entry, its key and its value in hexadecimal.
const FILE: &str = "OPENLEDGER_STATE";

fn bytes(hexadecimal: &str) -> Vec<u8> {
	sp_core::bytes::from_hex(hexadecimal).unwrap()
}

fn read(text: &str) -> TestExternalities {
	let mut storage = Storage::default();
	for line in text.lines() {
		let (key, value) = line.split_once(' ').unwrap();
		storage.top.insert(bytes(key), bytes(value));
	}
	assert!(storage.top.contains_key(well_known_keys::CODE), "this is not a chain's whole state");
	TestExternalities::new(storage)
}

/// The chain runs a runtime of this version, and it has run that one's migrations.
fn assert_migrated() {
	let last = frame_system::LastRuntimeUpgrade::<Runtime>::get().unwrap();
	assert_eq!(last.spec_name, VERSION.spec_name);
	assert_eq!(last.spec_version.0, VERSION.spec_version);
}

/// A pallet's entries are laid out as its code reads them.
fn assert_layout<P: GetStorageVersion<InCodeStorageVersion = StorageVersion>>() {
	let name = std::any::type_name::<P>();
	assert_eq!(P::on_chain_storage_version(), P::in_code_storage_version(), "{name}");
}

/// No account lacks anything of what was issued, and every one of them can be read.
fn assert_issued() {
	type Accounts = frame_system::Account<Runtime>;
	assert_eq!(Accounts::iter_keys().count(), Accounts::iter().count());
	let sum: Balance = Accounts::iter().map(|(_, one)| one.data.free + one.data.reserved).sum();
	assert_eq!(sum, Balances::total_issuance());
	assert!(sum > 0);
}

#[test]
#[ignore = "reads the state of a running chain; scripts/upgrade runs it"]
fn state_of_a_running_chain_holds() {
	let file = std::env::var(FILE).unwrap_or_else(|_| panic!("{FILE} names no file"));
	let text = std::fs::read_to_string(&file).unwrap();
	read(&text).execute_with(|| {
		assert_migrated();
		assert_layout::<crate::Calendar>();
		assert_layout::<crate::Datanets>();
		assert_layout::<crate::Models>();
		assert_layout::<crate::Inference>();
		assert_layout::<crate::Attribution>();
		assert_layout::<crate::Rewards>();
		assert_layout::<crate::Voice>();
		assert_layout::<crate::Pauses>();
		assert_issued();
		assert_invariants();
	});
}
