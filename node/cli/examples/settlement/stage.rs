//! A model version, its operator, payers and verifiers.

use crate::{
	Failure,
	blocks::{Chain, Taken, account, key},
	index::{DATANET, Ground},
};
use frame_support::traits::{Consideration, fungible::Mutate};
use openledger_primitives_core::{
	Endpoint, Hash, ModelId, Name, SessionId, Text,
	model::{Arithmetic, LATEST_ARITHMETIC, ModelSpec, Price},
	record::SnapshotRef,
	traits::RewardAccounts,
};
use openledger_runtime::{
	AccountId, Audits, Balance, Balances, Datanets, Inference, Models, OPEN, Parameters, Receipts,
	Rewards, Runtime, RuntimeOrigin, RuntimeParameters,
	dynamic_params::{audits, receipts},
};
use pallet_datanets::{FrozenSnapshot, Kind, Policy};
use sp_core::sr25519;
use sp_runtime::{BoundedVec, Permill};

/// A thousandth of an OPEN for the median exchange of 500 tokens.
pub const PRICE: Price = Price { prompt: OPEN / 500, output: OPEN / 500 };
/// What each account starts with. The operator's bond is a tenth of it.
const RICH: Balance = 10_000_000 * OPEN;
const ESCROW: Balance = 100_000 * OPEN;
/// Long enough for everything that is settled here.
const BLOCKS: u32 = 10_000;

/// Who takes part.
pub struct Stage {
	pub model: ModelId,
	pub operator: sr25519::Pair,
	pub agent: sr25519::Pair,
	/// Each with a session of the same place.
	pub payers: Vec<sr25519::Pair>,
}

fn signed(by: &sr25519::Pair) -> RuntimeOrigin {
	RuntimeOrigin::signed(account(by))
}

fn refused(error: impl core::fmt::Debug) -> Failure {
	format!("the stage can't be set: {error:?}").into()
}

fn endow(who: &AccountId) {
	Balances::set_balance(who, RICH);
}

fn published(owner: &sr25519::Pair, ground: &Ground) -> Result<ModelId, Failure> {
	let (name, anything) = (Name::truncate_from(b"settled".to_vec()), Hash::repeat_byte(9));
	let policy = Policy::Owner;
	Datanets::create(
		signed(owner),
		name.clone(),
		Text::default(),
		Kind::Text,
		Text::default(),
		policy,
		BoundedVec::default(),
	)
	.map_err(refused)?;
	type Ticket = <Runtime as pallet_datanets::Config>::SnapshotConsideration;
	let depositor = account(owner);
	let ticket =
		Ticket::new(&depositor, FrozenSnapshot::<Runtime>::footprint()).map_err(refused)?;
	// Bringing a million records through the pallet is not what is measured. What it would leave beside the
	// records are the accounts of their contributors.
	let frozen = FrozenSnapshot { snapshot: ground.snapshot(), users: 0, depositor, ticket };
	pallet_datanets::Snapshots::<Runtime>::insert(DATANET, 0, frozen);
	for contributor in Ground::contributors() {
		Balances::set_balance(&contributor, OPEN);
		Rewards::open(&contributor).map_err(refused)?;
	}
	let base = pallet_models::NextBase::<Runtime>::get();
	let royalty = Permill::from_percent(5);
	Models::register_base(signed(owner), name.clone(), name.clone(), anything, anything, royalty)
		.map_err(refused)?;
	let model = pallet_models::NextModel::<Runtime>::get();
	let snapshots = vec![SnapshotRef { datanet: DATANET, snapshot: 0 }];
	let spec = ModelSpec {
		base,
		parent: None,
		adapter: anything,
		rank: 8,
		manifest: anything,
		snapshots: BoundedVec::truncate_from(snapshots),
		method: Ground::method(),
		arithmetic: Arithmetic::Canonical(LATEST_ARITHMETIC),
	};
	Models::register(signed(owner), name, spec, PRICE).map_err(refused)?;
	Models::commit_index(signed(owner), model, ground.commitment()).map_err(refused)?;
	Models::publish(signed(owner), model).map_err(refused)?;
	Ok(model)
}

