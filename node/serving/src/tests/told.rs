//! Log-probabilities, biases, several answers, mixtures.

use super::*;

fn list(value: &Value) -> &[Value] {
	value.as_array().unwrap()
}

#[tokio::test]
async fn log_probabilities_are_told_with_bytes_and_alternatives() {
	let site = Site::usual().await;
	let body = with(with(chat("first"), "logprobs", json!(true)), "top_logprobs", json!(3));
	let whole = site.json(CHAT, body.clone()).await;
	let choice = &whole["choices"][0];
	let tokens = list(&choice["logprobs"]["content"]);
	assert_eq!(tokens.len(), 12);
	let mut bytes = Vec::new();
	for token in tokens {
		let top = list(&token["top_logprobs"]);
		assert_eq!(top.len(), 3);
		// The answer is greedy.
		assert_eq!((&top[0]["token"], &top[0]["logprob"]), (&token["token"], &token["logprob"]));
		assert!(top[0]["logprob"].as_f64().unwrap() >= top[1]["logprob"].as_f64().unwrap());
		assert!(token["logprob"].as_f64().unwrap() <= 0.0);
		bytes.extend(list(&token["bytes"]).iter().map(|byte| byte.as_u64().unwrap() as u8));
	}
	assert_eq!(choice["message"]["content"], String::from_utf8_lossy(&bytes).as_ref());
	let streamed: Vec<Value> = site
		.stream(CHAT, with(body, "stream", json!(true)))
		.await
		.iter()
		.filter_map(|event| event["choices"][0]["logprobs"]["content"].as_array().cloned())
		.flatten()
		.collect();
	assert_eq!(streamed, tokens);
	let without = with(chat("first"), "logprobs", json!(true));
	let without = site.json(CHAT, without).await;
	assert_eq!(without["choices"][0]["logprobs"]["content"][0]["top_logprobs"], json!([]));
}

#[tokio::test]
async fn completion_tells_log_probabilities_in_its_own_shape() {
	let site = Site::usual().await;
	let body = json!({
		"model": "tiny", "prompt": "the one", "temperature": 0, "logprobs": 2, "max_tokens": 8,
	});
	let whole = site.json(COMPLETION, body.clone()).await;
	let told = &whole["choices"][0]["logprobs"];
	let text = whole["choices"][0]["text"].as_str().unwrap();
	for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset"] {
		assert_eq!(list(&told[name]).len(), 8, "{name}");
	}
	assert_eq!(told["text_offset"][0], 0);
	let offset = told["text_offset"][7].as_u64().unwrap() as usize;
	assert!(offset <= text.chars().count());
	assert!(
		list(&told["top_logprobs"])
			.iter()
			.all(|top| (1..=2).contains(&top.as_object().unwrap().len()))
	);
	// A stop cuts them off with the text.
	let stop: String = text.chars().skip(2).take(1).collect();
	let cut = site.json(COMPLETION, with(body.clone(), "stop", json!(stop))).await;
	let kept = list(&cut["choices"][0]["logprobs"]["tokens"]).len();
	let (before, _) = text.split_once(&stop).unwrap();
	assert_eq!(cut["choices"][0]["text"], before);
	assert!(kept < 8 && kept <= before.chars().count(), "{cut}");
	for odd in [json!(21), json!(-1), json!(true), json!("x")] {
		assert_eq!(site.refusal(COMPLETION, with(body.clone(), "logprobs", odd)).await.0, 400);
	}
}

