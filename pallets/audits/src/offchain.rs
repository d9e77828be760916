//! The off-chain worker of a verifier: executes what its verifier is drawn for, commits to what it
//! finds, reveals it, and brings the true claim where it refuted one. And that of an operator: unveils its
//! canaries, and appeals against other verdicts that refute what its engine computed.
//!
//! Every run starts from the chain's state. What can't be had from there again is remembered in the
//! off-chain database, before anything is sent: without its salt a commitment can't be opened.

use crate::{
	AgentOf, Audit, Audits, Call, Config, Duties, Note, Notes, Pallet, Seat, Stage, Verdict,
	asked::{judge, judge_pair, judge_version},
	due::SPREAD,
	memory::{Found, Memory, Step, basis, memory_key},
};
use alloc::{boxed::Box, vec::Vec};
use codec::{DecodeAll, Encode};
use frame_support::{
	storage::{TransactionOutcome, with_transaction},
	traits::Get,
};
use frame_system::offchain::{Account, SendSignedTransaction, Signer};
use openledger_primitives_attribution::{
	Claim,
	audit::{Execution, Finding, Level, Secret, Traces, commitment, digest, is_canary},
	duplicate::Overlap,
};
use openledger_primitives_core::{
	BlockNumber, Hash, RequestId, RoundId,
	record::content_hash,
	subject::{Subject, subject},
	traits::{Lots, Operators},
};
use openledger_primitives_inference::{
	Command, Failure, Outcome, Response, examination::Examined, host::exchange, job::Executed,
	pending, receipts::Recomputed,
};
use sp_core::crypto::AccountId32;
use sp_runtime::{
	DispatchError, DispatchResult,
	offchain::{
		storage::StorageValueRef,
		storage_lock::{StorageLock, Time},
	},
};

const TARGET: &str = "runtime::audits";
const LOCK: &[u8] = b"openledger/audits/lock";

/// What an engine has found in an audit.
#[allow(clippy::large_enum_variant, reason = "it lives as long as one exchange")]
enum Engine {
	/// Of a claim.
	Executed(Execution, Claim<AccountId32>, Traces),
	/// Of a model version.
	Examined(Examined, Traces),
	/// Of two records.
	Compared(Overlap, Traces),
}

/// What an operator's engine knows of a canary.
struct Planted<AccountId> {
	secret: Secret,
	/// The true claim, if it was kept.
	truth: Option<Claim<AccountId>>,
}

impl<AccountId: Encode> Planted<AccountId> {
	/// Whether a verdict is what executing it comes to, as far as is known.
	fn is(&self, note: &Note<AccountId>, verdict: Verdict) -> bool {
		let Verdict::Refuted(found) = verdict else { return false };
		let Execution { answer, usage, .. } = note.execution;
		let claim = self.truth.as_ref().map_or(found.claim, digest);
		found == Execution { answer, usage, claim }
	}
}

/// The most transactions that one run sends: as many as a verifier can have duties, all of which may come to
/// the same deadline.
const MAX_SENT: usize = 16;

/// Blocks over which verifiers' agents take turns at what any of them can do.
const TURNS: BlockNumber = 32;
/// Rounds after which an audit was not seen to whose lots are known.
const LATE: RoundId = 3;

/// One run for one agent.
struct Run<'a, T: Config> {
	agent: &'a Account<T>,
	memory: Memory<T::AccountId>,
	store: StorageValueRef<'a>,
	/// How many transactions may still be sent. None where an earlier run's are under way: those of one run have
	/// nonces one after the other, and the next run would begin at the same.
	left: usize,
}

