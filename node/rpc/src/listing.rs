//! JSON of Datanets, models, operators and rewards.

use crate::audit::Standing;
use openledger_primitives_api::{
	BaseInfo, ContributionInfo, DatanetInfo, ModelInfo, OperatorInfo, Quote as QuoteInfo,
	RewardsInfo,
};
use openledger_primitives_core::{
	Balance, Hash,
	model::{
		Arithmetic, IndexCommitment, Method as MethodInfo, ModelStatus, PayBy, Price as PriceInfo,
		Retrieval as RetrievalInfo,
	},
	record::{RecordEntry, RecordLeaf},
};
use serde::{Deserialize, Serialize};
use sp_core::crypto::{AccountId32, Ss58Codec};

/// An amount in the smallest unit of OPEN, as a decimal string.
pub(crate) fn amount(amount: Balance) -> String {
	amount.to_string()
}

/// An account as an SS58 address.
pub(crate) fn address(account: &AccountId32) -> String {
	account.to_ss58check()
}

/// A Datanet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Datanet {
	/// Its number.
	pub id: u32,
	/// Its owner.
	pub owner: String,
	/// Its name.
	pub name: String,
	/// What it holds.
	pub description: String,
	/// The kind of records.
	pub kind: String,
	/// The terms that contributors agree to.
	pub terms: String,
	/// Who accepts contributions.
	pub policy: String,
	/// The curators.
	pub curators: Vec<String>,
	/// Whether it takes contributions no more.
	pub closed: bool,
	/// Root over its record leaves.
	pub root: Hash,
	/// How many records it holds.
	pub records: u32,
	/// How many contributions it has seen.
	pub contributions: u32,
	/// Its snapshots.
	pub snapshots: Vec<Snapshot>,
}

/// A frozen tree of a Datanet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
	/// Its number within the Datanet.
	pub id: u32,
	/// Root over the record leaves.
	pub root: Hash,
	/// How many leaves the root covers.
	pub count: u32,
	/// The block it was frozen at.
	pub frozen_at: u32,
}

impl From<DatanetInfo<AccountId32>> for Datanet {
	fn from(info: DatanetInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			owner: address(&info.owner),
			name: info.name,
			description: info.description,
			kind: info.kind,
			terms: info.terms,
			policy: info.policy,
			curators: info.curators.iter().map(address).collect(),
			closed: info.closed,
			root: info.root,
			records: info.records,
			contributions: info.contributions,
			snapshots: info
				.snapshots
				.into_iter()
				.map(|(id, snapshot)| Snapshot {
					id,
					root: snapshot.root,
					count: snapshot.count,
					frozen_at: snapshot.frozen_at,
				})
				.collect(),
		}
	}
}

/// A contribution to a Datanet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contribution {
	/// Its number within the Datanet.
	pub id: u32,
	/// Who made it.
	pub contributor: String,
	/// The block of its first step.
	pub committed_at: u32,
	/// How far it is.
	pub status: String,
	/// From which block on it can be accepted.
	pub acceptable_at: u32,
	/// Where its records start in the tree, once accepted.
	pub first_index: Option<u32>,
	/// Its records.
	pub records: Vec<Entry>,
}

/// A record as it is contributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
	/// blake2b-256 of the content.
	pub content: Hash,
	/// Bytes of the content.
	pub size: u32,
}

impl From<ContributionInfo<AccountId32>> for Contribution {
	fn from(info: ContributionInfo<AccountId32>) -> Self {
		let entry = |record: RecordEntry| Entry { content: record.content, size: record.size };
		Self {
			id: info.id,
			contributor: address(&info.contributor),
			committed_at: info.committed_at,
			status: info.status,
			acceptable_at: info.acceptable_at,
			first_index: info.first_index,
			records: info.records.into_iter().map(entry).collect(),
		}
	}
}

/// A record in its Datanet's tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
	/// The Datanet.
	pub datanet: u32,
	/// Its place in the tree.
	pub index: u32,
	/// Who contributed it.
	pub contributor: String,
	/// blake2b-256 of the content.
	pub content: Hash,
	/// Bytes of the content.
	pub size: u32,
	/// The block of the contribution's first step.
	pub committed_at: u32,
}

