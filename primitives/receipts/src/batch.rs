//! The lines of a batch, and the numbering of its units.
//!
//! The units of a batch are those of its lines, one line after the other; the units of a line are
//! those of its session's tree from `from` up to, not including, `to`.

use crate::{Receipt, SumNode, SumProof};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::ops::Range;
use openledger_primitives_core::{Balance, Hash, SessionId};
use scale_info::TypeInfo;

/// What one voucher adds to a batch.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Line {
	/// The session.
	pub session: SessionId,
	/// The receipts that earlier batches covered: the position of the first new one.
	pub first: u32,
	/// The receipts of the voucher's tree.
	pub count: u32,
	/// What earlier batches settled.
	pub from: Balance,
	/// The voucher's amount.
	pub to: Balance,
	/// The voucher's root.
	pub root: Hash,
}

impl Line {
	/// How many units the line has.
	pub fn units(&self) -> Balance {
		self.to.saturating_sub(self.from)
	}

	/// The units of the session's tree that `receipt` covers, if it is one of this line's: one of its
	/// session, that no earlier batch covered, in the tree that the payer signed, and starting no
	/// earlier than the line. A receipt that the tree of an earlier voucher would have counted in
	/// part is refused: that tree was another one.
	pub fn interval(&self, receipt: &Receipt, proof: &SumProof) -> Option<Range<Balance>> {
		if receipt.session != self.session || receipt.position < self.first {
			return None;
		}
		let root = SumNode { hash: self.root, sum: self.to };
		proof
			.interval(&root, self.count, receipt.position, &receipt.leaf())
			.filter(|units| units.start >= self.from)
	}
}

/// How many units a batch has; `None` where they pass what a balance can hold.
pub fn total(lines: &[Line]) -> Option<Balance> {
	lines.iter().try_fold(0, |sum: Balance, line| sum.checked_add(line.units()))
}

/// The line that a batch's unit lies in, and that unit's number in the session's tree.
pub fn find(lines: &[Line], unit: Balance) -> Option<(&Line, Balance)> {
	let mut left = unit;
	for line in lines {
		match left.checked_sub(line.units()) {
			Some(beyond) => left = beyond,
			None => return Some((line, line.from.checked_add(left)?)),
		}
	}
	None
}

/// The units of a batch that `receipt` covers, if it is of one of its lines ([`Line::interval`]).
pub fn interval(lines: &[Line], receipt: &Receipt, proof: &SumProof) -> Option<Range<Balance>> {
	let at = lines.iter().position(|line| line.session == receipt.session)?;
	let (before, rest) = lines.split_at_checked(at)?;
	let line = rest.first()?;
	let units = line.interval(receipt, proof)?;
	let base = total(before)?;
	let place = |unit: Balance| base.checked_add(unit.checked_sub(line.from)?);
	Some(place(units.start)?..place(units.end)?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{prove::prove_slice, sum_tree::SumFrontier};
	use openledger_primitives_core::model::Usage;
	use std::vec::Vec;

	fn receipt(session: SessionId, position: u32, fee: Balance) -> Receipt {
		Receipt {
			session,
			position,
			model: 1,
			input: Hash::zero(),
			output: Hash::zero(),
			usage: Usage::default(),
			fee,
			claim: Hash::zero(),
		}
	}

	fn session(number: SessionId, fees: &[Balance]) -> Vec<Receipt> {
		(0..).zip(fees).map(|(at, fee)| receipt(number, at, *fee)).collect()
	}

	fn line(receipts: &[Receipt], settled: usize) -> Line {
		let mut tree = SumFrontier::default();
		let mut from = 0;
		for (at, receipt) in receipts.iter().enumerate() {
			if at == settled {
				from = tree.sum();
			}
			tree.push(receipt.leaf()).unwrap();
		}
		Line {
			session: receipts[0].session,
			first: settled as u32,
			count: tree.count(),
			from,
			to: tree.sum(),
			root: tree.root().hash,
		}
	}

	fn proof(receipts: &[Receipt], position: u32) -> SumProof {
		let leaves: Vec<SumNode> = receipts.iter().map(Receipt::leaf).collect();
		prove_slice(&leaves, position).unwrap()
	}

	#[test]
	fn every_unit_of_a_batch_lies_in_one_new_receipt() {
		let sessions = [session(7, &[3, 4, 5]), session(4, &[9]), session(5, &[1, 1, 6, 2, 8])];
		let lines = [line(&sessions[0], 1), line(&sessions[1], 0), line(&sessions[2], 3)];
		assert_eq!(total(&lines), Some(9 + 9 + 10));
		let mut covered = Vec::new();
		for (receipts, settled) in sessions.iter().zip([1, 0, 3]) {
			for receipt in receipts {
				let found = interval(&lines, receipt, &proof(receipts, receipt.position));
				assert_eq!(found.is_some(), receipt.position >= settled, "{receipt:?}");
				for unit in found.clone().unwrap_or_default() {
					let (line, own) = find(&lines, unit).unwrap();
					assert_eq!(line.session, receipt.session);
					let units = line.interval(receipt, &proof(receipts, receipt.position)).unwrap();
					assert_eq!(own - units.start, unit - found.as_ref().unwrap().start);
				}
				covered.extend(found.unwrap_or_default());
			}
		}
		assert_eq!(covered, (0..28).collect::<Vec<Balance>>());
		assert_eq!(find(&lines, 28), None);
	}

	#[test]
	fn receipts_of_other_sessions_and_places_are_refused() {
		let receipts = session(7, &[3, 4, 5]);
		let line = line(&receipts, 1);
		let shown = proof(&receipts, 1);
		assert_eq!(line.interval(&receipts[1], &shown), Some(3..7));
		assert_eq!(line.interval(&receipts[0], &proof(&receipts, 0)), None);
		assert_eq!(line.interval(&receipts[2], &shown), None);
		assert_eq!(line.interval(&receipt(8, 1, 4), &shown), None);
		assert_eq!(line.interval(&receipt(7, 1, 3), &shown), None);
		assert_eq!(interval(&[line], &receipt(8, 1, 4), &shown), None);
	}

	#[test]
	fn receipt_that_begins_in_what_is_settled_is_refused() {
		let receipts = session(7, &[3, 4, 5]);
		// An earlier voucher owed 5 for one receipt: its tree was not the beginning of this one.
		let line = Line { from: 5, ..line(&receipts, 1) };
		assert_eq!(line.interval(&receipts[1], &proof(&receipts, 1)), None);
		assert_eq!(line.interval(&receipts[2], &proof(&receipts, 2)), Some(7..12));
	}
}