impl<T: Config> Pallet<T> {
	/// One run, for every agent whose key is in the keystore.
	pub(crate) fn work() {
		let mut lock = StorageLock::<Time>::new(LOCK);
		let Ok(_guard) = lock.try_lock() else {
			log::debug!(target: TARGET, "another run is under way");
			return;
		};
		for agent in Signer::<T, T::AuthorityId>::keystore_accounts() {
			let verifier = AgentOf::<T>::get(&agent.id);
			let operator = T::Operators::of_agent(&agent.id);
			if verifier.is_none() && operator.is_none() {
				continue;
			}
			let key = memory_key(&agent.id);
			let store = StorageValueRef::persistent(&key);
			let before = Self::recall(&agent.id, &store);
			let mut memory = before.clone();
			Self::forget_concluded(&agent.id, verifier.as_ref(), &mut memory);
			let left = if memory.in_flight.is_none() { MAX_SENT } else { 0 };
			let mut run = Run { agent: &agent, memory, store, left };
			// What an operator does not say in time costs more than what a verifier does not.
			if let Some(operator) = operator {
				Self::defend(&mut run, &operator);
			}
			if let Some(verifier) = verifier {
				Self::verify(&mut run, &verifier);
			}
			if run.memory != before {
				run.store.set(&run.memory);
			}
		}
	}

	/// Does what its duties ask of a verifier.
	fn verify(run: &mut Run<T>, verifier: &T::AccountId) {
		let duties = Duties::<T>::get(verifier).into_inner();
		// Revealing first: what is committed and not revealed in time is neglect.
		let (reveals, others): (Vec<_>, Vec<_>) = duties.into_iter().partition(|claim| {
			Audits::<T>::get(claim)
				.is_some_and(|audit| matches!(audit.stage, Stage::Revealing { .. }))
		});
		for claim in reveals.into_iter().chain(others) {
			Self::serve(run, verifier, claim);
		}
		Self::appeal_against_others(run);
		Self::correct_refuted(run);
		Self::advance_overdue(run);
	}

	/// Appeals against verdicts other than what was found here: they were captured, or came of a lie to others.
	/// Where nothing was found here, others may well have found it.
	fn appeal_against_others(run: &mut Run<T>) {
		for (claim, level) in
			run.memory.found.iter().map(|one| (one.claim, one.level)).collect::<Vec<_>>()
		{
			let (Some(audit), Some(note)) = (Audits::<T>::get(claim), Notes::<T>::get(claim))
			else {
				continue;
			};
			let Stage::Decided { verdict, .. } = audit.stage else { continue };
			let found = run.memory.found(claim, level, &note).map(|found| &found.finding);
			let disagrees = found.is_some_and(|found| {
				let looked = !matches!(found, Finding::Withheld | Finding::Unshown);
				looked && Verdict::of(found) != verdict
			});
			if disagrees && level == audit.level {
				Self::send_appeal(run, claim);
			}
		}
	}

	/// Takes audits further that no block had room to see to. Agents take turns, so that not all of them pay for
	/// the same: one that waits for drawn verifiers may do so for long, and can go on for all at once.
	fn advance_overdue(run: &mut Run<T>) {
		for (claim, audit) in Audits::<T>::iter() {
			let own = (&run.agent.id, claim).using_encoded(content_hash);
			let turn = own.as_bytes().first().copied().unwrap_or(0);
			let block = Self::now().saturating_add(turn.into()).checked_rem(TURNS);
			if block == Some(0) && Self::is_overdue(&audit) {
				let rehearse = || Self::do_advance(claim);
				Self::send(run, (claim, Step::Advance), Call::advance { claim }, rehearse);
			}
		}
	}

	/// Appeals against verdicts that refute an operator's answers. Its engine computed them, so such a
	/// verdict is false or the engine is broken, and the deposit is little beside what it decides. Canaries are
	/// refuted rightly: it unveils them, and brings the true claim.
	fn defend(run: &mut Run<T>, operator: &T::AccountId) {
		for (claim, audit) in Audits::<T>::iter() {
			// What an owner's model version comes to, or a contributor's record, was not computed by an
			// operator's engine.
			let is_claim = matches!(subject(claim), Subject::Claim);
			let correcting = matches!(audit.stage, Stage::Correcting { .. });
			if !is_claim || !(correcting || Self::may_unveil(&audit).is_ok()) {
				continue;
			}
			let note = Notes::<T>::get(claim).filter(|note| note.operator == *operator);
			let Some(note) = note else { continue };
			let planted = Self::planted(&note);
			let is_planted = |verdict| {
				let known = planted.as_ref();
				known.is_some_and(|planted| planted.is(&note, verdict))
			};
			let wrong = |verdict| verdict != Verdict::Upheld && !is_planted(verdict);
			if matches!(audit.stage, Stage::Decided { verdict, .. } if wrong(verdict)) {
				Self::send_appeal(run, claim);
				continue;
			}
			let Some(Planted { secret, truth }) = planted else { continue };
			match (audit.stage, truth) {
				(Stage::Correcting { truth: wanted, .. }, Some(truth)) => {
					Self::send_truth(run, claim, wanted, truth);
				}
				_ if Self::is_veiled(claim) => {
					let call = Call::unveil { claim, secret };
					let rehearse = || Self::do_unveil(claim, secret);
					Self::send(run, (claim, Step::Unveil), call, rehearse);
				}
				_ => {}
			}
		}
	}

