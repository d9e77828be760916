//! Drawing committees.

use crate::{
	Audit, Config, Disputes, Duties, Event, Note, Pallet, Seat, Stage, VerifierOf, Verifiers, seats,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Get;
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{
	Balance, BlockNumber, Hash, RequestId, RoundId,
	subject::{Subject, subject, versioned},
	traits::Pairs,
};
use sp_runtime::Permill;

/// A number from a seed: the first sixteen bytes of `blake2b-256(SCALE(domain, seed, subject))`,
/// little-endian.
fn number(domain: &[u8], seed: &Hash, subject: &impl Encode) -> u128 {
	let hash = (domain, seed, subject).using_encoded(sp_io::hashing::blake2_256);
	let mut bytes = [0u8; 16];
	bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
	u128::from_le_bytes(bytes)
}

/// Whether lots call a claim, or a model version, to audit, at `rate`. The remainder favours the first of a million by
/// less than 10⁻³².
pub(crate) fn is_called(seed: &Hash, claim: RequestId, rate: Permill) -> bool {
	let ticket = number(b"openledger/audited", seed, &claim).checked_rem(1_000_000);
	ticket.is_some_and(|ticket| ticket < u128::from(rate.deconstruct()))
}

/// Fractional bits of [`rarity`].
const FRACTION: u32 = 24;

/// `−log₂(ticket / 2⁶⁴)` with [`FRACTION`] fractional bits, rounded up; by repeated squaring, in integers,
/// since every node has to find the same. A `ticket` of zero counts as one.
fn rarity(ticket: u64) -> u64 {
	let ticket = ticket.max(1);
	let zeros = ticket.leading_zeros();
	let whole = u64::from(63u32.saturating_sub(zeros));
	// The mantissa, at least one and below two, with 63 fractional bits.
	let mut mantissa = u128::from(ticket.checked_shl(zeros).unwrap_or(ticket));
	let mut log = whole;
	for _ in 0..FRACTION {
		mantissa = mantissa.saturating_mul(mantissa) >> 63;
		let above = mantissa >> 64 != 0;
		if above {
			mantissa >>= 1;
		}
		log = log << 1 | u64::from(above);
	}
	(64u64 << FRACTION).saturating_sub(log)
}

/// Draws up to `count` of `eligible`, none twice, each with a chance in proportion to its bond among
/// those left.
///
/// Everyone has a ticket of its own, and the smallest `−log(ticket) / bond` are drawn (Efraimidis and
/// Spirakis, Weighted random sampling with a reservoir, 2006). So whoever leaves once the seed is known
/// takes itself out and changes nothing about the others: were one ticket to decide among all, each
/// account that can leave would be another throw.
pub(crate) fn draw<AccountId: Clone + Encode>(
	seed: &Hash,
	subject: &impl Encode,
	eligible: Vec<(AccountId, Balance)>,
	count: u32,
) -> Vec<AccountId> {
	let mut keys: Vec<(u128, Balance, AccountId)> = eligible
		.into_iter()
		.filter(|(_, bond)| *bond > 0)
		.map(|(who, bond)| {
			let ticket = number(b"openledger/committee", seed, &(subject, &who)) as u64;
			(rarity(ticket).into(), bond, who)
		})
		.collect();
	// a / b before c / d where a · d is less than c · b. Thirty bits times a bond stay below 2¹²⁸.
	keys.sort_by(|(a, b, _), (c, d, _)| a.saturating_mul(*d).cmp(&c.saturating_mul(*b)));
	keys.into_iter().take(count as usize).map(|(_, _, who)| who).collect()
}

/// Whether a committee was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seated {
	/// For every seat.
	Yes,
	/// Some of those who are drawn have no room for it now. It is theirs all the same, once they have: were
	/// others drawn for them, whoever fills most verifiers' places would choose who sits.
	Busy,
	/// There are not enough.
	TooFew,
}

impl<T: Config> Pallet<T> {
	/// Blocks for a committee to compute and commit. Of a model version, where nobody in it has another one
	/// to examine.
	pub(crate) fn commit_period(id: RequestId) -> BlockNumber {
		match subject(id) {
			Subject::Claim | Subject::Pair(_) => T::CommitPeriod::get(),
			Subject::Version(_) => T::ExaminePeriod::get(),
		}
	}

