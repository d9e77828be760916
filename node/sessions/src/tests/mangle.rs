//! Valid JSON and headers with something changed, and the cases that it is done for.
//!
//! Every case follows from a seed and its number, and for some targets from what the cases before it left.
//! `scripts/fuzz` runs them for longer: see there for what the environment variables mean.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::{
	collections::BTreeMap,
	time::{Duration, Instant},
};

pub type Headers = BTreeMap<&'static str, String>;

fn number(name: &str) -> Option<u64> {
	std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// The cases of a target.
pub struct Cases {
	target: &'static str,
	seed: u64,
	only: Option<u64>,
	/// Whether one case needs those before it.
	in_order: bool,
	until: Option<Instant>,
	usual: u64,
	done: u64,
	accepted: u64,
}

/// One case. Names itself where it is dropped by a panic.
pub struct Case {
	pub rng: ChaCha8Rng,
	name: String,
}

impl Drop for Case {
	fn drop(&mut self) {
		if std::thread::panicking() {
			eprintln!("{}", self.name);
		}
	}
}

impl Cases {
	/// As many as the environment says, or else `usual`.
	pub fn of(target: &'static str, usual: u64) -> Self {
		let seconds = number("OPENLEDGER_FUZZ_SECONDS").map(Duration::from_secs);
		Self {
			target,
			seed: number("OPENLEDGER_FUZZ_SEED").unwrap_or(1),
			only: number("OPENLEDGER_FUZZ_CASE"),
			in_order: false,
			until: seconds.map(|all| Instant::now() + all),
			usual,
			done: 0,
			accepted: 0,
		}
	}

	/// As [`Cases::of`], of a target whose cases go on from what those before them left: one alone is run
	/// after all of these.
	#[allow(dead_code, reason = "messages stand alone; requests do not")]
	pub fn in_order(target: &'static str, usual: u64) -> Self {
		Self { in_order: true, ..Self::of(target, usual) }
	}

	/// The next one, while there is one.
	pub fn another(&mut self) -> Option<Case> {
		let more = match (self.only, self.until) {
			(Some(only), _) if self.in_order => self.done <= only,
			(Some(_), _) => self.done == 0,
			(None, Some(until)) => Instant::now() < until,
			(None, None) => self.done < self.usual,
		};
		let number = self.only.filter(|_| !self.in_order).unwrap_or(self.done);
		self.done += 1;
		let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
		rng.set_stream(number);
		let name = format!("{} seed {} case {number}", self.target, self.seed);
		more.then_some(Case { rng, name })
	}

	/// Counts a case that was taken.
	pub fn accept(&mut self, accepted: bool) {
		self.accepted += u64::from(accepted);
	}

	/// Tells what came of all.
	pub fn report(self) {
		let Self { target, seed, accepted, .. } = self;
		let cases = self.done.saturating_sub(1);
		println!(
			"{}",
			json!({ "target": target, "seed": seed, "cases": cases, "accepted": accepted })
		);
		assert!(self.only.is_some() || accepted > 0, "nothing was taken, so nothing was reached");
	}
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

/// Other characters for a text: hexadecimal is what most of them are.
pub fn retext(rng: &mut ChaCha8Rng, text: &str) -> String {
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

/// A document's bytes, with up to two of its places changed, and now and then the bytes.
pub fn mangle(rng: &mut ChaCha8Rng, mut document: Value) -> Vec<u8> {
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

/// Headers with up to two of them changed or missing.
pub fn headers(rng: &mut ChaCha8Rng, mut headers: Headers) -> Headers {
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
