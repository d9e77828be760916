//! Verification of a claim: everything that the runtime can know by itself.

use crate::{
	claim::{Claim, ContributorCredit, Credit, Evidence, RecordCredit},
	found::{self, Found, Retrieved},
	omission::{ShownContributor, ShownRecord},
	score,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use openledger_primitives_core::{
	DatanetId, Hash,
	merkle::{MultiProof, Proof},
	model::{IndexCommitment, Method, PayBy, Retrieval},
	record::Snapshot,
};
use scale_info::TypeInfo;

/// What a claim is verified against: a model version's committed data.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
	/// How answers are attributed.
	pub method: Method,
	/// The committed index.
	pub index: IndexCommitment,
	/// The snapshots trained on, in the manifest's order.
	pub snapshots: &'a [(DatanetId, Snapshot)],
	/// What finds records for prompts, where any are put there.
	pub retrieval: Option<Retrieval>,
}

/// Why a claim, or the evidence of a challenge, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Refusal {
	/// The model version's own terms can't be met: a method out of range
	/// ([`openledger_primitives_core::model::MethodRefusal`]), or an index that doesn't cover its
	/// snapshots.
	BadTerms,
	/// The query sketch's length is not the method's dimension.
	QueryLength,
	/// A leaf's sketch has another length than the query's.
	LeafLength,
	/// A component of a sketch is −128.
	Asymmetric,
	/// More leaves are credited, or more records shown, than the method allows.
	TooManyCredits,
	/// Contributors are credited where records are paid, or the other way round.
	WrongMethod,
	/// The leaves are not ordered by score, then position, or one stands twice.
	Unordered,
	/// A paid leaf's score doesn't exceed its floor.
	BelowFloor,
	/// A record that is not the head of its cluster is credited.
	NotHead,
	/// The position lies in no snapshot, or the record shown is not the one at that position.
	WrongPosition,
	/// The index leaves' proof fails: one of them is not in the index, or names another record than
	/// the one shown.
	NotInIndex,
	/// A record leaf's proof fails.
	NotInSnapshot,
	/// The contributor leaves' proof fails.
	NotAContributor,
	/// A contributor is paid twice.
	PaidTwice,
	/// A contributor is paid without one record that shows it contributed.
	NoWitness,
	/// The payer's own records or leaf are credited.
	Payer,
	/// The leaf is already credited.
	AlreadyCredited,
	/// The leaf doesn't come before the last one credited.
	NotBetter,
	/// The index leaf names the snapshot's own record: it is not forged.
	TrueLeaf,
	/// The model version puts records into prompts and the claim doesn't say which, or the other way round.
	Retrieval,
	/// The question's sketch is not the one that the claim was made with.
	OtherQuestion,
}

/// What a verified claim credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<AccountId> {
	/// What is paid, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The records that explain it, best first.
	pub evidence: Vec<Evidence<AccountId>>,
	/// The records that were put into the prompt, where the version puts any there.
	pub found: Option<Retrieved<AccountId>>,
}

impl<AccountId: Clone + PartialEq> Verified<AccountId> {
	/// The paid weights, one entry for each account, in order of first appearance.
	pub fn shares(&self) -> Vec<(AccountId, u64)> {
		shares(&self.paid)
	}
}

/// The weights of `paid`, one entry for each account, in order of first appearance.
pub fn shares<AccountId: Clone + PartialEq>(paid: &[Credit<AccountId>]) -> Vec<(AccountId, u64)> {
	let mut shares: Vec<(AccountId, u64)> = Vec::new();
	for credit in paid {
		match shares.iter_mut().find(|(account, _)| *account == credit.account) {
			Some((_, weight)) => *weight = weight.saturating_add(credit.weight),
			None => shares.push((credit.account.clone(), credit.weight)),
		}
	}
	shares
}

/// Credits and evidence, best first.
type Weighed<AccountId> = (Vec<Credit<AccountId>>, Vec<Evidence<AccountId>>);

