//! Receiving content: streamed into a file that nobody sees, and checked before anyone does.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use openledger_primitives_core::Hash;
use tempfile::NamedTempFile;
use tokio::{
	io::{AsyncWriteExt, BufWriter},
	time::{Instant, timeout_at},
};

use super::{ContentError, hash::Hasher};

const BUFFER: usize = 256 << 10;

/// What is due, and how long it is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
	/// What the bytes have to hash to.
	pub hash: Hash,
	/// How many bytes have to come.
	pub size: u64,
	/// The longest silence.
	pub silence: Duration,
	/// The longest that all of it may take.
	pub patience: Duration,
}

/// Writes `stream` to a new file in `folder` and returns it once size and hash are as announced.
///
/// No more than one byte's chunk beyond the announced size is ever looked at. The file is removed
/// on every other way out, the caller's going away included.
pub(super) async fn receive<S, E>(
	folder: &Path,
	due: Due,
	mut stream: S,
) -> Result<NamedTempFile, ContentError>
where
	S: Stream<Item = Result<Bytes, E>> + Unpin,
	E: std::fmt::Display,
{
	let file = NamedTempFile::new_in(folder).map_err(ContentError::io(folder))?;
	let handle = file.reopen().map_err(ContentError::io(file.path()))?;
	let mut writer = BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(handle));
	let mut hasher = Hasher::default();
	let mut found = 0u64;
	let started = Instant::now();
	let end = started + due.patience;
	loop {
		let now = Instant::now();
		let next = timeout_at(end.min(now + due.silence), stream.next()).await;
		let chunk = match next {
			Err(_) => return Err(ContentError::TooSlow { waited: started.elapsed() }),
			Ok(None) => break,
			Ok(Some(Err(error))) => return Err(ContentError::Interrupted(error.to_string())),
			Ok(Some(Ok(chunk))) => chunk,
		};
		found = found.saturating_add(chunk.len() as u64);
		if found > due.size {
			return Err(ContentError::WrongSize { expected: due.size, found });
		}
		hasher.update(&chunk);
		writer.write_all(&chunk).await.map_err(ContentError::io(file.path()))?;
	}
	if found != due.size {
		return Err(ContentError::WrongSize { expected: due.size, found });
	}
	let hash = hasher.finish();
	if hash != due.hash {
		return Err(ContentError::WrongHash { expected: due.hash, found: hash });
	}
	writer.flush().await.map_err(ContentError::io(file.path()))?;
	// Without this a crash could leave a whole name over half the bytes.
	writer.get_ref().sync_all().await.map_err(ContentError::io(file.path()))?;
	Ok(file)
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::stream;
	use std::{convert::Infallible, io};

	fn due(bytes: &[u8]) -> Due {
		Due {
			hash: openledger_primitives_core::record::content_hash(bytes),
			size: bytes.len() as u64,
			silence: Duration::from_secs(5),
			patience: Duration::from_secs(10),
		}
	}

	fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
		let pieces: Vec<_> = bytes.chunks(1000).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
		stream::iter(pieces)
	}

	fn is_empty(folder: &Path) -> bool {
		std::fs::read_dir(folder).unwrap().next().is_none()
	}

	#[tokio::test]
	async fn file_holds_the_bytes_when_all_is_as_announced() {
		let folder = tempfile::tempdir().unwrap();
		let bytes: Vec<u8> = (0..1_000_003u32).map(|i| (i * 7) as u8).collect();
		let file = receive(folder.path(), due(&bytes), pieces(&bytes)).await.unwrap();
		assert_eq!(std::fs::read(file.path()).unwrap(), bytes);
	}

	#[tokio::test]
	async fn nothing_is_left_when_size_or_hash_differ_or_sender_goes_away() {
		let folder = tempfile::tempdir().unwrap();
		let bytes = vec![5u8; 10_000];
		let short = receive(folder.path(), due(&bytes), pieces(&bytes[1..])).await;
		assert!(matches!(short, Err(ContentError::WrongSize { expected: 10_000, found: 9_999 })));
		let long = receive(folder.path(), due(&bytes[1..]), pieces(&bytes)).await;
		assert!(matches!(long, Err(ContentError::WrongSize { expected: 9_999, .. })));
		let other = receive(folder.path(), due(&bytes), pieces(&vec![6; 10_000])).await;
		assert!(matches!(other, Err(ContentError::WrongHash { .. })));
		let broken = stream::iter([
			Ok(Bytes::from_static(&[5; 100])),
			Err(io::Error::from(io::ErrorKind::ConnectionReset)),
		]);
		let broken = receive(folder.path(), due(&bytes), broken).await;
		assert!(matches!(broken, Err(ContentError::Interrupted(_))));
		assert!(is_empty(folder.path()));
	}

	#[tokio::test]
	async fn endless_stream_is_refused_when_announced_size_has_come() {
		let folder = tempfile::tempdir().unwrap();
		let mut polled = 0;
		let endless = stream::repeat_with(|| {
			polled += 1;
			Ok::<_, Infallible>(Bytes::from_static(&[0; 4096]))
		});
		let result = receive(folder.path(), due(&[0; 10_000]), endless).await;
		assert!(matches!(result, Err(ContentError::WrongSize { expected: 10_000, .. })));
		assert_eq!(polled, 3);
		assert!(is_empty(folder.path()));
	}

	#[tokio::test]
	async fn sender_is_given_up_when_it_falls_silent_or_drips() {
		let folder = tempfile::tempdir().unwrap();
		let short = Due { silence: Duration::from_millis(30), ..due(&[1; 64]) };
		let silent = stream::pending::<Result<Bytes, Infallible>>();
		let result = receive(folder.path(), short, silent).await;
		assert!(matches!(result, Err(ContentError::TooSlow { .. })));
		let short = Due { patience: Duration::from_millis(60), ..due(&[1; 64]) };
		let drip = Box::pin(stream::unfold((), |()| async {
			tokio::time::sleep(Duration::from_millis(20)).await;
			Some((Ok::<_, Infallible>(Bytes::from_static(&[1])), ()))
		}));
		let result = receive(folder.path(), short, drip).await;
		assert!(matches!(result, Err(ContentError::TooSlow { .. })));
		assert!(is_empty(folder.path()));
	}

	#[tokio::test]
	async fn nothing_is_left_when_the_receiving_task_is_dropped() {
		let folder = tempfile::tempdir().unwrap();
		let start = stream::iter([Ok::<_, Infallible>(Bytes::from_static(&[1]))]);
		let hanging = start.chain(stream::pending());
		let receiving = receive(folder.path(), due(&[1; 64]), hanging);
		assert!(tokio::time::timeout(Duration::from_millis(50), receiving).await.is_err());
		assert!(is_empty(folder.path()));
	}
}
