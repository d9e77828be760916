//! Benchmarks, and the stage that they need from the runtime.

use super::*;
use crate::due::SPREAD;
use alloc::{boxed::Box, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
	BoundedVec,
	traits::{
		EnsureOrigin, Get,
		fungible::{Inspect, Unbalanced, hold::Mutate as _},
	},
};
use frame_system::{Pallet as System, RawOrigin};
use openledger_primitives_attribution::{
	Claim,
	audit::{
		Execution, Finding, Level, Secret, canary_traces, commitment, digest, sealed, seals, traces,
	},
	duplicate::{Overlap, Shared},
};
use openledger_primitives_core::{
	Balance, BlockNumber, ChallengeId, Hash, RequestId,
	subject::{pair_id, version_id},
	traits::{
		Audits as Asked, Clearance, CommittedVersion, Comparison, Comparisons,
		Examinations as ExaminationsOf, Lots as _,
	},
};
use sp_runtime::SaturatedConversion;

/// What the runtime sets up for these benchmarks.
pub trait Helper<AccountId> {
	/// An open claim that was noted for audits, and another one that verifies on the same answer,
	/// with the most credits and the longest sketches.
	fn claimed() -> (RequestId, Claim<AccountId>);
	/// A challenge that is open, with its audit, of a record of the largest contribution. There are verifiers
	/// for a committee before.
	fn challenged() -> ChallengeId;
	/// Lets the verifiers' part of fees be so much more.
	fn accrue(amount: Balance);
	/// Ends rounds until the lots are known that decide what is committed now.
	fn end_rounds();
}

const SALT: [u8; 32] = [7; 32];
const SECRET: Secret = [9; 32];

fn rich<T: Config>(name: &'static str, index: u32) -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account(name, index, 0);
	let balance = T::MinBond::get()
		.saturating_add(T::Currency::minimum_balance().saturating_mul(1_000_000_000))
		.saturating_mul(10);
	T::Currency::write_balance(&who, balance)?;
	T::Currency::set_total_issuance(T::Currency::total_issuance().saturating_add(balance));
	Ok(who)
}

fn verifier<T: Config>(index: u32) -> Result<T::AccountId, BenchmarkError> {
	let who = rich::<T>("verifier", index)?;
	Pallet::<T>::do_register(who.clone(), account("agent", index, 0), T::MinBond::get())?;
	Ok(who)
}

/// As many new verifiers as an audit has seats, and all that they can be paid out of fees.
fn verifiers<T: Config>() -> Result<Vec<T::AccountId>, BenchmarkError> {
	T::BenchmarkHelper::accrue(T::SeatReward::get().saturating_mul(MAX_SEATS.into()));
	(0..MAX_SEATS).map(verifier::<T>).collect()
}

/// Gives each of `verifiers` a seat in an audit after an appeal, of which all have committed and all but the
/// last revealed.
fn sit<T: Config>(
	id: RequestId,
	stage: Stage,
	verifiers: Vec<T::AccountId>,
	finding: impl Fn(Level) -> Finding,
) -> Result<(), BenchmarkError> {
	let mut seats = Vec::new();
	for (index, who) in (0..MAX_SEATS).zip(verifiers) {
		let level = match index {
			0..COMMITTEE => Level::First,
			index if index < COMMITTEE.saturating_mul(2) => Level::Redraw,
			_ => Level::Appeal,
		};
		Verifiers::<T>::mutate(&who, |entry| {
			if let Some(entry) = entry {
				entry.duties = 1;
			}
		});
		let sits = matches!(stage, Stage::Committing { .. } | Stage::Revealing { .. });
		if sits && level == Level::Appeal {
			Duties::<T>::insert(&who, BoundedVec::truncate_from(alloc::vec![id]));
		}
		let commitment = commitment(id, level, &finding(level), &who, &SALT);
		let last = index.saturating_add(1) == MAX_SEATS;
		seats.push(Seat {
			verifier: who,
			level,
			commitment: Some(commitment),
			finding: (!last).then(|| finding(level)),
		});
	}
	let appellant = rich::<T>("appellant", 0)?;
	let deposit = T::Currency::minimum_balance();
	T::Currency::hold(&HoldReason::Appeal.into(), &appellant, deposit)?;
	let appeal = Some(Appeal { appellant, deposit, against: Verdict::Upheld });
	let seats = BoundedVec::truncate_from(seats);
	Audits::<T>::insert(id, Audit { level: Level::Appeal, stage, seats, appeal });
	Ok(())
}

