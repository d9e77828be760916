//! What `scripts/weights` measures, and the stages that the pallets' benchmarks ask for: real state
//! of the real pallets, at its largest. Only with the feature `runtime-benchmarks`.

#![allow(
	clippy::expect_used,
	clippy::unwrap_used,
	clippy::arithmetic_side_effects,
	clippy::indexing_slicing,
	reason = "a stage that can't be set ends the benchmark"
)]

use crate::{
	AccountId, AllPalletsWithSystem, Attribution, Balance, Balances, Datanets, Hash, Inference,
	Models, OPEN, Runtime, RuntimeOrigin, RuntimeParameters, System,
	configs::{
		parameters::{DEFAULT_SPLIT, dynamic_params},
		tokens::VerifiersAccount,
	},
};
use alloc::{string::String, vec, vec::Vec};
use frame_benchmarking::{
	BenchmarkBatch, BenchmarkConfig, BenchmarkList, account, define_benchmarks,
};
use frame_support::{
	BoundedVec, assert_ok,
	traits::{
		Consideration, Get, Hooks, StorageInfo, StorageInfoTrait, WhitelistedStorageKeys,
		fungible::Mutate,
	},
};
use openledger_primitives_attribution::{
	Claim, IndexLeaf, RecordCredit,
	forgery::Forgery,
	omission::{Omission, ShownRecord},
};
use openledger_primitives_core::{
	Answer, ChallengeId, DatanetId, Endpoint, MAX_CREDITED, MAX_CREDITS, MAX_NAME, MAX_SKETCH,
	MAX_SNAPSHOTS, ModelId, Name, Prompt, RequestId, Sketch, Text,
	merkle::{MultiProof, Opened},
	model::{
		Arithmetic, IndexCommitment, LATEST_ARITHMETIC, Method, ModelSpec, PayBy, Price, Usage,
	},
	record::{
		Pair, RecordEntry, RecordLeaf, RecordRef, Snapshot, SnapshotRef, contribution_commitment,
	},
	traits::Models as _,
};
use pallet_datanets::{FrozenSnapshot, Kind, Policy};
use sp_runtime::Permill;

mod elections;
mod reference;

#[macro_use]
mod list {
	use super::*;

	define_benchmarks!(
		[reference, reference::Pallet::<Runtime>]
		[pallet_datanets, Datanets]
		[pallet_models, Models]
		[pallet_inference, Inference]
		[pallet_attribution, Attribution]
		[pallet_audits, crate::Audits]
		[pallet_duplicates, crate::Duplicates]
		[pallet_lots, crate::Lots]
		[pallet_receipts, crate::Receipts]
		[pallet_rewards, crate::Rewards]
		[pallet_voice, crate::Voice]
		[pallet_pauses, crate::Pauses]
		[pallet_parameters, crate::Parameters]
		[pallet_babe, crate::Babe]
		[pallet_grandpa, crate::Grandpa]
		[elections, elections::Pallet::<Runtime>]
	);
}

impl elections::Config for Runtime {}
impl reference::Config for Runtime {}

/// Every benchmark there is, and what is stored where.
pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

/// Runs one benchmark.
pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}

/// The largest parameter, and one of those that take a vetted call.
impl Default for RuntimeParameters {
	fn default() -> Self {
		let split = dynamic_params::rewards::Parameters::Split(
			dynamic_params::rewards::Split,
			Some(DEFAULT_SPLIT),
		);
		Self::Rewards(split)
	}
}

/// Arguments of spends from the treasury, which has one asset.
pub struct TreasuryArguments;

impl pallet_treasury::ArgumentsFactory<(), AccountId> for TreasuryArguments {
	fn create_asset_kind(_: u32) {}

	fn create_beneficiary(seed: [u8; 32]) -> AccountId {
		AccountId::new(seed)
	}
}

/// Models with the most data that a version can have: the most snapshots, an index as large as
/// numbers allow, and either the most credits or the longest sketches.
pub struct Stage;

/// The most credits, with sketches as long as these leave room for: the most proofs and payees.
const MOST_CREDITS: Method = Method {
	pay_by: PayBy::Records,
	credits: MAX_CREDITS as u8,
	dimension: (MAX_CREDITED / MAX_CREDITS) as u16,
};
/// The longest sketches, with as many credits as these leave room for: the most for each leaf.
const LONGEST_SKETCHES: Method = Method {
	pay_by: PayBy::Records,
	credits: (MAX_CREDITED / MAX_SKETCH) as u8,
	dimension: MAX_SKETCH as u16,
};

/// What an answer costs.
const FEE: Balance = OPEN;

