//! Keys and values of the tokens seen so far.

use candle_core::Tensor;

use crate::{
	config::Config,
	error::{Error, Result},
};

/// Rows added when a buffer is full: few enough that a long context does not reserve much more
/// than it uses.
const GROWTH: usize = 256;

/// Keys and values of one sequence, for every layer.
///
/// Constants are appended in place. Tensors with a gradient graph are concatenated, so that the
/// gradient reaches earlier tokens until [`Cache::detach`] stops it. Not `Clone`: two copies would
/// write into the same buffers.
#[derive(Debug)]
pub struct Cache {
	layers: Vec<Option<Entry>>,
	len: usize,
	context: usize,
}

#[derive(Debug)]
struct Entry {
	/// `[kv_heads, capacity, head_dim]`, of which the cache's length is in use.
	keys: Tensor,
	/// As the keys.
	values: Tensor,
	/// Whether the tensors are buffers of this cache alone, free to be written into.
	owned: bool,
}

impl Cache {
	/// An empty cache for one sequence.
	pub fn new(config: &Config) -> Self {
		Self { layers: (0..config.layers).map(|_| None).collect(), len: 0, context: config.context }
	}

	/// Number of tokens seen.
	pub fn len(&self) -> usize {
		self.len
	}

	/// Whether no token has been seen.
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// Stops gradients at everything cached so far.
	pub fn detach(&mut self) {
		for entry in self.layers.iter_mut().flatten() {
			entry.keys = entry.keys.detach();
			entry.values = entry.values.detach();
		}
	}

	/// Forgets all but the first `len` tokens; nothing happens when there are not that many.
	pub fn truncate(&mut self, len: usize) {
		self.len = self.len.min(len);
	}

	/// Refuses `n` more tokens when the context cannot hold them.
	pub(crate) fn check_room(&self, n: usize) -> Result<()> {
		let tokens = self.len.saturating_add(n);
		if tokens > self.context {
			return Err(Error::ContextExceeded { tokens, context: self.context });
		}
		Ok(())
	}

	/// Adds a layer's keys and values, `[kv_heads, n, head_dim]`, and returns those of the whole
	/// sequence. The length grows only with [`Cache::advance`], so that a failure in a later layer
	/// leaves the cache as it was.
	pub(crate) fn append(
		&mut self,
		layer: usize,
		keys: &Tensor,
		values: &Tensor,
	) -> Result<(Tensor, Tensor)> {
		let (len, total) = (self.len, self.len + keys.dim(1)?);
		let slot = &mut self.layers[layer];
		let past = slot.take().filter(|_| len > 0);
		let tracked = keys.track_op()
			|| values.track_op()
			|| past.as_ref().is_some_and(|p| p.keys.track_op() || p.values.track_op());
		let entry = if tracked {
			let join = |past: Option<&Tensor>, new: &Tensor| match past {
				Some(past) => Tensor::cat(&[&past.narrow(1, 0, len)?, new], 1),
				None => Ok(new.clone()),
			};
			Entry {
				keys: join(past.as_ref().map(|p| &p.keys), keys)?,
				values: join(past.as_ref().map(|p| &p.values), values)?,
				owned: false,
			}
		} else {
			let buffer = |past: Option<&Tensor>, owned: bool, new: &Tensor| {
				let target = match past {
					Some(past) if owned && past.dim(1)? >= total => past.clone(),
					_ => {
						let (heads, _, width) = new.dims3()?;
						let capacity = total.next_multiple_of(GROWTH).min(self.context).max(total);
						let shape = (heads, capacity, width);
						let target = Tensor::zeros(shape, new.dtype(), new.device())?;
						if let Some(past) = past {
							target.slice_set(&past.narrow(1, 0, len)?.contiguous()?, 1, 0)?;
						}
						target
					}
				};
				target.slice_set(&new.contiguous()?, 1, len)?;
				Ok::<_, Error>(target)
			};
			let owned = past.as_ref().is_some_and(|p| p.owned);
			Entry {
				keys: buffer(past.as_ref().map(|p| &p.keys), owned, keys)?,
				values: buffer(past.as_ref().map(|p| &p.values), owned, values)?,
				owned: true,
			}
		};
		let seen = (entry.keys.narrow(1, 0, total)?, entry.values.narrow(1, 0, total)?);
		*slot = Some(entry);
		Ok(seen)
	}

	/// Counts the tokens whose keys and values every layer has added.
	pub(crate) fn advance(&mut self, n: usize) {
		self.len += n;
	}
}