/// The audit of a disputed claim that all find to be false.
fn seated<T: Config>(
	stage: Stage,
) -> Result<(RequestId, Claim<T::AccountId>, Finding), BenchmarkError> {
	let (claim, truth) = T::BenchmarkHelper::claimed();
	let note = Notes::<T>::get(claim).ok_or("the claim is not noted")?;
	let finding = Finding::Refuted(Execution { claim: digest(&truth), ..note.execution });
	sit::<T>(claim, stage, verifiers::<T>()?, |_| finding.clone())?;
	let (disputer, deposit) = (rich::<T>("disputer", 0)?, T::Currency::minimum_balance());
	T::Currency::hold(&HoldReason::Dispute.into(), &disputer, deposit)?;
	Disputes::<T>::insert(claim, Dispute { disputer, deposit, private: true });
	Ok((claim, truth, finding))
}

/// Has the claim carry what the canary with [`SECRET`] seals.
fn plant<T: Config>(claim: RequestId) {
	Notes::<T>::mutate(claim, |note| {
		if let Some(note) = note {
			note.trace = sealed(&seals(&note.subject, &canary_traces(&SECRET)));
		}
	});
}

/// The audit of two records that all find to have so many of a hundred shingles in common. Returns the last
/// one's finding too.
fn compared<T: Config>(common: u32) -> Result<(RequestId, Finding), BenchmarkError> {
	let verifiers = verifiers::<T>()?;
	let id = pair_id(T::BenchmarkHelper::challenged());
	let note = Notes::<T>::get(id).ok_or("the challenge is not noted")?;
	let shared = Shared { one: 100, other: 100, common };
	let overlap = Overlap { whole: shared, learnt: shared };
	let traces = traces(&common);
	let seals = seals(&note.subject, &traces);
	let finding = |level| {
		let trace = traces.get(level as usize).copied().unwrap_or_default();
		Finding::Compared { overlap, trace, seals }
	};
	sit::<T>(id, Stage::Revealing { until: later::<T>() }, verifiers, finding)?;
	Ok((id, finding(Level::Appeal)))
}

fn later<T: Config>() -> BlockNumber {
	Pallet::<T>::now().saturating_add(100)
}

fn last_agent<T: Config>() -> T::AccountId {
	account("agent", MAX_SEATS.saturating_sub(1), 0)
}

