//! A disk in memory that fails at any step, and loses power.

use rand::{Rng, rngs::StdRng};
use redb::StorageBackend;
use std::{
	io,
	sync::{Arc, Mutex, MutexGuard},
};

const SECTOR: usize = 512;

#[derive(Debug, Default)]
struct State {
	/// What is read.
	now: Vec<u8>,
	/// What the last sync made last.
	lasting: Vec<u8>,
	/// Writes since then, in sectors or less: where, and what.
	since: Vec<(usize, Vec<u8>)>,
	/// Writes and syncs until it fails; none for one that does not.
	left: Option<u32>,
	syncs: u32,
}

/// Shared by all its clones. Writes are kept apart until they are synced.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
	/// Fails every step after so many.
	pub fn fail_after(&self, steps: u32) {
		self.state().left = Some(steps);
	}

	/// How often it was synced.
	pub fn syncs(&self) -> u32 {
		self.state().syncs
	}

	/// Keeps everything waiting as long as what is returned is held.
	pub fn pause(&self) -> impl Sized + '_ {
		self.state()
	}

	/// The disk after the power went: of what was not synced, any sectors are there and others not.
	pub fn without_power(&self, rng: &mut StdRng) -> Self {
		let state = self.state();
		let mut left = state.lasting.clone();
		for (at, bytes) in &state.since {
			if rng.random() {
				left.resize(left.len().max(at + bytes.len()), 0);
				left[*at..at + bytes.len()].copy_from_slice(bytes);
			}
		}
		Self::of(left)
	}

	/// The disk after the process ended, and the power did not.
	pub fn without_process(&self) -> Self {
		Self::of(self.state().now.clone())
	}

	fn of(bytes: Vec<u8>) -> Self {
		let state = State { now: bytes.clone(), lasting: bytes, ..State::default() };
		Self(Arc::new(Mutex::new(state)))
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.0.lock().unwrap()
	}

	fn step(&self) -> io::Result<MutexGuard<'_, State>> {
		let mut state = self.state();
		if let Some(left) = &mut state.left {
			*left = left.checked_sub(1).ok_or_else(|| io::Error::other("the disk failed"))?;
		}
		Ok(state)
	}
}

impl StorageBackend for Disk {
	fn len(&self) -> io::Result<u64> {
		Ok(self.state().now.len() as u64)
	}

	fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
		let state = self.state();
		let from = offset as usize;
		let bytes = state.now.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
		out.copy_from_slice(bytes);
		Ok(())
	}

	fn set_len(&self, len: u64) -> io::Result<()> {
		let mut state = self.step()?;
		state.now.resize(len as usize, 0);
		// A length lasts at once, as in a journal: contents may not.
		state.lasting.resize(len as usize, 0);
		state.since.retain(|(at, bytes)| at + bytes.len() <= len as usize);
		Ok(())
	}

	fn sync_data(&self) -> io::Result<()> {
		let mut state = self.step()?;
		let State { now, lasting, since, syncs, .. } = &mut *state;
		*syncs += 1;
		for (at, bytes) in since.drain(..) {
			lasting[at..at + bytes.len()].copy_from_slice(&bytes);
		}
		assert!(lasting == now);
		Ok(())
	}

	fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
		let mut state = self.step()?;
		let at = offset as usize;
		state.now[at..at + data.len()].copy_from_slice(data);
		for (part, bytes) in data.chunks(SECTOR).enumerate() {
			state.since.push((at + part * SECTOR, bytes.to_vec()));
		}
		Ok(())
	}
}
