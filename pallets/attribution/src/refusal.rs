//! The rule's refusals as this pallet's errors, one to one.

use crate::Error;
use openledger_primitives_attribution::Refusal;

impl<T> From<Refusal> for Error<T> {
	fn from(refusal: Refusal) -> Self {
		match refusal {
			Refusal::BadTerms => Self::BadTerms,
			Refusal::QueryLength => Self::QueryLength,
			Refusal::LeafLength => Self::LeafLength,
			Refusal::Asymmetric => Self::Asymmetric,
			Refusal::TooManyCredits => Self::TooManyCredits,
			Refusal::WrongMethod => Self::WrongMethod,
			Refusal::Unordered => Self::Unordered,
			Refusal::BelowFloor => Self::BelowFloor,
			Refusal::NotHead => Self::NotHead,
			Refusal::WrongPosition => Self::WrongPosition,
			Refusal::NotInIndex => Self::NotInIndex,
			Refusal::NotInSnapshot => Self::NotInSnapshot,
			Refusal::NotAContributor => Self::NotAContributor,
			Refusal::PaidTwice => Self::PaidTwice,
			Refusal::NoWitness => Self::NoWitness,
			Refusal::Payer => Self::Payer,
			Refusal::AlreadyCredited => Self::AlreadyCredited,
			Refusal::NotBetter => Self::NotBetter,
			Refusal::TrueLeaf => Self::TrueLeaf,
			Refusal::Retrieval => Self::Retrieval,
			Refusal::OtherQuestion => Self::OtherQuestion,
		}
	}
}
