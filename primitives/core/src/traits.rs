//! The seams between pallets. The runtime wires them; no pallet knows another's storage.

use crate::{
	Balance, BlockNumber, ChallengeId, DatanetId, Hash, ModelId, RequestId, RoundId,
	model::{
		Arithmetic, Assurance, IndexCommitment, Method, ModelStatus, PayBy, Price, Retrieval,
		Unaudited, Usage,
	},
	record::{Compared, RecordLeaf, RecordRef, Snapshot, SnapshotRef},
	settlement::{Distribution, Payment, Sale},
};
use alloc::vec::Vec;
use sp_runtime::{DispatchError, DispatchResult, Permill, Weight};

/// Datanets, as models need them.
pub trait Snapshots<AccountId> {
	/// The snapshot, if it exists.
	fn snapshot(reference: SnapshotRef) -> Option<Snapshot>;
	/// Counts one more user of the snapshot, which can't be removed while it has any.
	fn acquire(reference: SnapshotRef) -> DispatchResult;
	/// Takes one user back.
	fn release(reference: SnapshotRef);
	/// The owner of the Datanet.
	fn owner(datanet: DatanetId) -> Option<AccountId>;
}

/// A model version as those who serve, verify and pay it need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel<AccountId> {
	/// Who is paid the owner's part: the treasury once the version is condemned.
	pub owner: AccountId,
	/// Whether and how it answers.
	pub status: ModelStatus,
	/// What an answer costs.
	pub price: Price,
	/// How answers are attributed.
	pub method: Method,
	/// How answers are computed.
	pub arithmetic: Arithmetic,
	/// The snapshots trained on, in the manifest's order, with what was frozen of each.
	pub snapshots: Vec<(DatanetId, Snapshot)>,
	/// The committed index; absent while the version is a draft.
	pub index: Option<IndexCommitment>,
	/// What finds records for prompts, where any are put there.
	pub retrieval: Option<Retrieval>,
	/// The base's owner.
	pub base_owner: AccountId,
	/// The base's royalty; none once the version is condemned.
	pub royalty: Permill,
	/// blake2b-256 of the base's weights file.
	pub base: Hash,
	/// blake2b-256 of the adapter blob.
	pub adapter: Hash,
	/// The seed that the chain drew for the index's projection.
	pub projection: Hash,
}

impl<AccountId> ServedModel<AccountId> {
	/// Whether new questions are answered: it is published, and engines compute it.
	pub fn answers(&self) -> bool {
		let is_open = matches!(self.status, ModelStatus::Published | ModelStatus::Deprecated);
		is_open && self.arithmetic.is_computed()
	}

	/// The sale of one answer by `operator` for `fee`, on the terms that the version has now.
	pub fn sale(self, fee: Balance, operator: AccountId) -> Sale<AccountId> {
		Sale {
			fee,
			owner: self.owner,
			base_owner: self.base_owner,
			royalty: self.royalty,
			operator,
		}
	}
}

/// The model registry, as inference and attribution need it.
pub trait Models<AccountId> {
	/// The model version, if it exists.
	fn served(model: ModelId) -> Option<ServedModel<AccountId>>;
	/// What credits of a registered version are for.
	fn pay_by(model: ModelId) -> Option<PayBy> {
		Self::served(model).map(|served| served.method.pay_by)
	}
	/// The most tokens that records add to a prompt of a registered version.
	fn quoted(model: ModelId) -> u32 {
		let retrieval = Self::served(model).and_then(|served| served.retrieval);
		retrieval.map_or(0, |retrieval| retrieval.quoted())
	}
	/// Whether engines of this release compute the version: what was asked of one that they ceased to compute
	/// can't be answered.
	fn is_computed(model: ModelId) -> bool {
		Self::served(model).is_some_and(|served| served.arithmetic.is_computed())
	}
	/// Counts one more open request, during which the version can't be removed.
	fn acquire(model: ModelId) -> DispatchResult;
	/// Takes one open request back.
	fn release(model: ModelId);
	/// Whether anything that was asked of the version is open.
	fn is_in_use(model: ModelId) -> bool;
	/// Adds a settled fee to the version's earnings.
	fn earned(model: ModelId, distribution: &Distribution<AccountId>);
	/// Whether the version's index was shown to be forged; `None` where there is no such version, or it
	/// has no index.
	fn condemned(model: ModelId) -> Option<bool>;
	/// Ends a version whose index was shown to be forged, and takes the bond behind it: at most half
	/// goes to the `challenger`, the rest to the treasury. Returns what was taken.
	fn condemn(model: ModelId, challenger: &AccountId) -> Result<Balance, DispatchError>;
}

