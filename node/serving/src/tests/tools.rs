//! Tools.

use super::*;
use openlora::testing::{Encoding, MetadataValue};

/// A template of the Hermes kind.
const HERMES: &str = "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}\n{% endfor \
	%}</tools>\n{% endif %}{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + \
	message.content }}{% for call in message.tool_calls or [] %}<tool_call>{\"name\": \"{{ \
	call.function.name }}\", \"arguments\": {{ call.function.arguments | tojson }}}</tool_call>{% \
	endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

pub(super) fn base(template: &str) -> Arc<Base> {
	let folder = tempfile::tempdir().unwrap();
	let config = openlora::Config { context: 1_024, ..testing::tiny_config() };
	let mut file = testing::gguf_writer(&config, 1, Encoding::F32);
	file.set("tokenizer.chat_template", MetadataValue::Text(template.into()));
	let path = folder.path().join("tools.gguf");
	std::fs::write(&path, file.finish()).unwrap();
	Base::load(&path).unwrap()
}

fn ask(choice: Value) -> Value {
	let body = with(with(chat("first"), "tools", tools()), "max_tokens", json!(120));
	with(body, "tool_choice", choice)
}

fn named() -> Value {
	json!({ "type": "function", "function": { "name": "look_up" } })
}

/// Name and arguments of the only call of a list, which has to fit the tool.
fn check(calls: &Value) {
	let calls = calls.as_array().unwrap();
	assert_eq!((calls.len(), &calls[0]["type"]), (1, &json!("function")));
	assert!(calls[0]["id"].as_str().unwrap().starts_with("call_"));
	let function = &calls[0]["function"];
	assert_eq!(function["name"], "look_up");
	let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
	assert!(["lien", "tort"].iter().any(|word| arguments["word"] == *word), "{arguments}");
	assert!(arguments["exact"].is_boolean());
}

#[tokio::test]
async fn tool_is_called_when_one_has_to_be() {
	let templates = [
		HERMES.to_string(),
		HERMES.replace("<tool_call>", "[TOOL_CALLS]"),
		HERMES.replace("tool_call>", "x>"),
	];
	for template in templates {
		let site = Site::of(base(&template), Limits::default(), None).await;
		for choice in [json!("required"), named()] {
			let answer = site.json(CHAT, ask(choice.clone())).await;
			let choice_of = &answer["choices"][0];
			assert_eq!(choice_of["finish_reason"], "tool_calls");
			assert_eq!(choice_of["message"]["content"], Value::Null);
			check(&choice_of["message"]["tool_calls"]);
			let events = site.stream(CHAT, with(ask(choice), "stream", json!(true))).await;
			let deltas: Vec<&Value> = events
				.iter()
				.filter_map(|event| event["choices"][0]["delta"]["tool_calls"].get(0))
				.collect();
			let mut whole = deltas[0].clone();
			assert!(deltas.iter().all(|delta| delta["index"] == 0));
			let arguments =
				deltas.iter().filter_map(|delta| delta["function"]["arguments"].as_str());
			whole["function"]["arguments"] = arguments.collect::<String>().into();
			check(&json!([whole]));
			assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
		}
		let cut = site.json(CHAT, with(ask(named()), "max_tokens", json!(5))).await;
		assert_eq!(cut["choices"][0]["finish_reason"], "length");
		assert!(cut["choices"][0]["message"].get("tool_calls").is_none());
	}
}

