//! Closed forms: how likely committees are captured, and what that is worth.

use crate::rules::Rules;

/// The least votes that are more than half of `seats`.
pub fn majority(seats: usize) -> usize {
	seats / 2 + 1
}

/// `n` over `k`.
pub fn choose(n: usize, k: usize) -> f64 {
	if k > n {
		return 0.0;
	}
	(0..k.min(n - k)).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

/// How likely exactly `k` of `seats` are the ring's.
pub fn exactly(seats: usize, k: usize, share: f64) -> f64 {
	choose(seats, k) * share.powi(k as i32) * (1.0 - share).powi((seats - k) as i32)
}

/// How likely a majority of `seats`, each drawn by itself, belongs to who has the part `share` of
/// the bond: the upper tail of the binomial distribution.
pub fn captured(seats: usize, share: f64) -> f64 {
	(majority(seats)..=seats).map(|k| exactly(seats, k, share)).sum()
}

/// The same where `theirs` of `all` verifiers with equal bonds belong to one, and no verifier is
/// drawn twice: the upper tail of the hypergeometric distribution.
pub fn captured_without_replacement(seats: usize, theirs: usize, all: usize) -> f64 {
	(majority(seats)..=seats)
		.map(|k| choose(theirs, k) * choose(all - theirs, seats - k) / choose(all, seats))
		.sum()
}

/// The least deposit, in fees, at which a ring with the part `share` of the bond does not gain by
/// appealing wherever a true claim was upheld: `p·r·m/a / (1 − p)`. What it stands to win is what those
/// who find a claim false are given.
pub fn least_deposit(rules: &Rules, share: f64) -> f64 {
	let last = captured(rules.appeal, share);
	last * rules.rewarded * rules.penalty() / (1.0 - last)
}

/// The fee, in OPEN, from which on a ring with the part `share` of the bond gains by finding true claims
/// false, where `bond` is what its verifiers have on average for each seat that they are drawn for. It
/// does so only where the first committee is captured, and again in the last only where that is, which
/// its members know before they vote. So all it loses is `σ` of the first seats' bonds:
/// `(1 − p)·E[seats | captured]·σ·bond / (p·r·m/a)`.
pub fn accusation_pays_from(rules: &Rules, share: f64, bond: f64) -> f64 {
	let last = captured(rules.appeal, share);
	let seats = rules.committee;
	let expected: f64 =
		(majority(seats)..=seats).map(|k| exactly(seats, k, share) * k as f64).sum();
	let lost = expected / captured(seats, share) * rules.minority_loss * bond;
	(1.0 - last) * lost / (last * rules.rewarded * rules.penalty())
}
