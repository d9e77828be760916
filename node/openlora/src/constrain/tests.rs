use super::*;
use crate::{Finish, GenerateOptions, Sampling, generate, testing};
use std::ops::ControlFlow;

const PROMPT: [u32; 4] = [5, 70, 9, 33];

fn options(base: &Base, grammar: Grammar, sampling: Sampling) -> GenerateOptions {
	let constraint = Some(Arc::new(Constraint::new(base, grammar).unwrap()));
	GenerateOptions { constraint, ..GenerateOptions::new(120, sampling, base.stop_tokens.clone()) }
}

fn answer(base: &Base, options: &GenerateOptions) -> (String, Finish) {
	let on = &mut |_| ControlFlow::Continue(());
	let answer = generate(base, None, &PROMPT, options, on).unwrap();
	(base.tokenizer.decode(&answer.tokens).unwrap(), answer.finish)
}

/// Answers of several models to several seeds, each given twice.
fn answers(grammar: &Grammar) -> Vec<(String, Finish)> {
	let mut all = Vec::new();
	for seed in 0..12 {
		let base = testing::tiny_base(1 + seed % 3);
		let sampling = if seed < 3 { Sampling::GREEDY } else { Sampling::seeded(seed, 1.3) };
		let options = options(&base, grammar.clone(), sampling);
		let first = answer(&base, &options);
		assert_eq!(first, answer(&base, &options));
		all.push(first);
	}
	all
}

fn person() -> Grammar {
	Grammar::JsonSchema(json!({
		"type": "object",
		"properties": {
			"name": { "type": "string", "maxLength": 8 },
			"kind": { "enum": ["one", "other", 3, null] },
			"age": { "type": "integer", "minimum": -5, "maximum": 120 },
			"tags": { "type": "array", "items": { "type": "boolean" }, "maxItems": 3 },
		},
		"required": ["name", "kind", "age", "tags"],
		"additionalProperties": false,
	}))
}

#[test]
fn answer_is_json_of_the_schema_whatever_the_model_is() {
	for (text, finish) in answers(&person()) {
		assert_eq!(finish, Finish::Stop, "{text}");
		let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
		let fields = value.as_object().unwrap();
		assert_eq!(fields.len(), 4, "{text}");
		assert!(fields["name"].as_str().unwrap().chars().count() <= 8);
		assert!(
			["one", "other"].map(Value::from).contains(&fields["kind"])
				|| [json!(3), Value::Null].contains(&fields["kind"])
		);
		assert!((-5..=120).contains(&fields["age"].as_i64().unwrap()));
		let tags = fields["tags"].as_array().unwrap();
		assert!(tags.len() <= 3 && tags.iter().all(Value::is_boolean));
		// Properties come in the schema's order.
		let at = |name: &str| text.find(&format!("{name:?}: ")).unwrap();
		assert!(at("name") < at("kind") && at("kind") < at("age") && at("age") < at("tags"));
	}
}

#[test]
fn answer_is_the_beginning_of_json_when_it_is_cut() {
	let grammar = Grammar::json_object();
	let mut cut = 0;
	for (text, finish) in answers(&grammar) {
		assert!(text.starts_with('{'), "{text}");
		match finish {
			Finish::Stop => assert!(serde_json::from_str::<Value>(&text).unwrap().is_object()),
			_ => {
				let error = serde_json::from_str::<Value>(text.trim_end_matches('\u{fffd}'));
				assert!(error.unwrap_err().is_eof(), "{text}");
				cut += 1;
			}
		}
	}
	assert!(cut > 0);
}

#[test]
fn answer_matches_when_it_has_to_follow_an_expression_a_choice_or_a_grammar() {
	for (text, _) in answers(&Grammar::Regex(r"[a-c]{2,4}-[0-9]{3}".into())) {
		let (letters, digits) = text.split_once('-').unwrap();
		assert!(
			(2..=4).contains(&letters.len()) && letters.chars().all(|c| ('a'..='c').contains(&c))
		);
		assert!(digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit()));
	}
	let texts = ["yes", "no", "per\"haps\"\n", "日本"].map(String::from).to_vec();
	let chosen = answers(&Grammar::Choice(texts.clone()));
	assert!(chosen.iter().all(|(text, _)| texts.contains(text)));
	assert!(chosen.iter().any(|one| *one != chosen[0]));
	let lark = "start: pair+\npair: \"(\" pair? \")\"\n";
	for (text, _) in answers(&Grammar::Lark(lark.into())) {
		let mut depth = 0;
		for bracket in text.chars() {
			depth += if bracket == '(' { 1 } else { -1 };
			assert!(depth >= 0, "{text}");
		}
	}
}

#[test]
fn penalties_and_bias_do_not_lead_out_of_the_grammar() {
	let base = testing::tiny_base(1);
	let sampling = Sampling {
		repetition_penalty: 3.0,
		frequency_penalty: 2.0,
		top_k: 2,
		..Sampling::seeded(1, 2.0)
	};
	let mut options = options(&base, person(), sampling);
	options.bias =
		(0..200).map(|token| (token, if token % 2 == 0 { 100.0 } else { -100.0 })).collect();
	let (text, finish) = answer(&base, &options);
	assert_eq!(finish, Finish::Stop);
	serde_json::from_str::<Value>(&text).unwrap();
}

#[test]
fn grammar_is_refused_when_it_makes_no_sense_or_is_too_much() {
	let base = testing::tiny_base(1);
	let deep = (0..60).fold(json!({ "type": "string" }), |inner, _| json!({ "items": inner }));
	for (grammar, part) in [
		(Grammar::JsonSchema(json!([])), "object"),
		(Grammar::JsonSchema(json!({ "type": "odd" })), "odd"),
		(Grammar::JsonSchema(json!({ "type": "string", "pattern": "(" })), ""),
		(Grammar::JsonSchema(json!({ "$ref": "https://example.org/schema.json" })), ""),
		(Grammar::JsonSchema(json!({ "type": "array", "uniqueItems": true })), "uniqueItems"),
		(Grammar::JsonSchema(json!({ "type": "integer", "minimum": 3, "maximum": 2 })), ""),
		(Grammar::JsonSchema(json!({ "type": "string", "maxLength": 2, "minLength": 3 })), ""),
		(Grammar::JsonSchema(json!({ "description": "x".repeat(70_000) })), "65536"),
		(Grammar::Regex("(".into()), ""),
		(Grammar::Choice(vec![]), "choice"),
		(Grammar::Choice(vec!["a".into(), String::new()]), "empty"),
		(Grammar::Lark("begin: \"a\"".into()), ""),
		(Grammar::Lark("start: missing".into()), "missing"),
		(Grammar::Lark(String::new()), ""),
	] {
		match Constraint::new(&base, grammar.clone()) {
			Err(Error::Constraint(text)) => assert!(text.contains(part), "{grammar:?}: {text}"),
			other => panic!("{grammar:?}: {other:?}"),
		}
	}
	Constraint::new(&base, Grammar::JsonSchema(deep)).unwrap();
}