	/// What the engine knows of a claim that it has made a canary of; none of others.
	fn planted(note: &Note<T::AccountId>) -> Option<Planted<T::AccountId>> {
		let Response::Canary(Some(known)) = exchange(Command::Canary(note.subject)) else {
			return None;
		};
		let truth = known.truth.and_then(|truth| Claim::decode_all(&mut &truth.encode()[..]).ok());
		let planted = Planted { secret: known.secret, truth };
		is_canary(&planted.secret, &note.subject, &note.trace).then_some(planted)
	}

	fn send_appeal(run: &mut Run<T>, claim: RequestId) {
		let agent = run.agent.id.clone();
		let rehearse = || Self::do_appeal(agent, claim);
		Self::send(run, (claim, Step::Appeal), Call::appeal { claim }, rehearse);
	}

	fn forget_concluded(
		agent: &T::AccountId,
		verifier: Option<&T::AccountId>,
		memory: &mut Memory<T::AccountId>,
	) {
		let now = Self::now();
		memory.found.retain(|found| {
			let open = Audits::<T>::contains_key(found.claim);
			if !open {
				exchange(Command::ForgetExecution(found.claim));
			}
			open
		});
		// One that is in a block and came to nothing is not under way, though it may still be wanted.
		let nonce = frame_system::Pallet::<T>::account_nonce(agent);
		let waits = pending::waits(agent, nonce, now);
		memory.in_flight = memory.in_flight.filter(|(claim, step, until)| {
			waits && now < *until && Self::is_wanted(verifier, *claim, *step)
		});
	}

	/// Whether the chain still waits for a verifier's step.
	fn is_wanted(verifier: Option<&T::AccountId>, claim: RequestId, step: Step) -> bool {
		let Some(audit) = Audits::<T>::get(claim) else { return false };
		let seat = |level: Level| {
			let sits = audit.level == level;
			let own =
				|seat: &&Seat<_>| sits && Some(&seat.verifier) == verifier && seat.level == level;
			audit.seats.iter().find(own)
		};
		match step {
			Step::Commit(level) => {
				matches!(audit.stage, Stage::Committing { .. })
					&& seat(level).is_some_and(|seat| seat.commitment.is_none())
			}
			Step::Reveal(level) => {
				matches!(audit.stage, Stage::Revealing { .. })
					&& seat(level).is_some_and(|seat| seat.finding.is_none())
			}
			Step::Correct => {
				matches!(audit.stage, Stage::Correcting { .. } | Stage::Restoring { .. })
			}
			Step::Appeal => matches!(audit.stage, Stage::Decided { .. }),
			Step::Advance => Self::is_overdue(&audit),
			Step::Unveil => Self::is_veiled(claim),
		}
	}

	/// Whether an audit's deadline was over some blocks ago, so that no block may have had room to see to it.
	fn is_overdue(audit: &Audit<T::AccountId>) -> bool {
		if let Stage::Drawing { round } = audit.stage {
			// When its lots were known is not kept, only in which round.
			return T::Lots::round() > round.saturating_add(1).saturating_add(LATE);
		}
		audit.stage.until().is_some_and(|until| {
			Self::now() >= until.saturating_add(T::LookAgain::get()).saturating_add(SPREAD)
		})
	}