/// The records that the stage has, one for each credit there can be. All others are made up.
const SHOWN: u32 = MAX_CREDITS;
/// The place of the first of them in the index: behind the records of the snapshots before.
const FIRST: u32 = MAX_SNAPSHOTS;
/// From one of them to the next, so that their paths meet as late as they can, and a proof of them all
/// has the most nodes.
const APART: u32 = u32::MAX / SHOWN + 1;
/// The one whose leaf is forged in the index with the longest sketches.
const FORGED: u32 = SHOWN - 1;
/// A node of a tree, or the root of a snapshot, of which nothing else is known.
const MADE_UP: Hash = Hash::repeat_byte(0xee);

fn rich(name: &'static str) -> AccountId {
	let who = account(name, 0, 0);
	Balances::set_balance(&who, 100_000_000 * OPEN);
	who
}

/// Registers as many verifiers as a first committee has.
fn verifiers() {
	let bond = dynamic_params::audits::MinBond::get();
	for n in 0..pallet_audits::COMMITTEE {
		let (who, agent): (AccountId, AccountId) =
			(account("verifier", n, 0), account("agent", n, 0));
		Balances::set_balance(&who, bond.saturating_mul(2));
		let who = RuntimeOrigin::signed(who);
		assert_ok!(crate::Audits::register_verifier(who, agent, bond));
	}
}

fn name() -> Name {
	Name::truncate_from(vec![b'a'; MAX_NAME as usize])
}

/// Freezes the tree with `root` over `count` records of a new Datanet of `owner`.
fn frozen(owner: &AccountId, root: impl FnOnce(DatanetId) -> Hash, count: u32) -> SnapshotRef {
	let datanet = pallet_datanets::NextDatanet::<Runtime>::get();
	assert_ok!(Datanets::create(
		RuntimeOrigin::signed(owner.clone()),
		name(),
		Text::default(),
		Kind::Text,
		Text::default(),
		Policy::Owner,
		BoundedVec::default(),
	));
	type Ticket = <Runtime as pallet_datanets::Config>::SnapshotConsideration;
	let ticket = Ticket::new(owner, FrozenSnapshot::<Runtime>::footprint()).unwrap();
	let frozen = FrozenSnapshot {
		snapshot: Snapshot { root: root(datanet), count, frozen_at: 1 },
		users: 0,
		depositor: owner.clone(),
		ticket,
	};
	pallet_datanets::Snapshots::<Runtime>::insert(datanet, 0, frozen);
	SnapshotRef { datanet, snapshot: 0 }
}

/// One of the records that the stage has.
fn record(datanet: DatanetId, nth: u32) -> RecordLeaf<AccountId> {
	RecordLeaf {
		datanet,
		index: nth * APART,
		contributor: account("contributor", nth, 0),
		content: Hash::repeat_byte(nth as u8),
		size: 1,
		committed_at: 1,
	}
}

fn index_leaf(datanet: DatanetId, nth: u32, dimension: u16) -> IndexLeaf {
	let record = record(datanet, nth);
	let position = FIRST + record.index;
	IndexLeaf {
		position,
		record: record.hash(),
		head: position,
		scale: u16::MAX,
		sketch: sketch(dimension),
	}
}

fn sketch(dimension: u16) -> Sketch {
	Sketch::truncate_from(vec![i8::MAX; dimension.into()])
}

/// The places of the records that the stage has, in a tree where the first of them is at `first`.
fn places(first: u32) -> Vec<u32> {
	(0..SHOWN).map(|nth| first + nth * APART).collect()
}

/// A tree of `count` leaves, of which the stage has those from `first` on and no other.
fn tree(count: u32, first: u32, leaf: impl Fn(u32) -> Hash) -> Opened {
	let places = places(first);
	let proof = MultiProof::of(count, &places, |_| Some(MADE_UP)).expect("has room for the most");
	proof.open(count, &places, (0..SHOWN).map(leaf)).expect("has the nodes that it takes")
}

fn records(datanet: DatanetId) -> Opened {
	tree(u32::MAX - FIRST, 0, |nth| record(datanet, nth).hash())
}

fn index(datanet: DatanetId, dimension: u16) -> Opened {
	tree(u32::MAX, FIRST, |nth| named(datanet, nth, dimension).hash())
}

/// What the index has of one of the records that the stage has: the last one's leaf names another
/// record than its snapshot. Only where fewer are credited, so that no claim shows it.
fn named(datanet: DatanetId, nth: u32, dimension: u16) -> IndexLeaf {
	let mut leaf = index_leaf(datanet, nth, dimension);
	if nth == FORGED && dimension == LONGEST_SKETCHES.dimension {
		leaf.record = MADE_UP;
	}
	leaf
}

