//! What was asked and paid in one session, one JSON object a line, beside the purse.
//!
//! The purse alone decides what is paid; the journal is for people, and for following a receipt into
//! its batch: the chain draws units of fee, and the journal knows which ones a receipt covers. It
//! holds the texts, so its owner alone can read it. A line that a crash cut short is passed over.

use openledger_primitives_core::{Balance, Hash, SessionId, model::Usage, units};
use openledger_primitives_receipts::{Receipt, commitment::Salt};
use openledger_sessions::protocol::{Credited, Opened};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;
use std::{
	fs::{self, File, OpenOptions},
	io::{self, Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
	/// Its salt.
	pub salt: Hash,
	/// Seconds since 1970.
	pub at: u64,
	/// The question.
	pub question: String,
}

/// An answer that was paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
	/// The session.
	pub session: SessionId,
	/// The receipt's place in it.
	pub receipt: u32,
	/// What was asked, where the journal has it.
	pub question: Option<String>,
	/// The answer.
	pub answer: String,
	/// The tokens that it took.
	pub usage: Usage,
	/// What it costs, in the smallest unit of OPEN.
	#[serde(with = "units")]
	pub fee: Balance,
	/// What the receipts before it cost: the first of the session's units that it covers.
	#[serde(with = "units")]
	pub from: Balance,
	/// The mean gain in log-probability, in thousandths of a nat a token.
	pub gain: i32,
	/// The salted hash of the execution trace, which no other answer has.
	pub trace: Hash,
	/// The records that moved it, best first, as the operator says.
	pub records: Vec<Credited>,
	/// The contributors that are paid, where the model pays contributors.
	pub contributors: Vec<AccountId32>,
	/// The records that were put into its prompt, as they are numbered there, as the operator says.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub found: Vec<Credited>,
	/// The salt of its commitments, which shows what was asked and answered.
	pub salt: Hash,
}

impl Paid {
	/// Of a receipt that was paid when `from` units were spent before.
	pub fn new(
		receipt: &Receipt,
		claim: Opened,
		from: Balance,
		salt: Salt,
		question: Option<String>,
		answer: String,
	) -> Self {
		Self {
			session: receipt.session,
			receipt: receipt.position,
			question,
			answer,
			usage: receipt.usage,
			fee: receipt.fee,
			from,
			gain: claim.gain,
			trace: claim.trace,
			records: claim.records,
			contributors: claim.contributors,
			found: claim.found,
			salt: salt.into(),
		}
	}
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
	Asked(Asked),
	Paid(Box<Paid>),
}

/// A session's journal.
pub struct Journal {
	path: PathBuf,
}

fn now() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Journal {
	/// The one at `path`, which is made when there is something to write.
	pub fn at(path: &Path) -> Self {
		Self { path: path.into() }
	}

	/// Writes down that a question is sent.
	///
	/// # Errors
	/// The file's.
	pub fn asked(&self, salt: Salt, question: &str) -> io::Result<()> {
		self.append(&Line::Asked(Asked { salt: salt.into(), at: now(), question: question.into() }))
	}

	/// Writes down that an answer is paid.
	///
	/// # Errors
	/// The file's.
	pub fn paid(&self, paid: &Paid) -> io::Result<()> {
		self.append(&Line::Paid(Box::new(paid.clone())))
	}

	fn append(&self, line: &Line) -> io::Result<()> {
		let mut options = OpenOptions::new();
		options.read(true).append(true).create(true);
		#[cfg(unix)]
		std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
		let mut file = options.open(&self.path)?;
		let mut bytes = Vec::new();
		if is_cut(&mut file)? {
			bytes.push(b'\n');
		}
		serde_json::to_writer(&mut bytes, line)?;
		bytes.push(b'\n');
		file.write_all(&bytes)
	}

	fn lines(&self) -> io::Result<Vec<Line>> {
		let bytes = match fs::read(&self.path) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
			other => other?,
		};
		let lines = bytes.split(|byte| *byte == b'\n');
		Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
	}

	/// The requests with these salts, as far as they were written down.
	///
	/// # Errors
	/// The file's.
	pub fn find_asked(&self, salts: &[Salt]) -> io::Result<Vec<Asked>> {
		let asked = |line| match line {
			Line::Asked(asked) => Some(asked).filter(|asked| salts.contains(&asked.salt.0)),
			Line::Paid(_) => None,
		};
		Ok(self.lines()?.into_iter().filter_map(asked).collect())
	}

	/// The answers that were paid, in order of their receipts.
	///
	/// # Errors
	/// The file's.
	pub fn all_paid(&self) -> io::Result<Vec<Paid>> {
		let paid = |line| match line {
			Line::Paid(paid) => Some(*paid),
			Line::Asked(_) => None,
		};
		let mut all: Vec<Paid> = self.lines()?.into_iter().filter_map(paid).collect();
		all.sort_by_key(|paid| paid.receipt);
		Ok(all)
	}
}

impl Asked {
	/// How long ago it was sent, as far as the clock can be believed.
	pub fn age(&self) -> Duration {
		Duration::from_secs(now().saturating_sub(self.at))
	}
}

/// Whether the file's last line was not finished.
fn is_cut(file: &mut File) -> io::Result<bool> {
	if file.seek(SeekFrom::End(0))? == 0 {
		return Ok(false);
	}
	file.seek(SeekFrom::End(-1))?;
	let mut last = [0];
	file.read_exact(&mut last)?;
	Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::os::unix::fs::PermissionsExt;

	fn paid(receipt: u32) -> Paid {
		Paid {
			session: 3,
			receipt,
			question: Some("why?".into()),
			answer: "because\nof that".into(),
			usage: Usage { prompt: 1, output: 2 },
			fee: Balance::MAX,
			from: 5,
			gain: -7,
			trace: Hash::repeat_byte(1),
			records: Vec::new(),
			contributors: vec![AccountId32::new([4; 32])],
			found: Vec::new(),
			salt: Hash::repeat_byte(9),
		}
	}

	#[test]
	fn what_was_written_is_read_back_in_order_of_receipts() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("journal");
		let journal = Journal::at(&path);
		assert!(journal.all_paid().unwrap().is_empty());
		journal.asked([1; 32], "why?").unwrap();
		journal.asked([2; 32], "who?").unwrap();
		journal.paid(&paid(1)).unwrap();
		journal.paid(&paid(0)).unwrap();
		assert_eq!(journal.all_paid().unwrap(), [paid(0), paid(1)]);
		let asked = journal.find_asked(&[[2; 32], [3; 32]]).unwrap();
		assert_eq!((asked.len(), asked[0].question.as_str()), (1, "who?"));
		assert!(asked[0].age() < Duration::from_secs(60));
		assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	}

	#[test]
	fn line_that_was_cut_short_costs_itself_alone() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("journal");
		let journal = Journal::at(&path);
		journal.paid(&paid(0)).unwrap();
		journal.paid(&paid(1)).unwrap();
		let whole = fs::read(&path).unwrap();
		fs::write(&path, &whole[..whole.len() - 9]).unwrap();
		journal.paid(&paid(2)).unwrap();
		assert_eq!(journal.all_paid().unwrap(), [paid(0), paid(2)]);
	}
}
