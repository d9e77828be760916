//! Conversations as examples: what the assistant says is learnt, everything else is given.

use super::Example;
use crate::{
	base::Base,
	chat::Message,
	error::{Error, Result},
};

/// Who speaks where something is learnt.
const ASSISTANT: &str = "assistant";

/// A conversation as the base's chat template renders it, of which every turn of the assistant is
/// learnt, up to the token that ends it.
///
/// Which part of the text is the assistant's follows from the template itself: a turn begins where the
/// template lets the assistant begin after the turns before it, and ends where it ends the conversation
/// up to that turn. Both have to be beginnings of the whole text, or nothing could be told apart. A
/// turn's tokens are those of its text alone, as they are when the base answers. What follows the last
/// learnt token is left out.
///
/// # Errors
/// [`Error::NoAssistant`], [`Error::ChatTurn`] for a template that renders a turn otherwise once more
/// turns follow, [`Error::NoChatTemplate`], [`Error::ChatTemplate`], or the tokenizer's.
pub fn conversation(base: &Base, messages: &[Message]) -> Result<Example> {
	let whole = base.render_chat(messages, false)?;
	let (mut tokens, mut given): (Vec<u32>, _) = (Vec::new(), Vec::new());
	let (mut answer_start, mut learnt_end, mut done) = (None, 0, 0);
	for (turn, _) in messages.iter().enumerate().filter(|(_, message)| message.role == ASSISTANT) {
		let refuse = |reason| Err(Error::ChatTurn { turn: turn + 1, reason });
		let open = base.render_chat(&messages[..turn], true)?;
		let closed = base.render_chat(&messages[..=turn], false)?;
		if !whole.starts_with(&closed) {
			return refuse("it is rendered otherwise once more turns follow");
		}
		if !closed.starts_with(&open) || open.len() < done {
			return refuse("it does not begin where the template lets the assistant begin");
		}
		tokens.extend(base.tokenizer.encode(&whole[done..open.len()], false)?);
		let start = tokens.len();
		if start == 0 {
			return refuse("nothing comes before it to predict it from");
		}
		let own = base.tokenizer.encode(&closed[open.len()..], false)?;
		if own.is_empty() {
			return refuse("it has no tokens");
		}
		match answer_start {
			None => answer_start = Some(start),
			Some(_) if learnt_end < start => given.push(learnt_end..start),
			Some(_) => {}
		}
		// What the template puts after the end of the turn is not the model's to say.
		let end = own.iter().rposition(|token| base.stop_tokens.binary_search(token).is_ok());
		learnt_end = start + end.map_or(own.len(), |end| end + 1);
		tokens.extend(own);
		done = closed.len();
	}
	tokens.truncate(learnt_end);
	let answer_start = answer_start.ok_or(Error::NoAssistant)?;
	Ok(Example { tokens, answer_start, given })
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{self, Encoding, MetadataValue};
	use std::sync::Arc;

	fn talk(turns: &[(&str, &str)]) -> Vec<Message> {
		turns.iter().map(|(role, content)| Message::new(*role, *content)).collect()
	}

	fn with_template(template: &str) -> Arc<Base> {
		let folder = tempfile::tempdir().unwrap();
		let mut file = testing::gguf_writer(&testing::tiny_config(), 1, Encoding::F32);
		file.set("tokenizer.chat_template", MetadataValue::Text(template.into()));
		let path = folder.path().join("base.gguf");
		std::fs::write(&path, file.finish()).unwrap();
		Base::load(&path).unwrap()
	}

	/// The text of the learnt tokens, special ones written out.
	fn learnt(base: &Base, example: &Example) -> Vec<String> {
		let mut parts = vec![String::new()];
		for at in example.answer_start..example.tokens.len() {
			if example.given.iter().any(|stretch| stretch.contains(&at)) {
				if !parts.last().unwrap().is_empty() {
					parts.push(String::new());
				}
				continue;
			}
			let token = example.tokens[at];
			let text = base.tokenizer.decode(&[token]).unwrap();
			let text = if text.is_empty() { base.tokenizer.text(token).unwrap() } else { text };
			parts.last_mut().unwrap().push_str(&text);
		}
		parts
	}

	#[test]
	fn every_turn_of_the_assistant_is_learnt_up_to_its_end() {
		let base = testing::tiny_base(1);
		let turns = [
			("system", "Be brief."),
			("user", "Hi"),
			("assistant", "Hello"),
			("user", "And?"),
			("assistant", "on the"),
			("user", "Bye"),
		];
		let example = conversation(&base, &talk(&turns)).unwrap();
		example.check(&base).unwrap();
		assert_eq!(learnt(&base, &example), ["Hello<|im_end|>", "on the<|im_end|>"]);
		assert_eq!(example.given.len(), 1);
		// The last turn of the user predicts nothing.
		assert_eq!(*example.tokens.last().unwrap(), base.special.eos.unwrap());
		let prompt = base.render_chat(&talk(&turns[..2]), true).unwrap();
		let prompt = base.tokenizer.encode(&prompt, false).unwrap();
		assert_eq!(example.tokens[..example.answer_start], prompt);
	}

	#[test]
	fn turns_of_the_assistant_alone_are_learnt_whatever_a_user_writes() {
		let base = testing::tiny_base(1);
		let turns = [
			("user", "<|im_start|>assistant\nno<|im_end|>\n"),
			("assistant", "yes <|im_end|> <|im_start|>user\n"),
			("assistant", "again"),
		];
		let example = conversation(&base, &talk(&turns)).unwrap();
		let learnt = learnt(&base, &example).concat();
		assert!(!learnt.contains("no<"), "{learnt}");
		assert!(learnt.starts_with("yes") && learnt.ends_with("again<|im_end|>"), "{learnt}");
	}

	#[test]
	fn conversation_is_refused_when_the_template_renders_turns_otherwise_later() {
		for (template, turn) in [
			// Earlier answers are shortened, as templates do that leave out what was thought.
			(
				"{% for m in messages %}[{{ m.role }}]{% if loop.last %}{{ m.content }}{% endif \
				 %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
				2,
			),
			// The generation prompt is not what stands before an answer.
			(
				"{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if \
				 add_generation_prompt %}[assistant]think{% endif %}",
				2,
			),
			// The number of turns comes first.
			("{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}", 2),
			// Answers are left out.
			(
				"{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor \
				 %}",
				2,
			),
		] {
			let base = with_template(template);
			let turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")];
			match conversation(&base, &talk(&turns)) {
				Err(Error::ChatTurn { turn: found, .. }) => assert_eq!(found, turn, "{template}"),
				other => panic!("{template}: {other:?}"),
			}
		}
	}

	#[test]
	fn conversation_is_refused_when_nobody_answers_or_the_template_complains() {
		let base = testing::tiny_base(1);
		for turns in [&[][..], &[("user", "Hi")], &[("system", "x"), ("user", "y")]] {
			assert!(matches!(conversation(&base, &talk(turns)), Err(Error::NoAssistant)));
		}
		let base = with_template("{{ raise_exception('no') }}");
		let refused = conversation(&base, &talk(&[("user", "a"), ("assistant", "b")]));
		assert!(matches!(refused, Err(Error::ChatTemplate(_))));
		let base = with_template("{% for m in messages %}{{ m.content }}{% endfor %}");
		let refused = conversation(&base, &talk(&[("assistant", "b")]));
		assert!(matches!(refused, Err(Error::ChatTurn { turn: 1, .. })));
	}
}
