//! What is on disk is unreadable without the key, and in its place only.

use super::world::*;
use crate::{StoreError, files::beside, store::Store};
use redb::{Database, ReadableTable, TableDefinition};
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn neither_questions_nor_answers_are_in_the_file() {
	let mut world = World::new();
	world.exchange(1234);
	let path = world.path();
	let World { folder, store, purse } = world;
	drop((store, purse));
	let bytes = fs::read(&path).unwrap();
	let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
	assert!(has(b"receipts"), "the file is read where it is written");
	assert!(!has(&question(1234)));
	assert!(!has(&text(1234)));
	drop(folder);
}

#[test]
fn key_is_for_its_owner_alone_and_a_lost_one_is_not_replaced() {
	let world = World::with_paid(1);
	let (path, key) = (world.path(), beside(&world.path(), ".key"));
	let mode = fs::metadata(&key).unwrap().permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
	let World { folder, store, purse } = world;
	drop((store, purse));

	fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
	assert!(matches!(open(&path), Err(StoreError::BadKey(_))));
	fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
	let bytes = fs::read(&key).unwrap();
	fs::remove_file(&key).unwrap();
	assert!(matches!(open(&path), Err(StoreError::NoKey(_))));
	assert!(!key.exists());

	crate::files::replace(&key, &bytes[..31]).unwrap();
	assert!(matches!(open(&path), Err(StoreError::BadKey(_))));
	crate::files::replace(&key, &[5; 32]).unwrap();
	let other = open(&path).unwrap();
	assert!(matches!(other.contents(SESSION, 0), Err(StoreError::Damaged(_))));
	drop(other);
	crate::files::replace(&key, &bytes).unwrap();
	open(&path).unwrap().contents(SESSION, 0).unwrap();
	drop(folder);
}

#[test]
fn contents_moved_to_another_place_or_changed_do_not_open() {
	const CONTENTS: TableDefinition<(u64, u32, u32), &[u8]> = TableDefinition::new("contents");
	let world = World::with_paid(2);
	let path = world.path();
	let World { folder, store, purse } = world;
	drop((store, purse));
	let change = |from: u32, to: u32, flip: usize| {
		let database = Database::open(&path).unwrap();
		let transaction = database.begin_write().unwrap();
		{
			let mut table = transaction.open_table(CONTENTS).unwrap();
			let mut sealed = table.get((SESSION, from, 0)).unwrap().unwrap().value().to_vec();
			if let Some(byte) = sealed.get_mut(flip) {
				*byte ^= 1;
			}
			table.insert((SESSION, to, 0), sealed.as_slice()).unwrap();
		}
		transaction.commit().unwrap();
	};
	let opens = |position| {
		let store: Store = open(&path).unwrap();
		match store.contents(SESSION, position) {
			Ok(contents) => contents.asked == question(position),
			Err(StoreError::Damaged(_)) => false,
			Err(error) => panic!("{error}"),
		}
	};
	assert!(opens(0) && opens(1));
	change(0, 1, usize::MAX);
	assert!(opens(0) && !opens(1));
	for flip in [0, 23, 24, 60] {
		change(0, 0, flip);
		assert!(!opens(0), "byte {flip}");
		change(0, 0, flip);
		assert!(opens(0));
	}
	drop(folder);
}

#[test]
fn store_of_another_chain_or_layout_is_refused() {
	let world = World::new();
	let path = world.path();
	let World { folder, store, purse } = world;
	assert!(matches!(open(&path), Err(StoreError::InUse(_))));
	drop((store, purse));
	let elsewhere = Store::open(&path, Default::default(), agent(), settings());
	assert!(matches!(elsewhere, Err(StoreError::OtherChain(_))));
	const META: TableDefinition<(), (u32, [u8; 32])> = TableDefinition::new("meta");
	let database = Database::open(&path).unwrap();
	let transaction = database.begin_write().unwrap();
	transaction.open_table(META).unwrap().insert((), (2, GENESIS.0)).unwrap();
	transaction.commit().unwrap();
	drop(database);
	assert!(matches!(open(&path), Err(StoreError::OtherLayout { found: 2, .. })));
	drop(folder);
}