/// An answered request, as attribution needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredRequest<AccountId> {
	/// The request.
	pub request: RequestId,
	/// The model that answered.
	pub model: ModelId,
	/// Who asked and pays; its own records earn nothing here.
	pub payer: AccountId,
	/// Who answered.
	pub operator: AccountId,
	/// What the answer used.
	pub usage: Usage,
	/// What the answer is told from others by: blake2b-256 of its text for a request, what its
	/// receipt commits to for a draw.
	pub answer: Hash,
	/// What was asked, which the execution's traces are sealed with: the sampling seed of a request,
	/// what its receipt commits to for a draw.
	pub subject: Hash,
	/// The fee in escrow, which is what settles.
	pub fee: Balance,
	/// Whether the payer keeps what was asked from auditors, unless it consents or somebody disputes the
	/// claim.
	pub private: bool,
}

/// Attribution, as inference needs it.
pub trait Attribution<AccountId> {
	/// The claim as it comes with an answer.
	type Claim;
	/// Verifies and stores the claim for an answered request. Changes nothing on error.
	fn submit(answer: AnsweredRequest<AccountId>, claim: Self::Claim) -> DispatchResult;
	/// The most bytes that one claim leaves in storage, which the payer's deposit covers.
	fn footprint() -> u32;
	/// Forgets a final claim.
	fn forget(request: RequestId);
}

/// Inference, as attribution needs it: what happens when a claim is final or refuted.
pub trait Settlement<AccountId> {
	/// Pays the request's fee out of escrow. `shares` are weights, in the claim's order, of which
	/// `earned` of the contributors' part is paid; returns what was paid.
	fn settle(
		request: RequestId,
		shares: &[(AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<AccountId>, DispatchError>;
	/// Takes up to `amount` from the operator's bond: at most half of it in equal parts to those
	/// `rewarded`, the rest to the treasury. Returns what was taken.
	fn slash(
		operator: &AccountId,
		amount: Balance,
		rewarded: &[AccountId],
	) -> Result<Balance, DispatchError>;
	/// Takes up to `amount` from the operator's bond and accrues it to accounts in proportion to their
	/// weights: what they would have been paid for the answer that should have been given. Returns what
	/// was taken.
	fn restore(
		request: RequestId,
		operator: &AccountId,
		shares: &[(AccountId, u64)],
		amount: Balance,
	) -> Result<Balance, DispatchError>;
	/// Gives the fee in escrow back to the payer: the answer was false. Returns the fee.
	fn refund(id: RequestId) -> Result<Balance, DispatchError>;
	/// The fee and the contributors' part of it, before the lift, in the smallest unit.
	fn at_stake(request: RequestId) -> Option<(Balance, Balance)>;
}

/// Whether a claim whose window is over may be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearance {
	/// Nothing stands against it.
	Clear,
	/// Not before this block, at which it is to be asked again.
	Until(BlockNumber),
}

/// Audits, as attribution needs them.
pub trait Audits<AccountId> {
	/// Notes a verified claim, by its digest and its sealed traces, so that lots can decide later
	/// whether it is audited. Returns the block before which asking for its clearance brings nothing.
	fn note(answer: &AnsweredRequest<AccountId>, claim: Hash, trace: Hash) -> BlockNumber;
	/// Whether a claim whose window is over may be paid. Opens its audit where the lots say so.
	fn clearance(claim: RequestId) -> Clearance;
	/// What [`Audits::clearance`] costs at most, as things are.
	fn weight() -> Weight;
	/// What it costs where a claim is clear.
	fn weight_of_clear() -> Weight;
	/// Forgets a claim that is final.
	fn forget(claim: RequestId);
	/// The most bytes that a note leaves in storage, which the claim's deposit covers.
	fn footprint() -> u32;
}

impl<AccountId> Audits<AccountId> for () {
	fn note(_: &AnsweredRequest<AccountId>, _: Hash, _: Hash) -> BlockNumber {
		0
	}

	fn clearance(_: RequestId) -> Clearance {
		Clearance::Clear
	}

	fn weight() -> Weight {
		Weight::zero()
	}

	fn weight_of_clear() -> Weight {
		Weight::zero()
	}

	fn forget(_: RequestId) {}

	fn footprint() -> u32 {
		0
	}
}

/// A model version whose index is committed, as its audit needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedVersion<AccountId> {
	/// The version.
	pub model: ModelId,
	/// Who owns it, pays for the audit and has no seat in it.
	pub owner: AccountId,
	/// What its owner has at stake.
	pub bond: Balance,
}

/// Audits of model versions, as their registry needs them.
pub trait Examinations<AccountId> {
	/// Why no version that is committed now would be audited; none where it would.
	fn hindrance() -> Option<Unaudited>;
	/// Asks for the audit of a version and holds its fee from the owner, `times` the usual one. Later it
	/// is told to [`Versions`] what comes of it. Returns the fee.
	///
	/// # Errors
	/// Where the owner can't pay, the version is being audited, or no block has room for it.
	fn ask(version: CommittedVersion<AccountId>, times: u32) -> Result<Balance, DispatchError>;
	/// What [`Examinations::ask`] costs at most.
	fn weight() -> Weight;
	/// Whether an audit of the version is open.
	fn is_open(model: ModelId) -> bool;
	/// Forgets what the last audit of a version came to, which is removed.
	fn forget(model: ModelId);
	/// The most bytes that a version's audit leaves in storage, which the version's deposit covers.
	fn footprint() -> u32;
}

impl<AccountId> Examinations<AccountId> for () {
	fn hindrance() -> Option<Unaudited> {
		Some(Unaudited::Off)
	}

