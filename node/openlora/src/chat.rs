//! Conversations as prompts, by the base's own Jinja template.

mod json;
mod python;

use minijinja::{Environment, ErrorKind, Value, context};
use serde::{Deserialize, Serialize};

use crate::{
	base::Base,
	error::{Error, Result},
};

const NAME: &str = "chat";
/// Steps that a template may take, so that a hostile one ends.
const FUEL: u64 = 10_000_000;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
	/// Who speaks: `system`, `user` or `assistant`, or what else the template knows.
	pub role: String,
	/// What is said.
	pub content: String,
}

impl Message {
	/// A turn by `role`.
	pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
		Self { role: role.into(), content: content.into() }
	}
}

/// Texts of the tokens that templates refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpecialTexts {
	pub(crate) bos: String,
	pub(crate) eos: String,
}

/// A compiled chat template.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
	environment: Environment<'static>,
	special: SpecialTexts,
}

impl ChatTemplate {
	/// Compiles `source` with the settings and helpers that Hugging Face gives to templates.
	pub(crate) fn new(source: &str, special: SpecialTexts) -> Result<Self> {
		let mut environment = Environment::new();
		environment.set_trim_blocks(true);
		environment.set_lstrip_blocks(true);
		environment.set_fuel(Some(FUEL));
		environment.set_unknown_method_callback(python::call_method);
		environment.add_function("raise_exception", |message: String| -> Result<Value, _> {
			Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
		});
		environment.add_filter("tojson", json::tojson);
		environment.add_function("strftime_now", python::strftime_now);
		environment.add_template_owned(NAME, source.to_string()).map_err(refusal)?;
		Ok(Self { environment, special })
	}

	fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String> {
		let template = self.environment.get_template(NAME).map_err(refusal)?;
		template
			.render(context! {
				messages,
				// Templates ask whether these are none, not whether they are defined.
				tools => (),
				documents => (),
				add_generation_prompt,
				bos_token => self.special.bos,
				eos_token => self.special.eos,
			})
			.map_err(refusal)
	}
}

impl Base {
	/// The prompt for a conversation; with `add_generation_prompt` it ends where the assistant is
	/// to begin.
	///
	/// Encode the result without adding special tokens: the template has put them in.
	///
	/// # Errors
	/// [`Error::NoChatTemplate`], or [`Error::ChatTemplate`] with the template's own complaint.
	pub fn render_chat(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String> {
		self.chat.as_ref().ok_or(Error::NoChatTemplate)?.render(messages, add_generation_prompt)
	}
}

fn refusal(error: minijinja::Error) -> Error {
	Error::ChatTemplate(error.to_string())
}

#[cfg(test)]
mod families;
#[cfg(test)]
mod tests;