	/// Who gains or loses by an audit besides those in its note: whose record is said to be duplicated, and
	/// who disputes a claim.
	fn bystander(id: RequestId) -> Option<T::AccountId> {
		match subject(id) {
			Subject::Claim => Disputes::<T>::get(id).map(|dispute| dispute.disputer),
			Subject::Version(_) => None,
			Subject::Pair(challenge) => {
				let [_, earlier] = T::Pairs::records(challenge)?;
				Some(earlier.contributor)
			}
		}
	}

	/// Who may be drawn for `note` by the lots of `round`, and what of their bonds counts: whoever was there by
	/// then and is no party, nor does it share its agent with one, nor had a seat in the audit before. Leaving
	/// after the answer comes too late, until the bond is free.
	fn eligible(
		id: RequestId,
		note: &Note<T::AccountId>,
		audit: &Audit<T::AccountId>,
		round: RoundId,
	) -> Vec<(T::AccountId, Balance)> {
		let bystander = Self::bystander(id);
		let Note { operator, payer, agent, .. } = note;
		let parties = [Some(operator), Some(payer), agent.as_ref(), bystander.as_ref()];
		let is_party = |who: &T::AccountId| parties.iter().flatten().any(|party| *party == who);
		let now = Self::now();
		let may_sit = |(who, verifier): (T::AccountId, VerifierOf<T>)| {
			let party = is_party(&who) || is_party(&verifier.agent);
			let stays = verifier.leaving.is_none_or(|at| {
				at > note.at && now < at.saturating_add(T::UnbondingPeriod::get())
			});
			let drawn_before = audit.seats.iter().any(|seat| seat.verifier == who);
			let bond = verifier.bond_in(round);
			let may = !party && stays && !drawn_before && bond >= T::MinBond::get();
			may.then_some((who, bond))
		};
		Verifiers::<T>::iter().filter_map(may_sit).collect()
	}

	/// Whether a verifier has room for another duty. Of model versions, and of pairs of records, it takes a third
	/// of its places each: claims are paid for, and would else wait while somebody has records compared.
	///
	/// Places are of committees that sit, all of which end by themselves. Were one kept while its audit waits
	/// for others' places, audits could wait for each other.
	fn has_room(id: RequestId, who: &T::AccountId) -> bool {
		let duties = Duties::<T>::get(who);
		let places = T::MaxDuties::get();
		let third = places.checked_div(3).unwrap_or(0).max(1);
		let most = if matches!(subject(id), Subject::Claim) { places } else { third };
		let kind = core::mem::discriminant(&subject(id));
		let same = |duty: &&RequestId| core::mem::discriminant(&subject(**duty)) == kind;
		(duties.len() as u32) < places && (duties.iter().filter(same).count() as u32) < most
	}

	/// Blocks for those who are `drawn` to compute and commit. Each examines one version after the other, so
	/// that there is the time of one more for each that has come before.
	fn period_of(id: RequestId, drawn: &[T::AccountId]) -> BlockNumber {
		let period = Self::commit_period(id);
		if versioned(id).is_none() {
			return period;
		}
		let before = |who: &T::AccountId| {
			let duties = Duties::<T>::get(who);
			duties.iter().filter(|duty| versioned(**duty).is_some()).count() as BlockNumber
		};
		let most = drawn.iter().map(before).max().unwrap_or(0);
		period.saturating_mul(most.saturating_add(1))
	}