	fn ask(_: CommittedVersion<AccountId>, _: u32) -> Result<Balance, DispatchError> {
		Err(DispatchError::Unavailable)
	}

	fn weight() -> Weight {
		Weight::zero()
	}

	fn is_open(_: ModelId) -> bool {
		false
	}

	fn forget(_: ModelId) {}

	fn footprint() -> u32 {
		0
	}
}

/// What may still condemn a model version, as their registry needs it.
pub trait Contests {
	/// Whether a position of the version's index is demanded, or a challenge stands against it that may be
	/// opened soon: the bond behind it has to stay.
	fn is_contested(model: ModelId) -> bool;
}

impl Contests for () {
	fn is_contested(_: ModelId) -> bool {
		false
	}
}

/// Model versions, as their audits need them.
pub trait Versions<AccountId> {
	/// Whether the version waits for what its audit comes to.
	fn is_waiting(model: ModelId) -> bool;
	/// What the training manifest and the list of checkpoints of a version are known by, if it has both.
	fn trained(model: ModelId) -> Option<(Hash, Hash)>;
	/// Says what an audit came to that found nothing false.
	fn assure(model: ModelId, assurance: Assurance);
	/// Ends a version whose audit found it false, and takes the bond behind it: at most half goes in equal
	/// parts to those `rewarded`, no more than `most` to each, the rest to the treasury. Returns what
	/// was taken: nothing where the version has ended before.
	fn refute(
		model: ModelId,
		rewarded: &[AccountId],
		most: Balance,
	) -> Result<Balance, DispatchError>;
}

/// Records of Datanets, as challenges to them and payments for them need them.
pub trait Records<AccountId> {
	/// The record, if it is in its Datanet's tree and its contribution listed.
	fn record(record: RecordRef) -> Option<RecordLeaf<AccountId>>;
	/// Whether the record earns nothing any more.
	fn is_excluded(record: RecordRef) -> bool;
	/// Notes that a record is challenged, once more where it is already: until as many challenges are ended
	/// by [`Records::settle`] or [`Records::exclude`], it stays where it is.
	///
	/// # Errors
	/// Where there is no such record, or it is excluded.
	fn dispute(record: RecordRef) -> DispatchResult;
	/// Ends a challenge that came to nothing.
	fn settle(record: RecordRef);
	/// Ends a challenge by excluding the record: it earns nothing from now on, and its part of its
	/// contribution's deposit is lost: half, rounded down, to who is `rewarded`, the rest burned; all of it
	/// where nobody is. A record that is excluded already loses nothing more, and nobody is rewarded.
	/// Returns what was burned.
	fn exclude(record: RecordRef, rewarded: Option<&AccountId>) -> Result<Balance, DispatchError>;
}

impl<AccountId> Records<AccountId> for () {
	fn record(_: RecordRef) -> Option<RecordLeaf<AccountId>> {
		None
	}

