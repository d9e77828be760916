//! Drawing committees by bond.

use rand::Rng;

/// Verifiers in place, drawn with probabilities proportional to their bonds.
///
/// The chain gives everyone a ticket of its own, exponential with the bond as its rate, and seats the
/// lowest. The lowest of those left is each one's with a chance in proportion to its bond, so drawing
/// one after the other, as here, has the same distribution.
pub struct Urn {
	/// Verifiers with the sum of their bonds and all before.
	sums: Vec<(usize, f64)>,
}

impl Urn {
	/// An urn of these verifiers with their bonds.
	pub fn new(bonds: impl Iterator<Item = (usize, f64)>) -> Self {
		let mut sum = 0.0;
		let sums = bonds
			.map(|(verifier, bond)| {
				sum += bond;
				(verifier, sum)
			})
			.collect();
		Self { sums }
	}

	/// The sum of all bonds.
	pub fn total(&self) -> f64 {
		self.sums.last().map_or(0.0, |(_, sum)| *sum)
	}

	/// Draws `seats` verifiers one after the other, none twice and none of those who are `seated`
	/// already; all the others, in any order, where there are no more.
	pub fn draw(&self, seats: usize, seated: &[usize], rng: &mut impl Rng) -> Vec<usize> {
		let others =
			|| self.sums.iter().map(|(verifier, _)| *verifier).filter(|v| !seated.contains(v));
		if self.sums.len() <= seats + seated.len() && others().count() <= seats {
			return others().collect();
		}
		let total = self.total();
		let mut drawn = Vec::with_capacity(seats);
		while drawn.len() < seats {
			let at = rng.random::<f64>() * total;
			let place = self.sums.partition_point(|(_, sum)| *sum <= at).min(self.sums.len() - 1);
			let (verifier, _) = self.sums[place];
			if !drawn.contains(&verifier) && !seated.contains(&verifier) {
				drawn.push(verifier);
			}
		}
		drawn
	}
}