	/// Does for one audit what its stage asks of this verifier.
	fn serve(run: &mut Run<T>, verifier: &T::AccountId, claim: RequestId) {
		let (Some(audit), Some(note)) = (Audits::<T>::get(claim), Notes::<T>::get(claim)) else {
			return;
		};
		let level = audit.level;
		let seat =
			audit.seats.iter().find(|seat| seat.verifier == *verifier && seat.level == level);
		let Some(seat) = seat.cloned() else { return };
		match audit.stage {
			Stage::Committing { .. } if seat.commitment.is_none() => {
				let known = run.memory.found(claim, level, &note).is_some();
				if !known && !Self::find(run.agent, claim, &audit, &note, &mut run.memory) {
					return;
				}
				let Some(found) = run.memory.found(claim, level, &note) else { return };
				let commitment = commitment(claim, level, &found.finding, verifier, &found.salt);
				let call = Call::commit { claim, commitment };
				let agent = run.agent.id.clone();
				let rehearse = || Self::do_commit(agent, claim, commitment);
				Self::send(run, (claim, Step::Commit(level)), call, rehearse);
			}
			Stage::Revealing { .. } if seat.commitment.is_some() && seat.finding.is_none() => {
				let opens = |found: &&Found<T::AccountId>| {
					let Found { finding, salt, .. } = found;
					seat.commitment == Some(commitment(claim, level, finding, verifier, salt))
				};
				let found = run.memory.found.iter().find(opens);
				let Some(Found { finding, salt, .. }) = found.cloned() else {
					log::error!(target: TARGET, "audit {claim}: what was committed is not known");
					return;
				};
				let call = Call::reveal { claim, finding: finding.clone(), salt };
				let agent = run.agent.id.clone();
				let rehearse = || Self::do_reveal(agent, claim, finding, salt);
				Self::send(run, (claim, Step::Reveal(level)), call, rehearse);
			}
			_ => {}
		}
	}

	/// Executes the answer of an audited claim. Returns whether there is a finding; while there is
	/// not, the verifier has none to commit to.
	fn find(
		agent: &Account<T>,
		claim: RequestId,
		audit: &Audit<T::AccountId>,
		note: &Note<T::AccountId>,
		memory: &mut Memory<T::AccountId>,
	) -> bool {
		let Some(command) = Self::execution(agent, claim, note) else {
			log::debug!(target: TARGET, "audit {claim}: nothing to execute");
			return false;
		};
		let found = match exchange(command) {
			Response::Executed(Executed::Done(Outcome { answer, usage, claim }, traces)) => {
				let claimed = digest(&claim);
				let execution = Execution { answer: content_hash(&answer), usage, claim: claimed };
				Engine::Executed(execution, claim, traces)
			}
			Response::Executed(Executed::Drawn(Recomputed { answer, usage, claim }, traces)) => {
				let execution = Execution { answer, usage, claim: digest(&claim) };
				Engine::Executed(execution, claim, traces)
			}
			Response::Executed(Executed::Examined(examined, traces)) => {
				Engine::Examined(examined, traces)
			}
			Response::Executed(Executed::Compared(overlap, traces)) => {
				Engine::Compared(overlap, traces)
			}
			Response::Executed(Executed::Failed(failure)) | Response::Failed(failure) => {
				log::warn!(target: TARGET, "audit {claim}: execution failed: {failure:?}");
				exchange(Command::ForgetExecution(claim));
				let missing =
					matches!(failure, Failure::MissingContent(_) | Failure::BadContent(_));
				if missing && Self::is_last_chance(claim, audit) {
					let finding = Self::not_found(claim, &failure);
					Self::remember(claim, audit.level, note, finding, None, memory);
					return true;
				}
				return false;
			}
			_ => return false,
		};
		let (finding, truth) = match found {
			Engine::Executed(execution, found, traces) => {
				let finding = judge(note, audit.level, execution, &traces);
				let refuted = matches!(finding, Finding::Refuted(_));
				// An account is 32 bytes in the job and in every runtime that this pallet is part of.
				let truth = Claim::decode_all(&mut &found.encode()[..]).ok();
				(finding, truth.filter(|_| refuted))
			}
			Engine::Examined(examined, traces) => {
				(judge_version(note, audit.level, &examined, &traces), None)
			}
			Engine::Compared(overlap, traces) => {
				match judge_pair(note, audit.level, overlap, &traces) {
					Some(finding) => (finding, None),
					None => return false,
				}
			}
		};
		Self::remember(claim, audit.level, note, finding, truth, memory);
		true
	}

