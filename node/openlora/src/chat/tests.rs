use super::*;
use crate::testing;

fn render(template: &str) -> Result<String> {
	let special = SpecialTexts { bos: "<s>".into(), eos: "</s>".into() };
	let messages = [Message::new("user", " Hi "), Message::new("assistant", "Hello")];
	ChatTemplate::new(template, special)?.render(Value::from_serialize(messages), None, true)
}

/// The template that SmolLM2-135M-Instruct carries.
const SMOLLM2: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != \
	'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by \
	Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + \
	message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ \
	'<|im_start|>assistant\n' }}{% endif %}";

#[test]
fn prompt_is_what_smollm2_was_tuned_on_when_rendered_by_its_template() {
	assert_eq!(
		render(SMOLLM2).unwrap(),
		"<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging \
		 Face<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n\
		 <|im_start|>assistant\n"
	);
}

#[test]
fn prompt_ends_with_the_last_turn_when_no_answer_is_to_follow() {
	let base = testing::tiny_base(1);
	let messages = [Message::new("user", "Hi")];
	let open = base.render_chat(&messages, true).unwrap();
	let closed = base.render_chat(&messages, false).unwrap();
	assert_eq!(closed, "<|im_start|>user\nHi<|im_end|>\n");
	assert_eq!(open, closed + "<|im_start|>assistant\n");
}

#[test]
fn python_methods_work_when_a_template_calls_them() {
	for (template, expected) in [
		("{{ messages[0].content.strip() }}|", "Hi|"),
		("{{ ' x '.lstrip() }}|{{ ' x '.rstrip() }}|{{ 'xxyx'.strip('x') }}", "x | x|y"),
		("{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('b') }}", "TrueFalse"),
		("{{ 'a,b'.split(',')[1] }}{{ ' c  d '.split()[1] }}", "bd"),
		("{{ 'aBc'.upper() }}{{ 'aBc'.lower() }}{{ 'aba'.replace('a', 'x') }}", "ABCabcxbx"),
		("{{ messages[0].get('role') }}{{ messages[0].get('no', 'default') }}", "userdefault"),
		("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
		("{% for k in {'a': 1}.keys() %}{{ k }}{% endfor %}", "a"),
		("{% for v in {'a': 1}.values() %}{{ v }}{% endfor %}", "1"),
		("{{ bos_token }}{{ eos_token }}{{ {'a': [1]}|tojson }}", "<s></s>{\"a\": [1]}"),
		("{{ {'a': [1, '<é>'], 'b': {}}|tojson }}", "{\"a\": [1, \"<é>\"], \"b\": {}}"),
		("{{ [1, 2.5, none, true]|tojson(indent=2) }}", "[\n  1,\n  2.5,\n  null,\n  true\n]"),
		("{{ 'é🙂'|tojson(ensure_ascii=true) }}", "\"\\u00e9\\ud83d\\ude42\""),
		("{{ tools is none }}{{ documents is none }}{{ missing is defined }}", "TrueTrueFalse"),
		("{{ 'a-b-c'.split('-', 1)[1] }}{{ 'a-b-c'.rsplit('-', 1)[0] }}", "b-ca-b"),
		("{{ 'xay'.removeprefix('x').removesuffix('y') }}{{ 'ab c'.title() }}", "aAb C"),
		("{{ ', '.join(['a', 'b']) }}{{ 'aXb'.capitalize() }}", "a, bAxb"),
		(
			"{% for m in messages %}{% if loop.last %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
			"user",
		),
		("{% if true %}\n    x\n{% endif %}\n", "    x\n"),
	] {
		assert_eq!(render(template).unwrap().to_lowercase(), expected.to_lowercase(), "{template}");
	}
}

#[test]
fn date_has_four_digits_of_year_when_a_template_asks() {
	let year = render("{{ strftime_now('%Y') }}").unwrap();
	assert!(year.parse::<u32>().unwrap() >= 2024);
}

#[test]
fn template_sees_no_clock_where_it_has_to_give_the_same_every_day() {
	let template = |source| ChatTemplate::new(source, SpecialTexts::default()).unwrap();
	let timeless = |chat: &ChatTemplate| chat.render_in(&chat.timeless, ().into(), None, true);
	let asks = template("{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% endif %}");
	assert_eq!(timeless(&asks).unwrap(), "");
	assert_eq!(asks.render(().into(), None, true).unwrap().len(), 4);
	let insists = template("{{ strftime_now('%Y') }}");
	assert!(matches!(timeless(&insists), Err(Error::ChatTemplate(_))));
}

#[test]
fn messages_are_refused_when_the_template_raises() {
	let result = render("{{ raise_exception('roles must alternate') }}");
	assert!(
		matches!(result, Err(Error::ChatTemplate(text)) if text.contains("roles must alternate"))
	);
}

#[test]
fn template_is_refused_when_it_cannot_run() {
	for template in [
		"{% if %}",
		"{{ 'a'.no_such_method() }}",
		"{{ {'a': 1}.pop() }}",
		"{{ 'a'.split('') }}",
		"{{ messages.append(1) }}",
		"{{ strftime_now('%Q') }}",
		"{{ missing|tojson }}",
		"{{ 1|tojson(sort_keys=true) }}",
		"{{ 1|tojson(indent=99) }}",
		"{{ 1|tojson(indent=-1) }}",
		"{{ 'a'.split('-', 'x') }}",
		"{{ ''.join(1) }}",
		"{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
	] {
		assert!(matches!(render(template), Err(Error::ChatTemplate(_))), "{template}");
	}
}

#[test]
fn tools_are_written_as_python_writes_them_in_the_order_in_which_they_came() {
	let tools = serde_json::json!([{ "type": "function", "function": {
		"name": "look_up", "description": "Where é < b's?", "parameters": { "z": 1, "a": [true, null, 0.5] },
	} }]);
	let template = "{% for tool in tools %}{{ tool | tojson }}|{{ tool.function.parameters | \
		tojson(indent=2) }}{% endfor %}";
	let chat = ChatTemplate::new(template, SpecialTexts::default()).unwrap();
	assert!(chat.knows_tools());
	let text = chat.render(Value::from(()), Some(json::value(&tools)), true).unwrap();
	assert_eq!(
		text,
		"{\"type\": \"function\", \"function\": {\"name\": \"look_up\", \"description\": \"Where é < b's?\", \
		 \"parameters\": {\"z\": 1, \"a\": [true, null, 0.5]}}}|{\n  \"z\": 1,\n  \"a\": [\n    true,\n    null,\n    0.5\n  ]\n}"
	);
	let without = ChatTemplate::new(SMOLLM2, SpecialTexts::default()).unwrap();
	assert!(!without.knows_tools());
	let defined = "{% if tools %}some{% else %}none{% endif %}";
	assert_eq!(render(defined).unwrap(), "none");
}