impl From<RecordLeaf<AccountId32>> for Record {
	fn from(leaf: RecordLeaf<AccountId32>) -> Self {
		Self {
			datanet: leaf.datanet,
			index: leaf.index,
			contributor: address(&leaf.contributor),
			content: leaf.content,
			size: leaf.size,
			committed_at: leaf.committed_at,
		}
	}
}

/// A base model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
	/// Its number.
	pub id: u32,
	/// Who earns its royalty.
	pub owner: String,
	/// Its name.
	pub name: String,
	/// Its architecture.
	pub architecture: String,
	/// blake2b-256 of its weights file.
	pub weights: Hash,
	/// blake2b-256 of its tokenizer file.
	pub tokenizer: Hash,
	/// Its royalty in millionths of the owner's part.
	pub royalty_ppm: u32,
}

impl From<BaseInfo<AccountId32>> for Base {
	fn from(info: BaseInfo<AccountId32>) -> Self {
		Self {
			id: info.id,
			owner: address(&info.owner),
			name: info.name,
			architecture: info.architecture,
			weights: info.weights,
			tokenizer: info.tokenizer,
			royalty_ppm: info.royalty_ppm,
		}
	}
}

/// A model version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
	/// Its number.
	pub id: u32,
	/// Its owner.
	pub owner: String,
	/// Its name.
	pub name: String,
	/// draft, indexed, published, deprecated, retired or condemned.
	pub status: String,
	/// The base.
	pub base: u32,
	/// The version that this one continues.
	pub parent: Option<u32>,
	/// blake2b-256 of the adapter blob.
	pub adapter: Hash,
	/// The adapter's rank.
	pub rank: u16,
	/// blake2b-256 of the training manifest.
	pub manifest: Hash,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: Vec<SnapshotRef>,
	/// How answers are attributed.
	pub method: Method,
	/// How answers are computed: canonical-2, whose bits are the same everywhere, or tolerant.
	pub arithmetic: String,
	/// What an answer costs.
	pub price: Price,
	/// The seed of the index's projection.
	pub projection: Hash,
	/// Its committed index.
	pub index: Option<Index>,
	/// What finds records for its prompts: none where no records are put there, or the runtime knows of none.
	#[serde(default)]
	pub retrieval: Option<Retrieval>,
	/// Settled answers.
	pub answers: u64,
	/// Fees settled.
	pub fees: String,
	/// Of these, what its contributors were paid.
	pub to_contributors: String,
	/// What stands behind its index, where it has one and the runtime says so.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub standing: Option<Standing>,
}

/// Names a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotRef {
	/// The Datanet.
	pub datanet: u32,
	/// The snapshot within it.
	pub snapshot: u32,
}

/// How a model version attributes its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
	/// contributors or records.
	pub pay_by: String,
	/// The most leaves that one answer credits.
	pub credits: u8,
	/// Components of a sketch.
	pub dimension: u16,
}

/// What 1,000 tokens cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
	/// Of prompt.
	pub prompt: String,
	/// Of answer.
	pub output: String,
}

impl From<PriceInfo> for Price {
	fn from(price: PriceInfo) -> Self {
		Self { prompt: amount(price.prompt), output: amount(price.output) }
	}
}

/// The commitment to an attribution index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
	/// Root over the index leaves.
	pub records_root: Hash,
	/// How many there are.
	pub records: u32,
	/// Root over the contributor leaves.
	pub contributors_root: Hash,
	/// How many there are.
	pub contributors: u32,
	/// The floor, in millionths of |query|·|leaf|.
	pub floor_ppm: u32,
	/// blake2b-256 of the index file.
	pub file: Hash,
}

impl From<IndexCommitment> for Index {
	fn from(index: IndexCommitment) -> Self {
		Self {
			records_root: index.records_root,
			records: index.records,
			contributors_root: index.contributors_root,
			contributors: index.contributors,
			floor_ppm: index.floor_ppm,
			file: index.file,
		}
	}
}

/// How records are found for prompts, and what those in a prompt are paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retrieval {
	/// The most records that one prompt holds.
	pub most: u8,
	/// Components of a sketch.
	pub dimension: u16,
	/// What records in a prompt have of the contributors' part, in millionths.
	pub part_ppm: u32,
	/// blake2b-256 of the lens.
	pub lens: Hash,
	/// The index over the records' texts.
	pub index: Index,
}

