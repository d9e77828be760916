//! What was left out: a leaf that the claim should have credited replaces what it displaces
//! (specification: Verification, second row).

use crate::{
	claim::{ContributorCredit, Credit, Evidence, RecordCredit},
	split::largest_remainder,
	verify::{Refusal, Terms, precedes},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::{Balance, merkle::Proof, model::PayBy};
use scale_info::TypeInfo;

/// A training record shown with its proofs. A correction pays at once and at an operator's expense, so
/// that, unlike a claim's, its records are shown to be the snapshots' own.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ShownRecord<AccountId> {
	/// The record.
	pub credit: RecordCredit<AccountId>,
	/// Its leaf's membership in the index.
	pub proof: Proof,
	/// Its membership in the snapshot that holds the position.
	pub membership: Proof,
}

/// A contributor shown with its proof.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ShownContributor<AccountId> {
	/// The contributor.
	pub credit: ContributorCredit<AccountId>,
	/// Its membership in the tree of contributors.
	pub proof: Proof,
}

/// The leaf that a claim left out.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant, reason = "call arguments are boxed by the call as a whole")]
pub enum Omission<AccountId> {
	/// A record, where records are paid.
	Record(ShownRecord<AccountId>),
	/// A contributor, where contributors are paid, and one record that shows it contributed.
	Contributor(ShownContributor<AccountId>, ShownRecord<AccountId>),
}

/// A claim corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced<AccountId> {
	/// What is paid now, best first.
	pub paid: Vec<Credit<AccountId>>,
	/// The record that the correction shows.
	pub evidence: Evidence<AccountId>,
	/// The place of the omitted leaf in `paid`.
	pub at: usize,
}

impl<AccountId> Replaced<AccountId> {
	/// What the omitted leaf would have lost of `at_stake`, the contributors' part of the fee before the
	/// lift, in the same unit.
	pub fn lost(&self, at_stake: Balance) -> Balance {
		let weights: Vec<u64> = self.paid.iter().map(|credit| credit.weight).collect();
		largest_remainder(at_stake, &weights).get(self.at).copied().unwrap_or(0)
	}
}

/// Corrects `paid`, the verified credits of a claim with the query `sketch`, by `omission`.
///
/// The omitted leaf counts where it exceeds its floor and either fewer leaves are credited than
/// the method allows, or it precedes the last of them, which then drops out.
pub fn replace<AccountId: Encode + Clone + PartialEq>(
	terms: &Terms,
	payer: &AccountId,
	sketch: &[i8],
	paid: &[Credit<AccountId>],
	omission: &Omission<AccountId>,
) -> Result<Replaced<AccountId>, Refusal> {
	terms.check()?;
	terms.check_query(sketch)?;
	let (credit, shown) = match (omission, terms.method.pay_by) {
		(Omission::Record(shown), PayBy::Records) => {
			let of = &shown.credit;
			let (score, weight) = terms.weigh_record(payer, sketch, of)?;
			let weight = weight.ok_or(Refusal::BelowFloor)?;
			let account = of.record.contributor.clone();
			(Credit { position: of.position, account, score, weight }, shown)
		}
		(Omission::Contributor(contributor, shown), PayBy::Contributors) => {
			let credit = &contributor.credit;
			let (score, weight) = terms.weigh_contributor(payer, sketch, credit)?;
			let weight = weight.ok_or(Refusal::BelowFloor)?;
			if shown.credit.record.contributor != credit.leaf.account {
				return Err(Refusal::NoWitness);
			}
			let account = credit.leaf.account.clone();
			if paid.iter().any(|other| other.account == account) {
				return Err(Refusal::AlreadyCredited);
			}
			(Credit { position: credit.position, account, score, weight }, shown)
		}
		_ => return Err(Refusal::WrongMethod),
	};
	if paid.iter().any(|other| other.position == credit.position) {
		return Err(Refusal::AlreadyCredited);
	}
	let key = (credit.score, credit.position);
	let at = paid
		.iter()
		.position(|other| precedes(key, (other.score, other.position)))
		.unwrap_or(paid.len());
	if at >= usize::from(terms.method.credits) {
		return Err(Refusal::NotBetter);
	}
	if let Omission::Contributor(contributor, _) = omission {
		terms.prove_contributor(contributor)?;
	}
	let (record_score, _) = terms.weigh_record(payer, sketch, &shown.credit)?;
	terms.prove_record(shown)?;
	let mut corrected = paid.to_vec();
	corrected.insert(at, credit);
	corrected.truncate(terms.method.credits.into());
	let record = &shown.credit.record;
	let evidence = Evidence {
		position: shown.credit.position,
		datanet: record.datanet,
		index: record.index,
		contributor: record.contributor.clone(),
		content: record.content,
		score: record_score,
	};
	Ok(Replaced { paid: corrected, evidence, at })
}
