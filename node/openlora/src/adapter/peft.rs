//! `adapter_config.json` as PEFT writes it: what is understood, and what is refused by name.
//!
//! The rules are those of PEFT 0.21: `check_target_module_exists` and `get_pattern_key`.

mod json;
mod names;
mod pattern;
#[cfg(test)]
mod tests;

use super::Module;
use crate::error::{Error, Result};
pub(super) use json::MAX_BYTES;
pub(super) use names::module_name;
use names::{Found, other_names};
pub use names::{LayerFilter, Names};
use pattern::LayerPattern;
pub use pattern::{Pattern, PatternMap};

/// Largest rank accepted: the rank of a full update of every base this engine is meant for.
pub(crate) const MAX_RANK: usize = 4096;

/// The configuration of a LoRA adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct PeftConfig {
	/// Rank of the updates, within 1..=4096.
	pub r: usize,
	/// Numerator of the scaling.
	pub alpha: f64,
	/// Adapted projections.
	pub target_modules: Names,
	/// Of those, the ones that are left as they are.
	pub exclude_modules: Option<Names>,
	/// The layers in which listed ends of names count; without it all.
	pub layers: Option<LayerFilter>,
	/// Ranks that differ from `r`.
	pub rank_pattern: PatternMap<usize>,
	/// Numerators that differ from `alpha`.
	pub alpha_pattern: PatternMap<f64>,
	/// Whether the scaling is `alpha / √rank` (rank-stabilised, arXiv:2312.03732) and not
	/// `alpha / rank`.
	pub rslora: bool,
	/// What the adapter says its base is; for people, never relied on.
	pub base_model: Option<String>,
}

/// What a configuration says about one projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
	/// Rank of the update.
	pub rank: usize,
	/// Numerator of its scaling.
	pub alpha: f64,
	/// Factor on the low-rank product.
	pub scale: f64,
}

impl PeftConfig {
	/// One rank and plain scaling for those projections in every layer.
	///
	/// # Errors
	/// [`Error::InvalidOption`] when rank, alpha or the list of modules is out of range.
	pub fn new(r: usize, alpha: f64, modules: impl IntoIterator<Item = Module>) -> Result<Self> {
		let config = Self {
			r,
			alpha,
			target_modules: Names::modules(modules),
			exclude_modules: None,
			layers: None,
			rank_pattern: PatternMap::default(),
			alpha_pattern: PatternMap::default(),
			rslora: false,
			base_model: None,
		};
		config.validate()?;
		Ok(config)
	}

	/// Checks the ranges.
	///
	/// # Errors
	/// [`Error::InvalidOption`] naming the first field out of range.
	pub fn validate(&self) -> Result<()> {
		let refuse =
			|option, value: String, reason| Err(Error::InvalidOption { option, value, reason });
		let ranks = self.rank_pattern.entries().iter().map(|(_, rank)| ("rank_pattern", *rank));
		for (field, rank) in [("r", self.r)].into_iter().chain(ranks) {
			if rank == 0 || rank > MAX_RANK {
				return refuse(field, rank.to_string(), "the rank has to be within 1..=4096");
			}
		}
		let alphas =
			self.alpha_pattern.entries().iter().map(|(_, alpha)| ("alpha_pattern", *alpha));
		for (field, alpha) in [("lora_alpha", self.alpha)].into_iter().chain(alphas) {
			if !alpha.is_finite() || alpha <= 0.0 {
				return refuse(field, alpha.to_string(), "it has to be positive and finite");
			}
		}
		if self.target_modules.is_empty() {
			return refuse("target_modules", "[]".into(), "name at least one projection");
		}
		if self.layers.is_some() && matches!(self.target_modules, Names::Pattern(_)) {
			let reason = "it cannot be used when target_modules is an expression";
			return refuse("layers_to_transform", "set".into(), reason);
		}
		Ok(())
	}

	/// Rank and scaling of the update of one projection; none when it is left as it is.
	pub fn target(&self, layer: usize, module: Module) -> Option<Target> {
		let name = module_name(layer, module);
		if self.exclude_modules.as_ref().is_some_and(|names| names.find(&name).is_some()) {
			return None;
		}
		let found = self.target_modules.find(&name)?;
		let filter = self.layers.as_ref().filter(|_| found == Found::End);
		if filter.is_some_and(|filter| !filter.keeps(&name, layer)) {
			return None;
		}
		let rank = *self.rank_pattern.get(&name).unwrap_or(&self.r);
		let alpha = *self.alpha_pattern.get(&name).unwrap_or(&self.alpha);
		let divisor = if self.rslora { (rank as f64).sqrt() } else { rank as f64 };
		Some(Target { rank, alpha, scale: alpha / divisor })
	}

	/// The projections that are adapted in at least one of so many layers, in parameter order.
	pub fn modules(&self, layers: usize) -> Vec<Module> {
		let anywhere = |module: &Module| (0..layers).any(|at| self.target(at, *module).is_some());
		Module::ALL.into_iter().filter(anywhere).collect()
	}

	/// Refuses to target what is not a projection of a layer.
	///
	/// # Errors
	/// [`Error::UnsupportedAdapter`] with the name of it.
	pub(super) fn check_others(&self, layers: usize) -> Result<()> {
		let excluded =
			|name: &str| self.exclude_modules.as_ref().is_some_and(|e| e.find(name).is_some());
		let targeted = |name: &String| match self.target_modules.find(name) {
			None => false,
			// Only names of layers have a number for the filter to look at.
			Some(Found::End) if self.layers.is_some() => {
				!excluded(name) && name.contains(".layers.")
			}
			Some(_) => !excluded(name),
		};
		match other_names(layers).find(targeted) {
			Some(name) => {
				Err(Error::UnsupportedAdapter { field: "target_modules".into(), value: name })
			}
			None => Ok(()),
		}
	}
}
