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
	/// The same without a clock.
	timeless: Environment<'static>,
	source: String,
	special: SpecialTexts,
}

impl ChatTemplate {
	/// Compiles `source` with the settings and helpers that Hugging Face gives to templates.
	pub(crate) fn new(source: &str, special: SpecialTexts) -> Result<Self> {
		let timeless = compile(source)?;
		let mut environment = compile(source)?;
		environment.add_function("strftime_now", python::strftime_now);
		Ok(Self { environment, timeless, source: source.to_string(), special })
	}

	/// With a clock.
	fn render(
		&self,
		messages: Value,
		tools: Option<Value>,
		add_generation_prompt: bool,
	) -> Result<String> {
		self.render_in(&self.environment, messages, tools, add_generation_prompt)
	}

	fn render_in(
		&self,
		environment: &Environment<'_>,
		messages: Value,
		tools: Option<Value>,
		add_generation_prompt: bool,
	) -> Result<String> {
		let template = environment.get_template(NAME).map_err(refusal)?;
		template
			.render(context! {
				messages,
				// Templates ask whether these are none, not whether they are defined.
				tools,
				documents => (),
				add_generation_prompt,
				bos_token => self.special.bos,
				eos_token => self.special.eos,
			})
			.map_err(refusal)
	}

	/// Whether it reads `tools`.
	fn knows_tools(&self) -> bool {
		let template = self.environment.get_template(NAME);
		template.is_ok_and(|template| template.undeclared_variables(false).contains("tools"))
	}
}

/// Compiles a template with what needs no clock.
fn compile(source: &str) -> Result<Environment<'static>> {
	let mut environment = Environment::new();
	environment.set_trim_blocks(true);
	environment.set_lstrip_blocks(true);
	environment.set_fuel(Some(FUEL));
	environment.set_unknown_method_callback(python::call_method);
	environment.add_function("raise_exception", |message: String| -> Result<Value, _> {
		Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
	});
	environment.add_filter("tojson", json::tojson);
	environment.add_template_owned(NAME, source.to_string()).map_err(refusal)?;
	Ok(environment)
}

impl Base {
	/// The prompt for a conversation; with `add_generation_prompt` it ends where the assistant is
	/// to begin. It is the same on every day, or what is computed from it could not be computed again: to
	/// the template, `strftime_now` is not defined.
	///
	/// Encode the result without adding special tokens: the template has put them in.
	///
	/// # Errors
	/// [`Error::NoChatTemplate`], or [`Error::ChatTemplate`] with the template's own complaint.
	pub fn render_chat(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String> {
		let chat = self.chat.as_ref().ok_or(Error::NoChatTemplate)?;
		let messages = Value::from_serialize(messages);
		chat.render_in(&chat.timeless, messages, None, add_generation_prompt)
	}

	/// As [`Base::render_chat`], with a clock, for messages with what else templates know, such as
	/// `tool_calls`, and tools as OpenAI describes them. Arguments of calls are objects, not texts.
	///
	/// # Errors
	/// As [`Base::render_chat`].
	pub fn render_conversation(
		&self,
		messages: &[serde_json::Value],
		tools: Option<&[serde_json::Value]>,
		add_generation_prompt: bool,
	) -> Result<String> {
		let chat = self.chat.as_ref().ok_or(Error::NoChatTemplate)?;
		let values = |list: &[serde_json::Value]| list.iter().map(json::value).collect::<Value>();
		chat.render(values(messages), tools.map(values), add_generation_prompt)
	}

	/// The source of the chat template, nothing where there is none.
	pub fn chat_template(&self) -> &str {
		self.chat.as_ref().map_or("", |chat| &chat.source)
	}

	/// Whether the chat template reads `tools`.
	pub fn chat_knows_tools(&self) -> bool {
		self.chat.as_ref().is_some_and(ChatTemplate::knows_tools)
	}
}

fn refusal(error: minijinja::Error) -> Error {
	Error::ChatTemplate(error.to_string())
}

#[cfg(test)]
mod families;
#[cfg(test)]
mod tests;
