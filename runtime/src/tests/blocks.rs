//! Blocks, made as a node makes them: header with a BABE digest, hooks, timestamp, seal.

use crate::{
	AccountId, AllPalletsWithSystem, Executive, Header, Runtime, System, UncheckedExtrinsic,
	configs::consensus::SLOT_MILLIS,
};
use codec::Encode;
use frame_support::traits::{Get, TryState, TryStateSelect};
use pallet_calendar::EpochSlots;
use sp_consensus_babe::{
	BABE_ENGINE_ID,
	digests::{PreDigest, SecondaryPlainPreDigest},
};
use sp_runtime::{Digest, DigestItem, traits::Header as _};

/// The slot of the first block. Epochs count from it.
pub const FIRST_SLOT: u64 = 1_000_000;

/// A header for a block of this author's.
pub fn header(number: u32, slot: u64, author: u32) -> Header {
	let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
		authority_index: author,
		slot: slot.into(),
	});
	Header::new(
		number,
		Default::default(),
		Default::default(),
		System::parent_hash(),
		Digest { logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())] },
	)
}

/// Opens a block and tells it the time.
pub fn begin(number: u32, slot: u64, author: u32) {
	Executive::initialize_block(&header(number, slot, author));
	let inherent = pallet_timestamp::Call::set { now: slot * SLOT_MILLIS };
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(inherent.into())).unwrap().unwrap();
}

/// A chain that grows block by block, whoever is author taking turns.
pub struct Chain {
	number: u32,
	slot: u64,
}

impl Chain {
	/// The chain before its first block.
	pub fn new() -> Self {
		System::set_block_number(0);
		Self { number: 0, slot: FIRST_SLOT }
	}

	/// The chain after this block.
	pub fn at(number: u32, slot: u64) -> Self {
		Self { number, slot }
	}

	/// The slot of the last block.
	pub fn slot(&self) -> u64 {
		self.slot
	}

	/// The last block's number.
	pub fn number(&self) -> u32 {
		self.number
	}

	/// One more block, so many slots after the last, with `within` done in it.
	pub fn block_with<R>(&mut self, slots: u64, within: impl FnOnce() -> R) -> R {
		if self.number > 0 {
			self.slot += slots;
		}
		self.number += 1;
		let authors = crate::Babe::authorities().len() as u32;
		let allowed: Vec<u32> = (0..authors)
			.filter(|index| !crate::Session::disabled_validators().contains(index))
			.collect();
		begin(self.number, self.slot, allowed[self.number as usize % allowed.len()]);
		let result = within();
		let header = Executive::finalize_block();
		frame_system::BlockHash::<Runtime>::insert(self.number, header.hash());
		result
	}

	/// One more block, a slot after the last.
	pub fn block(&mut self) {
		self.block_with(1, || ());
	}

	/// So many more blocks, a slot apart.
	pub fn blocks(&mut self, count: u32) {
		for _ in 0..count {
			self.block();
		}
	}

	/// A block an epoch after the last, which begins a session.
	pub fn session(&mut self) {
		let epoch = <EpochSlots<Runtime> as Get<u64>>::get();
		self.block_with(epoch, || ());
	}

	/// Sessions until the active era is `eras` later.
	pub fn eras(&mut self, eras: u32) {
		let active = || pallet_staking::ActiveEra::<Runtime>::get().map_or(0, |era| era.index);
		let end = active() + eras;
		for _ in 0..1_000 {
			if active() >= end {
				return;
			}
			self.session();
		}
		panic!("eras do not pass");
	}
}

/// What always holds, of every pallet.
pub fn assert_invariants() {
	AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All).unwrap();
}

/// A signed origin.
pub fn by(who: impl Into<AccountId>) -> crate::RuntimeOrigin {
	crate::RuntimeOrigin::signed(who.into())
}
