//! Calls of tools in an answer's text.

use serde_json::{Map, Value};

/// How a model writes calls, told by what its chat template contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
	/// `<tool_call>{"name": …, "arguments": …}</tool_call>`, once for each: Hermes, Qwen.
	Hermes,
	/// `[TOOL_CALLS][{"name": …, "arguments": …}]`: Mistral.
	Mistral,
	/// `{"name": …, "parameters": …}` and nothing else: Llama 3.
	Llama,
}

impl Style {
	/// That of a template; Llama's where nothing tells.
	pub(crate) fn of(template: &str) -> Self {
		if template.contains("<tool_call>") {
			Self::Hermes
		} else if template.contains("[TOOL_CALLS]") {
			Self::Mistral
		} else {
			Self::Llama
		}
	}

	/// What begins calls; it may be a special token.
	pub(crate) fn opening(self) -> &'static str {
		match self {
			Self::Hermes => "<tool_call>",
			Self::Mistral => "[TOOL_CALLS]",
			Self::Llama => "<|python_tag|>",
		}
	}

	/// What ends a call, if anything does before the answer's end.
	fn closing(self) -> Option<&'static str> {
		(self == Self::Hermes).then_some("</tool_call>")
	}

	/// The name of a call's arguments.
	pub(crate) fn arguments(self) -> &'static str {
		if self == Self::Llama { "parameters" } else { "arguments" }
	}

	/// What the prompt ends with where the answer has to be one call and nothing else.
	pub(crate) fn prefix(self) -> &'static str {
		match self {
			Self::Hermes => "<tool_call>\n",
			Self::Mistral => "[TOOL_CALLS]",
			Self::Llama => "",
		}
	}
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
	pub(crate) name: String,
	/// An object, as JSON.
	pub(crate) arguments: String,
}

/// What a part of an answer's text turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
	Text(String),
	Call(Call),
}

/// Tells calls from text as an answer grows.
#[derive(Debug)]
pub(crate) struct Calls {
	style: Style,
	names: Vec<String>,
	state: State,
	/// Text that may yet be the beginning of a call, or a call whose end has not come.
	held: String,
	/// White space before the call that is held.
	gap: String,
	count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
	/// Nothing but white space has come.
	Start,
	Text,
	/// Behind the opening.
	Call,
	/// The answer is one call, whatever it looks like.
	Forced,
}

impl Calls {
	/// Calls of tools of these names; with `forced` the answer is nothing else.
	pub(crate) fn new(style: Style, names: Vec<String>, forced: bool) -> Self {
		let state = if forced { State::Forced } else { State::Start };
		Self { style, names, state, held: String::new(), gap: String::new(), count: 0 }
	}

	/// Calls that were found.
	pub(crate) fn count(&self) -> usize {
		self.count
	}

	/// Adds text and returns what is settled by it.
	pub(crate) fn push(&mut self, text: &str) -> Vec<Part> {
		self.held.push_str(text);
		let mut parts = Vec::new();
		while self.step(&mut parts) {}
		parts
	}

	/// What was held, once nothing more comes.
	pub(crate) fn finish(&mut self) -> Vec<Part> {
		let mut parts = Vec::new();
		let rest = std::mem::take(&mut self.held);
		match self.state {
			State::Start | State::Text if self.count > 0 && rest.trim().is_empty() => {}
			State::Start | State::Text => add(&mut parts, rest),
			State::Call | State::Forced => self.body(&mut parts, rest),
		}
		parts
	}

	/// Goes on by one piece; false when more has to come first.
	fn step(&mut self, parts: &mut Vec<Part>) -> bool {
		match self.state {
			State::Start => {
				let begun = self.held.trim_start();
				if begun.is_empty() {
					return false;
				}
				// Llama's calls may have no opening.
				let bare = self.style == Style::Llama && begun.starts_with('{');
				self.state = if bare { State::Call } else { State::Text };
				true
			}
			State::Text => match self.held.find(self.style.opening()) {
				Some(at) => {
					let rest = self.held.split_off(at + self.style.opening().len());
					let before = std::mem::replace(&mut self.held, rest);
					// White space before a call is between calls, or before the first.
					let text = before[..at].trim_end();
					self.gap = before[text.len()..at].to_string();
					add(parts, text.to_string());
					self.state = State::Call;
					true
				}
				None => {
					let settled = settled(&self.held, self.style.opening());
					let rest = self.held.split_off(settled);
					add(parts, std::mem::replace(&mut self.held, rest));
					false
				}
			},
			State::Call => {
				let Some(closing) = self.style.closing() else { return false };
				let Some(at) = self.held.find(closing) else { return false };
				let rest = self.held.split_off(at + closing.len());
				let body = std::mem::replace(&mut self.held, rest);
				self.body(parts, body);
				self.state = State::Start;
				true
			}
			State::Forced => false,
		}
	}

	/// Reads calls; what is none stays text.
	fn body(&mut self, parts: &mut Vec<Part>, body: String) {
		let closing = self.style.closing().unwrap_or_default();
		match self.read(body.strip_suffix(closing).unwrap_or(&body)) {
			Some(calls) => {
				self.count += calls.len();
				parts.extend(calls.into_iter().map(Part::Call));
			}
			None if self.state == State::Forced => add(parts, body),
			None => {
				// Llama's may have come without an opening.
				let opening = if self.style == Style::Llama { "" } else { self.style.opening() };
				add(parts, format!("{}{opening}{body}", self.gap));
			}
		}
	}