impl Terms<'_> {
	/// Whether the terms can be met at all: methods in range, and as many leaves in each index as the snapshots
	/// hold records.
	pub fn check(&self) -> Result<(), Refusal> {
		let counted = self
			.snapshots
			.iter()
			.try_fold(0u32, |sum, (_, snapshot)| sum.checked_add(snapshot.count));
		self.method.check().map_err(|_| Refusal::BadTerms)?;
		if let Some(retrieval) = &self.retrieval {
			retrieval.check(&self.method).map_err(|_| Refusal::BadTerms)?;
		}
		let found = self.retrieval.as_ref().map_or(self.index.records, |of| of.index.records);
		let covered = counted == Some(self.index.records) && counted == Some(found);
		covered.then_some(()).ok_or(Refusal::BadTerms)
	}

	/// The snapshot that holds a position of the index, and the record's place in it.
	pub fn locate(&self, position: u32) -> Option<(DatanetId, Snapshot, u32)> {
		let mut rest = position;
		for (datanet, snapshot) in self.snapshots {
			match rest.checked_sub(snapshot.count) {
				Some(beyond) => rest = beyond,
				None => return Some((*datanet, *snapshot, rest)),
			}
		}
		None
	}

	/// Whether `sketch` has the method's length and no component of −128.
	pub(crate) fn check_query(&self, sketch: &[i8]) -> Result<(), Refusal> {
		if sketch.len() != usize::from(self.method.dimension) {
			return Err(Refusal::QueryLength);
		}
		if !score::is_symmetric(sketch) {
			return Err(Refusal::Asymmetric);
		}
		Ok(())
	}

	fn check_leaf(&self, sketch: &[i8]) -> Result<(), Refusal> {
		self.check_query(sketch).map_err(|refusal| match refusal {
			Refusal::QueryLength => Refusal::LeafLength,
			other => other,
		})
	}

	/// The score of a record leaf and its excess over the floor; checks all but the proofs.
	pub(crate) fn weigh_record<AccountId: Encode + PartialEq>(
		&self,
		payer: &AccountId,
		query: &[i8],
		credit: &RecordCredit<AccountId>,
	) -> Result<(i64, Option<u64>), Refusal> {
		self.check_leaf(&credit.sketch)?;
		if credit.head != credit.position {
			return Err(Refusal::NotHead);
		}
		if credit.record.contributor == *payer {
			return Err(Refusal::Payer);
		}
		let (datanet, _, index) = self.locate(credit.position).ok_or(Refusal::WrongPosition)?;
		if credit.record.datanet != datanet || credit.record.index != index {
			return Err(Refusal::WrongPosition);
		}
		let scale = u32::from(credit.scale);
		let score = score::score(query, scale, &credit.sketch);
		let floor = score::floor(query, scale, &credit.sketch, self.index.floor_ppm);
		Ok((score, score::excess(score, floor)))
	}

	/// The score of a contributor leaf and its excess over the floor; checks all but the proof.
	pub(crate) fn weigh_contributor<AccountId: PartialEq>(
		&self,
		payer: &AccountId,
		query: &[i8],
		credit: &ContributorCredit<AccountId>,
	) -> Result<(i64, Option<u64>), Refusal> {
		let leaf = &credit.leaf;
		self.check_leaf(&leaf.sketch)?;
		if leaf.account == *payer {
			return Err(Refusal::Payer);
		}
		let score = score::score(query, leaf.scale, &leaf.sketch);
		let floor = score::floor(query, leaf.scale, &leaf.sketch, self.index.floor_ppm);
		Ok((score, score::excess(score, floor)))
	}

	/// The proof of several index leaves.
	fn prove_records<AccountId: Encode>(
		&self,
		records: &[RecordCredit<AccountId>],
		proof: &MultiProof,
	) -> Result<(), Refusal> {
		let mut credits: Vec<_> = records.iter().collect();
		credits.sort_unstable_by_key(|credit| credit.position);
		let positions: Vec<u32> = credits.iter().map(|credit| credit.position).collect();
		let hashes = credits.iter().map(|credit| credit.hash());
		let (root, count) = (&self.index.records_root, self.index.records);
		let proven = proof.verify(root, count, &positions, hashes);
		proven.then_some(()).ok_or(Refusal::NotInIndex)
	}

	/// The records shown, best first, and where each is paid by itself its credit; checks all but the proofs.
	fn weigh_records<AccountId: Encode + Clone + PartialEq>(
		&self,
		payer: &AccountId,
		query: &[i8],
		records: &[RecordCredit<AccountId>],
	) -> Result<Weighed<AccountId>, Refusal> {
		if records.len() > usize::from(self.method.credits) {
			return Err(Refusal::TooManyCredits);
		}
		let pays_records = self.method.pay_by == PayBy::Records;
		let (mut paid, mut evidence) = (Vec::new(), Vec::<Evidence<AccountId>>::new());
		for credit in records {
			let (score, weight) = self.weigh_record(payer, query, credit)?;
			let (position, record) = (credit.position, &credit.record);
			if evidence
				.last()
				.is_some_and(|last| !precedes((last.score, last.position), (score, position)))
			{
				return Err(Refusal::Unordered);
			}
			if pays_records {
				let weight = weight.ok_or(Refusal::BelowFloor)?;
				let account = record.contributor.clone();
				paid.push(Credit { position, account, score, weight });
			}
			evidence.push(Evidence {
				position,
				datanet: record.datanet,
				index: record.index,
				contributor: record.contributor.clone(),
				content: record.content,
				score,
			});
		}
		Ok((paid, evidence))
	}

	/// The records that were put into a prompt, by the terms of what is found; checks all but the proofs.
	fn weigh_found<AccountId: Encode + Clone + PartialEq>(
		&self,
		payer: &AccountId,
		found: &Found<AccountId>,
	) -> Result<Retrieved<AccountId>, Refusal> {
		self.check_query(&found.sketch)?;
		let (paid, evidence) = self.weigh_records(payer, &found.sketch, &found.records)?;
		Ok(Retrieved { paid, evidence })
	}

	/// The proof of several contributors.
	fn prove_contributors<AccountId: Encode>(
		&self,
		claim: &Claim<AccountId>,
	) -> Result<(), Refusal> {
		let mut credits: Vec<_> = claim.contributors.iter().collect();
		credits.sort_unstable_by_key(|credit| credit.position);
		let positions: Vec<u32> = credits.iter().map(|credit| credit.position).collect();
		let hashes = credits.iter().map(|credit| credit.leaf.hash());
		let (root, count) = (&self.index.contributors_root, self.index.contributors);
		let proven = claim.contributors_proof.verify(root, count, &positions, hashes);
		proven.then_some(()).ok_or(Refusal::NotAContributor)
	}

	/// The proofs of a record: in the index, and in its snapshot.
	pub(crate) fn prove_record<AccountId: Encode>(
		&self,
		shown: &ShownRecord<AccountId>,
	) -> Result<(), Refusal> {
		let ShownRecord { credit, proof, membership } = shown;
		let (root, count) = (&self.index.records_root, self.index.records);
		if !proof.verify(root, count, credit.position, &credit.hash()) {
			return Err(Refusal::NotInIndex);
		}
		self.prove_membership(credit.position, &credit.record.hash(), membership)
	}

	/// The proof that a snapshot holds the record with this leaf hash at a position of the index.
	pub(crate) fn prove_membership(
		&self,
		position: u32,
		record: &Hash,
		membership: &Proof,
	) -> Result<(), Refusal> {
		let (_, snapshot, index) = self.locate(position).ok_or(Refusal::WrongPosition)?;
		let proven = membership.verify(&snapshot.root, snapshot.count, index, record);
		proven.then_some(()).ok_or(Refusal::NotInSnapshot)
	}

	/// The proof of a contributor.
	pub(crate) fn prove_contributor<AccountId: Encode>(
		&self,
		shown: &ShownContributor<AccountId>,
	) -> Result<(), Refusal> {
		let ShownContributor { credit, proof } = shown;
		let (root, count) = (&self.index.contributors_root, self.index.contributors);
		let proven = proof.verify(root, count, credit.position, &credit.leaf.hash());
		proven.then_some(()).ok_or(Refusal::NotAContributor)
	}
}