fn root(tree: &Opened) -> Hash {
	tree.root().expect("has leaves")
}

/// The last Datanet of a version.
fn datanet(model: ModelId) -> DatanetId {
	Models::served(model).expect("published before").snapshots.last().expect("has the most").0
}

/// The claim on the records of the last Datanet of `model` with these numbers, best first.
fn claim(model: ModelId, method: Method, shown: impl Iterator<Item = u32>) -> Claim<AccountId> {
	let (datanet, dimension) = (datanet(model), method.dimension);
	let records: Vec<_> = shown
		.map(|nth| RecordCredit::new(index_leaf(datanet, nth, dimension), record(datanet, nth)))
		.collect();
	let positions: Vec<u32> = records.iter().map(|credit| credit.position).collect();
	let proof = index(datanet, dimension).prove_many(&positions);
	Claim {
		sketch: sketch(dimension),
		gain: dynamic_params::attribution::FullGain::get(),
		trace: Hash::repeat_byte(0x77),
		contributors: BoundedVec::default(),
		contributors_proof: MultiProof::default(),
		records: BoundedVec::truncate_from(records),
		records_proof: proof.expect("the stage has their leaves"),
		found: None,
	}
}

/// A record of the last Datanet of `model` with its proofs.
fn shown(model: ModelId, dimension: u16, nth: u32) -> ShownRecord<AccountId> {
	let datanet = datanet(model);
	let credit = RecordCredit::new(index_leaf(datanet, nth, dimension), record(datanet, nth));
	ShownRecord {
		proof: index(datanet, dimension).prove(credit.position).expect("the stage has it"),
		membership: records(datanet).prove(credit.record.index).expect("the stage has it"),
		credit,
	}
}

/// A new published version at `price` that attributes by `method`.
fn published(price: Price, method: Method) -> ModelId {
	let owner = rich("model owner");
	let signed = || RuntimeOrigin::signed(owner.clone());
	// Nobody computes again what is made up.
	assert_ok!(crate::Parameters::set_parameter(
		pallet_voice::Origin::Vetted.into(),
		RuntimeParameters::Audits(dynamic_params::audits::Parameters::ModelsRate(
			dynamic_params::audits::ModelsRate,
			Some(Permill::zero()),
		)),
	));
	let base = pallet_models::NextBase::<Runtime>::get();
	let royalty = Permill::from_percent(5);
	assert_ok!(Models::register_base(signed(), name(), name(), MADE_UP, MADE_UP, royalty));

	// All records before the last snapshot's: one of each, and one more.
	let before = |nth: u32| if nth == 0 { 2 } else { 1 };
	let mut snapshots: Vec<SnapshotRef> =
		(1..MAX_SNAPSHOTS).map(|nth| frozen(&owner, |_| MADE_UP, before(nth - 1))).collect();
	snapshots.push(frozen(&owner, |datanet| root(&records(datanet)), u32::MAX - FIRST));
	let datanet = snapshots.last().expect("just pushed").datanet;

	let model = pallet_models::NextModel::<Runtime>::get();
	let spec = ModelSpec {
		base,
		parent: None,
		adapter: MADE_UP,
		rank: 8,
		manifest: MADE_UP,
		snapshots: BoundedVec::truncate_from(snapshots),
		method,
		arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
	};
	assert_ok!(Models::register(signed(), name(), spec, price));
	let index = IndexCommitment {
		records_root: root(&index(datanet, method.dimension)),
		records: u32::MAX,
		contributors_root: MADE_UP,
		contributors: SHOWN,
		floor_ppm: 100_000,
		file: MADE_UP,
	};
	assert_ok!(Models::commit_index(signed(), model, index));
	assert_ok!(Models::publish(signed(), model));
	model
}

impl pallet_models::BenchmarkHelper for Stage {
	fn snapshot() -> SnapshotRef {
		frozen(&rich("datanet owner"), |_| MADE_UP, 1)
	}

	fn verifiers() {
		verifiers();
	}
}

impl pallet_inference::benchmarking::Helper<AccountId> for Stage {
	fn published() -> ModelId {
		// An answer brings every contributor enough to have a voice for it.
		let price = dynamic_params::inference::MinFee::get().saturating_mul(100);
		published(Price { prompt: price, output: price }, MOST_CREDITS)
	}

	fn claim(model: ModelId, _: &AccountId, credits: u32) -> Claim<AccountId> {
		claim(model, MOST_CREDITS, 0..credits.min(SHOWN))
	}

