//! Messages and headers that are changed at random: each is refused with a code for programs and
//! leaves the store as it was, or is taken, and then means the same when it is written and read again.
//!
//! Every case follows from a seed and its number. `scripts/fuzz` runs them for longer: see there for
//! what the environment variables mean.

use super::world::*;
use crate::{
	StoreError,
	protocol::{Again, Asking, BadHeader, Failure, Missing, Owing, Payment, Resent, audit},
	store::Kept,
};
use openledger_primitives_receipts::SignedVoucher;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sp_core::{Pair, crypto::AccountId32};
use std::{
	collections::BTreeMap,
	fmt::Debug,
	time::{Duration, Instant},
};

/// Cases when nothing else is asked for.
const CASES: u64 = 1_500;

type Headers = BTreeMap<&'static str, String>;

fn number(name: &str) -> Option<u64> {
	std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// One of the places in a document.
fn place<'a>(rng: &mut ChaCha8Rng, value: &'a mut Value) -> &'a mut Value {
	let parts = match value {
		Value::Array(items) => items.len(),
		Value::Object(fields) => fields.len(),
		_ => 0,
	};
	if parts == 0 || rng.random_ratio(1, 6) {
		return value;
	}
	let at = rng.random_range(0..parts);
	let part = match value {
		Value::Array(items) => items.get_mut(at),
		Value::Object(fields) => fields.values_mut().nth(at),
		_ => None,
	};
	place(rng, part.expect("it has so many parts"))
}

/// Other bytes for a text: hexadecimal is what most of them are.
fn retext(rng: &mut ChaCha8Rng, text: &str) -> String {
	let mut bytes = text.as_bytes().to_vec();
	let at = rng.random_range(0..bytes.len().max(1));
	match rng.random_range(0..9) {
		0 => bytes.clear(),
		1 => bytes.truncate(at),
		2 => bytes.extend(b"00"),
		3 => bytes.extend(bytes.clone()),
		4 => bytes = format!("0x{text}").into_bytes(),
		5 => bytes.make_ascii_uppercase(),
		6 => bytes = b"340282366920938463463374607431768211456".to_vec(),
		_ => {
			if let Some(byte) = bytes.get_mut(at) {
				*byte = b"0f9-gZ\" \n"[rng.random_range(0..9)];
			}
		}
	}
	String::from_utf8_lossy(&bytes).into_owned()
}

fn mangle(rng: &mut ChaCha8Rng, mut document: Value) -> Vec<u8> {
	for _ in 0..rng.random_range(0..3) {
		let value = place(rng, &mut document);
		*value = match (rng.random_range(0..8), value.take()) {
			(0, _) => Value::Null,
			(1, _) => json!(u64::MAX),
			(2, _) => json!(-1),
			(3, _) => json!([[[[{"a": []}]]]]),
			(4, Value::Object(mut fields)) => {
				let first = fields.keys().next().cloned();
				first.map(|name| fields.remove(&name));
				fields.into()
			}
			(_, Value::Object(mut fields)) => {
				fields.insert("more".into(), json!(1));
				fields.into()
			}
			(_, Value::Array(mut items)) => {
				items.extend(items.first().cloned());
				items.reverse();
				items.into()
			}
			(_, Value::String(text)) => retext(rng, &text).into(),
			(_, Value::Number(old)) => json!(old.as_i64().unwrap_or(0).wrapping_add(1)),
			(_, other) => other,
		};
	}
	let mut bytes = document.to_string().into_bytes();
	match rng.random_range(0..10) {
		0 => bytes.truncate(rng.random_range(0..=bytes.len())),
		1 => bytes.extend(b"{}"),
		2 => {
			// A field twice.
			let twice = bytes.iter().position(|byte| *byte == b',').unwrap_or(1);
			let field = bytes[1..twice].to_vec();
			bytes.splice(1..1, [field.as_slice(), b","].concat());
		}
		3 => bytes.splice(0..0, b"[".repeat(4_000)).for_each(drop),
		4 => {
			let at = rng.random_range(0..bytes.len());
			bytes[at] = rng.random();
		}
		_ => {}
	}
	bytes
}

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

fn headers(rng: &mut ChaCha8Rng, mut headers: Headers) -> Headers {
	for _ in 0..rng.random_range(0..3) {
		let at = rng.random_range(0..headers.len().max(1));
		let Some(name) = headers.keys().nth(at).copied() else { continue };
		if rng.random_ratio(1, 6) {
			headers.remove(name);
		} else {
			let text = retext(rng, &headers[name]);
			headers.insert(name, text);
		}
	}
	headers
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
	let seed = number("OPENLEDGER_FUZZ_SEED").unwrap_or(1);
	let only = number("OPENLEDGER_FUZZ_CASE");
	let seconds = number("OPENLEDGER_FUZZ_SECONDS").map(Duration::from_secs);
	let mut sample = Sample::new();
	let (mut accepted, mut cases) = (0u64, 0u64);
	let start = Instant::now();
	let more = |cases: u64| match (only, seconds) {
		(Some(_), _) => cases == 0,
		(None, Some(all)) => start.elapsed() < all,
		(None, None) => cases < CASES,
	};
	while more(cases) {
		let case = only.unwrap_or(cases);
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		rng.set_stream(case);
		// Told by the panic of what does not hold.
		let told = Told(seed, case);
		accepted += u64::from(sample.case(&mut rng));
		drop(told);
		cases += 1;
	}
	println!(
		"{{\"target\": \"session-messages\", \"seed\": {seed}, \"cases\": {cases}, \
		 \"accepted\": {accepted}}}"
	);
	assert!(only.is_some() || accepted > 0, "nothing was taken, so nothing was reached");
}

/// Says which case it was where it ends by a panic.
struct Told(u64, u64);

impl Drop for Told {
	fn drop(&mut self) {
		if std::thread::panicking() {
			eprintln!("session-messages seed {} case {}", self.0, self.1);
		}
	}
}
