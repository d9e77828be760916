//! Answers that follow a schema or a grammar.

use super::*;

fn schema() -> Value {
	json!({
		"type": "object",
		"properties": {
			"answer": { "enum": ["yes", "no"] },
			"sure": { "type": "integer", "minimum": 0, "maximum": 9 },
		},
		"required": ["answer", "sure"],
		"additionalProperties": false,
	})
}

fn text(answer: &Value) -> &str {
	answer["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn answer_follows_the_schema_for_every_model_and_seed() {
	let site = Site::usual().await;
	let format =
		json!({ "type": "json_schema", "json_schema": { "name": "a", "schema": schema() } });
	for (model, seed) in [("tiny", 1), ("first", 2), ("second", 3), ("tiny", 4)] {
		let body = with(with(chat(model), "temperature", json!(1)), "seed", json!(seed));
		let body = with(with(body, "max_tokens", json!(60)), "response_format", format.clone());
		let answer = site.json(CHAT, body.clone()).await;
		assert_eq!(answer["choices"][0]["finish_reason"], "stop");
		let value: Value = serde_json::from_str(text(&answer)).unwrap();
		assert!(["yes", "no"].iter().any(|one| value["answer"] == *one), "{value}");
		assert!((0..=9).contains(&value["sure"].as_i64().unwrap()), "{value}");
		assert_eq!(value.as_object().unwrap().len(), 2);
		assert_eq!(text(&site.json(CHAT, body.clone()).await), text(&answer));
		let cut = site.json(CHAT, with(body, "max_tokens", json!(4))).await;
		assert_eq!(cut["choices"][0]["finish_reason"], "length");
		assert!(text(&answer).starts_with(text(&cut)));
	}
}

#[tokio::test]
async fn answer_follows_what_vllm_calls_guided() {
	let site = Site::usual().await;
	let long =
		|name: &str, value: Value| with(with(chat("first"), "max_tokens", json!(60)), name, value);
	for schema in [schema(), json!(schema().to_string())] {
		let answer = site.json(CHAT, long("guided_json", schema)).await;
		serde_json::from_str::<Value>(text(&answer)).unwrap();
	}
	let answer = site.json(CHAT, long("guided_choice", json!(["red", "green"]))).await;
	assert!(["red", "green"].contains(&text(&answer)));
	let answer = site.json(CHAT, long("guided_regex", json!("x{3}y"))).await;
	assert_eq!(text(&answer), "xxxy");
	let answer = site.json(CHAT, long("guided_grammar", json!("start: \"a\" \"b\""))).await;
	assert_eq!(text(&answer), "ab");
	let body = json!({ "model": "tiny", "prompt": "the", "guided_choice": ["red"] });
	assert_eq!(site.json(COMPLETION, body).await["choices"][0]["text"], "red");
	let object = json!({ "type": "json_object" });
	let answer = site.json(CHAT, long("response_format", object)).await;
	assert!(text(&answer).starts_with('{'));
	let plain =
		site.json(CHAT, with(chat("first"), "response_format", json!({ "type": "text" }))).await;
	assert_eq!(text(&plain), text(&site.json(CHAT, chat("first")).await));
}

#[tokio::test]
async fn schema_is_refused_when_it_is_malformed_too_large_or_one_of_two() {
	let site = Site::usual().await;
	let of = |schema: Value| {
		let format =
			json!({ "type": "json_schema", "json_schema": { "name": "a", "schema": schema } });
		with(chat("tiny"), "response_format", format)
	};
	for schema in [
		json!({ "type": "odd" }),
		json!({ "type": "string", "pattern": "(" }),
		json!({ "type": "array", "uniqueItems": true }),
		json!({ "$ref": "#/$defs/none" }),
		json!({ "description": "x".repeat(70_000) }),
	] {
		let (status, message) = site.refusal(CHAT, of(schema.clone())).await;
		assert!(status == 400 && message.contains("grammar"), "{schema} {message}");
	}
	let both = with(of(schema()), "guided_regex", json!("a"));
	assert_eq!(site.refusal(CHAT, both).await.0, 400);
	for odd in [json!("("), json!("(?=a)")] {
		assert_eq!(site.refusal(CHAT, with(chat("tiny"), "guided_regex", odd)).await.0, 400);
	}
}
