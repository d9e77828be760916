//! How operators and verifiers behave.

use serde::Serialize;

/// What is false about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
	/// The sketch: all of the contributors' part goes to a friend of the operator's.
	Sketch,
	/// The answer: it was not computed.
	Answer,
	/// Both.
	Both,
}

impl Lie {
	/// What the lie brings where it stands, in fees: the contributors' part, the cost saved, or
	/// both.
	pub fn gain(self, contributors: f64, cost: f64) -> f64 {
		match self {
			Self::Sketch => contributors,
			Self::Answer => cost,
			Self::Both => contributors + cost,
		}
	}

	/// Whether the answer was not computed.
	pub fn skips(self) -> bool {
		self != Self::Sketch
	}
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
	/// Computes every answer and claims what is true.
	Honest,
	/// Lies in every claim.
	Always(Lie),
	/// Lies about the sketch in this part of its claims.
	Sometimes(f64),
	/// Lies about the sketch where the fee is high.
	HighFees,
	/// Lies about the sketch, and offers those who are drawn a part of the gain for upholding it.
	Bribing,
}

/// What a verifier does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verifier {
	/// Executes and reveals what it finds; appeals where a committee upheld what it found false.
	Honest,
	/// Executes nothing and reveals nothing.
	Abstaining,
	/// Executes nothing and upholds the claim. It has no trace to show, so its vote is invalid.
	Copying,
	/// Executes nothing and says of every claim that it is withheld, the one refusal that others who
	/// execute nothing agree with.
	Denying,
	/// Executes nothing and does, with even odds, one or the other of the last two.
	Guessing,
	/// Honest, but upholds false claims of operators of its own ring, which give it the trace, where
	/// the ring has most of the committee: its members know who was drawn before they vote.
	Colluding,
	/// Honest, but refutes true claims with high fees where its ring has most of the committee: its
	/// members by the same invented execution, in a first committee so many of them as returns the
	/// ring the most.
	Accusing,
	/// Honest, but its ring appeals wherever a true claim was upheld by a committee that it has no seat
	/// in, which would be fined if the appeal were won, and refutes it so where it has most of the last
	/// committee.
	Appealing,
	/// Honest, but upholds for a bribe that exceeds what it expects to lose by that.
	Calculating,
	/// Honest, but upholds for any bribe.
	Greedy,
}

impl Verifier {
	/// Whether it acts for the ring.
	pub fn in_ring(self) -> bool {
		matches!(self, Self::Colluding | Self::Accusing | Self::Appealing)
	}

	/// Whether it votes without having executed anything.
	pub fn lazy(self) -> bool {
		matches!(self, Self::Abstaining | Self::Copying | Self::Denying | Self::Guessing)
	}
}
