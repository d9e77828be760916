//! Benchmarks, and the stage that they need from the runtime.

use super::*;
use crate::{commit::SPREAD, sessions::Opening};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use codec::Decode;
use frame_benchmarking::v2::*;
use frame_support::{
	BoundedVec,
	traits::{
		Get,
		fungible::{Inspect, Unbalanced},
	},
};
use frame_system::{Pallet as System, RawOrigin};
use openledger_primitives_attribution::Claim;
use openledger_primitives_core::{
	Balance, BatchId, BlockNumber, Hash, MAX_CREDITS, MAX_OUTPUT, ModelId, RequestId, RoundId,
	SessionId,
	draw::draw_id,
	model::Usage,
	traits::{AnsweredRequest, Attribution as _, Lots as _},
};
use openledger_primitives_receipts::{
	Line, Receipt, SignedVoucher, SumNode, SumProof, Voucher, batch, commitment, draw,
};
use sp_core::crypto::{AccountId32, KeyTypeId};
use sp_runtime::{MultiSignature, MultiSigner, SaturatedConversion, traits::IdentifyAccount};

/// What the runtime sets up for these benchmarks.
pub trait Helper<AccountId> {
	/// A new published model version that pays records, with the most credits and the longest
	/// sketches that a method allows and a price above zero; and who serves it: a new operator,
	/// rich enough for the deposits of a batch, whose bond stands behind `fees`, and its agent.
	fn served(fees: Balance) -> (ModelId, AccountId, AccountId);
	/// A claim with `credits` entries that verifies on an answer of `model` that `payer` pays for.
	fn claim(model: ModelId, payer: &AccountId, credits: u32) -> Claim<AccountId>;
	/// Ends `round` and the next one, so that there is a seed for what was committed in it.
	fn draw(round: RoundId);
	/// Makes the claim of a draw final, which settles the draw.
	fn finalize(draw: RequestId);
}

const KEY_TYPE: KeyTypeId = KeyTypeId(*b"bnch");

/// The tree of the deepest proof, at whose first leaf every level has a sibling.
const LEAVES: u32 = u32::MAX;

fn fees<T: Config>() -> Balance {
	T::MinDraw::get()
		.saturating_mul(T::Draws::get().into())
		.max(T::Currency::minimum_balance().saturating_mul(1_000))
		.saturating_add(Balance::from(T::MaxVouchers::get()).saturating_mul(1_000))
}

/// A new key and its account, with enough for escrow and deposits.
fn payer<T: Config>() -> Result<(sp_core::sr25519::Public, T::AccountId), BenchmarkError> {
	let public = sp_io::crypto::sr25519_generate(KEY_TYPE, None);
	let account: AccountId32 = MultiSigner::from(public).into_account();
	let bytes: &[u8] = account.as_ref();
	let who = T::AccountId::decode(&mut &bytes[..])
		.map_err(|_| BenchmarkError::Stop("an account is not its key"))?;
	let balance = fees::<T>()
		.saturating_mul(1_000)
		.saturating_add(T::Currency::minimum_balance().saturating_mul(1_000_000_000));
	T::Currency::write_balance(&who, balance)?;
	T::Currency::set_total_issuance(T::Currency::total_issuance().saturating_add(balance));
	Ok((public, who))
}

/// An operator, and a session with it.
struct Setting<T: Config> {
	model: ModelId,
	operator: T::AccountId,
	agent: T::AccountId,
}

fn stage<T: Config>() -> Setting<T> {
	let (model, operator, agent) = T::BenchmarkHelper::served(fees::<T>().saturating_mul(2));
	Setting { model, operator, agent }
}

fn session<T: Config>(
	stage: &Setting<T>,
) -> Result<(SessionId, sp_core::sr25519::Public, T::AccountId), BenchmarkError> {
	let (public, who) = payer::<T>()?;
	let id = NextSession::<T>::get();
	let opening = Opening {
		payer: who.clone(),
		operator: stage.operator.clone(),
		model: stage.model,
		signer: None,
		escrow: fees::<T>(),
		blocks: T::MaxDuration::get(),
		private: true,
	};
	Pallet::<T>::do_open_session(opening)?;
	Ok((id, public, who))
}

fn sign<T: Config>(
	voucher: Voucher,
	public: &sp_core::sr25519::Public,
) -> Result<SignedVoucher, BenchmarkError> {
	let payload = voucher.payload(&Pallet::<T>::genesis());
	let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, public, &payload)
		.ok_or(BenchmarkError::Stop("the keystore lost a key"))?;
	Ok(SignedVoucher { voucher, signature: MultiSignature::Sr25519(signature) })
}