#[tokio::test]
async fn tools_and_calls_are_part_of_the_prompt() {
	let base = base(HERMES);
	let site = Site::of(Arc::clone(&base), Limits::default(), None).await;
	let used = async |body: Value| site.json(CHAT, body).await["usage"]["prompt_tokens"].clone();
	let count = |text: &str| json!(base.tokenizer.encode(text, false).unwrap().len());
	let plain = "<|im_start|>user\nthe one and another<|im_end|>\n<|im_start|>assistant\n";
	let tool = "{\"type\": \"function\", \"function\": {\"name\": \"look_up\", \"description\": \"Looks a \
		word up.\", \"parameters\": {\"type\": \"object\", \"properties\": {\"word\": {\"enum\": [\"lien\", \
		\"tort\"]}, \"exact\": {\"type\": \"boolean\"}}, \"required\": [\"word\", \"exact\"], \
		\"additionalProperties\": false}}}\n";
	let with_tools = format!("<tools>{tool}</tools>\n{plain}");
	assert_eq!(used(ask(json!("none"))).await, count(plain));
	assert_eq!(used(ask(json!("auto"))).await, count(&with_tools));
	assert_eq!(used(ask(json!("required"))).await, count(&format!("{with_tools}<tool_call>\n")));
	let history = json!([
		{ "role": "user", "content": "a" },
		{ "role": "assistant", "content": null, "tool_calls": [{ "id": "call_1", "type": "function",
			"function": { "name": "look_up", "arguments": "{\"word\":\"lien\",\"n\":1}" } }] },
		{ "role": "tool", "tool_call_id": "call_1", "content": "b" },
	]);
	let expected = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n<tool_call>{\"name\": \
		\"look_up\", \"arguments\": {\"word\": \"lien\", \"n\": 1}}</tool_call><|im_end|>\n\
		<|im_start|>tool\nb<|im_end|>\n<|im_start|>assistant\n";
	assert_eq!(used(with(chat("first"), "messages", history)).await, count(expected));
}

#[tokio::test]
async fn answer_is_text_when_no_tool_has_to_be_called() {
	let site = Site::of(base(HERMES), Limits::default(), None).await;
	for choice in [json!("auto"), json!("none"), json!(null)] {
		let answer = site.json(CHAT, ask(choice)).await;
		let message = &answer["choices"][0]["message"];
		assert!(message["content"].is_string() && message.get("tool_calls").is_none());
	}
}

#[tokio::test]
async fn tools_are_refused_when_they_make_no_sense_or_the_template_has_none() {
	let plain = Site::usual().await;
	let (status, message) = plain.refusal(CHAT, ask(json!("auto"))).await;
	assert!(
		status == 400 && message.contains("template") && message.contains("tools"),
		"{message}"
	);
	let history = json!([{ "role": "tool", "content": "x", "tool_call_id": "1" }]);
	let (status, message) = plain.refusal(CHAT, with(chat("tiny"), "messages", history)).await;
	assert!(status == 400 && message.contains("template"), "{message}");
	assert_eq!(plain.post(CHAT, &ask(json!("none"))).await.status(), 200);

	let site = Site::of(base(HERMES), Limits::default(), None).await;
	let of = |function: Value| json!([{ "type": "function", "function": function }]);
	for tools in [
		json!([{ "type": "retrieval" }]),
		of(json!({})),
		of(json!({ "name": "a b" })),
		of(json!({ "name": "x".repeat(65) })),
		of(json!({ "name": "f", "parameters": [] })),
		json!([tools()[0], tools()[0]]),
		json!(vec![tools()[0].clone(); 129]),
	] {
		let (status, message) = site.refusal(CHAT, with(chat("first"), "tools", tools)).await;
		assert!(status == 400 && message.contains("tools"), "{message}");
	}
	for choice in
		[json!("must"), json!({ "type": "function", "function": { "name": "none" } }), json!(5)]
	{
		let (status, message) = site.refusal(CHAT, ask(choice)).await;
		assert!(status == 400 && message.contains("tool_choice"), "{message}");
	}
	let odd = of(json!({ "name": "f", "parameters": { "type": "odd" } }));
	let odd = with(with(chat("first"), "tools", odd), "tool_choice", json!("required"));
	assert_eq!(site.refusal(CHAT, odd).await.0, 400);
	let both = with(ask(json!("auto")), "response_format", json!({ "type": "json_object" }));
	assert_eq!(site.refusal(CHAT, both).await.0, 400);
	for arguments in [json!("{"), json!("5"), json!(null)] {
		let messages = json!([{ "role": "assistant", "tool_calls": [
			{ "id": "1", "type": "function", "function": { "name": "f", "arguments": arguments } },
		] }]);
		assert_eq!(site.refusal(CHAT, with(chat("first"), "messages", messages)).await.0, 400);
	}
}
