//! What can go wrong before the worker serves anything.

use std::{net::SocketAddr, path::PathBuf};

use crate::content::ContentError;

/// Why the worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
	/// A setting is out of range.
	#[error("{setting} is {value}: {reason}")]
	Setting {
		/// The command-line flag or field.
		setting: &'static str,
		/// Its value.
		value: String,
		/// What it has to be.
		reason: &'static str,
	},
	/// A base could not be loaded.
	#[error("the base {path} can't be served: {reason}", path = path.display())]
	Base {
		/// The file or folder that was named.
		path: PathBuf,
		/// What is wrong with it.
		reason: String,
	},
	/// The content store could not be opened.
	#[error("the content store can't be used: {0}")]
	Store(#[from] ContentError),
	/// The address could not be listened on.
	#[error("can't listen on {address}: {source}; choose another with --operator-listen")]
	Listen {
		/// The address that was asked for.
		address: SocketAddr,
		/// Why the system refused it.
		source: std::io::Error,
	},
	/// A thread could not be started.
	#[error("can't start the thread that answers: {0}")]
	Thread(String),
	/// No HTTP client could be made.
	#[error("can't ask other workers: {0}")]
	Client(String),
	/// The secret of canaries could not be read, or made.
	#[error(
		"the secret of canaries in {path} can't be used: {reason}; without it, canaries that wait can't be unveiled",
		path = path.display()
	)]
	Canaries {
		/// Its file.
		path: PathBuf,
		/// What is wrong with it.
		reason: String,
	},
	/// The store of receipts could not be opened.
	#[error("the store of receipts can't be used: {0}")]
	Receipts(#[from] openledger_sessions::StoreError),
	/// A metric could not be registered.
	#[error("can't register metrics: {0}")]
	Metrics(#[from] substrate_prometheus_endpoint::PrometheusError),
}
