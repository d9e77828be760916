//! Drawing committees.

use crate::{Audit, Config, Duties, Event, Note, Pallet, Seat, Stage, Verifiers, seats};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Get;
use openledger_primitives_attribution::audit::Level;
use openledger_primitives_core::{Balance, Hash, RequestId, RoundId, traits::Operators};
use sp_runtime::Permill;

/// A number from a seed: the first sixteen bytes of `blake2b-256(SCALE(domain, seed, subject))`,
/// little-endian.
fn number(domain: &[u8], seed: &Hash, subject: &impl Encode) -> u128 {
	let hash = (domain, seed, subject).using_encoded(sp_io::hashing::blake2_256);
	let mut bytes = [0u8; 16];
	bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
	u128::from_le_bytes(bytes)
}

/// Whether lots call a claim to audit, at `rate`. The remainder favours the first of a million by
/// less than 10⁻³².
pub(crate) fn is_called(seed: &Hash, claim: RequestId, rate: Permill) -> bool {
	let ticket = number(b"openledger/audited", seed, &claim).checked_rem(1_000_000);
	ticket.is_some_and(|ticket| ticket < u128::from(rate.deconstruct()))
}

/// Draws up to `count` of `eligible`, none twice, each with a chance in proportion to its bond among
/// those left.
pub(crate) fn draw<AccountId: Clone>(
	seed: &Hash,
	subject: &impl Encode,
	mut eligible: Vec<(AccountId, Balance)>,
	count: u32,
) -> Vec<AccountId> {
	let mut drawn = Vec::new();
	for turn in 0..count {
		let total = eligible.iter().fold(0, |sum: u128, (_, bond)| sum.saturating_add(*bond));
		let ticket = number(b"openledger/committee", seed, &(subject, turn)).checked_rem(total);
		let Some(mut rest) = ticket else { break };
		let place = eligible.iter().position(|(_, bond)| match rest.checked_sub(*bond) {
			Some(beyond) => {
				rest = beyond;
				false
			}
			None => true,
		});
		let Some(place) = place else { break };
		drawn.push(eligible.remove(place).0);
	}
	drawn
}

impl<T: Config> Pallet<T> {
	/// Who may be drawn for `note` by the lots of `round`: whoever was there by then, has room, and
	/// is neither a party to the answer nor its operator's agent, nor had a seat in the audit before.
	fn eligible(
		note: &Note<T::AccountId>,
		audit: &Audit<T::AccountId>,
		round: RoundId,
	) -> Vec<(T::AccountId, Balance)> {
		Verifiers::<T>::iter()
			.filter(|(who, verifier)| {
				let party = *who == note.operator
					|| *who == note.payer
					|| T::Operators::of_agent(&verifier.agent).as_ref() == Some(&note.operator);
				!party
					&& verifier.leaving.is_none()
					&& verifier.since <= round
					&& verifier.bond >= T::MinBond::get()
					&& verifier.duties < T::MaxDuties::get()
					&& !audit.seats.iter().any(|seat| seat.verifier == *who)
			})
			.map(|(who, verifier)| (who, verifier.bond))
			.collect()
	}

	/// Draws the next committee of an audit with the lots' `seed` for `round`. Returns whether there
	/// were verifiers for every seat; nothing changes where there were not.
	pub(crate) fn seat(
		claim: RequestId,
		note: &Note<T::AccountId>,
		audit: &mut Audit<T::AccountId>,
		round: RoundId,
		seed: &Hash,
	) -> bool {
		let level: Level = audit.level;
		let wanted = seats(level);
		let drawn = draw(seed, &(claim, level), Self::eligible(note, audit, round), wanted);
		if (drawn.len() as u32) < wanted {
			return false;
		}
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
		let until = Self::now().saturating_add(T::CommitPeriod::get());
		audit.stage = Stage::Committing { until };
		Self::deposit_event(Event::CommitteeDrawn { claim, level, committee: drawn, until });
		true
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
		let all = vec![('a', 600u128), ('b', 300), ('c', 100)];
		let mut first = std::collections::BTreeMap::new();
		for n in 0..10_000 {
			let drawn = draw(&seed(n), &0u8, all.clone(), 1);
			*first.entry(drawn[0]).or_insert(0u32) += 1;
		}
		for (who, expected) in [('a', 6_000), ('b', 3_000), ('c', 1_000)] {
			assert!(first[&who].abs_diff(expected) < 200, "{who}: {}", first[&who]);
		}
	}

	#[test]
	fn nobody_is_drawn_twice_and_no_more_than_there_are() {
		let all = vec![('a', 5u128), ('b', 1), ('c', 1), ('d', 0)];
		let mut drawn = draw(&seed(3), &0u8, all.clone(), 9);
		drawn.sort();
		// One without a bond has no chance.
		assert_eq!(drawn, ['a', 'b', 'c']);
		assert_eq!(draw(&seed(3), &0u8, all, 2).len(), 2);
		assert!(draw(&seed(3), &0u8, Vec::<(char, u128)>::new(), 3).is_empty());
	}
}