	/// Draws the next committee of an audit with the lots' `seed` for `round`, and sets its deadline.
	/// Nothing changes where not every seat can be filled now.
	pub(crate) fn seat(
		claim: RequestId,
		note: &Note<T::AccountId>,
		audit: &mut Audit<T::AccountId>,
		round: RoundId,
		seed: &Hash,
	) -> Seated {
		let level: Level = audit.level;
		let wanted = seats(level);
		let eligible = Self::eligible(claim, note, audit, round);
		let drawn = draw(seed, &(claim, level), eligible, wanted);
		if (drawn.len() as u32) < wanted {
			return Seated::TooFew;
		}
		if !drawn.iter().all(|who| Self::has_room(claim, who)) {
			return Seated::Busy;
		}
		let until = Self::now().saturating_add(Self::period_of(claim, &drawn));
		let until = Self::deadline(claim, until);
		for who in &drawn {
			Verifiers::<T>::mutate(who, |verifier| {
				if let Some(verifier) = verifier {
					verifier.duties = verifier.duties.saturating_add(1);
				}
			});
			Duties::<T>::mutate(who, |duties| {
				// As many as duties are counted, which the draw has just looked at.
				let _ = duties.try_push(claim);
			});
			let seat = Seat { verifier: who.clone(), level, commitment: None, finding: None };
			let _ = audit.seats.try_push(seat);
		}
		audit.stage = Stage::Committing { until };
		Self::deposit_event(Event::CommitteeDrawn { claim, level, committee: drawn, until });
		Seated::Yes
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn seed(n: u32) -> Hash {
		n.using_encoded(sp_io::hashing::blake2_256).into()
	}

	#[test]
	fn lots_call_the_part_of_claims_that_the_rate_says() {
		let called = (0..20_000)
			.filter(|claim| is_called(&seed(1), *claim, Permill::from_percent(10)))
			.count();
		// Four standard deviations of 20,000 draws at a tenth.
		assert!((1_830..=2_170).contains(&called), "{called}");
		assert!(!(0..1_000).any(|claim| is_called(&seed(1), claim, Permill::zero())));
		assert!((0..1_000).all(|claim| is_called(&seed(1), claim, Permill::one())));
	}

	#[test]
	fn chance_of_a_seat_is_in_proportion_to_bond() {
		let all = vec![(b'a', 600u128), (b'b', 300), (b'c', 100)];
		let mut first = std::collections::BTreeMap::new();
		for n in 0..10_000 {
			let drawn = draw(&seed(n), &0u8, all.clone(), 1);
			*first.entry(drawn[0]).or_insert(0u32) += 1;
		}
		for (who, expected) in [(b'a', 6_000), (b'b', 3_000), (b'c', 1_000)] {
			assert!(first[&who].abs_diff(expected) < 200, "{who}: {}", first[&who]);
		}
	}

	#[test]
	fn rarity_is_the_negative_logarithm() {
		for ticket in [1, 2, 3, 1_000, u64::MAX / 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
			let exact = 64.0 - (ticket as f64).log2();
			let found = rarity(ticket) as f64 / f64::from(1 << FRACTION);
			assert!((found - exact).abs() < 2e-7, "{ticket}: {found}, not {exact}");
		}
		assert_eq!(rarity(0), rarity(1));
		assert!(rarity(u64::MAX) > 0);
	}

	#[test]
	fn who_leaves_changes_nothing_about_the_others() {
		let all: Vec<(u32, u128)> = (0..40).map(|n| (n, 1_000 + u128::from(n) * 77)).collect();
		for n in 0..200 {
			let drawn = draw(&seed(n), &n, all.clone(), 9);
			for gone in 0..40 {
				let left = all.iter().filter(|(who, _)| *who != gone).cloned().collect();
				let again = draw(&seed(n), &n, left, 9);
				let expected: Vec<_> = drawn.iter().filter(|who| **who != gone).collect();
				assert!(expected.iter().zip(&again).all(|(a, b)| **a == *b), "{gone} of {n}");
			}
		}
	}

	#[test]
	fn second_seat_is_in_proportion_among_those_left() {
		let all = vec![(b'a', 600u128), (b'b', 300), (b'c', 100)];
		let (mut after_a, mut b) = (0u32, 0u32);
		for n in 0..20_000 {
			let drawn = draw(&seed(n), &1u8, all.clone(), 2);
			if drawn[0] == b'a' {
				after_a += 1;
				b += u32::from(drawn[1] == b'b');
			}
		}
		let part = f64::from(b) / f64::from(after_a);
		assert!((part - 0.75).abs() < 0.02, "{part}");
	}

	#[test]
	fn nobody_is_drawn_twice_and_no_more_than_there_are() {
		let all = vec![(b'a', 5u128), (b'b', 1), (b'c', 1), (b'd', 0)];
		let mut drawn = draw(&seed(3), &0u8, all.clone(), 9);
		drawn.sort();
		// One without a bond has no chance.
		assert_eq!(drawn, *b"abc");
		assert_eq!(draw(&seed(3), &0u8, all, 2).len(), 2);
		assert!(draw(&seed(3), &0u8, Vec::<(u8, u128)>::new(), 3).is_empty());
	}
}
