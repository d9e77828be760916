//! Where purses lie: `sessions/<chain>/<payer>/model-<model>-<operator>/session-<number>.purse`, below
//! the client's data folder.
//!
//! A purse whose session is not known to be final yet is called `opening-<number>.purse` after the
//! number that the next session had then. It is opened and renamed under the folder's lock alone;
//! every other purse has a lock of its own.

use super::{Patience, journal::Journal};
use anyhow::{Context, Result, bail};
use openledger_primitives_core::{Hash, ModelId, SessionId};
use openledger_sessions::{
	Purse,
	purse::{Deal, PurseError},
};
use sp_core::crypto::{AccountId32, Ss58Codec};
use std::{
	fs::{self, DirBuilder, File, OpenOptions, TryLockError},
	io,
	path::{Path, PathBuf},
};
use tokio::time::Instant;

/// The purses of one payer on one chain.
#[derive(Clone, Debug)]
pub struct Folder {
	path: PathBuf,
	genesis: Hash,
}

/// A purse's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
	/// The file.
	pub path: PathBuf,
	/// The session; `None` where its opening is not known to be final.
	pub session: Option<SessionId>,
	/// No lower number than this can be the session's.
	pub from: SessionId,
	/// The model version.
	pub model: ModelId,
	/// The operator.
	pub operator: AccountId32,
}

/// Keeps others from opening sessions of the payer until it is dropped.
pub struct Lock(File);

impl Drop for Lock {
	fn drop(&mut self) {
		// A process that is being started may have a copy of the file, and would hold the lock with it.
		let _ = self.0.unlock();
	}
}

fn make(path: &Path) -> Result<()> {
	let mut builder = DirBuilder::new();
	builder.recursive(true);
	#[cfg(unix)]
	std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
	builder.create(path).with_context(|| format!("can't make the folder {}", path.display()))
}

impl Place {
	/// The journal beside the purse.
	pub fn journal(&self) -> Journal {
		Journal::at(&self.path.with_extension("jsonl"))
	}
}

impl Folder {
	/// Below the client's data folder.
	pub fn new(data: &Path, genesis: Hash, payer: &AccountId32) -> Self {
		let chain = hex::encode(&genesis.as_bytes()[..8]);
		let path = data.join("sessions").join(chain).join(payer.to_ss58check());
		Self { path, genesis }
	}

	/// Waits until no other process opens a session of this payer.
	///
	/// # Errors
	/// Where one does for longer than an answer may take, or the disk fails.
	pub async fn lock(&self, patience: &Patience) -> Result<Lock> {
		make(&self.path)?;
		let path = self.path.join("opening.lock");
		let tell = || format!("can't lock {}", path.display());
		let mut options = OpenOptions::new();
		let file =
			options.write(true).create(true).truncate(false).open(&path).with_context(tell)?;
		let until = Instant::now() + patience.answer;
		let mut tries = 0;
		loop {
			match file.try_lock() {
				Ok(()) => return Ok(Lock(file)),
				Err(TryLockError::WouldBlock) if Instant::now() < until => {
					patience.wait(tries).await
				}
				Err(TryLockError::WouldBlock) => {
					bail!("another openledger opens or uses a session: wait for it, or end it")
				}
				Err(TryLockError::Error(error)) => return Err(error).with_context(tell),
			}
			tries += 1;
		}
	}

	/// The purses that there are, those of later sessions first.
	///
	/// # Errors
	/// The disk's.
	pub fn places(&self) -> Result<Vec<Place>> {
		let tell = || format!("can't read {}", self.path.display());
		let mut places = Vec::new();
		for (folder, name) in entries(&self.path).with_context(tell)? {
			let Some((model, operator)) = parties(&name) else { continue };
			for (path, name) in entries(&folder).with_context(tell)? {
				let operator = operator.clone();
				if let Some(session) = number(&name, "session-") {
					let from = session;
					places.push(Place { path, session: Some(session), from, model, operator });
				} else if let Some(from) = number(&name, "opening-") {
					places.push(Place { path, session: None, from, model, operator });
				}
			}
		}
		places.sort_by_key(|place| std::cmp::Reverse(place.session));
		Ok(places)
	}

	/// The purse of a session.
	///
	/// # Errors
	/// Where there is none.
	pub fn find(&self, session: SessionId) -> Result<Place> {
		let place = self.places()?.into_iter().find(|place| place.session == Some(session));
		place.with_context(|| {
			format!(
				"there is no purse for session {session} of this account in {}: see openledger session list",
				self.path.display()
			)
		})
	}

