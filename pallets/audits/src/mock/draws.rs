//! Lots, claims, operators, versions and payments that tests steer and look at.

use super::*;
use openledger_primitives_core::{
	Endpoint,
	settlement::{Distribution, Sale},
};
use openledger_primitives_inference::job::{Jobs, Material};
use sp_runtime::DispatchError;

/// Everything that the pallet asks of others.
pub struct Draws;

impl traits::Lots for Draws {
	fn round() -> RoundId {
		Round::get()
	}

	fn seed(round: RoundId) -> Option<Hash> {
		Seeds::get().get(&round).copied()
	}

	fn known_from(_: RoundId) -> BlockNumber {
		(System::block_number() as BlockNumber).saturating_add(Ahead::get())
	}

	fn kept() -> RoundId {
		8
	}
}

impl traits::Operators<AccountId32> for Draws {
	fn of_agent(agent: &AccountId32) -> Option<AccountId32> {
		(*agent == OperatorsAgent::get()).then(|| account(1))
	}

	fn agent(operator: &AccountId32) -> Option<AccountId32> {
		(*operator == account(1)).then(OperatorsAgent::get)
	}

	fn serves(_: &AccountId32, _: ModelId) -> bool {
		true
	}

	fn bond(_: &AccountId32) -> Balance {
		RICH
	}

	fn expose(_: &AccountId32, _: Balance) -> DispatchResult {
		Ok(())
	}

	fn discharge(_: &AccountId32, _: Balance) {}
}

impl traits::Claims<AccountId32> for Draws {
	type Claim = Claim<AccountId32>;

	fn is_open(claim: RequestId) -> bool {
		!matches!(States::get().get(&claim), None | Some(State::Rejected))
	}

	fn replace(claim: RequestId, truth: Self::Claim) -> DispatchResult {
		States::mutate(|states| states.insert(claim, State::Replaced(truth)));
		Ok(())
	}

	fn weigh(
		claim: RequestId,
		truth: &Self::Claim,
	) -> Result<(Vec<(AccountId32, u64)>, Permill), DispatchError> {
		assert!(Self::is_open(claim));
		Ok((vec![(account(40), truth.gain as u64)], Permill::from_percent(50)))
	}

	fn discredit(claim: RequestId) -> DispatchResult {
		States::mutate(|states| states.insert(claim, State::Discredited));
		Ok(())
	}

	fn reject(claim: RequestId) -> Result<Balance, DispatchError> {
		States::mutate(|states| states.insert(claim, State::Rejected));
		Ok(FEE)
	}
}

impl traits::Versions<AccountId32> for Draws {
	fn is_waiting(model: ModelId) -> bool {
		Assured::get().get(&model) == Some(&Assurance::Waiting)
	}

	fn trained(_: ModelId) -> Option<(Hash, Hash)> {
		Some((Hash::repeat_byte(0x3a), Hash::repeat_byte(0x7a)))
	}

	fn assure(model: ModelId, assurance: Assurance) {
		Assured::mutate(|all| all.insert(model, assurance));
	}

	fn refute(
		model: ModelId,
		rewarded: &[AccountId32],
		most: Balance,
	) -> Result<Balance, DispatchError> {
		Self::assure(model, Assurance::Refuted);
		Condemned::mutate(|all| all.push((model, rewarded.to_vec(), most)));
		Ok(INDEX_BOND)
	}
}

impl traits::Settlement<AccountId32> for Draws {
	fn settle(
		_: RequestId,
		_: &[(AccountId32, u64)],
		_: Permill,
	) -> Result<Distribution<AccountId32>, DispatchError> {
		Err(DispatchError::Other("audits settle nothing"))
	}

	fn slash(
		operator: &AccountId32,
		amount: Balance,
		rewarded: &[AccountId32],
	) -> Result<Balance, DispatchError> {
		Slashed::mutate(|all| all.push((operator.clone(), amount, rewarded.to_vec())));
		Ok(amount)
	}

	fn restore(
		claim: RequestId,
		operator: &AccountId32,
		shares: &[(AccountId32, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError> {
		let restored = (claim, operator.clone(), shares.to_vec(), amount);
		Restored::mutate(|all| all.push(restored));
		Ok(amount)
	}

	fn refund(_: RequestId) -> Result<Balance, DispatchError> {
		Err(DispatchError::Other("claims refund, not audits"))
	}

	fn at_stake(_: RequestId) -> Option<(Balance, Balance)> {
		None
	}
}

impl traits::Rewards<AccountId32> for Draws {
	fn pot() -> AccountId32 {
		account(91)
	}

	fn distribute(
		_: RequestId,
		_: Sale<AccountId32>,
		_: &[(AccountId32, u64)],
		_: Permill,
	) -> Result<Distribution<AccountId32>, DispatchError> {
		Err(DispatchError::Other("audits divide nothing"))
	}

	fn compensate(_: RequestId, _: &[(AccountId32, u64)], _: Balance) -> DispatchResult {
		Err(DispatchError::Other("bonds compensate, not audits"))
	}

	fn pool(fee: Balance) -> Balance {
		fee / 2
	}

	fn forget(_: RequestId) {}

	fn pay_verifier(verifier: &AccountId32, amount: Balance) -> Balance {
		Paid::mutate(|paid| *paid.entry(verifier.clone()).or_default() += amount);
		amount
	}
}

impl Jobs<AccountId32> for Draws {
	fn job(_: RequestId) -> Option<Job> {
		JobOf::get()
	}

	fn material(_: ModelId, _: &AccountId32) -> Option<(Material, Endpoint)> {
		let endpoint = Endpoint::truncate_from(b"http://operator".to_vec());
		JobOf::get().map(|job| (job.material, endpoint))
	}

	fn version(_: ModelId) -> Option<Material> {
		JobOf::get().map(|job| job.material)
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_audits::benchmarking::Helper<AccountId32> for Draws {
	fn claimed() -> (RequestId, Claim<AccountId32>) {
		noted(CLAIM, &claim(250));
		(CLAIM, truth())
	}

	fn challenged() -> openledger_primitives_core::ChallengeId {
		challenge(CHALLENGER, contributed()).unwrap();
		0
	}

	fn accrue(_: Balance) {}

	fn end_rounds() {
		lots(1);
	}
}