	fn is_excluded(_: RecordRef) -> bool {
		false
	}

	fn dispute(_: RecordRef) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}

	fn settle(_: RecordRef) {}

	fn exclude(_: RecordRef, _: Option<&AccountId>) -> Result<Balance, DispatchError> {
		Err(DispatchError::Unavailable)
	}
}

/// Two records that a committee compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison<AccountId> {
	/// The challenge.
	pub challenge: ChallengeId,
	/// Who challenges; it has no seat.
	pub challenger: AccountId,
	/// Who contributed the later record; it has no seat.
	pub contributor: AccountId,
	/// What the challenger has at stake.
	pub deposit: Balance,
}

/// Audits of pairs of records, as challenges need them.
pub trait Comparisons<AccountId> {
	/// Whether there are verifiers for a committee.
	fn is_possible() -> bool;
	/// Has two records compared. Later it is told to [`Pairs`] what comes of it.
	///
	/// # Errors
	/// Where no block has room for it.
	fn ask(comparison: Comparison<AccountId>) -> DispatchResult;
	/// What [`Comparisons::ask`] costs at most.
	fn weight() -> Weight;
}

/// Challenges that say one record duplicates another, as the audits of those records need them.
pub trait Pairs<AccountId> {
	/// Whether the challenge waits for what a committee finds.
	fn is_open(challenge: ChallengeId) -> bool;
	/// The two records, as they were when the challenge was opened: the later one first.
	fn records(challenge: ChallengeId) -> Option<[RecordLeaf<AccountId>; 2]>;
	/// Pays a seat that found the records distinct out of what their challenge has at stake, as far as that goes.
	fn pay(challenge: ChallengeId, verifier: &AccountId) -> DispatchResult;
	/// Carries out what was found. Returns what was burned.
	fn settle(challenge: ChallengeId, found: Compared) -> Result<Balance, DispatchError>;
	/// Ends a challenge for which there are not enough verifiers, at no cost to anyone.
	fn abandon(challenge: ChallengeId) -> DispatchResult;
}

/// Claims, as audits need them.
pub trait Claims<AccountId> {
	/// A claim as it comes with an answer.
	type Claim;
	/// Whether the claim is open: neither final nor rejected.
	fn is_open(claim: RequestId) -> bool;
	/// Puts `truth` in the place of an open claim: it is paid by that.
	fn replace(claim: RequestId, truth: Self::Claim) -> DispatchResult;
	/// Whom `truth` would pay, had it come in the place of an open claim: their weights, and how much
	/// of the contributors' part.
	fn weigh(
		claim: RequestId,
		truth: &Self::Claim,
	) -> Result<(Vec<(AccountId, u64)>, Permill), DispatchError>;
	/// Takes all credits from an open claim: what it says is false, and nobody says what is true.
	fn discredit(claim: RequestId) -> DispatchResult;
	/// Ends an open claim on a false answer, whose fee goes back to its payer.
	fn reject(claim: RequestId) -> Result<Balance, DispatchError>;
}

/// Rewards, as inference needs them.
pub trait Rewards<AccountId> {
	/// The account that the fee has to be in before [`Rewards::distribute`].
	fn pot() -> AccountId;
	/// Divides `sale.fee`, already transferred to the pot: pays the validators' part and accrues
	/// the others. `shares` are weights of which `earned` of the contributors' part is paid; what
	/// they don't earn goes to the base's royalty and the treasury. A share of the treasury's own account
	/// is added to its part, without a royalty and without voice. Changes nothing on error.
	fn distribute(
		request: RequestId,
		sale: Sale<AccountId>,
		shares: &[(AccountId, u64)],
		earned: Permill,
	) -> Result<Distribution<AccountId>, DispatchError>;
	/// The contributors' part of `fee` before the lift.
	fn pool(fee: Balance) -> Balance;
	/// Accrues `amount`, already transferred to the pot, to accounts in proportion to their weights.
	/// Changes nothing on error.
	fn compensate(
		request: RequestId,
		shares: &[(AccountId, u64)],
		amount: Balance,
	) -> DispatchResult;
	/// Forgets the stored distribution of a request.
	fn forget(request: RequestId);
	/// Moves up to `amount` of what the verifiers' account has accrued to `verifier`. Returns what
	/// was moved.
	fn pay_verifier(verifier: &AccountId, amount: Balance) -> Balance;
}

