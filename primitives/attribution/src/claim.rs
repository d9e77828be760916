//! What an attribution index commits to, and what a claim shows of it.

pub mod v1;

use crate::found::Found;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{
	DatanetId, Hash, MAX_CREDITED, MAX_CREDITS, Sketch,
	merkle::{Domain, MultiProof, leaf_hash},
	record::RecordLeaf,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// A training record in a model version's index.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct IndexLeaf {
	/// The record's place in the training manifest, from zero: its place in the index's tree.
	pub position: u32,
	/// The record's leaf hash in its Datanet's tree.
	pub record: Hash,
	/// The position of the record's near-duplicate cluster's head; its own for a head.
	pub head: u32,
	/// The clipped size of the record's gradient, in the index's own unit. Zero for a record that
	/// is not a head.
	pub scale: u16,
	/// The direction of the record's projected gradient, −127…127 in each component.
	pub sketch: Sketch,
}

impl IndexLeaf {
	/// The leaf's hash in the index's tree.
	pub fn hash(&self) -> Hash {
		leaf_hash(Domain::Index, self)
	}
}

/// All of one contributor's records in a model version's index: the sum of `scale · sketch` over
/// the heads, rounded to bytes with one common scale ([`crate::contributor::sum`]).
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ContributorLeaf<AccountId> {
	/// The contributor.
	pub account: AccountId,
	/// The unit of the sketch.
	pub scale: u32,
	/// The rounded sum, −127…127 in each component.
	pub sketch: Sketch,
}

impl<AccountId: Encode> ContributorLeaf<AccountId> {
	/// The leaf's hash in the tree of contributors.
	pub fn hash(&self) -> Hash {
		leaf_hash(Domain::Contributor, self)
	}
}

/// A training record shown in a claim: its index leaf, with the record leaf in the place of that one's
/// hash.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RecordCredit<AccountId> {
	/// As in [`IndexLeaf::position`].
	pub position: u32,
	/// As in [`IndexLeaf::head`].
	pub head: u32,
	/// As in [`IndexLeaf::scale`].
	pub scale: u16,
	/// As in [`IndexLeaf::sketch`].
	pub sketch: Sketch,
	/// The record leaf, from which the payee is taken.
	pub record: RecordLeaf<AccountId>,
}

impl<AccountId: Encode> RecordCredit<AccountId> {
	/// `leaf`, which names `record` by its hash.
	pub fn new(leaf: IndexLeaf, record: RecordLeaf<AccountId>) -> Self {
		let IndexLeaf { position, head, scale, sketch, record: _ } = leaf;
		Self { position, head, scale, sketch, record }
	}

	/// The index leaf that names the record shown.
	pub fn leaf(&self) -> IndexLeaf {
		IndexLeaf {
			position: self.position,
			record: self.record.hash(),
			head: self.head,
			scale: self.scale,
			sketch: self.sketch.clone(),
		}
	}

	/// The index leaf's hash in the index's tree.
	pub fn hash(&self) -> Hash {
		let Self { position, head, scale, sketch, record } = self;
		// Encoded as the leaf is, without a copy of its sketch.
		leaf_hash(Domain::Index, &(position, record.hash(), head, scale, sketch))
	}
}

/// A contributor shown in a claim.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ContributorCredit<AccountId> {
	/// The leaf's place in the tree of contributors, from zero.
	pub position: u32,
	/// The contributor leaf.
	pub leaf: ContributorLeaf<AccountId>,
}

/// What comes with an answer: which leaves moved it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim<AccountId> {
	/// The query sketch.
	pub sketch: Sketch,
	/// Mean gain in log-probability of the answer's tokens under adapter over base, in thousandths
	/// of a nat for each token.
	pub gain: i32,
	/// A salted hash of the execution trace.
	pub trace: Hash,
	/// Where contributors are paid: the best of them, best first. Empty where records are paid.
	pub contributors: BoundedVec<ContributorCredit<AccountId>, ConstU32<MAX_CREDITS>>,
	/// Their membership in the tree of contributors, in ascending order of position.
	pub contributors_proof: MultiProof,
	/// The best records, best first. Where contributors are paid, each of them stands behind at
	/// least one. That they are the snapshots' own is not shown: anyone shows where one is not
	/// ([`crate::forgery`]).
	pub records: BoundedVec<RecordCredit<AccountId>, ConstU32<MAX_CREDITS>>,
	/// Their leaves' membership in the index, in ascending order of position.
	pub records_proof: MultiProof,
	/// What was put into the prompt, where the model version puts records there.
	pub found: Option<Found<AccountId>>,
}

/// Bytes that hashing a node of a proof is reckoned as: it takes more than as many bytes of a sketch do.
const NODE: usize = 48;
/// Bytes that a credit is reckoned as beside its sketch and its part of a proof: its record's leaf, its
/// place, and that it is in order.
const CREDIT: usize = 128;
/// The longest sketches of a claim with as many credits as there can be.
const SKETCH: usize = (MAX_CREDITED / MAX_CREDITS) as usize;
/// What a credit of such a claim is reckoned as, in a tree 32 deep, of which 16 leaves share the four levels
/// at the top.
const LARGEST: usize = SKETCH + CREDIT + 28 * NODE;

impl<AccountId> Claim<AccountId> {
	/// How much there is to verify, in credits of a claim with the most and the largest: with a sketch of
	/// `MAX_CREDITED / MAX_CREDITS` components and a part of 28 nodes in a proof. The sketches of answer and
	/// question count where they are longer than that.
	pub fn size(&self) -> u32 {
		let contributors = self.contributors.iter().map(|credit| &credit.leaf.sketch);
		let records = self.records.iter().map(|credit| &credit.sketch);
		let found = self.found.iter().flat_map(|found| &found.records).map(|credit| &credit.sketch);
		let shown = contributors.chain(records).chain(found);
		let credits = shown.map(|sketch| sketch.len().saturating_add(CREDIT));
		let proofs = [&self.contributors_proof, &self.records_proof];
		let proofs = proofs.into_iter().chain(self.found.iter().map(|found| &found.proof));
		let nodes = proofs.map(|proof| proof.nodes.len().saturating_mul(NODE));
		let queries =
			[&self.sketch].into_iter().chain(self.found.iter().map(|found| &found.sketch));
		let queries = queries.map(|sketch| sketch.len().saturating_sub(SKETCH));
		let all = credits.chain(nodes).chain(queries).fold(0, usize::saturating_add);
		all.div_ceil(LARGEST) as u32
	}
}

/// A leaf that is paid, as verified.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Credit<AccountId> {
	/// The leaf's place: in the index where records are paid, else among contributors.
	pub position: u32,
	/// Who is paid.
	pub account: AccountId,
	/// `scale · (query · sketch)`.
	pub score: i64,
	/// Score above the floor: the weight of this leaf's share.
	pub weight: u64,
}

/// A record that explains an answer, as verified.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence<AccountId> {
	/// The record's place in the index.
	pub position: u32,
	/// Its Datanet.
	pub datanet: DatanetId,
	/// Its place in the Datanet's tree.
	pub index: u32,
	/// Who contributed it.
	pub contributor: AccountId,
	/// blake2b-256 of its content.
	pub content: Hash,
	/// `scale · (query · sketch)`.
	pub score: i64,
}
