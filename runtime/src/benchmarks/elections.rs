//! The election of an era's validators, as large as it gets. The SDK's own benchmark elects as many
//! as each voter names, which is far from the most.

use crate::{
	AccountId,
	configs::staking::{BoundedElection, Bounds, MAX_CANDIDATES, MAX_VALIDATORS},
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_election_provider_support::{
	ElectionDataProvider, InstantElectionProvider, onchain::OnChainExecution,
};
use frame_support::{BoundedVec, traits::Get};

/// The configuration that benchmarks have to have.
pub trait Config: frame_system::Config {}

/// What the benchmark belongs to.
pub struct Pallet<T: Config>(frame_system::Pallet<T>);

/// The candidates that a voter can name.
fn degree() -> u32 {
	<<crate::Staking as ElectionDataProvider>::MaxVotesPerVoter as Get<u32>>::get()
}

/// The votes of all voters together, at most.
fn most() -> u32 {
	Bounds::get().voters.count.map_or(0, |count| count.0).saturating_mul(degree())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// With `e` votes in all, of voters that each name as many candidates as they can.
	#[benchmark]
	fn elect(e: Linear<{ MAX_CANDIDATES.saturating_mul(degree()) }, { most() }>) {
		let targets: Vec<AccountId> =
			(0..MAX_CANDIDATES).map(|nth| account("candidate", nth, 0)).collect();
		let count = e.div_ceil(degree());
		let voters = (0..count)
			.map(|nth| {
				// Steps without a common factor with the number of candidates, so that no name comes
				// twice, and different from voter to voter.
				let step = [1usize, 3, 7, 9, 11, 13, 17, 19][nth as usize % 8];
				let named = targets.iter().cycle().skip(nth as usize % targets.len()).step_by(step);
				let named = named.take(degree() as usize).cloned().collect();
				let stake = 1_000_000_000_000u64 / (u64::from(nth) + 1) + u64::from(nth);
				(account("voter", nth, 0), stake, BoundedVec::truncate_from(named))
			})
			.collect();
		let elected;

		#[block]
		{
			elected =
				OnChainExecution::<BoundedElection>::instant_elect(voters, targets, MAX_VALIDATORS);
		}

		assert_eq!(elected.map(|winners| winners.len() as u32).ok(), Some(MAX_VALIDATORS));
	}
}
