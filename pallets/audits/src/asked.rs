//! What an engine is asked for an audit, and what its answers say.

use crate::{Config, Drawn as DrawnOf, Examinations, Note, Pallet};
use codec::{DecodeAll, Encode};
use frame_system::{
	offchain::{Account, AppCrypto},
	pallet_prelude::BlockNumberFor,
};
use openledger_primitives_attribution::{
	audit::{Execution, Finding, Level, Traces, seals},
	duplicate::Overlap,
};
use openledger_primitives_core::{
	ChallengeId, Hash, ModelId, RequestId,
	draw::drawn,
	record::{RecordEntry, RecordLeaf},
	subject::{Subject, paired, subject},
	traits::{Pairs, Versions},
};
use openledger_primitives_inference::{
	Command, Failure,
	comparison::Comparison,
	examination::{Examination, Examined},
	job::Jobs,
	receipts::{Drawn, Pass},
};
use sp_core::crypto::AccountId32;
use sp_runtime::{MultiSignature, traits::Zero};

/// What computing its drawn parts again says of a model version.
pub(crate) fn judge_version<AccountId>(
	note: &Note<AccountId>,
	level: Level,
	examined: &Examined,
	traces: &Traces,
) -> Finding {
	match traces.get(level as usize) {
		Some(trace) if examined.sound => {
			Finding::Sound { trace: *trace, seals: seals(&note.subject, traces) }
		}
		_ => Finding::Unsound(examined.found),
	}
}

/// What comparing two records says.
pub(crate) fn judge_pair<AccountId>(
	note: &Note<AccountId>,
	level: Level,
	overlap: Overlap,
	traces: &Traces,
) -> Option<Finding> {
	let trace = *traces.get(level as usize)?;
	Some(Finding::Compared { overlap, trace, seals: seals(&note.subject, traces) })
}

/// What an execution says of a noted claim.
pub(crate) fn judge<AccountId>(
	note: &Note<AccountId>,
	level: Level,
	execution: Execution,
	traces: &Traces,
) -> Finding {
	match traces.get(level as usize) {
		Some(trace) if execution == note.execution => {
			Finding::Upheld { trace: *trace, seals: seals(&note.subject, traces) }
		}
		_ => Finding::Refuted(execution),
	}
}

impl<T: Config> Pallet<T> {
	/// What the engine is told to compute again of a model version.
	fn examination(
		audit: RequestId,
		model: ModelId,
		note: &Note<T::AccountId>,
	) -> Option<Examination> {
		let (manifest, training) = T::Versions::trained(model)?;
		Some(Examination {
			audit,
			model,
			material: T::Jobs::version(model)?,
			manifest,
			training,
			drawn: DrawnOf::<T>::get(model)?,
			seed: note.subject,
			leaves: Examinations::<T>::get(model)?.leaves,
		})
	}

	/// What the engine is told to compare.
	fn comparison(
		audit: RequestId,
		challenge: ChallengeId,
		note: &Note<T::AccountId>,
	) -> Option<Comparison> {
		let entry = |RecordLeaf { content, size, .. }| RecordEntry { content, size };
		let [later, earlier] = T::Pairs::records(challenge)?.map(entry);
		Some(Comparison { audit, seed: note.subject, later, earlier })
	}

	/// What not finding content says: whoever is to hand it out does not. Of two records that is the
	/// challenger where it is the earlier one, which has to be handed out by who says that it is duplicated.
	pub(crate) fn not_found(id: RequestId, missing: &Failure) -> Finding {
		let earlier = || {
			let [later, earlier] = T::Pairs::records(paired(id)?)?;
			(later.content != earlier.content).then_some(earlier.content)
		};
		match missing {
			Failure::MissingContent(content) if earlier() == Some(*content) => Finding::Unshown,
			_ => Finding::Withheld,
		}
	}

	/// What the engine is told to execute of an answer on chain. What that takes may be with its operator
	/// alone, which is at fault only where it does not hand it out.
	fn answered(claim: RequestId, note: &Note<T::AccountId>) -> Option<Command> {
		let job = T::Jobs::job(claim)?;
		Some(match T::Jobs::material(note.model, &note.operator) {
			Some((_, endpoint)) => Command::ExecuteFrom(job, endpoint),
			None => Command::Execute(job),
		})
	}

	/// What the engine is told to execute: a request's job is on chain, what was asked behind a drawn
	/// receipt is with its operator.
	pub(crate) fn execution(
		agent: &Account<T>,
		claim: RequestId,
		note: &Note<T::AccountId>,
	) -> Option<Command> {
		match subject(claim) {
			Subject::Version(model) => {
				return Self::examination(claim, model, note).map(Command::Examine);
			}
			Subject::Pair(challenge) => {
				return Self::comparison(claim, challenge, note).map(Command::Compare);
			}
			Subject::Claim => {}
		}
		if drawn(claim).is_none() {
			return Self::answered(claim, note);
		}
		let account = |id: &T::AccountId| AccountId32::decode_all(&mut &id.encode()[..]).ok();
		let (material, endpoint) = T::Jobs::material(note.model, &note.operator)?;
		let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
		let genesis = Hash::decode_all(&mut &genesis.encode()[..]).ok()?;
		let payload = Pass::payload(&genesis, claim);
		let signature = T::AuthorityId::sign(&payload, agent.public.clone())?;
		let signature = MultiSignature::decode_all(&mut &signature.encode()[..]).ok()?;
		let pass = Pass { agent: account(&agent.id)?, signature };
		let (payer, input) = (account(&note.payer)?, note.subject);
		let model = note.model;
		let drawn = Drawn { claim, model, payer, input, material, endpoint, pass };
		Some(Command::ExecuteDrawn(drawn))
	}
}
