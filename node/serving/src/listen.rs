//! Accepting connections: a bounded number of them, each with time limits, until shutdown.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
	rt::{TokioIo, TokioTimer},
	service::TowerToHyperService,
};
use std::sync::Arc;
use tokio::{
	net::{TcpListener, TcpSocket, TcpStream},
	sync::Semaphore,
	task::JoinSet,
	time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::stall::Stall;

/// The largest head of a request, in bytes; hyper takes no smaller buffer.
const HEAD_SIZE: usize = 16 << 10;
/// How long requests under way may go on once the node shuts down.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after the system refuses a connection, as it does when out of file descriptors.
const RETRY: Duration = Duration::from_millis(200);

/// Connections that may wait in the system's queue; the system may allow fewer.
const QUEUE: u32 = 4_096;

/// Listens with a queue that holds a crowd: beyond the usual one of 128 connections are reset.
///
/// # Errors
/// The system's, an address in use for one.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
	let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
	// A server that starts again must not wait for connections of the last one to be forgotten.
	socket.set_reuseaddr(true)?;
	socket.bind(address)?;
	socket.listen(QUEUE)
}

/// How connections are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
	/// Open at the same time; more wait in the system's queue.
	pub most: usize,
	/// The longest silence of the other end while bytes are due, the head of a request included.
	pub silence: Duration,
}

impl Default for Connections {
	/// 256, and 30 seconds.
	fn default() -> Self {
		Self { most: 256, silence: Duration::from_secs(30) }
	}
}

/// Serves `router` on `listener` until `shutdown`, then lets requests under way finish for a few
/// seconds.
pub async fn serve(
	listener: TcpListener,
	router: Router,
	limits: Connections,
	shutdown: CancellationToken,
) {
	let slots = Arc::new(Semaphore::new(limits.most));
	let mut connections = JoinSet::new();
	loop {
		while connections.try_join_next().is_some() {}
		let next = async {
			// Taken before the connection: beyond the limit they wait in the system's queue.
			let slot = slots.clone().acquire_owned().await;
			(slot, listener.accept().await)
		};
		let (slot, accepted) = tokio::select! {
			() = shutdown.cancelled() => break,
			next = next => next,
		};
		match accepted {
			Ok((stream, _)) => {
				// Each event goes out by itself: together with others it would wait for the reader's
				// delayed acknowledgement. Where the system does not let it, it comes a little later.
				let _ = stream.set_nodelay(true);
				let (router, silence) = (router.clone(), limits.silence);
				let shutdown = shutdown.clone();
				connections.spawn(async move {
					connection(stream, router, silence, shutdown).await;
					drop(slot);
				});
			}
			Err(error) => {
				log::warn!("a connection could not be accepted: {error}");
				sleep(RETRY).await;
			}
		}
	}
	drop(listener);
	let ending = async { while connections.join_next().await.is_some() {} };
	if timeout(GRACE, ending).await.is_err() {
		log::warn!("HTTP requests were broken off at shutdown");
	}
}

async fn connection(
	stream: TcpStream,
	router: Router,
	silence: Duration,
	shutdown: CancellationToken,
) {
	let io = TokioIo::new(Stall::new(stream, silence));
	let connection = http1::Builder::new()
		.timer(TokioTimer::new())
		.header_read_timeout(silence)
		.max_buf_size(HEAD_SIZE)
		.serve_connection(io, TowerToHyperService::new(router));
	let mut connection = pin!(connection);
	let ended = tokio::select! {
		ended = connection.as_mut() => ended,
		() = shutdown.cancelled() => {
			connection.as_mut().graceful_shutdown();
			connection.await
		},
	};
	if let Err(error) = ended {
		log::debug!("a connection ended: {error}");
	}
}