impl Stage {
	/// Sets the stage on a chain between two blocks.
	pub fn new(
		chain: &mut Chain,
		ground: &Ground,
		sessions: u32,
		verifiers: u32,
	) -> Result<Self, Failure> {
		let (owner, operator, agent) = (key("owner", 0), key("operator", 0), key("agent", 0));
		let payers: Vec<_> = (0..sessions).map(|number| key("payer", number)).collect();
		let model = chain.see(|| {
			[&owner, &operator, &agent]
				.into_iter()
				.chain(&payers)
				.for_each(|one| endow(&account(one)));
			let open = receipts::Parameters::Open(receipts::Open, Some(true));
			// Nobody executes an answer or a model version here, and no audit would come to its end: what those
			// of answers cost is added by what their steps weigh.
			let zero = Some(Permill::zero());
			for parameter in [
				RuntimeParameters::Receipts(open),
				RuntimeParameters::Audits(audits::Parameters::Rate(audits::Rate, zero)),
				RuntimeParameters::Audits(audits::Parameters::ModelsRate(audits::ModelsRate, zero)),
			] {
				let vetted = pallet_voice::Origin::Vetted.into();
				Parameters::set_parameter(vetted, parameter).map_err(refused)?;
			}
			let model = published(&owner, ground)?;
			let endpoint = Endpoint::truncate_from(b"http://operator.example:9955".to_vec());
			Inference::register_operator(
				signed(&operator),
				account(&agent),
				RICH / 10,
				endpoint,
				1,
			)
			.map_err(refused)?;
			let models = BoundedVec::truncate_from(vec![model]);
			Inference::serve(signed(&operator), models).map_err(refused)?;
			for number in 0..verifiers {
				let (verifier, agent) = (key("verifier", number), key("verifier's agent", number));
				endow(&account(&verifier));
				Audits::register_verifier(signed(&verifier), account(&agent), 2_000 * OPEN)
					.map_err(refused)?;
			}
			Ok::<_, Failure>(model)
		})?;
		Ok(Self { model, operator, agent, payers })
	}

	/// Opens a session of each payer in the open block, and says which the first is, and what it took.
	pub fn open(&self, chain: &mut Chain) -> Result<(SessionId, Vec<Taken>), Failure> {
		let first = chain.see(pallet_receipts::NextSession::<Runtime>::get);
		let mut taken = Vec::new();
		for payer in &self.payers {
			let call = pallet_receipts::Call::open_session {
				operator: account(&self.operator),
				model: self.model,
				signer: None,
				escrow: ESCROW,
				blocks: BLOCKS,
				private: false,
			};
			taken.push(chain.submit(payer, call)?);
		}
		Ok((first, taken))
	}

	/// Ends all sessions in the open block, and says what it took.
	pub fn close(&self, chain: &mut Chain) -> Result<Vec<Taken>, Failure> {
		let sessions: Vec<SessionId> =
			chain.see(|| pallet_receipts::Sessions::<Runtime>::iter_keys().collect());
		sessions
			.into_iter()
			.map(|session| {
				chain.submit(&self.agent, pallet_receipts::Call::close_session { session })
			})
			.collect()
	}
}

/// Whether everything that always holds of the pallets that settle holds.
pub fn check(chain: &mut Chain) -> Result<(), Failure> {
	use frame_support::traits::TryState;
	let number = chain.number();
	chain.see(|| {
		let all = frame_support::traits::TryStateSelect::All;
		Receipts::try_state(number, all.clone()).map_err(refused)?;
		openledger_runtime::Attribution::try_state(number, all.clone()).map_err(refused)?;
		openledger_runtime::Rewards::try_state(number, all).map_err(refused)
	})
}
