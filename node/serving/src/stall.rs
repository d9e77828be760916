//! A connection whose other end stops reading is closed.

use std::{
	future::Future,
	io,
	pin::Pin,
	task::{Context, Poll},
	time::Duration,
};

use tokio::{
	io::{AsyncRead, AsyncWrite, ReadBuf},
	time::{Sleep, sleep},
};

/// Fails writes that make no progress for some time. Reads are left alone: those who await them
/// have time limits of their own.
pub(crate) struct Stall<S> {
	stream: S,
	limit: Duration,
	waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Stall<S> {
	pub(crate) fn new(stream: S, limit: Duration) -> Self {
		Self { stream, limit, waiting: None }
	}

	fn watch<T>(
		&mut self,
		context: &mut Context<'_>,
		result: Poll<io::Result<T>>,
	) -> Poll<io::Result<T>> {
		if result.is_ready() {
			self.waiting = None;
			return result;
		}
		let limit = self.limit;
		let timer = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
		timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
	}
}

impl<S: AsyncRead + Unpin> AsyncRead for Stall<S> {
	fn poll_read(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		buffer: &mut ReadBuf<'_>,
	) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_read(context, buffer)
	}
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stall<S> {
	fn poll_write(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		bytes: &[u8],
	) -> Poll<io::Result<usize>> {
		let result = Pin::new(&mut self.stream).poll_write(context, bytes);
		self.watch(context, result)
	}

	fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		let result = Pin::new(&mut self.stream).poll_flush(context);
		self.watch(context, result)
	}

	fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		let result = Pin::new(&mut self.stream).poll_shutdown(context);
		self.watch(context, result)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokio::io::AsyncWriteExt;

	#[tokio::test]
	async fn write_fails_when_nobody_reads() {
		let (near, _far) = tokio::io::duplex(64);
		let mut near = Stall::new(near, Duration::from_millis(30));
		let error = near.write_all(&[0; 1_000]).await.unwrap_err();
		assert_eq!(error.kind(), io::ErrorKind::TimedOut);
	}

	#[tokio::test]
	async fn write_goes_on_when_reader_is_slow_but_reads() {
		use tokio::io::AsyncReadExt;
		let (near, mut far) = tokio::io::duplex(64);
		let mut near = Stall::new(near, Duration::from_millis(200));
		let reader = tokio::spawn(async move {
			let mut buffer = [0; 64];
			for _ in 0..10 {
				tokio::time::sleep(Duration::from_millis(50)).await;
				far.read_exact(&mut buffer).await.unwrap();
			}
		});
		near.write_all(&[0; 640]).await.unwrap();
		reader.await.unwrap();
	}
}
