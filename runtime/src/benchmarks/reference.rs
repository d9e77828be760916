//! What every run measures beside the rest, and what must never change: how fast the machine is
//! just then. About as long as a call, so that what disturbs the one disturbs the other.

use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use sp_runtime::traits::Hash;

/// The configuration that benchmarks have to have.
pub trait Config: frame_system::Config {}

/// What the benchmark belongs to.
pub struct Pallet<T: Config>(frame_system::Pallet<T>);

#[benchmarks]
mod benchmarks {
	use super::*;

	/// Hashes numbers, each by a call to the host, and sorts the hashes in the runtime.
	#[benchmark]
	fn reference() {
		let mut hashes: Vec<T::Hash> = Vec::new();

		#[block]
		{
			hashes.extend((0..200u32).map(|number| T::Hashing::hash(&number.to_le_bytes())));
			hashes.sort();
		}

		assert_eq!(hashes.len(), 200);
	}
}
