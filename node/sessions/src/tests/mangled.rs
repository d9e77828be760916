//! Messages and headers that are changed at random: each is refused with a code for programs and
//! leaves the store as it was, or is taken, and then means the same when it is written and read again.

use super::{
	mangle::{Cases, Headers, headers, mangle},
	world::*,
};
use crate::{
	StoreError,
	protocol::{Again, Asking, BadHeader, Failure, Missing, Owing, Payment, Resent, audit},
	store::Kept,
};
use openledger_primitives_receipts::SignedVoucher;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sp_core::{Pair, crypto::AccountId32};
use std::fmt::Debug;

/// What is taken means the same when it is written and read again.
fn taken<T>(bytes: &[u8]) -> Option<T>
where
	T: Serialize + DeserializeOwned + PartialEq + Debug,
{
	let value: T = serde_json::from_slice(bytes).ok()?;
	let written = serde_json::to_vec(&value).expect("what was read can be written");
	let again: T = serde_json::from_slice(&written).expect("what was written can be read");
	assert_eq!(again, value);
	Some(value)
}

fn read(headers: &Headers) -> Result<Option<Asking>, BadHeader> {
	Asking::read(|name| headers.get(name).map(String::as_str))
}

/// What can be seen of a store.
fn seen(world: &World) -> (Vec<SignedVoucher>, Vec<Kept>) {
	let due = world.store.due(MODEL, 9).unwrap();
	(due, world.store.receipts(SESSION, 0, 64).unwrap())
}

/// Of a refusal: it has a code, it is no fault of the operator's, and nothing came of it.
fn refused(error: &StoreError, world: &World, before: &(Vec<SignedVoucher>, Vec<Kept>)) {
	let failure = Failure::from(error);
	assert!((400..500).contains(&failure.status) || failure.status == 503, "{error}");
	assert!(!failure.error.code.is_empty() && failure.error.message.len() < 1_000);
	let after = seen(world);
	assert_eq!(format!("{after:?}"), format!("{before:?}"), "{error}");
}

/// The messages of a session, and what goes with them.
struct Sample {
	world: World,
	whole: Headers,
	pass: Headers,
	messages: [Value; 6],
}

impl Sample {
	fn new() -> Self {
		let mut world = World::with_paid(3);
		let voucher = world.exchange(3);
		let whole: Headers = world.ask(4).headers().into_iter().collect();
		let kept = world.store.receipts(SESSION, 0, 2).unwrap();
		let receipts: Vec<Again> =
			kept.into_iter().map(|kept| Again::try_from(kept).unwrap()).collect();
		let receipt = receipts[0].given.signed.clone();
		let content = audit::Content { salt: [5; 32], asked: question(0), receipt };
		let pair = agent();
		let pass = audit::headers(&pair.public().into(), &pair.sign(b"pass").into());
		let messages = [
			json!(Payment { voucher }),
			json!(Missing { after: 1 }),
			json!(receipts[0].given),
			json!(Resent { receipts }),
			json!(content),
			json!(Owing { receipts: 1, amount: u128::MAX }),
		];
		Self { world, whole, pass: pass.into_iter().collect(), messages }
	}

	/// Whether the case was taken.
	fn case(&mut self, rng: &mut ChaCha8Rng) -> bool {
		let world = &mut self.world;
		match rng.random_range(0..8usize) {
			0 => {
				let bytes = mangle(rng, self.messages[0].clone());
				let Some(Payment { voucher }) = taken(&bytes) else { return false };
				let before = seen(world);
				match world.store.accept(voucher).and_then(|waiting| waiting.wait()) {
					Ok(_) => true,
					Err(error) => {
						refused(&error, world, &before);
						false
					}
				}
			}
			1 => taken::<Missing>(&mangle(rng, self.messages[1].clone())).is_some(),
			2 => {
				let bytes = mangle(rng, self.messages[2].clone());
				taken::<crate::protocol::Given>(&bytes).is_some()
			}
			3 => taken::<Resent>(&mangle(rng, self.messages[3].clone())).is_some(),
			4 => taken::<audit::Content>(&mangle(rng, self.messages[4].clone())).is_some(),
			5 => taken::<Owing>(&mangle(rng, self.messages[5].clone())).is_some(),
			6 => {
				let pass = headers(rng, self.pass.clone());
				let read = |pass: &Headers| audit::read(|name| pass.get(name).map(String::as_str));
				let Ok((agent, signature)) = read(&pass) else { return false };
				let again: Headers = audit::headers(&agent, &signature).into_iter().collect();
				let known: (AccountId32, _) = read(&again).expect("it was just written");
				assert_eq!(known, (agent, signature));
				true
			}
			_ => {
				let Ok(Some(asking)) = read(&headers(rng, self.whole.clone())) else {
					return false;
				};
				let again: Headers = asking.headers().into_iter().collect();
				assert_eq!(read(&again), Ok(Some(asking.clone())));
				let before = seen(world);
				match world.store.authorise(&asking.access) {
					Ok(_) => true,
					Err(error) => {
						refused(&error, world, &before);
						false
					}
				}
			}
		}
	}
}

#[test]
fn mangled_messages_are_refused_by_name_or_mean_one_thing() {
	let mut sample = Sample::new();
	let mut cases = Cases::of("session-messages", 1_500);
	while let Some(mut case) = cases.another() {
		cases.accept(sample.case(&mut case.rng));
	}
	cases.report();
}