	/// Makes a purse for a session that is to be opened, whose number will be `from` or a later one.
	///
	/// # Errors
	/// [`PurseError`], or the disk's.
	pub fn create(
		&self,
		_lock: &Lock,
		operator: &AccountId32,
		from: SessionId,
		deal: Deal,
	) -> Result<(Place, Purse)> {
		let name = format!("model-{}-{}", deal.model, operator.to_ss58check());
		let folder = self.path.join(name);
		make(&folder)?;
		let path = folder.join(format!("opening-{from}.purse"));
		let model = deal.model;
		let purse = Purse::create(&path, deal)?;
		Ok((Place { path, session: None, from, model, operator: operator.clone() }, purse))
	}

	/// Opens a purse, and waits while another process has it open.
	///
	/// # Errors
	/// [`PurseError`]; where it is of another chain or model than its place says.
	pub async fn open(&self, place: &Place, patience: &Patience) -> Result<Purse> {
		let until = Instant::now() + patience.answer;
		let mut tries = 0;
		let purse = loop {
			match Purse::open(&place.path) {
				Err(PurseError::InUse(_)) if Instant::now() < until => patience.wait(tries).await,
				other => break other?,
			}
			tries += 1;
		};
		self.check(place, &purse)?;
		Ok(purse)
	}

	/// Opens a purse; `None` where another process has it open.
	///
	/// # Errors
	/// As [`Folder::open`].
	pub fn peek(&self, place: &Place) -> Result<Option<Purse>> {
		let purse = match Purse::open(&place.path) {
			Err(PurseError::InUse(_)) => return Ok(None),
			other => other?,
		};
		self.check(place, &purse)?;
		Ok(Some(purse))
	}

	fn check(&self, place: &Place, purse: &Purse) -> Result<()> {
		let (deal, session) = (purse.deal(), purse.status().session);
		let is_it = deal.genesis == self.genesis
			&& deal.model == place.model
			&& (session == place.session || place.session.is_none());
		if !is_it {
			bail!(
				"{} is the purse of another session, model or chain than its name says: put it back where \
				 it was",
				place.path.display()
			);
		}
		Ok(())
	}

	/// Gives a purse the name of its session, which it has entered.
	///
	/// # Errors
	/// [`PurseError`], or the disk's.
	pub fn settle(&self, _lock: &Lock, place: Place, purse: Purse) -> Result<(Place, Purse)> {
		let session = purse.status().session.ok_or(PurseError::NotOpen)?;
		drop(purse);
		let path = place.path.with_file_name(format!("session-{session}.purse"));
		if path.exists() {
			bail!(
				"{} exists: move one of the two purses of session {session} away",
				path.display()
			);
		}
		let tell = || format!("can't rename {}", place.path.display());
		fs::rename(&place.path, &path).with_context(tell)?;
		let purse = Purse::open(&path)?;
		Ok((Place { path, session: Some(session), ..place }, purse))
	}

	/// Removes a purse with which no session was opened.
	///
	/// # Errors
	/// The disk's.
	pub fn discard(&self, _lock: &Lock, place: &Place, purse: Purse) -> Result<()> {
		drop(purse);
		let tell = || format!("can't remove {}", place.path.display());
		fs::remove_file(&place.path).with_context(tell)
	}
}

/// The model version and the operator that a folder is named after.
fn parties(name: &str) -> Option<(ModelId, AccountId32)> {
	let (model, operator) = name.strip_prefix("model-")?.split_once('-')?;
	Some((model.parse().ok()?, AccountId32::from_ss58check(operator).ok()?))
}

/// The number in the name of a purse.
fn number(name: &str, prefix: &str) -> Option<SessionId> {
	name.strip_prefix(prefix)?.strip_suffix(".purse")?.parse().ok()
}

