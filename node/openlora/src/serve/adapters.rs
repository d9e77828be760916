//! What a request's adapters are, and whether they are in memory.

use std::sync::Arc;

use crate::{
	adapter::Adapter,
	config::Config,
	engine::Packed,
	error::{Error, Result},
	store::{self, Lease, Stored},
};

/// An adapter that a request can be answered with.
#[derive(Debug, Clone)]
pub enum Served {
	/// One that stays in memory.
	Memory(Arc<Adapter>),
	/// One of a store, which is read when it is needed.
	Stored(Arc<Stored>),
}

impl From<Arc<Adapter>> for Served {
	fn from(adapter: Arc<Adapter>) -> Self {
		Self::Memory(adapter)
	}
}

impl From<Arc<Stored>> for Served {
	fn from(adapter: Arc<Stored>) -> Self {
		Self::Stored(adapter)
	}
}

impl Served {
	/// A number that no other adapter of this process has.
	pub fn generation(&self) -> u64 {
		match self {
			Self::Memory(adapter) => adapter.generation(),
			Self::Stored(adapter) => adapter.generation(),
		}
	}

	/// Whether it is in memory.
	pub(super) fn is_resident(&self) -> bool {
		match self {
			Self::Memory(_) => true,
			Self::Stored(adapter) => adapter.usage().resident,
		}
	}

	/// Checks that it was made for a base of that shape.
	///
	/// # Errors
	/// [`Error::AdapterLayers`] or [`Error::AdapterShape`].
	pub fn fits(&self, base: &Config) -> Result<()> {
		match self {
			Self::Memory(adapter) => adapter.fits(base),
			Self::Stored(adapter) => adapter.fits(base),
		}
	}
}

/// Checks that a request can be answered with these adapters at all.
pub(super) fn check(adapters: &[(Served, f32)], base: &Config) -> Result<()> {
	for (adapter, factor) in adapters {
		adapter.fits(base)?;
		if let Served::Memory(adapter) = adapter {
			adapter.packed()?;
		}
		if !factor.is_finite() {
			let (option, value) = ("factor of an adapter", factor.to_string());
			return Err(Error::InvalidOption { option, value, reason: "it has to be finite" });
		}
	}
	store::check(&stored(adapters))
}

fn stored(adapters: &[(Served, f32)]) -> Vec<Arc<Stored>> {
	let stored = adapters.iter().filter_map(|(adapter, _)| match adapter {
		Served::Memory(_) => None,
		Served::Stored(adapter) => Some(Arc::clone(adapter)),
	});
	stored.collect()
}

/// Adapters in memory, each with its factor, for as long as this is kept.
pub(super) struct Held {
	pub(super) packed: Vec<(Arc<Packed>, f32)>,
	_lease: Option<Lease>,
}

/// The way of a request's adapters into memory.
pub(super) enum Loading {
	/// Nobody has asked for them yet.
	Wanted,
	/// They are on their way.
	Asked(Lease),
	/// They are there.
	Ready(Held),
	/// There is no way.
	Failed(Error),
}

impl Loading {
	/// Asks for them, if nobody has.
	pub(super) fn begin(
		&mut self,
		adapters: &[(Served, f32)],
		watcher: &Arc<dyn Fn() + Send + Sync>,
	) {
		if matches!(self, Self::Wanted) {
			*self = match Lease::ask(stored(adapters), watcher) {
				Ok(Some(lease)) => Self::Asked(lease),
				Ok(None) => Self::hold(adapters, Vec::new(), None),
				Err(error) => Self::Failed(error),
			};
		}
	}

	/// Sees whether they have arrived.
	pub(super) fn advance(&mut self, adapters: &[(Served, f32)]) {
		let Self::Asked(lease) = self else { return };
		let ready = match lease.ready() {
			Ok(None) => return,
			Ok(Some(packed)) => Ok(packed),
			Err(error) => Err(error),
		};
		*self = match (std::mem::replace(self, Self::Wanted), ready) {
			(Self::Asked(lease), Ok(packed)) => Self::hold(adapters, packed, Some(lease)),
			(_, Err(error)) => Self::Failed(error),
			(other, _) => other,
		};
	}

	/// Joins adapters that were in memory with those that were read, in the request's order.
	fn hold(adapters: &[(Served, f32)], read: Vec<Arc<Packed>>, lease: Option<Lease>) -> Self {
		let mut read = read.into_iter();
		let packed = adapters.iter().map(|(adapter, factor)| {
			let packed = match adapter {
				Served::Memory(adapter) => Arc::clone(adapter.shared()?),
				Served::Stored(_) => read.next().ok_or(Error::Stopped)?,
			};
			Ok((packed, *factor))
		});
		match packed.collect::<Result<_>>() {
			Ok(packed) => Self::Ready(Held { packed, _lease: lease }),
			Err(error) => Self::Failed(error),
		}
	}

	/// Whether there is nothing left to wait for.
	pub(super) fn is_over(&self) -> bool {
		matches!(self, Self::Ready(_) | Self::Failed(_))
	}

	/// The adapters, once there is nothing left to wait for.
	///
	/// # Errors
	/// Why there is no way.
	pub(super) fn finish(self) -> Result<Held> {
		match self {
			Self::Ready(held) => Ok(held),
			Self::Failed(error) => Err(error),
			Self::Wanted | Self::Asked(_) => Err(Error::Stopped),
		}
	}
}
