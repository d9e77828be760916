//! Writes a tiny base with random weights and two adapters for it, for clients to be tested against.
//!
//!     cargo run -p openlora-http --example tiny_base -- FOLDER
//!
//! `FOLDER/tiny.gguf` has a context of 2,048 tokens and a chat template that knows tools; `first` and
//! `second` are PEFT folders.

use std::{error::Error, fs, path::PathBuf};

use openlora::{
	Config, Module, PeftConfig,
	testing::{self, Encoding, MetadataValue},
};

/// Tools and calls in the way of Hermes models.
const TEMPLATE: &str = "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}\n{% endfor \
	%}</tools>\n{% endif %}{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + \
	message.content }}{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson \
	}}</tool_call>{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt \
	%}<|im_start|>assistant\n{% endif %}";

fn main() -> Result<(), Box<dyn Error>> {
	let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: tiny_base FOLDER")?;
	fs::create_dir_all(&folder)?;
	let config = Config { context: 2_048, ..testing::tiny_config() };
	let mut file = testing::gguf_writer(&config, 1, Encoding::F32);
	file.set("tokenizer.chat_template", MetadataValue::Text(TEMPLATE.into()));
	fs::write(folder.join("tiny.gguf"), file.finish())?;
	for (name, seed) in [("first", 1), ("second", 2)] {
		let settings = PeftConfig::new(4, 8.0, Module::ALL)?;
		testing::random_adapter(&config, settings, seed).save_dir(&folder.join(name))?;
	}
	Ok(())
}