/// The accounts in which contributors' rewards accrue, as Datanets need them.
pub trait RewardAccounts<AccountId> {
	/// Opens the account of `who` against a deposit, so that what its records earn finds an entry that is
	/// paid for. One that is open stays as it is. What it costs belongs into the weight of whoever asks.
	///
	/// # Errors
	/// Where `who` can't pay the deposit.
	fn open(who: &AccountId) -> DispatchResult;
}

impl<AccountId> RewardAccounts<AccountId> for () {
	fn open(_: &AccountId) -> DispatchResult {
		Ok(())
	}
}

/// The contributors' say in governance, as rewards feed it.
pub trait Voice<AccountId> {
	/// What each payee of a fee's contributors' part earns, in their order and in points: of `sunk`, which
	/// went to the treasury and so to no party to the sale, in proportion to what they were paid. It is part
	/// of all voice from now on: the caller keeps it, and has it credited in the end.
	fn earned(payments: &[Payment<AccountId>], sunk: Balance) -> Vec<u128>;

	/// Credits an account with the points that it earned since it was credited last.
	fn credit(account: &AccountId, points: u128);

	/// Takes points that were earned and are nobody's out of all voice.
	fn forgo(points: u128);
}

impl<AccountId> Voice<AccountId> for () {
	fn earned(_: &[Payment<AccountId>], _: Balance) -> Vec<u128> {
		Vec::new()
	}
	fn credit(_: &AccountId, _: u128) {}
	fn forgo(_: u128) {}
}

/// Operators and their bonds, as batches and audits need them.
pub trait Operators<AccountId> {
	/// The operator that `agent` answers for.
	fn of_agent(agent: &AccountId) -> Option<AccountId>;
	/// Who answers for `operator`.
	fn agent(operator: &AccountId) -> Option<AccountId>;
	/// Whether the operator takes new work on `model`: it serves it, is not leaving, and its bond
	/// is no smaller than the least.
	fn serves(operator: &AccountId, model: ModelId) -> bool;
	/// What the operator has at stake; zero for one that is none.
	fn bond(operator: &AccountId) -> Balance;
	/// Counts one more piece of unsettled work with these fees, during which the bond stays.
	///
	/// # Errors
	/// Where all that is unsettled would exceed what the bond can stand behind.
	fn expose(operator: &AccountId, fees: Balance) -> DispatchResult;
	/// Takes one piece of unsettled work back, with the fees that it was counted with.
	fn discharge(operator: &AccountId, fees: Balance);
}

/// Randomness that did not exist when what it decides was committed.
///
/// Blocks come in rounds. The seed of a round is mixed from the VRF outputs of the authors of all its
/// blocks. What is committed in one round is decided by the seed of the next, so every output that
/// it depends on is later than the commitment.
pub trait Lots {
	/// The round that is under way.
	fn round() -> RoundId;
	/// The seed that decides what was committed in `round`: `None` while the next round is under
	/// way, and once it is forgotten.
	fn seed(round: RoundId) -> Option<Hash>;
	/// The block from which on [`Lots::seed`] knows the seed for `round`, if rounds to come are as long as
	/// they would be now. One that is over where it is known already, or forgotten.
	fn known_from(round: RoundId) -> BlockNumber;
	/// How many seeds are known at once, the oldest of which each new one takes the place of.
	fn kept() -> RoundId;
}

/// A source of randomness fixed before whoever uses it could know it.
pub trait Seeds {
	/// A seed for `subject`, and the block at which its randomness was fixed.
	fn seed(subject: &[u8]) -> (Hash, BlockNumber);
}
