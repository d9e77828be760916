//! How many receipts a second the operator's store gives, and what one takes.
//!
//! `cargo run -p openledger-sessions --example receipts_speed [FOLDER]` prints one JSON object. Two
//! threads serve 32 sessions with 256 answers under way each, of 500 bytes asked, 300 bytes answered
//! and a claim of 18 KiB, until 30,000 receipts are on disk; then 400 are issued one after another.
//! What the processors spent on a receipt is told too, which other work on the machine changes less
//! than the time; and the largest parts of the work alone, on one thread. Needs Linux.

use chacha20poly1305::{AeadInPlace, KeyInit, XChaCha20Poly1305};
use codec::Encode;
use openledger_primitives_attribution::{Claim, RecordCredit};
use openledger_primitives_core::{
	Hash, MAX_CREDITS, Sketch,
	merkle::MultiProof,
	model::{Price, Usage},
	record::RecordLeaf,
};
use openledger_primitives_receipts::{SignedReceipt, SignedVoucher, Voucher};
use openledger_sessions::{
	Store,
	store::{Agent, Answered, Pending, Settings, Terms},
};
use serde_json::json;
use sp_core::{Pair, crypto::AccountId32, sr25519};
use sp_runtime::BoundedVec;
use std::{
	collections::VecDeque,
	fs::{self, File},
	io::{Seek, SeekFrom, Write},
	os::unix::fs::MetadataExt,
	path::PathBuf,
	time::{Duration, Instant},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const GENESIS: Hash = Hash::repeat_byte(9);
const SESSIONS: u64 = 32;
const THREADS: u64 = 2;
const UNDER_WAY: usize = 256;
const RECEIPTS: u32 = 30_000;
const ALONE: u32 = 400;
const USAGE: Usage = Usage { prompt: 125, output: 75 };

/// A claim as large as most: sixteen records with sketches of 512 components, and as many nodes as prove them in
/// an index of 2²⁰ leaves.
fn claim() -> Claim<AccountId32> {
	let sketch: Vec<i8> = (0..512).map(|n| (n * 37 % 251 - 125) as i8).collect();
	let sketch = Sketch::truncate_from(sketch);
	let credit = |position: u32| RecordCredit {
		position,
		head: position,
		scale: 5,
		sketch: sketch.clone(),
		record: RecordLeaf {
			datanet: 1,
			index: position,
			contributor: AccountId32::new([4; 32]),
			content: Hash::repeat_byte(5),
			size: 600,
			committed_at: 70,
		},
	};
	let nodes = vec![Hash::repeat_byte(7); MAX_CREDITS as usize * 16];
	Claim {
		gain: 40,
		trace: Hash::repeat_byte(6),
		contributors: Default::default(),
		contributors_proof: MultiProof::default(),
		records: BoundedVec::truncate_from((0..MAX_CREDITS).map(credit).collect()),
		found: None,
		records_proof: MultiProof { nodes: BoundedVec::truncate_from(nodes) },
		sketch,
	}
}

fn answered(claim: &Claim<AccountId32>) -> Answered {
	Answered { text: vec![b'a'; 300], usage: USAGE, claim: claim.clone() }
}

fn salt(number: u32, thread: u64) -> [u8; 32] {
	let mut salt = [0; 32];
	for (to, from) in salt.iter_mut().zip((number, thread).encode()) {
		*to = from;
	}
	salt
}

fn issue(
	store: &Store,
	session: u64,
	salt: [u8; 32],
	claim: &Claim<AccountId32>,
) -> Result<Pending<SignedReceipt>, Failure> {
	let admission = store.admit(session, salt, vec![b'q'; 500], u128::from(u32::MAX))?;
	Ok(store.issue(admission, answered(claim))?)
}

/// Keeps so many answers under way, each session on one thread, as a server with many clients does.
fn serve(store: &Store, thread: u64, claim: &Claim<AccountId32>) -> Result<(), Failure> {
	let mut waiting = VecDeque::new();
	for number in 0..RECEIPTS / THREADS as u32 {
		let session = u64::from(number) * THREADS % SESSIONS + thread;
		waiting.push_back(issue(store, session, salt(number, thread), claim)?);
		if waiting.len() >= UNDER_WAY {
			waiting.pop_front().map(Pending::wait).transpose()?;
		}
	}
	waiting.into_iter().try_for_each(|pending| pending.wait().map(drop))?;
	Ok(())
}

/// What the file takes on disk: it grows ahead of need, in parts that take nothing until written.
fn on_disk(path: &PathBuf) -> Result<u64, Failure> {
	Ok(fs::metadata(path)?.blocks() * 512)
}

fn micros(from: Instant, times: u32) -> f64 {
	from.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

/// What all threads of this process spent on processors, in seconds, to a hundredth.
fn spent() -> Result<f64, Failure> {
	let stat = fs::read_to_string("/proc/self/stat")?;
	let (_, fields) = stat.rsplit_once(')').ok_or("no process name in /proc/self/stat")?;
	let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
	Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

fn main() -> Result<(), Failure> {
	let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
	let path = folder.join(format!("receipts-speed-{}.redb", std::process::id()));
	let outcome = measure(&path);
	for file in [path.clone(), PathBuf::from(format!("{}.key", path.display()))] {
		let _ = fs::remove_file(file);
	}
	println!("{}", outcome?);
	Ok(())
}

fn measure(path: &PathBuf) -> Result<serde_json::Value, Failure> {
	let agent = sr25519::Pair::from_seed(&[1; 32]);
	let claim = claim();
	let claim_bytes = claim.encoded_size();
	let settings = Settings { receipts: u32::MAX, amount: u128::MAX, cache: 64 << 20 };

	let from = Instant::now();
	for number in 0..2_000u32 {
		std::hint::black_box(Agent::sign(&agent, &number.to_le_bytes()))?;
	}
	let signing = micros(from, 2_000);

	let cipher = XChaCha20Poly1305::new(&[3; 32].into());
	let mut sealed = vec![0; claim_bytes];
	let from = Instant::now();
	for _ in 0..2_000 {
		cipher
			.encrypt_in_place_detached(&[4; 24].into(), b"", &mut sealed)
			.map_err(|_| "the cipher failed")?;
	}
	let sealing = micros(from, 2_000);

	let voucher = Voucher { session: 1, amount: 2, count: 3, root: GENESIS };
	let signature = Agent::sign(&agent, &voucher.payload(&GENESIS))?;
	let (signed, signer) = (SignedVoucher { voucher, signature }, agent.public().into());
	let from = Instant::now();
	for _ in 0..1_000 {
		assert!(std::hint::black_box(&signed).verify(&GENESIS, &signer));
	}
	let verifying = micros(from, 1_000);

	let mut scratch = File::options().create(true).truncate(true).write(true).open(path)?;
	let from = Instant::now();
	for _ in 0..100 {
		scratch.seek(SeekFrom::Start(0))?;
		scratch.write_all(&[1; 4096])?;
		scratch.sync_data()?;
	}
	let sync = micros(from, 100);
	drop(scratch);
	fs::remove_file(path)?;

	let store = Store::open(path, GENESIS, agent, settings)?;
	for session in 0..SESSIONS {
		let account = AccountId32::new([2; 32]);
		let price = Price { prompt: 1_000, output: 2_000 };
		let terms =
			Terms { payer: account.clone(), signer: account, model: 1, price, escrow: 1 << 100 };
		store.open_session(session, terms)?.wait()?;
	}

	let empty = on_disk(path)?;
	let (started, spent_before) = (Instant::now(), spent()?);
	std::thread::scope(|scope| {
		let threads: Vec<_> = (0..THREADS)
			.map(|thread| {
				scope.spawn({
					let (store, claim) = (&store, &claim);
					move || serve(store, thread, claim)
				})
			})
			.collect();
		threads.into_iter().try_for_each(|thread| match thread.join() {
			Ok(outcome) => outcome,
			Err(_) => Err("a thread panicked".into()),
		})
	})?;
	let cpu = (spent()? - spent_before) * 1e6 / f64::from(RECEIPTS);
	let seconds = started.elapsed().as_secs_f64();
	let length = on_disk(path)?.saturating_sub(empty);

	let mut alone: Vec<Duration> = Vec::new();
	for number in 0..ALONE {
		let from = Instant::now();
		issue(&store, 0, salt(number, THREADS), &claim)?.wait()?;
		alone.push(from.elapsed());
	}
	alone.sort_unstable();
	let at = |part: usize| alone.get(alone.len() * part / 100).map_or(0.0, Duration::as_secs_f64);

	// Read back what is there, so that the figures are those of a store that works.
	let kept = store.receipts(0, 0, 1)?;
	if kept.first().is_none_or(|kept| kept.contents.claim != claim.encode()) {
		return Err("the first receipt is not as it was issued".into());
	}
	Ok(json!({
		"receipts_per_s": (f64::from(RECEIPTS) / seconds).round(),
		"bytes_per_receipt": length / u64::from(RECEIPTS),
		"p50_alone_ms": at(50) * 1e3,
		"p95_alone_ms": at(95) * 1e3,
		"claim_bytes": claim_bytes,
		"receipts": RECEIPTS,
		"threads": THREADS,
		"under_way": THREADS as usize * UNDER_WAY,
		"cpu_us_per_receipt": cpu,
		"sign_us": signing,
		"seal_claim_us": sealing,
		"verify_voucher_us": verifying,
		"sync_us": sync,
	}))
}