/// Whether `(score, position)` comes strictly before `next` in the rule's order.
pub(crate) fn precedes((score, position): (i64, u32), next: (i64, u32)) -> bool {
	score > next.0 || (score == next.0 && position < next.1)
}

/// Verifies `claim` on an answer paid for by `payer`. Lengths, order and scores come first: the
/// hashing of proofs starts only once everything cheap has held.
///
/// The payee of a record is the one that the index leaf names. Whether the snapshot holds the same
/// record is not verified: where it does not, the index is forged, and anyone can show so
/// ([`crate::forgery`]).
///
/// A claim without credits is a claim that nothing cleared the floor, and verifies.
pub fn verify<AccountId: Encode + Clone + PartialEq>(
	terms: &Terms,
	payer: &AccountId,
	claim: &Claim<AccountId>,
) -> Result<Verified<AccountId>, Refusal> {
	terms.check()?;
	terms.check_query(&claim.sketch)?;
	let credits = usize::from(terms.method.credits);
	let pays_records = terms.method.pay_by == PayBy::Records;
	if pays_records && !claim.contributors.is_empty() {
		return Err(Refusal::WrongMethod);
	}
	if claim.contributors.len() > credits {
		return Err(Refusal::TooManyCredits);
	}
	let mut paid: Vec<Credit<AccountId>> = Vec::new();
	for credit in &claim.contributors {
		let (score, weight) = terms.weigh_contributor(payer, &claim.sketch, credit)?;
		let weight = weight.ok_or(Refusal::BelowFloor)?;
		if paid
			.last()
			.is_some_and(|last| !precedes((last.score, last.position), (score, credit.position)))
		{
			return Err(Refusal::Unordered);
		}
		if paid.iter().any(|other| other.account == credit.leaf.account) {
			return Err(Refusal::PaidTwice);
		}
		paid.push(Credit {
			position: credit.position,
			account: credit.leaf.account.clone(),
			score,
			weight,
		});
	}
	let (credited, evidence) = terms.weigh_records(payer, &claim.sketch, &claim.records)?;
	paid.extend(credited);
	if paid.iter().any(|credit| !evidence.iter().any(|shown| shown.contributor == credit.account)) {
		return Err(Refusal::NoWitness);
	}
	let found = found::of(terms, claim)?;
	let retrieved = found
		.as_ref()
		.map(|(retrieving, found)| retrieving.weigh_found(payer, found))
		.transpose()?;
	terms.prove_contributors(claim)?;
	terms.prove_records(&claim.records, &claim.records_proof)?;
	if let Some((retrieving, found)) = &found {
		retrieving.prove_records(&found.records, &found.proof)?;
	}
	Ok(Verified { paid, evidence, found: retrieved })
}
