//! The tiny base in every variant of the family.

use super::tiny_config;
use crate::{architecture::Architecture, config::Config, rope::RopeScaling};

/// Shapes that together use everything by which architectures differ, with names for them: biases
/// (`qwen2`), norms and widths of heads (`qwen3`), a sliding window that a prompt of 30 tokens exceeds
/// (`mistral`), frequencies of rotary embedding that the file divides (`factors`) and that one factor
/// divides (`linear`).
pub fn tiny_kinds() -> Vec<(&'static str, Config)> {
	let tiny = tiny_config();
	vec![
		("qwen2", Config { architecture: Architecture::Qwen2, ..tiny.clone() }),
		("qwen3", Config { architecture: Architecture::Qwen3, head_dim: 32, ..tiny.clone() }),
		("mistral", Config { window: Some(21), tied: false, ..tiny.clone() }),
		("factors", Config { rope_scaling: RopeScaling::Factors, ..tiny.clone() }),
		("linear", Config { rope_scaling: RopeScaling::Linear { factor: 2.5 }, ..tiny }),
	]
}