	/// Whether the last third of the time to commit has begun: what is nowhere to be had by then is
	/// withheld.
	fn is_last_chance(id: RequestId, audit: &Audit<T::AccountId>) -> bool {
		let left = Self::commit_period(id).checked_div(3).unwrap_or(0);
		matches!(audit.stage, Stage::Committing { until }
			if Self::now().saturating_add(left) >= until)
	}

	fn remember(
		claim: RequestId,
		level: Level,
		note: &Note<T::AccountId>,
		finding: Finding,
		truth: Option<Claim<T::AccountId>>,
		memory: &mut Memory<T::AccountId>,
	) {
		let (of, salt) = (basis(note), sp_io::offchain::random_seed());
		memory.remember(Found { claim, level, of, finding, salt, truth });
	}

	/// Brings the true claims that this verifier knows of, once verdicts ask for them.
	fn correct_refuted(run: &mut Run<T>) {
		for found in run.memory.found.clone() {
			let Some(truth) = found.truth else { continue };
			let claim = found.claim;
			let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
			let wanted = match stage {
				Some(Stage::Correcting { truth, .. }) => Some(truth),
				Some(Stage::Restoring { truth, .. }) => Some(truth.claim),
				_ => None,
			};
			if let Some(wanted) = wanted {
				Self::send_truth(run, claim, wanted, truth);
			}
		}
	}

	/// Brings a true claim, if it is the one that the verdict found.
	fn send_truth(run: &mut Run<T>, claim: RequestId, wanted: Hash, truth: Claim<T::AccountId>) {
		if digest(&truth) == wanted {
			let call = Call::correct { claim, truth: Box::new(truth.clone()) };
			let rehearse = || Self::do_correct(claim, truth);
			Self::send(run, (claim, Step::Correct), call, rehearse);
		}
	}

	/// Sends one transaction, unless others are under way or the runtime would refuse it. What is remembered is
	/// written before, so that no crash in between loses a salt; of several that a run sends it is the last that
	/// is remembered as under way, which none of the others is included after.
	fn send(
		run: &mut Run<T>,
		(claim, step): (RequestId, Step),
		call: Call<T>,
		rehearse: impl FnOnce() -> DispatchResult,
	) {
		if run.left == 0 {
			return;
		}
		let rehearsal = with_transaction(|| {
			TransactionOutcome::Rollback(
				rehearse().map_or_else(|error| Ok::<_, DispatchError>(Some(error)), |()| Ok(None)),
			)
		});
		if let Ok(Some(error)) | Err(error) = rehearsal {
			// An audit may well wait for drawn verifiers that have no room.
			let level = if step == Step::Advance { log::Level::Debug } else { log::Level::Warn };
			log::log!(target: TARGET, level, "audit {claim}: the runtime would refuse it: {error:?}");
			return;
		}
		// What is lost on its way has to be sent again before the verdict is carried out.
		let window = T::AppealWindow::get().checked_div(2).unwrap_or(0).max(1);
		let period = match step {
			Step::Appeal | Step::Unveil => window.min(T::SubmissionPeriod::get()),
			_ => T::SubmissionPeriod::get(),
		};
		let until = Self::now().saturating_add(period);
		let before = run.memory.in_flight.replace((claim, step, until));
		run.store.set(&run.memory);
		let signer = Signer::<T, T::AuthorityId>::any_account();
		match signer.send_single_signed_transaction(run.agent, call) {
			Some(Ok(())) => {
				log::info!(target: TARGET, "audit {claim}: submitted");
				run.left = run.left.saturating_sub(1);
				let next = frame_system::Pallet::<T>::account_nonce(&run.agent.id);
				pending::note(&run.agent.id, next, until);
				return;
			}
			Some(Err(())) => {
				log::warn!(target: TARGET, "audit {claim}: the pool refused the transaction");
			}
			None => {
				log::error!(target: TARGET, "audit {claim}: the transaction could not be signed");
			}
		}
		// What comes after it would wait for the nonce that it has not taken.
		run.left = 0;
		run.memory.in_flight = before;
		run.store.set(&run.memory);
	}
}