type Vouchers<T> = BoundedVec<SignedVoucher, <T as Config>::MaxVouchers>;

/// Vouchers of `v` sessions of one payer each, worth all fees together.
fn vouchers<T: Config>(stage: &Setting<T>, v: u32) -> Result<Vouchers<T>, BenchmarkError> {
	let amount = fees::<T>().div_ceil(Balance::from(v.max(1)));
	let mut vouchers = Vec::new();
	for _ in 0..v {
		let (session, public, _) = session(stage)?;
		let root = Hash::repeat_byte(7);
		vouchers.push(sign::<T>(Voucher { session, amount, count: 1, root }, &public)?);
	}
	Ok(BoundedVec::truncate_from(vouchers))
}

fn committed<T: Config>(stage: &Setting<T>, v: u32) -> Result<BatchId, BenchmarkError> {
	let id = NextBatch::<T>::get();
	let vouchers = vouchers(stage, v)?;
	Pallet::<T>::do_commit_batch(stage.agent.clone(), stage.model, vouchers)?;
	Ok(id)
}

/// The lines of a batch that its draws fall into.
fn hit<T: Config>(id: BatchId) -> Result<BTreeSet<usize>, BenchmarkError> {
	let batch = Batches::<T>::get(id).ok_or(BenchmarkError::Stop("there is no batch"))?;
	let lines = Lines::<T>::get(id);
	let seed = T::Lots::seed(batch.round).ok_or(BenchmarkError::Stop("there is no seed"))?;
	let units = (0..batch.draws()).filter_map(|at| draw::unit(&seed, id, at, batch.total));
	let sessions = units.filter_map(|unit| Some(batch::find(&lines, unit)?.0.session));
	let places =
		sessions.filter_map(|session| lines.iter().position(|line| line.session == session));
	Ok(places.collect())
}

/// The receipt that nearly all fees of a batch's line are for, of a claim with `c` credits, as it is
/// shown: from the deepest tree, with a unit for each of its siblings.
fn only_receipt<T: Config>(
	stage: &Setting<T>,
	id: BatchId,
	at: usize,
	c: u32,
) -> Result<Shown<T::AccountId>, BenchmarkError> {
	let line = Lines::<T>::get(id).get(at).cloned();
	let line = line.ok_or(BenchmarkError::Stop("a batch lacks a line"))?;
	let payer = Sessions::<T>::get(line.session).map(|session| session.payer);
	let payer = payer.ok_or(BenchmarkError::Stop("a line has no session"))?;
	let claim = T::BenchmarkHelper::claim(stage.model, &payer, c);
	let siblings = vec![SumNode { hash: Hash::repeat_byte(9), sum: 1 }; 32];
	let receipt = Receipt {
		session: line.session,
		position: 0,
		model: stage.model,
		input: Hash::repeat_byte(1),
		output: Hash::repeat_byte(2),
		usage: Usage { prompt: u32::MAX, output: MAX_OUTPUT },
		fee: line.units().saturating_sub(siblings.len() as Balance),
		claim: commitment::claim(&claim.sketch, claim.gain, &claim.trace),
	};
	let root = siblings
		.iter()
		.try_fold(receipt.leaf(), |node, sibling| SumNode::over(&node, sibling))
		.ok_or(BenchmarkError::Stop("fees pass what a balance can hold"))?;
	Lines::<T>::mutate(id, |lines| {
		if let Some(line) = lines.get_mut(at) {
			*line = Line { count: LEAVES, first: 0, root: root.hash, ..line.clone() };
		}
	});
	let proof = SumProof { siblings: BoundedVec::truncate_from(siblings) };
	Ok(Shown { receipt, proof, claim })
}

/// Leaves room for a batch's next look only in the last of the blocks from `at` on that are tried.
fn crowd<T: Config>(at: BlockNumber) {
	let full = vec![BatchId::MAX; T::MaxDue::get() as usize];
	for block in at..at.saturating_add(SPREAD).saturating_sub(1) {
		Due::<T>::insert(block, BoundedVec::truncate_from(full.clone()));
	}
}

