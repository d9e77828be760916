//! Closed forms: how likely committees are captured.

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