	fn finalize(request: RequestId) {
		let claim = pallet_attribution::Claims::<Runtime>::get(request).expect("just answered");
		System::set_block_number(claim.final_at);
		<Self as pallet_attribution::benchmarking::Helper<AccountId>>::clear(request);
		assert_ok!(Attribution::finalize(RuntimeOrigin::signed(rich("anyone")), request));
	}
}

/// A new version that attributes by `method`, and an operator that serves it: the operator's agent.
fn served(method: Method) -> (ModelId, AccountId) {
	let model = published(Price { prompt: 0, output: FEE }, method);
	let (operator, agent) = (rich("operator"), rich("agent"));
	let bond = dynamic_params::inference::MinBond::get();
	let endpoint = Endpoint::truncate_from(b"http://operator.example:9955".to_vec());
	let signed = RuntimeOrigin::signed;
	assert_ok!(Inference::register_operator(
		signed(operator.clone()),
		agent.clone(),
		bond,
		endpoint,
		1,
	));
	assert_ok!(Inference::serve(signed(operator), BoundedVec::truncate_from(vec![model])));
	(model, agent)
}

/// An answered request, whose claim credits these records.
fn answered(
	(model, agent): &(ModelId, AccountId),
	method: Method,
	shown: impl Iterator<Item = u32>,
) -> RequestId {
	const TOKENS: u32 = 1_000;
	let signed = RuntimeOrigin::signed;
	let request = pallet_inference::NextRequest::<Runtime>::get();
	assert_ok!(Inference::request(
		signed(rich("payer")),
		*model,
		None,
		Prompt::truncate_from(vec![b'?'; 64]),
		TOKENS,
		2 * FEE,
		0,
		[request as u8; 32],
		dynamic_params::inference::MinDeadline::get(),
	));
	let claimed = claim(*model, method, shown);
	let answer = Answer::truncate_from(vec![b'!'; 64]);
	let usage = Usage { prompt: 1, output: TOKENS };
	assert_ok!(Inference::answer(signed(agent.clone()), request, answer, usage, claimed.into()));
	request
}

/// An answered request to a version that attributes by `method`, whose claim credits as many records as
/// it can but one; and that one.
fn challenged(method: Method) -> (RequestId, Omission<AccountId>) {
	let served = served(method);
	let request = answered(&served, method, 1..method.credits.into());
	(request, Omission::Record(shown(served.0, method.dimension, 0)))
}

impl pallet_attribution::benchmarking::Helper<AccountId> for Stage {
	fn challenged_with_most_credits() -> (RequestId, Omission<AccountId>) {
		challenged(MOST_CREDITS)
	}

	fn challenged_with_longest_sketches() -> (RequestId, Omission<AccountId>) {
		challenged(LONGEST_SKETCHES)
	}

	fn claimed(count: u32, contributors: u32) -> Vec<RequestId> {
		let served = served(MOST_CREDITS);
		(0..count).map(|_| answered(&served, MOST_CREDITS, 0..contributors)).collect()
	}

	fn clear(request: RequestId) {
		pallet_audits::Notes::<Runtime>::remove(request);
	}

	fn claimed_from_a_forged_index() -> (RequestId, Forgery) {
		let (request, _) = challenged(LONGEST_SKETCHES);
		let claim = pallet_attribution::Claims::<Runtime>::get(request).expect("just answered");
		let (datanet, dimension) = (datanet(claim.model), LONGEST_SKETCHES.dimension);
		let leaf = named(datanet, FORGED, dimension);
		let own = record(datanet, FORGED);
		let forgery = Forgery {
			proof: index(datanet, dimension).prove(leaf.position).expect("the stage has it"),
			leaf,
			membership: records(datanet).prove(own.index).expect("the stage has it"),
			record: own.hash(),
		};
		(request, forgery)
	}
}

impl pallet_audits::benchmarking::Helper<AccountId> for Stage {
	fn claimed() -> (RequestId, Claim<AccountId>) {
		use pallet_attribution::benchmarking::Helper as _;
		let (request, _) = Self::challenged_with_most_credits();
		let model =
			pallet_attribution::Claims::<Runtime>::get(request).expect("just answered").model;
		(request, claim(model, MOST_CREDITS, 0..SHOWN))
	}

	fn challenged() -> ChallengeId {
		let pair = copied();
		let (who, salt) = (rich("challenger"), [0; 32]);
		let signed = RuntimeOrigin::signed(who.clone());
		System::set_block_number(System::block_number() + 1);
		assert_ok!(crate::Duplicates::commit(signed.clone(), pair.commitment(&who, &salt)));
		System::set_block_number(System::block_number() + 1);
		let challenge = pallet_duplicates::NextChallenge::<Runtime>::get();
		assert_ok!(crate::Duplicates::open(signed, pair, salt));
		challenge
	}