#[tokio::test]
async fn log_probabilities_are_refused_when_all_answers_together_have_too_many() {
	let site = Site::of(tools::base("{{ messages }}"), Limits::default(), None).await;
	let body = with(with(chat("tiny"), "logprobs", json!(true)), "top_logprobs", json!(20));
	let body = with(body, "max_tokens", json!(1_000));
	let response = site.post(CHAT, &with(body.clone(), "n", json!(128))).await;
	assert_eq!(response.status(), StatusCode::BAD_REQUEST);
	let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
	let error = &error["error"];
	assert_eq!(
		(&error["type"], &error["param"]),
		(&json!("invalid_request_error"), &json!("logprobs"))
	);
	let message = error["message"].as_str().unwrap();
	assert!(message.contains("lower n, max_tokens or the alternatives"), "{message}");
	let few = with(with(body, "n", json!(128)), "max_tokens", json!(2));
	let answer = site.json(CHAT, few).await;
	assert_eq!(list(&answer["choices"]).len(), 128);
	// An answer has no more tokens than the context, whatever is asked for.
	let long =
		json!({ "model": "tiny", "prompt": "a", "logprobs": 20, "max_tokens": 1_000_000_000 });
	let short = Site::usual().await;
	assert_eq!(short.post(COMPLETION, &long).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn biased_token_is_answered() {
	let site = Site::usual().await;
	let id = testing::tiny_base(1).tokenizer.encode("the", false).unwrap()[0];
	let body = with(chat("first"), "logit_bias", json!({ id.to_string(): 100 }));
	let answer = site.json(CHAT, body).await;
	assert_eq!(answer["choices"][0]["message"]["content"], "the".repeat(12));
	let unknown = with(chat("first"), "logit_bias", json!({ "99999": 1 }));
	assert_eq!(site.refusal(CHAT, unknown).await.0, 400);
}

#[tokio::test]
async fn several_answers_come_whole_and_streamed_alike() {
	let site = Site::usual().await;
	let body = with(with(chat("tiny"), "temperature", json!(1.5)), "seed", json!(7));
	let alone = site.json(CHAT, body.clone()).await;
	let body = with(body, "n", json!(4));
	let whole = site.json(CHAT, body.clone()).await;
	let choices = list(&whole["choices"]);
	let texts: Vec<&str> =
		choices.iter().map(|choice| choice["message"]["content"].as_str().unwrap()).collect();
	assert_eq!(alone["choices"][0]["message"]["content"], texts[0]);
	assert!((1..4).all(|at| choices[at]["index"] == at && !texts[..at].contains(&texts[at])));
	let sum: u64 = 4 * alone["usage"]["completion_tokens"].as_u64().unwrap();
	assert!(whole["usage"]["completion_tokens"].as_u64().unwrap() <= sum);
	let events = site.stream(CHAT, with(body, "stream", json!(true))).await;
	let mut streamed = vec![String::new(); 4];
	let mut ends = [0; 4];
	for event in &events {
		let choice = &event["choices"][0];
		let index = choice["index"].as_u64().unwrap() as usize;
		streamed[index].push_str(choice["delta"]["content"].as_str().unwrap_or_default());
		ends[index] += usize::from(choice["finish_reason"].is_string());
	}
	assert_eq!(streamed, texts);
	assert_eq!(ends, [1; 4]);
}

#[tokio::test]
async fn completion_begins_with_its_prompt_when_that_is_asked_for() {
	let site = Site::usual().await;
	let ids = testing::tiny_base(1).tokenizer.encode("the one", true).unwrap();
	for prompt in [json!("the one"), json!(["the one"]), json!(ids)] {
		let body = json!({ "model": "tiny", "prompt": prompt, "temperature": 0 });
		let plain = site.json(COMPLETION, body.clone()).await;
		let body = with(body, "echo", json!(true));
		let echoed = site.json(COMPLETION, body.clone()).await;
		let text = format!("the one{}", plain["choices"][0]["text"].as_str().unwrap());
		assert_eq!(echoed["choices"][0]["text"], text);
		let events = site.stream(COMPLETION, with(body.clone(), "stream", json!(true))).await;
		let pieces = events.iter().filter_map(|event| event["choices"][0]["text"].as_str());
		assert_eq!(pieces.collect::<String>(), text);
		assert_eq!(site.refusal(COMPLETION, with(body, "logprobs", json!(1))).await.0, 400);
	}
}

#[tokio::test]
async fn adapters_are_mixed_by_their_weights() {
	let site = Site::with_room(testing::tiny_base(1), Limits::default(), None, 1 << 20).await;
	let told = async |model: &str, adapters: Value| {
		let mut body = with(with(chat(model), "logprobs", json!(true)), "max_tokens", json!(3));
		if !adapters.is_null() {
			body["adapters"] = adapters;
		}
		site.json(CHAT, body).await["choices"][0]["logprobs"]["content"].clone()
	};
	let first = json!({ "name": "first", "weight": 1.0 });
	let (tiny, alone) = (told("tiny", json!(null)).await, told("first", json!(null)).await);
	assert_eq!(told("first", json!([first])).await, alone);
	assert_eq!(told("tiny", json!([{ "name": "first" }])).await, alone);
	assert_eq!(told("tiny", json!([])).await, tiny);
	let off = json!([{ "name": "first", "weight": 0.0 }]);
	assert_eq!(told("tiny", off).await, tiny);
	let both = json!([{ "name": "first", "weight": 0.5 }, { "name": "second", "weight": 0.25 }]);
	let mixed = told("first", both.clone()).await;
	assert!(mixed != alone && mixed != tiny);
	assert_eq!(told("tiny", both).await, mixed);
	let (status, message) =
		site.refusal(CHAT, with(chat("first"), "adapters", json!([{ "name": "second" }]))).await;
	assert!(status == 400 && message.contains("adapters"), "{message}");
	let huge = json!([{ "name": "second", "weight": 1e300 }]);
	assert_eq!(site.refusal(CHAT, with(chat("tiny"), "adapters", huge)).await.0, 400);
}
