//! Which modules a PEFT configuration means, by their names in `LlamaForCausalLM`.

use super::{super::Module, LayerPattern, Pattern};
use crate::{
	config::MAX_LAYERS,
	error::{Error, Result},
};

/// Most entries of `layers_pattern`, each compiled by itself.
const MAX_PATTERNS: usize = 16;

/// Modules by name: `target_modules` and `exclude_modules`.
#[derive(Debug, Clone, PartialEq)]
pub enum Names {
	/// Whole names, or what they end in after a dot.
	Listed(Vec<String>),
	/// An expression for the whole of a name.
	Pattern(Pattern),
}

impl Names {
	/// Projections by their short names, wherever they are.
	pub fn modules(modules: impl IntoIterator<Item = Module>) -> Self {
		Self::listed(modules.into_iter().map(|module| module.name().to_string()))
	}

	/// A list without repetition, projections first: PEFT's order differs from file to file.
	pub(super) fn listed(names: impl IntoIterator<Item = String>) -> Self {
		let mut names: Vec<(Option<Module>, String)> =
			names.into_iter().map(|name| (Module::from_name(&name), name)).collect();
		names.sort_unstable_by(|(a, left), (b, right)| {
			(a.is_none(), a, left).cmp(&(b.is_none(), b, right))
		});
		names.dedup();
		Self::Listed(names.into_iter().map(|(_, name)| name).collect())
	}

	/// Whether there is nothing that could match.
	pub(super) fn is_empty(&self) -> bool {
		match self {
			Self::Listed(names) => names.is_empty(),
			Self::Pattern(pattern) => pattern.as_str().is_empty(),
		}
	}

	/// How a name is meant, if it is.
	pub(super) fn find(&self, name: &str) -> Option<Found> {
		match self {
			Self::Pattern(pattern) => pattern.matches(name).then_some(Found::Whole),
			Self::Listed(names) => {
				let ends = |end: &String| name.strip_suffix(end.as_str());
				if names.iter().any(|listed| listed == name) {
					return Some(Found::Whole);
				}
				let found = names.iter().filter_map(ends).any(|rest| rest.ends_with('.'));
				found.then_some(Found::End)
			}
		}
	}
}

/// How a module is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
	/// All of its name, which holds in whatever layer it is.
	Whole,
	/// The end of its name.
	End,
}

/// `layers_to_transform` and `layers_pattern`: the layers in which listed ends of names count.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFilter {
	layers: Vec<usize>,
	patterns: Vec<LayerPattern>,
}

impl LayerFilter {
	/// Those layers, counted from 0 and in any order; `patterns` say what stands before the number of a
	/// layer in a module's name, and without any it is the first number there.
	///
	/// # Errors
	/// [`Error::InvalidOption`] for no layer, or one that no base has;
	/// [`Error::UnsupportedPattern`].
	pub fn new(mut layers: Vec<usize>, patterns: &[String]) -> Result<Self> {
		layers.sort_unstable();
		layers.dedup();
		if layers.last().is_none_or(|&last| last >= MAX_LAYERS) {
			return Err(Error::InvalidOption {
				option: "layers_to_transform",
				value: format!("{layers:?}"),
				reason: "name layers within 0..1024",
			});
		}
		if patterns.len() > MAX_PATTERNS {
			let (found, limit) = (patterns.len() as u64, MAX_PATTERNS as u64);
			return Err(Error::OversizedHeader { what: "number of patterns", found, limit });
		}
		let patterns =
			patterns.iter().map(|text| LayerPattern::new(text)).collect::<Result<Vec<_>>>()?;
		Ok(Self { layers, patterns })
	}

	/// The layers, ascending.
	pub fn layers(&self) -> &[usize] {
		&self.layers
	}

	/// The expressions before a layer's number.
	pub(super) fn patterns(&self) -> Vec<&str> {
		self.patterns.iter().map(LayerPattern::as_str).collect()
	}

	/// Whether the module of that name, in layer `layer`, is in one of the layers.
	pub(super) fn keeps(&self, name: &str, layer: usize) -> bool {
		let layer = match self.patterns.as_slice() {
			[] => Some(layer),
			patterns => patterns.iter().find_map(|pattern| pattern.layer(name)).flatten(),
		};
		layer.is_some_and(|layer| self.layers.binary_search(&layer).is_ok())
	}
}

/// The name that patterns see.
pub(in crate::adapter) fn module_name(layer: usize, module: Module) -> String {
	format!("model.layers.{layer}.{}", module.path())
}

/// Names of what is not a projection of a layer, in a base of so many layers.
pub(super) fn other_names(layers: usize) -> impl Iterator<Item = String> {
	const OUTSIDE: [&str; 6] = [
		"model",
		"model.embed_tokens",
		"model.layers",
		"model.norm",
		"model.rotary_emb",
		"lm_head",
	];
	const INSIDE: [&str; 6] =
		["", ".self_attn", ".mlp", ".mlp.act_fn", ".input_layernorm", ".post_attention_layernorm"];
	let inside = (0..layers).flat_map(|layer| {
		INSIDE.into_iter().map(move |rest| format!("model.layers.{layer}{rest}"))
	});
	OUTSIDE.into_iter().map(str::to_string).chain(inside)
}