	fn accrue(amount: Balance) {
		Balances::mint_into(&crate::Rewards::account(), amount).unwrap();
		pallet_rewards::TotalAccrued::<Runtime>::mutate(|total| *total += amount);
		pallet_rewards::Accrued::<Runtime>::mutate(VerifiersAccount::get(), |accrued| {
			accrued.amount += amount;
		});
	}

	fn end_rounds() {
		let length = dynamic_params::audits::RoundLength::get();
		for _ in 0..=2 * length {
			let next = System::block_number() + 1;
			System::set_block_number(next);
			crate::Lots::on_initialize(next);
		}
	}
}

/// The largest contribution that there can be, in the tree of a new Datanet. Returns its last record.
fn contributed(name: &'static str, first: u64, at: u32) -> RecordRef {
	let owner = rich(name);
	let datanet = pallet_datanets::NextDatanet::<Runtime>::get();
	assert_ok!(Datanets::create(
		RuntimeOrigin::signed(owner.clone()),
		self::name(),
		Text::default(),
		Kind::Text,
		Text::default(),
		Policy::Owner,
		BoundedVec::default(),
	));
	let most: u32 = <Runtime as pallet_datanets::Config>::MaxRecords::get();
	let records: Vec<_> = (0..u64::from(most))
		.map(|nth| RecordEntry {
			content: sp_io::hashing::blake2_256(&(first + nth).to_be_bytes()).into(),
			size: 1,
		})
		.collect();
	let signed = RuntimeOrigin::signed(owner.clone());
	System::set_block_number(at);
	let commitment = contribution_commitment(&records, &owner, &[0; 32]);
	assert_ok!(Datanets::commit(signed.clone(), datanet, commitment));
	System::set_block_number(at + 1);
	let records = BoundedVec::truncate_from(records);
	assert_ok!(Datanets::reveal(signed.clone(), datanet, records, [0; 32]));
	System::set_block_number(at + dynamic_params::datanets::RevealPeriod::get());
	assert_ok!(Datanets::accept(signed, datanet, 0));
	RecordRef { datanet, index: most - 1 }
}

/// The last record of the largest contribution, and of another one that was committed later.
fn copied() -> Pair {
	let earlier = contributed("author", 0, 1);
	let later = contributed("copyist", 1_000, System::block_number() + 1);
	Pair { later, earlier }
}

impl pallet_duplicates::benchmarking::Helper<AccountId> for Stage {
	fn records() -> Pair {
		verifiers();
		copied()
	}

	fn fund(who: &AccountId, balance: Balance) {
		Balances::set_balance(who, balance);
	}
}

impl pallet_receipts::benchmarking::Helper<AccountId> for Stage {
	fn served(fees: Balance) -> (ModelId, AccountId, AccountId) {
		use dynamic_params::receipts::{Open, Parameters};
		assert_ok!(crate::Parameters::set_parameter(
			pallet_voice::Origin::Vetted.into(),
			RuntimeParameters::Receipts(Parameters::Open(Open, Some(true))),
		));
		let model = <Self as pallet_inference::benchmarking::Helper<AccountId>>::published();
		let (operator, agent) = (rich("operator"), rich("agent"));
		// A bond of which the part that may be exposed is as much as the fees.
		let exposed = dynamic_params::inference::MaxExposure::get();
		let bond = exposed
			.saturating_reciprocal_mul(fees)
			.saturating_add(dynamic_params::inference::MinBond::get());
		Balances::set_balance(&operator, bond.saturating_mul(2).max(100_000_000 * OPEN));
		let endpoint = Endpoint::truncate_from(b"http://operator.example:9955".to_vec());
		let signed = RuntimeOrigin::signed;
		assert_ok!(Inference::register_operator(
			signed(operator.clone()),
			agent.clone(),
			bond,
			endpoint,
			1,
		));
		let models = BoundedVec::truncate_from(vec![model]);
		assert_ok!(Inference::serve(signed(operator.clone()), models));
		(model, operator, agent)
	}

	fn claim(model: ModelId, payer: &AccountId, credits: u32) -> Claim<AccountId> {
		<Self as pallet_inference::benchmarking::Helper<AccountId>>::claim(model, payer, credits)
	}

	fn draw(_: openledger_primitives_core::RoundId) {
		<Self as pallet_audits::benchmarking::Helper<AccountId>>::end_rounds();
	}

	fn finalize(draw: RequestId) {
		<Self as pallet_inference::benchmarking::Helper<AccountId>>::finalize(draw);
	}
}
