//! One case: a call, changed and made by somebody, and what has to hold then.

use super::{
	change,
	stage::{Example, Stage, origin, root, undone},
};
use crate::{
	AccountId, RuntimeCall, System,
	tests::{
		blocks::Chain,
		soak::{
			alarms,
			checks::{self, Issuance},
			world::By,
		},
	},
};
use arbitrary::{Result, Unstructured};
use codec::DecodeAll;
use frame_support::{dispatch::GetDispatchInfo, traits::UnfilteredDispatchable};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sp_runtime::DispatchError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes that decide what happens in one case.
const DECISIONS: usize = 1_024;
/// Of so many accepted calls everything is checked after one, when so many blocks have passed.
const LOOK: u64 = 12;
const BLOCKS: u32 = 6;

/// What came of a case.
pub enum Outcome {
	/// The bytes are no call, or this chain has nothing of the pallet's to change.
	NoCall,
	/// It was refused.
	Refused,
	/// It was accepted.
	Accepted,
	/// Something did not hold.
	Wrong(String),
}

/// A call as somebody makes it; when the decisions run out, what there is by then.
fn made(u: &mut Unstructured, stage: &Stage, example: &Example) -> (By, Vec<u8>) {
	let mut value = example.value.clone();
	let by = who(u, stage, example).unwrap_or_else(|_| example.by.clone());
	let _ = change::change(u, &mut value, &stage.pool);
	let mut bytes = Vec::new();
	value.write(&mut bytes);
	(by, bytes)
}

fn who(u: &mut Unstructured, stage: &Stage, example: &Example) -> Result<By> {
	Ok(match u.int_in_range(0..=15)? {
		0 => By::User(AccountId::new(u.arbitrary()?)),
		1..=4 => By::User(u.choose(&stage.accounts)?.clone()),
		_ => example.by.clone(),
	})
}

/// Whether an error says what is wrong.
fn is_typed(error: &DispatchError) -> bool {
	use DispatchError::{Corruption, Exhausted, Other, Unavailable};
	!matches!(error, Other(_) | Corruption | Unavailable | Exhausted)
}

/// Runs the case `number` of the calls of `pallet`.
pub fn run(stage: &mut Stage, pallet: &str, seed: u64, number: u64) -> Outcome {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	rng.set_stream(number);
	let mut decisions = [0; DECISIONS];
	rng.fill_bytes(&mut decisions);
	let mut u = Unstructured::new(&decisions);
	let of: Vec<&Example> = stage.examples.iter().filter(|one| one.pallet == pallet).collect();
	// Every kind of call in its turn, however few there are of it.
	let mut kinds: Vec<&str> = of.iter().map(|one| one.call).collect();
	kinds.dedup();
	let Some(kind) = kinds.get(number as usize % kinds.len().max(1)) else {
		return Outcome::NoCall;
	};
	let of: Vec<&&Example> = of.iter().filter(|one| one.call == *kind).collect();
	let at = rng.next_u64() as usize % of.len();
	let (by, bytes) = made(&mut u, stage, of[at]);
	let Ok(call) = RuntimeCall::decode_all(&mut &bytes[..]) else { return Outcome::NoCall };
	let told = format!("{by:?} {call:.2000?}");
	let look = rng.next_u64().is_multiple_of(LOOK);
	let number = stage.chain.chain.number();
	let slot = stage.chain.chain.slot();
	let tried = catch_unwind(AssertUnwindSafe(|| {
		stage.chain.ext.execute_with(|| undone(|| tried(call, &by, look, (number, slot))))
	}));
	match tried {
		Ok(Outcome::Wrong(what)) => Outcome::Wrong(format!("{what}: {told}")),
		Ok(outcome) => outcome,
		Err(panic) => Outcome::Wrong(format!("panicked: {}: {told}", checks::message(&*panic))),
	}
}

fn tried(call: RuntimeCall, by: &By, look: bool, (number, slot): (u32, u64)) -> Outcome {
	System::reset_events();
	alarms::take();
	let quiet = root();
	let mut issuance = Issuance::before();
	let most = call.get_dispatch_info().call_weight;
	let result = call.clone().dispatch_bypass_filter(origin(by));
	let alarms = alarms::after(&call);
	if !alarms.is_empty() {
		return Outcome::Wrong(alarms.join("; "));
	}
	match result {
		Err(refused) if !is_typed(&refused.error) => {
			Outcome::Wrong(format!("refused by {:?}", refused.error))
		}
		Err(_) if root() != quiet => Outcome::Wrong("a refused call changed the state".into()),
		Err(_) => Outcome::Refused,
		Ok(post) => {
			if let Some(actual) = post.actual_weight
				&& actual.any_gt(most)
			{
				return Outcome::Wrong(format!("weighed {actual:?}, at most {most:?}"));
			}
			if let Err(what) = issuance.follow() {
				return Outcome::Wrong(what);
			}
			if look {
				// What was accepted must not break a later block's hooks.
				Chain::at(number, slot).blocks(BLOCKS);
				let wrong = checks::after_block();
				if !wrong.is_empty() {
					return Outcome::Wrong(wrong.join("; "));
				}
			}
			Outcome::Accepted
		}
	}
}