fn skip<T: Config>(blocks: u32) {
	let next = Pallet::<T>::now().saturating_add(blocks);
	System::<T>::set_block_number(next.saturated_into());
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn open_session() -> Result<(), BenchmarkError> {
		let Setting { model, operator, .. } = stage::<T>();
		let (_, who) = payer::<T>()?;
		let signer = Some(who.clone());
		#[extrinsic_call]
		_(
			RawOrigin::Signed(who),
			operator,
			model,
			signer,
			fees::<T>(),
			T::MaxDuration::get(),
			true,
		);
		assert!(Private::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn add_escrow() -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let (id, _, who) = session(&stage)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, fees::<T>());
		let escrow = Sessions::<T>::get(id).map(|session| session.escrow);
		assert_eq!(escrow, Some(fees::<T>().saturating_mul(2)));
		Ok(())
	}

	#[benchmark]
	fn close_session() -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let (id, _, _) = session(&stage)?;
		// By the agent the session ends at once, which costs more than to begin its end.
		#[extrinsic_call]
		_(RawOrigin::Signed(stage.agent), id);
		assert!(!Sessions::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn commit_batch(v: Linear<1, { T::MaxVouchers::get() }>) -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let vouchers = vouchers(&stage, v)?;
		let first = Pallet::<T>::first_look(NextBatch::<T>::get());
		crowd::<T>(Pallet::<T>::known_from(T::Lots::round()).saturating_add(first));
		#[extrinsic_call]
		_(RawOrigin::Signed(stage.agent), stage.model, vouchers);
		assert_eq!(Lines::<T>::get(0).len(), v as usize);
		Ok(())
	}

	#[benchmark]
	fn reveal(n: Linear<1, MAX_SHOWN>, c: Linear<0, MAX_CREDITS>) -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let batch = committed(&stage, T::MaxVouchers::get())?;
		let round = T::Lots::round();
		T::BenchmarkHelper::draw(round);
		// The credits are the first receipt's: what they take is the same whose ever they are.
		let mut shown = AllShown::new();
		for at in hit::<T>(batch)?.into_iter().take(n as usize) {
			let credits = if shown.is_empty() { c } else { 0 };
			let _ = shown.try_push(only_receipt(&stage, batch, at, credits)?);
		}
		let reveal_by = Pallet::<T>::now().saturating_add(T::RevealPeriod::get());
		crowd::<T>(reveal_by.saturating_add(1));
		#[extrinsic_call]
		_(RawOrigin::Signed(stage.agent), batch, shown);
		let opened = Batches::<T>::get(batch)
			.map_or(0, |batch| batch.stages.iter().filter(|stage| **stage == Stage::Open).count());
		assert_eq!(opened, n as usize);
		Ok(())
	}

	#[benchmark]
	fn conclude(v: Linear<1, { T::MaxVouchers::get() }>) -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let id = committed(&stage, v)?;
		for line in Lines::<T>::get(id) {
			Pallet::<T>::do_close_session(stage.agent.clone(), line.session)?;
		}
		let round = T::Lots::round();
		T::BenchmarkHelper::draw(round);
		Pallet::<T>::do_conclude(id)?;
		skip::<T>(T::RevealPeriod::get().saturating_add(1));
		#[extrinsic_call]
		_(RawOrigin::Signed(stage.agent), id);
		assert!(Batches::<T>::get(id).is_some_and(|batch| batch.concluded));
		assert_eq!(Sessions::<T>::iter_keys().count(), 0);
		Ok(())
	}

	#[benchmark]
	fn prune_batch(
		d: Linear<1, { u32::from(T::Draws::get().max(1)) }>,
	) -> Result<(), BenchmarkError> {
		let stage = stage::<T>();
		let id = committed(&stage, 1)?;
		let payer: T::AccountId = account("payer", 0, 0);
		let claim = T::BenchmarkHelper::claim(stage.model, &payer, MAX_CREDITS);
		Batches::<T>::mutate(id, |batch| {
			if let Some(batch) = batch {
				batch.stages = BoundedVec::truncate_from(vec![Stage::Open; d as usize]);
			}
		});
		for draw in 0..d {
			let request = draw_id(id, draw as u8);
			let fee = Batches::<T>::get(id).map_or(0, |batch| batch.fee(draw as u8));
			T::Attribution::submit(
				AnsweredRequest {
					request,
					model: stage.model,
					payer: payer.clone(),
					operator: stage.operator.clone(),
					usage: Usage { prompt: 1, output: 1 },
					answer: Hash::zero(),
					subject: Hash::zero(),
					fee,
					private: false,
				},
				claim.clone(),
			)?;
			T::BenchmarkHelper::finalize(request);
		}
		Pallet::<T>::do_conclude(id)?;
		#[extrinsic_call]
		_(RawOrigin::Signed(stage.agent), id);
		assert!(!Batches::<T>::contains_key(id));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::unchecked(), crate::mock::Test);
}