	/// One object after the other, with `;` between them, or a list of them.
	fn read(&self, body: &str) -> Option<Vec<Call>> {
		let mut calls = Vec::new();
		let mut rest = body;
		loop {
			rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
			if rest.is_empty() {
				break;
			}
			let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
			match values.next()?.ok()? {
				Value::Array(all) => {
					calls.extend(all.iter().map(|one| self.call(one)).collect::<Option<Vec<_>>>()?);
				}
				one => calls.push(self.call(&one)?),
			}
			rest = &rest[values.byte_offset()..];
		}
		(!calls.is_empty()).then_some(calls)
	}

	fn call(&self, value: &Value) -> Option<Call> {
		let name = value.get("name")?.as_str()?;
		self.names.iter().find(|own| *own == name)?;
		let given = [value.get("arguments"), value.get("parameters")].into_iter().flatten().next();
		let none = Value::Object(Map::new());
		let arguments = given.unwrap_or(&none);
		let arguments = arguments.is_object().then(|| arguments.to_string())?;
		Some(Call { name: name.to_string(), arguments })
	}
}

fn add(parts: &mut Vec<Part>, text: String) {
	if !text.is_empty() {
		parts.push(Part::Text(text));
	}
}

/// Bytes of `text` that are neither white space at its end nor the beginning of `opening`.
fn settled(text: &str, opening: &str) -> usize {
	let begun = crate::answer::beginning(text, opening);
	text[..text.len() - begun].trim_end().len()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Text, and calls as `name(arguments)`, however the answer is cut.
	fn found(style: Style, forced: bool, answer: &str) -> (String, Vec<String>) {
		let names = || vec!["find".to_string(), "add".to_string()];
		let run = |sizes: usize| {
			let mut calls = Calls::new(style, names(), forced);
			let letters: Vec<char> = answer.chars().collect();
			let mut parts = Vec::new();
			for piece in letters.chunks(sizes) {
				parts.extend(calls.push(&piece.iter().collect::<String>()));
			}
			parts.extend(calls.finish());
			let (mut text, mut found) = (String::new(), Vec::new());
			for part in parts {
				match part {
					Part::Text(part) => text.push_str(&part),
					Part::Call(call) => found.push(format!("{}({})", call.name, call.arguments)),
				}
			}
			assert_eq!(calls.count(), found.len());
			(text, found)
		};
		let whole = run(answer.chars().count().max(1));
		for sizes in [1, 2, 3, 7] {
			assert_eq!(run(sizes), whole, "{answer}");
		}
		whole
	}

	#[test]
	fn calls_are_found_in_each_style_with_the_text_before_them() {
		let two = "Well.\n<tool_call>\n{\"name\": \"find\", \"arguments\": {\"b\": 1, \"a\": [\"</x>\"]}}\n\
			</tool_call>\n<tool_call>{\"name\": \"add\"}</tool_call>\n";
		let calls = ["find({\"b\":1,\"a\":[\"</x>\"]})", "add({})"];
		assert_eq!(
			found(Style::Hermes, false, two),
			("Well.".into(), calls.map(Into::into).to_vec())
		);
		let list = "[TOOL_CALLS] [{\"name\": \"find\", \"arguments\": {}}, {\"name\": \"add\", \"arguments\": {\"x\": 2}}]";
		let calls = ["find({})", "add({\"x\":2})"];
		assert_eq!(
			found(Style::Mistral, false, list),
			(String::new(), calls.map(Into::into).to_vec())
		);
		for bare in [
			"{\"name\": \"find\", \"parameters\": {\"q\": null}}",
			"\n <|python_tag|>{\"name\": \"find\", \"parameters\": {\"q\": null}};\n",
		] {
			let calls = vec!["find({\"q\":null})".to_string()];
			assert_eq!(found(Style::Llama, false, bare), (String::new(), calls), "{bare}");
		}
		let two =
			"{\"name\": \"add\", \"parameters\": {}}; {\"name\": \"find\", \"parameters\": {}}";
		assert_eq!(found(Style::Llama, false, two).1.len(), 2);
	}

	#[test]
	fn text_stays_text_when_it_is_no_call() {
		for (style, text) in [
			(Style::Hermes, "a < b and <tool_cal is no call \n"),
			(Style::Hermes, "<tool_call>no JSON</tool_call>"),
			(Style::Hermes, "<tool_call>{\"name\": \"unknown\", \"arguments\": {}}"),
			(Style::Hermes, "<tool_call>{\"name\": \"find\", \"arguments\": \"x\"}"),
			(Style::Hermes, "<tool_call>{\"name\": \"fi"),
			(Style::Mistral, "[TOOL] [TOOL_CALLS] []"),
			(Style::Llama, "{\"capital\": \"Oslo\"}"),
			(Style::Llama, "{{ a }}"),
			(Style::Llama, "The name is {\"name\": \"find\", \"parameters\": {}}"),
			(Style::Llama, "  \n"),
			(Style::Llama, ""),
		] {
			assert_eq!(found(style, false, text), (text.to_string(), vec![]), "{text}");
		}
	}

	#[test]
	fn forced_answer_is_a_call_or_what_was_cut_of_it() {
		let call = "{\"name\": \"find\", \"arguments\": {\"a\": 1}}";
		assert_eq!(found(Style::Hermes, true, call).1, ["find({\"a\":1})"]);
		let cut = &call[..20];
		assert_eq!(found(Style::Hermes, true, cut), (cut.to_string(), vec![]));
	}

	#[test]
	fn style_is_what_the_template_contains() {
		assert_eq!(Style::of("…<tool_call>…"), Style::Hermes);
		assert_eq!(Style::of("{{ '[TOOL_CALLS]' }}"), Style::Mistral);
		assert_eq!(Style::of("{{ tools }}"), Style::Llama);
	}
}
