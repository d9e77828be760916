//! The numbers that define a base of the llama family.

use crate::{
	adapter::Module,
	architecture::Architecture,
	error::{Error, Result},
	gguf, hf,
	rope::RopeScaling,
};

/// Largest value accepted for any single dimension, far beyond the bases that fit in memory here.
const MAX_DIMENSION: usize = 1 << 22;
/// More blocks than any base has.
pub(crate) const MAX_LAYERS: usize = 1024;

/// Shape and constants of a transformer of the llama family.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
	/// What its blocks consist of.
	pub architecture: Architecture,
	/// Width of the residual stream.
	pub hidden: usize,
	/// Width of the gated feed-forward layer.
	pub intermediate: usize,
	/// Number of transformer blocks.
	pub layers: usize,
	/// Number of query heads.
	pub heads: usize,
	/// Number of key and value heads; divides `heads`.
	pub kv_heads: usize,
	/// Width of one head; even, since rotary embedding turns pairs.
	pub head_dim: usize,
	/// Number of token ids.
	pub vocab: usize,
	/// Longest sequence, in tokens.
	pub context: usize,
	/// Base of the geometric series of rotary frequencies.
	pub rope_theta: f64,
	/// How those frequencies are changed for contexts longer than the base was first trained on.
	pub rope_scaling: RopeScaling,
	/// Positions that a query sees, its own among them; none when it sees all up to its own.
	pub window: Option<usize>,
	/// Added to the mean square in the root-mean-square norm.
	pub rms_eps: f64,
	/// Whether the output projection is the token embedding itself.
	pub tied: bool,
}

impl Config {
	/// Reads the shape of a base, a GGUF file or a Hugging Face folder, and none of its weights.
	///
	/// # Errors
	/// As [`crate::Base::load`], for what it reads.
	pub fn load(path: &std::path::Path) -> Result<Self> {
		let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
		if metadata.is_dir() { hf::load_config(path) } else { gguf::load_config(path) }
	}

	/// Checks that the numbers are in range and fit each other.
	///
	/// # Errors
	/// [`Error::InvalidConfig`] naming the first number that is not.
	pub fn validate(&self) -> Result<()> {
		let dimensions = [
			("hidden", self.hidden),
			("intermediate", self.intermediate),
			("layers", self.layers),
			("heads", self.heads),
			("kv_heads", self.kv_heads),
			("head_dim", self.head_dim),
			("vocab", self.vocab),
			("context", self.context),
		];
		for (name, value) in dimensions {
			if value == 0 || value > MAX_DIMENSION {
				return Err(Error::InvalidConfig(format!(
					"{name} is {value}, it has to be within 1..={MAX_DIMENSION}"
				)));
			}
		}
		if self.layers > MAX_LAYERS {
			return Err(Error::InvalidConfig(format!(
				"layers is {}, at most {MAX_LAYERS} are accepted",
				self.layers
			)));
		}
		if !self.heads.is_multiple_of(self.kv_heads) {
			return Err(Error::InvalidConfig(format!(
				"{} query heads cannot share {} key heads evenly",
				self.heads, self.kv_heads
			)));
		}
		if !self.head_dim.is_multiple_of(2) {
			return Err(Error::InvalidConfig(format!(
				"head_dim is {}, rotary embedding needs an even one",
				self.head_dim
			)));
		}
		if !(self.rope_theta.is_finite() && self.rope_theta > 1.0) {
			return Err(Error::InvalidConfig(format!("rope_theta is {}", self.rope_theta)));
		}
		self.rope_scaling.validate()?;
		if self.window == Some(0) {
			return Err(Error::InvalidConfig("the sliding window has no position in it".into()));
		}
		if !(self.rms_eps.is_finite() && self.rms_eps > 0.0 && self.rms_eps < 1.0) {
			return Err(Error::InvalidConfig(format!("rms_eps is {}", self.rms_eps)));
		}
		Ok(())
	}

	/// The first position that a query at `position` sees.
	pub(crate) fn first_seen(&self, position: usize) -> usize {
		self.window.map_or(0, |window| (position + 1).saturating_sub(window))
	}

	/// (inputs, outputs) of a projection; its weight has shape `[outputs, inputs]`.
	pub fn dimensions(&self, module: Module) -> (usize, usize) {
		let (queries, keys) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
		match module {
			Module::Q => (self.hidden, queries),
			Module::K | Module::V => (self.hidden, keys),
			Module::O => (queries, self.hidden),
			Module::Gate | Module::Up => (self.hidden, self.intermediate),
			Module::Down => (self.intermediate, self.hidden),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing;

	fn refused(change: impl FnOnce(&mut Config)) -> bool {
		let mut config = testing::tiny_config();
		change(&mut config);
		matches!(config.validate(), Err(Error::InvalidConfig(_)))
	}

	#[test]
	fn config_is_accepted_when_consistent() {
		testing::tiny_config().validate().unwrap();
	}

	#[test]
	fn config_is_refused_when_a_dimension_is_zero_or_enormous() {
		assert!(refused(|c| c.layers = 0));
		assert!(refused(|c| c.vocab = 0));
		assert!(refused(|c| c.context = usize::MAX));
		assert!(refused(|c| c.layers = MAX_LAYERS + 1));
		assert!(refused(|c| c.hidden = MAX_DIMENSION + 1));
	}

	#[test]
	fn config_is_refused_when_heads_do_not_divide() {
		assert!(refused(|c| c.kv_heads = 3));
		assert!(refused(|c| c.head_dim = 15));
	}

	#[test]
	fn config_is_refused_when_a_constant_is_not_usable() {
		assert!(refused(|c| c.rope_theta = f64::NAN));
		assert!(refused(|c| c.rope_theta = 0.0));
		assert!(refused(|c| c.rms_eps = 0.0));
		assert!(refused(|c| c.rms_eps = f64::INFINITY));
		assert!(refused(|c| c.window = Some(0)));
		assert!(refused(|c| c.rope_scaling = RopeScaling::Linear { factor: 0.0 }));
	}

	#[test]
	fn window_ends_with_the_query_and_begins_with_the_sequence() {
		let mut config = testing::tiny_config();
		assert_eq!(config.first_seen(100), 0);
		config.window = Some(4);
		assert_eq!([0, 3, 4, 10].map(|position| config.first_seen(position)), [0, 0, 1, 7]);
		config.window = Some(usize::MAX);
		assert_eq!(config.first_seen(100), 0);
	}
}
