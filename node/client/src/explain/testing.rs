//! Answers for tests.

use super::{Answered, Origin, Pool, Prompted};
use openledger_primitives_api::RequestState;
use openledger_primitives_attribution::{Credit, Evidence};
use openledger_primitives_core::{
	Hash,
	model::{IndexCommitment, PayBy},
};
use sp_core::crypto::AccountId32;

/// An answer of a model of this name that credits two records of one contributor and one of another.
pub fn answered(name: &str, answer: &str, pay_by: PayBy) -> Answered {
	let account = |byte| AccountId32::new([byte; 32]);
	let credit = |position, byte, weight| Credit {
		position,
		account: account(byte),
		score: 2 * weight as i64,
		weight,
	};
	let evidence = |position, byte, score| Evidence {
		position,
		datanet: 4,
		index: position,
		contributor: account(byte),
		content: Hash::repeat_byte(position as u8),
		score,
	};
	Answered {
		origin: Origin::Request {
			request: 3,
			model: 1,
			name: name.into(),
			state: RequestState::Answered,
		},
		question: "Which tree has acorns?".into(),
		answer: answer.into(),
		gain: 125,
		earned_ppm: 500_000,
		pay_by,
		paid: match pay_by {
			PayBy::Records => vec![credit(17, 1, 700), credit(5, 2, 200), credit(9, 1, 100)],
			PayBy::Contributors => vec![credit(0, 1, 800), credit(1, 2, 200)],
		},
		evidence: vec![evidence(17, 1, 1_400), evidence(5, 2, 400), evidence(9, 1, 200)],
		pool: Pool::Of(1_000_000_000_000_000_001),
		index: Some(IndexCommitment {
			records_root: Hash::repeat_byte(7),
			records: 20,
			contributors_root: Hash::zero(),
			contributors: 2,
			floor_ppm: 0,
			file: Hash::zero(),
		}),
		found: None,
	}
}

/// The same answer, with two records in its prompt that have a half of the contributors' part: one that moved the
/// answer too, and one of a third contributor.
pub fn prompted(name: &str, answer: &str, pay_by: PayBy) -> Answered {
	let of = answered(name, answer, pay_by);
	let account = AccountId32::new([3; 32]);
	let other = Evidence {
		position: 2,
		datanet: 4,
		index: 2,
		contributor: account.clone(),
		content: Hash::repeat_byte(2),
		score: 500,
	};
	let both = Evidence { score: 900, ..of.evidence[0].clone() };
	let credit = |of: &Evidence<AccountId32>, weight| Credit {
		position: of.position,
		account: of.contributor.clone(),
		score: of.score,
		weight,
	};
	let found = Prompted {
		part_ppm: 500_000,
		paid: vec![credit(&both, 600), credit(&other, 200)],
		evidence: vec![both, other],
		index: of.index.map(|index| IndexCommitment { floor_ppm: 300_000, ..index }),
	};
	Answered { found: Some(found), ..of }
}

/// Contents of those records: the first two have words of [`ANSWER`].
pub fn contents() -> Vec<Option<Vec<u8>>> {
	let pair = r#"{"question":"Which tree?","answer":"The oak has acorns in autumn."}"#;
	vec![Some(pair.into()), Some(br#"{"text":"In autumn squirrels hide acorns."}"#.to_vec()), None]
}

/// An answer that the first two records have words of.
pub const ANSWER: &str = "It is said the oak has acorns, and in autumn squirrels hide them.";