/// Leaves room for an audit's next look only in the last of the blocks that are tried, so many blocks from now on.
fn crowd<T: Config>(blocks: BlockNumber) {
	let at = Pallet::<T>::now().saturating_add(blocks);
	let full = alloc::vec![RequestId::MAX; T::MaxDue::get() as usize];
	for block in at..at.saturating_add(SPREAD).saturating_sub(1) {
		Due::<T>::insert(block, BoundedVec::truncate_from(full.clone()));
	}
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_verifier() -> Result<(), BenchmarkError> {
		let who = rich::<T>("verifier", 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), account("agent", 0, 0), T::MinBond::get());
		assert!(Verifiers::<T>::contains_key(who));
		Ok(())
	}

	#[benchmark]
	fn bond_extra() -> Result<(), BenchmarkError> {
		let who = verifier::<T>(0)?;
		let amount = T::Currency::minimum_balance();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), amount);
		let bond = Verifiers::<T>::get(who).map(|verifier| verifier.bond);
		assert_eq!(bond, Some(T::MinBond::get().saturating_add(amount)));
		Ok(())
	}

	#[benchmark]
	fn leave() -> Result<(), BenchmarkError> {
		let who = verifier::<T>(0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(Verifiers::<T>::get(who).is_some_and(|verifier| verifier.leaving.is_some()));
		Ok(())
	}

	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let who = verifier::<T>(0)?;
		Pallet::<T>::do_leave(who.clone())?;
		let free_at = Pallet::<T>::now().saturating_add(T::UnbondingPeriod::get());
		System::<T>::set_block_number(free_at.saturated_into());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(!Verifiers::<T>::contains_key(who));
		Ok(())
	}

	#[benchmark]
	fn commit() -> Result<(), BenchmarkError> {
		let (claim, _, _) = seated::<T>(Stage::Committing { until: later::<T>() })?;
		Audits::<T>::mutate(claim, |audit| {
			if let Some(seat) = audit.as_mut().and_then(|audit| audit.seats.last_mut()) {
				seat.commitment = None;
			}
		});
		crowd::<T>(T::RevealPeriod::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(last_agent::<T>()), claim, Hash::zero());
		let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
		assert!(matches!(stage, Some(Stage::Revealing { .. })));
		Ok(())
	}

	#[benchmark]
	fn reveal() -> Result<(), BenchmarkError> {
		let (claim, _, finding) = seated::<T>(Stage::Revealing { until: later::<T>() })?;
		crowd::<T>(T::CorrectionPeriod::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(last_agent::<T>()), claim, finding, SALT);
		let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
		assert!(matches!(stage, Some(Stage::Correcting { .. })));
		Ok(())
	}

	#[benchmark]
	fn reveal_duplicate() -> Result<(), BenchmarkError> {
		let (id, finding) = compared::<T>(100)?;
		#[extrinsic_call]
		reveal(RawOrigin::Signed(last_agent::<T>()), id, finding, SALT);
		assert!(!Audits::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn reveal_distinct() -> Result<(), BenchmarkError> {
		let (id, finding) = compared::<T>(0)?;
		#[extrinsic_call]
		reveal(RawOrigin::Signed(last_agent::<T>()), id, finding, SALT);
		assert!(!Audits::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn appeal() -> Result<(), BenchmarkError> {
		let until = later::<T>();
		let (claim, _, _) = seated::<T>(Stage::Decided { verdict: Verdict::Upheld, until })?;
		let who = rich::<T>("other", 0)?;
		crowd::<T>(T::LookAgain::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), claim);
		let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
		assert!(matches!(stage, Some(Stage::Drawing { .. })));
		Ok(())
	}

	#[benchmark]
	fn correct() -> Result<(), BenchmarkError> {
		let (claim, truth, _) = seated::<T>(Stage::Undecided)?;
		let stage = Stage::Correcting { truth: digest(&truth), until: later::<T>() };
		Audits::<T>::mutate(claim, |audit| {
			if let Some(audit) = audit {
				audit.stage = stage;
				audit.seats = BoundedVec::new();
			}
		});
		let finders: Result<Vec<_>, _> =
			(0..MAX_FINDERS).map(|index| rich::<T>("finder", index)).collect();
		let finders = BoundedVec::truncate_from(finders?);
		Canaries::<T>::insert(claim, Canary { finders });
		let who = rich::<T>("anyone", 0)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), claim, Box::new(truth));
		assert!(Verdicts::<T>::contains_key(claim));
		Ok(())
	}

	#[benchmark]
	fn resolve() -> Result<(), BenchmarkError> {
		let (claim, _, finding) = seated::<T>(Stage::Undecided)?;
		let origin =
			T::ResolveOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
		crowd::<T>(T::CorrectionPeriod::get());
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, claim, Verdict::of(&finding));
		let stage = Audits::<T>::get(claim).map(|audit| audit.stage);
		assert!(matches!(stage, Some(Stage::Correcting { .. })));
		Ok(())
	}

	#[benchmark]
	fn resolve_canary() -> Result<(), BenchmarkError> {
		let (claim, _, _) = seated::<T>(Stage::Undecided)?;
		plant::<T>(claim);
		Audits::<T>::mutate(claim, |audit| {
			for seat in audit.iter_mut().flat_map(|audit| audit.seats.iter_mut()) {
				seat.finding =
					Some(Finding::Upheld { trace: Hash::zero(), seals: [Hash::zero(); 3] });
			}
		});
		Canaries::<T>::insert(claim, Canary::default());
		let origin =
			T::ResolveOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		resolve(origin as T::RuntimeOrigin, claim, Verdict::Withheld);
		assert!(!Audits::<T>::contains_key(claim));
		Ok(())
	}

	/// Drawing an appeal's committee among as many verifiers as there can be.
	#[benchmark]
	fn advance() -> Result<(), BenchmarkError> {
		for index in 0..T::MaxVerifiers::get() {
			verifier::<T>(index)?;
		}
		let (claim, _) = T::BenchmarkHelper::claimed();
		let round = T::Lots::round();
		T::BenchmarkHelper::end_rounds();
		let (seats, stage) = (BoundedVec::new(), Stage::Drawing { round });
		let audit = Audit { level: Level::Appeal, stage, seats, appeal: None };
		Audits::<T>::insert(claim, audit);
		let who = rich::<T>("anyone", 0)?;
		crowd::<T>(T::CommitPeriod::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), claim);
		let seats = Audits::<T>::get(claim).map(|audit| audit.seats.len() as u32);
		assert_eq!(seats, Some(APPEAL));
		Ok(())
	}

	#[benchmark]
	fn clearance() -> Result<(), BenchmarkError> {
		for index in 0..COMMITTEE {
			verifier::<T>(index)?;
		}
		let (claim, _) = T::BenchmarkHelper::claimed();
		T::BenchmarkHelper::end_rounds();
		let note = Notes::<T>::get(claim).ok_or("the claim is not noted")?;
		crowd::<T>(1);
		let opened;
		#[block]
		{
			// Whether lots call a claim is not for a benchmark to choose.
			let _ = <Pallet<T> as Asked<T::AccountId>>::clearance(claim);
			opened = Pallet::<T>::clear(claim, &note, true);
		}
		assert!(matches!(opened, Clearance::Until(_)));
		assert!(Audits::<T>::contains_key(claim));
		Ok(())
	}

	#[benchmark]
	fn clear() -> Result<(), BenchmarkError> {
		// Without verifiers a claim is clear whatever lots say.
		let (claim, _) = T::BenchmarkHelper::claimed();
		Private::<T>::insert(claim, ());
		T::BenchmarkHelper::end_rounds();
		let cleared;
		#[block]
		{
			cleared = <Pallet<T> as Asked<T::AccountId>>::clearance(claim);
			// Which claims that lots do not call are not asked for.
			let _ = Verifiers::<T>::count();
		}
		assert_eq!(cleared, Clearance::Clear);
		assert!(!Notes::<T>::contains_key(claim));
		Ok(())
	}

	#[benchmark]
	fn ask() -> Result<(), BenchmarkError> {
		for index in 0..COMMITTEE {
			verifier::<T>(index)?;
		}
		let version =
			CommittedVersion { model: 1, owner: rich::<T>("owner", 0)?, bond: T::MinBond::get() };
		crowd::<T>(T::LookAgain::get());
		#[block]
		{
			<Pallet<T> as ExaminationsOf<T::AccountId>>::ask(version, 1)?;
		}
		assert!(Audits::<T>::contains_key(version_id(1)));
		Ok(())
	}

	#[benchmark]
	fn compare() -> Result<(), BenchmarkError> {
		for index in 0..COMMITTEE {
			verifier::<T>(index)?;
		}
		let comparison = Comparison {
			challenge: 1,
			challenger: rich::<T>("challenger", 0)?,
			contributor: rich::<T>("contributor", 0)?,
			deposit: T::MinBond::get(),
		};
		crowd::<T>(T::LookAgain::get());
		#[block]
		{
			<Pallet<T> as Comparisons<T::AccountId>>::ask(comparison)?;
		}
		assert!(Audits::<T>::contains_key(pair_id(1)));
		Ok(())
	}

	#[benchmark]
	fn consent() -> Result<(), BenchmarkError> {
		let (claim, _) = T::BenchmarkHelper::claimed();
		let note = Notes::<T>::get(claim).ok_or("the claim is not noted")?;
		Private::<T>::insert(claim, ());
		#[extrinsic_call]
		_(RawOrigin::Signed(note.payer), claim);
		assert!(!Private::<T>::contains_key(claim));
		Ok(())
	}

	#[benchmark]
	fn dispute() -> Result<(), BenchmarkError> {
		for index in 0..COMMITTEE {
			verifier::<T>(index)?;
		}
		let (claim, _) = T::BenchmarkHelper::claimed();
		Private::<T>::insert(claim, ());
		let who = rich::<T>("disputer", 0)?;
		crowd::<T>(T::LookAgain::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), claim);
		assert!(Disputes::<T>::contains_key(claim));
		Ok(())
	}

	#[benchmark]
	fn unveil() -> Result<(), BenchmarkError> {
		let stage = Stage::Decided { verdict: Verdict::Upheld, until: later::<T>() };
		let (claim, _, _) = seated::<T>(stage)?;
		plant::<T>(claim);
		let who = rich::<T>("anyone", 0)?;
		crowd::<T>(T::LookAgain::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who), claim, SECRET);
		assert!(Canaries::<T>::contains_key(claim));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::unchecked(), crate::mock::Test);
}
