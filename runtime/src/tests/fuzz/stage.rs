//! Where calls are tried: chains that users have lived on for a while, and valid calls of them.

use super::{
	change::Pool,
	value::{self, Value},
};
use crate::{
	AccountId, Hash, RuntimeCall, RuntimeOrigin,
	tests::soak::{
		makers,
		run::{self, Maker},
		world::{Attempt, By, World},
	},
};
use codec::Encode;
use frame_support::{
	storage::{TransactionOutcome, with_transaction_unchecked},
	traits::{GetCallMetadata, UnfilteredDispatchable},
};
use scale_info::{PortableRegistry, Registry, meta_type};
use sp_runtime::StateVersion;

/// Tries of each maker for something valid.
const TRIES: u32 = 60;
/// Calls that are kept of each kind: accepted as they are, and refused.
const VALID: usize = 12;
const REFUSED: usize = 3;
/// Calls that a chain has lived through, and how much these differ between chains.
const LIVED: u32 = 600;
const STEP: u64 = 90;

/// A call of a pallet's, with who made it.
pub struct Example {
	/// The pallet.
	pub pallet: &'static str,
	/// The call.
	pub call: &'static str,
	/// Who.
	pub by: By,
	/// What.
	pub value: Value,
	/// Whether it is accepted as it is.
	pub valid: bool,
}

/// A chain, and calls to change.
pub struct Stage {
	/// Its state and its users.
	pub chain: run::Stage,
	/// Calls that makers made up.
	pub examples: Vec<Example>,
	/// What they are made of.
	pub pool: Pool,
	/// Who there is.
	pub accounts: Vec<AccountId>,
}

/// The runtime's types, and that of its calls.
pub fn types() -> (PortableRegistry, value::Type) {
	let mut registry = Registry::new();
	let call = registry.register_type(&meta_type::<RuntimeCall>()).id;
	(registry.into(), call)
}

/// The root of the state as it stands.
pub fn root() -> Hash {
	Hash::from_slice(&sp_io::storage::root(StateVersion::V1))
}

/// Does something and takes it back.
pub fn undone<R>(within: impl FnOnce() -> R) -> R {
	with_transaction_unchecked(|| TransactionOutcome::Rollback(within()))
}

/// The origin of who makes a call.
pub fn origin(by: &By) -> RuntimeOrigin {
	match by {
		By::User(who) => RuntimeOrigin::signed(who.clone()),
		By::Governance(origin) => origin.clone().into(),
	}
}

fn is_valid(attempt: &Attempt) -> bool {
	let call = attempt.call.clone();
	undone(|| call.dispatch_bypass_filter(origin(&attempt.by)).is_ok())
}

/// What a maker makes up here, valid calls first.
fn examples(
	world: &mut World,
	types: &(PortableRegistry, value::Type),
	(pallet, call, maker): (&'static str, &'static str, Maker),
) -> Vec<Example> {
	let (mut valid, mut refused) = (0, 0);
	let mut examples = Vec::new();
	for _ in 0..TRIES {
		let Some(attempt) = maker(world) else { continue };
		let metadata = attempt.call.get_call_metadata();
		if (metadata.pallet_name, metadata.function_name) != (pallet, call) {
			continue;
		}
		let is_valid = is_valid(&attempt);
		let (count, most) = if is_valid { (&mut valid, VALID) } else { (&mut refused, REFUSED) };
		if *count >= most {
			continue;
		}
		*count += 1;
		let bytes = attempt.call.encode();
		let value = value::read(&types.0, types.1, &mut &bytes[..]).expect("it is a call");
		let mut again = Vec::new();
		value.write(&mut again);
		assert_eq!(again, bytes, "{pallet}.{call} is not read as it is written");
		examples.push(Example { pallet, call, by: attempt.by, value, valid: is_valid });
	}
	examples
}

impl Stage {
	/// One of the chains of a seed.
	pub fn new(seed: u64, number: u64, types: &(PortableRegistry, value::Type)) -> Self {
		let lived = LIVED + (STEP * (number % 8)) as u32;
		let mut chain = run::stage(seed.wrapping_mul(1_000_003).wrapping_add(number), lived);
		let world = &mut chain.world;
		let examples = chain.ext.execute_with(|| {
			let ours = makers().into_iter().filter(|(_, call, ..)| !call.is_empty());
			ours.flat_map(|(pallet, call, _, maker)| examples(world, types, (pallet, call, maker)))
				.collect::<Vec<Example>>()
		});
		let mut pool = Pool::default();
		examples.iter().for_each(|example| pool.add(&example.value));
		let accounts = world.accounts();
		Self { chain, examples, pool, accounts }
	}
}