/// What is in a folder, with its names; nothing where there is no folder.
fn entries(path: &Path) -> io::Result<Vec<(PathBuf, String)>> {
	let read = match fs::read_dir(path) {
		Err(error)
			if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
		{
			return Ok(Vec::new());
		}
		other => other?,
	};
	let mut found = Vec::new();
	for entry in read {
		let entry = entry?;
		// A name that is no text is none of this module's.
		if let Ok(name) = entry.file_name().into_string() {
			found.push((entry.path(), name));
		}
	}
	Ok(found)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives_core::model::Price;
	use std::{os::unix::fs::PermissionsExt, time::Duration};

	const GENESIS: Hash = Hash::repeat_byte(9);

	fn deal(model: ModelId) -> Deal {
		let agent = AccountId32::new([1; 32]);
		Deal { genesis: GENESIS, agent, model, price: Price { prompt: 1_000, output: 1_000 } }
	}

	fn patience() -> Patience {
		let short = Duration::from_millis(20);
		Patience { pause: short / 20, answer: short, ..Patience::default() }
	}

	fn folder(data: &Path) -> Folder {
		Folder::new(data, GENESIS, &AccountId32::new([7; 32]))
	}

	async fn settled(folder: &Folder, session: SessionId, operator: u8) -> (Place, Purse) {
		let lock = folder.lock(&patience()).await.unwrap();
		let operator = AccountId32::new([operator; 32]);
		let (place, mut purse) = folder.create(&lock, &operator, 0, deal(5)).unwrap();
		purse.opened(session, deal(5).price, 1_000).unwrap();
		folder.settle(&lock, place, purse).unwrap()
	}

	#[tokio::test]
	async fn purses_are_found_by_session_later_ones_first() {
		let data = tempfile::tempdir().unwrap();
		let folder = folder(data.path());
		assert!(folder.places().unwrap().is_empty());
		settled(&folder, 3, 1).await;
		settled(&folder, 12, 2).await;
		let lock = folder.lock(&patience()).await.unwrap();
		let (opening, _purse) =
			folder.create(&lock, &AccountId32::new([2; 32]), 8, deal(6)).unwrap();
		assert_eq!((opening.session, opening.from, opening.model), (None, 8, 6));
		let found: Vec<_> = folder.places().unwrap().iter().map(|place| place.session).collect();
		assert_eq!(found, [Some(12), Some(3), None]);
		assert_eq!(folder.places().unwrap()[2], opening);
		assert_eq!(folder.find(3).unwrap().operator, AccountId32::new([1; 32]));
		assert!(folder.find(4).unwrap_err().to_string().contains("session list"));
		let mode = fs::metadata(&folder.path).unwrap().permissions().mode();
		assert_eq!(mode & 0o777, 0o700);
	}

	#[tokio::test]
	async fn purse_of_another_session_model_or_chain_is_refused() {
		let data = tempfile::tempdir().unwrap();
		let folder = folder(data.path());
		let (place, purse) = settled(&folder, 3, 1).await;
		drop(purse);
		let renamed = Place { path: place.path.with_file_name("session-4.purse"), ..place.clone() };
		fs::copy(&place.path, &renamed.path).unwrap();
		for wrong in
			[Place { session: Some(4), ..renamed.clone() }, Place { model: 6, ..place.clone() }]
		{
			let error = folder.peek(&wrong).err().unwrap().to_string();
			assert!(error.contains("another session"), "{error}");
		}
		let elsewhere = Folder { genesis: Hash::zero(), ..folder.clone() };
		assert!(elsewhere.peek(&place).is_err());
		assert!(folder.peek(&place).unwrap().is_some());
	}

	#[tokio::test]
	async fn one_process_opens_sessions_and_one_uses_each() {
		let data = tempfile::tempdir().unwrap();
		let folder = folder(data.path());
		let (place, purse) = settled(&folder, 3, 1).await;
		assert!(folder.peek(&place).unwrap().is_none());
		assert!(folder.open(&place, &patience()).await.is_err());
		drop(purse);
		assert!(folder.open(&place, &patience()).await.is_ok());
		let lock = folder.lock(&patience()).await.unwrap();
		assert!(folder.lock(&patience()).await.is_err());
		drop(lock);
		assert!(folder.lock(&patience()).await.is_ok());
	}

	#[tokio::test]
	async fn purse_does_not_take_the_place_of_another() {
		let data = tempfile::tempdir().unwrap();
		let folder = folder(data.path());
		settled(&folder, 3, 1).await;
		let lock = folder.lock(&patience()).await.unwrap();
		let (place, mut purse) =
			folder.create(&lock, &AccountId32::new([1; 32]), 0, deal(5)).unwrap();
		purse.opened(3, deal(5).price, 1).unwrap();
		assert!(folder.settle(&lock, place, purse).is_err());
	}
}