impl From<RetrievalInfo> for Retrieval {
	fn from(info: RetrievalInfo) -> Self {
		let RetrievalInfo { most, dimension, part, lens, index } = info;
		Self { most, dimension, part_ppm: part.deconstruct(), lens, index: index.into() }
	}
}

impl From<MethodInfo> for Method {
	fn from(method: MethodInfo) -> Self {
		let pay_by = match method.pay_by {
			PayBy::Contributors => "contributors",
			PayBy::Records => "records",
		};
		Self { pay_by: pay_by.into(), credits: method.credits, dimension: method.dimension }
	}
}

impl From<ModelInfo<AccountId32>> for Model {
	fn from(info: ModelInfo<AccountId32>) -> Self {
		let status = match info.status {
			ModelStatus::Draft => "draft",
			ModelStatus::Indexed => "indexed",
			ModelStatus::Published => "published",
			ModelStatus::Deprecated => "deprecated",
			ModelStatus::Retired => "retired",
			ModelStatus::Condemned => "condemned",
		};
		let spec = info.spec;
		Self {
			id: info.id,
			owner: address(&info.owner),
			name: info.name,
			status: status.into(),
			base: spec.base,
			parent: spec.parent,
			adapter: spec.adapter,
			rank: spec.rank,
			manifest: spec.manifest,
			snapshots: spec
				.snapshots
				.into_iter()
				.map(|named| SnapshotRef { datanet: named.datanet, snapshot: named.snapshot })
				.collect(),
			method: spec.method.into(),
			arithmetic: match spec.arithmetic {
				Arithmetic::Canonical(number) => format!("canonical-{number}"),
				Arithmetic::Tolerant => "tolerant".into(),
			},
			price: info.price.into(),
			projection: info.projection,
			index: info.index.map(Index::from),
			retrieval: None,
			answers: info.answers,
			fees: amount(info.fees),
			to_contributors: amount(info.to_contributors),
			standing: None,
		}
	}
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
	/// The operator.
	pub account: String,
	/// The hot key its worker signs with.
	pub agent: String,
	/// Where its worker is reached over HTTP.
	pub endpoint: String,
	/// What it has at stake.
	pub bond: String,
	/// The most requests it takes on at once.
	pub capacity: u32,
	/// Requests it has to answer now.
	pub open: u32,
	/// Requests answered.
	pub answered: u64,
	/// Requests let expire since its last penalty.
	pub missed: u32,
	/// Whether it takes no new requests.
	pub leaving: bool,
	/// The model versions it serves.
	pub models: Vec<u32>,
}

impl From<OperatorInfo<AccountId32>> for Operator {
	fn from(info: OperatorInfo<AccountId32>) -> Self {
		Self {
			account: address(&info.account),
			agent: address(&info.agent),
			endpoint: info.endpoint,
			bond: amount(info.bond),
			capacity: info.capacity,
			open: info.open,
			answered: info.answered,
			missed: info.missed,
			leaving: info.leaving,
			models: info.models,
		}
	}
}

/// What an answer would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
	/// The fee.
	pub fee: String,
	/// The price it follows from.
	pub price: Price,
	/// Operators with room for it now, the least busy first.
	pub operators: Vec<String>,
}

impl From<QuoteInfo<AccountId32>> for Quote {
	fn from(quote: QuoteInfo<AccountId32>) -> Self {
		Self {
			fee: amount(quote.fee),
			price: quote.price.into(),
			operators: quote.operators.iter().map(address).collect(),
		}
	}
}

/// What an account has accrued, and who is paid it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rewards {
	/// Accrued and not yet paid out.
	pub accrued: String,
	/// Paid out so far of what it had accrued, to whomever.
	pub paid: String,
	/// Who is paid in its place, where it named somebody.
	pub payee: Option<String>,
	/// Whether a deposit is held from it, for which its entry stays when it is paid out.
	pub open: bool,
}

impl From<RewardsInfo<AccountId32>> for Rewards {
	fn from(info: RewardsInfo<AccountId32>) -> Self {
		Self {
			accrued: amount(info.accrued),
			paid: amount(info.paid),
			payee: info.payee.as_ref().map(address),
			open: info.open,
		}
	}
}
