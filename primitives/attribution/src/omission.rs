//! What was left out: a leaf that the claim should have credited replaces what it displaces
//! (specification: Verification, second row).

use crate::{
	claim::{ContributorCredit, Credit, Evidence, RecordCredit},
	verify::{Refusal, Terms, precedes},
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives_core::model::PayBy;
use scale_info::TypeInfo;

/// The leaf that a claim left out.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(clippy::large_enum_variant, reason = "call arguments are boxed by the call as a whole")]
pub enum Omission<AccountId> {
	/// A record, where records are paid.
	Record(RecordCredit<AccountId>),
	/// A contributor, where contributors are paid, and one record that shows it contributed.
	Contributor(ContributorCredit<AccountId>, RecordCredit<AccountId>),
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
			let (score, weight) = terms.weigh_record(payer, sketch, shown)?;
			let weight = weight.ok_or(Refusal::BelowFloor)?;
			let account = shown.record.contributor.clone();
			(Credit { position: shown.leaf.position, account, score, weight }, shown)
		}
		(Omission::Contributor(credit, shown), PayBy::Contributors) => {
			let (score, weight) = terms.weigh_contributor(payer, sketch, credit)?;
			let weight = weight.ok_or(Refusal::BelowFloor)?;
			if shown.record.contributor != credit.leaf.account {
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
	if let Omission::Contributor(credit, _) = omission {
		terms.prove_contributor(credit)?;
	}
	let (record_score, _) = terms.weigh_record(payer, sketch, shown)?;
	terms.prove_record(shown)?;
	let mut corrected = paid.to_vec();
	corrected.insert(at, credit);
	corrected.truncate(terms.method.credits.into());
	let record = &shown.record;
	let evidence = Evidence {
		position: shown.leaf.position,
		datanet: record.datanet,
		index: record.index,
		contributor: record.contributor.clone(),
		content: record.content,
		score: record_score,
	};
	Ok(Replaced { paid: corrected, evidence, at })
}
