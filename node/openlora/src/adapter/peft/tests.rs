use serde_json::{Value, json};

use super::*;

fn with(field: &str, value: Value) -> Result<PeftConfig> {
	let mut fields = json!({
		"peft_type": "LORA", "r": 8, "lora_alpha": 16,
		"target_modules": ["v_proj", "q_proj"], "task_type": "CAUSAL_LM",
		"bias": "none", "fan_in_fan_out": false, "use_dora": false, "modules_to_save": null,
		"rank_pattern": {}, "layers_to_transform": null, "megatron_config": null,
		"megatron_core": "megatron.core", "qalora_group_size": 16, "use_qalora": false,
		"loftq_config": {}, "exclude_modules": null, "init_lora_weights": true,
	});
	match field {
		"" => {
			for (field, value) in value.as_object().unwrap() {
				fields[field] = value.clone();
			}
		}
		field => fields[field] = value,
	}
	PeftConfig::from_json(&fields.to_string())
}

/// The adapted projections of so many layers, with their ranks and numerators.
fn targets(config: &PeftConfig, layers: usize) -> Vec<(usize, Module, usize, f64)> {
	let all = (0..layers).flat_map(|layer| Module::ALL.map(|module| (layer, module)));
	all.filter_map(|(layer, module)| {
		config.target(layer, module).map(|target| (layer, module, target.rank, target.alpha))
	})
	.collect()
}

#[test]
fn config_is_read_when_every_unknown_switch_is_off() {
	let config = with("lora_dropout", json!(0.1)).unwrap();
	assert_eq!(config.modules(1), [Module::Q, Module::V]);
	let expected = Target { rank: 8, alpha: 16.0, scale: 2.0 };
	assert_eq!(config.target(7, Module::V), Some(expected));
	assert_eq!(config.target(7, Module::K), None);
}

#[test]
fn plain_config_has_the_bytes_that_it_always_had() {
	let config = PeftConfig::new(4, 8.0, [Module::Down, Module::Q, Module::V]).unwrap();
	assert_eq!(
		config.to_json(),
		r#"{"base_model_name_or_path":null,"bias":"none","fan_in_fan_out":false,"inference_mode":true,"lora_alpha":8.0,"lora_dropout":0.0,"peft_type":"LORA","r":4,"target_modules":["q_proj","v_proj","down_proj"],"task_type":"CAUSAL_LM","use_dora":false,"use_rslora":false}"#
	);
}

#[test]
fn config_survives_when_written_and_read() {
	let mut config = PeftConfig::new(4, 6.5, [Module::Down, Module::Q, Module::Down]).unwrap();
	config.rslora = true;
	config.base_model = Some("a \"quoted\" name".into());
	assert_eq!(PeftConfig::from_json(&config.to_json()).unwrap(), config);
	assert_eq!(config.target(0, Module::Q).unwrap().scale, 6.5 / 2.0);

	let rich = json!({
		"layers_to_transform": [3, 1, 1], "layers_pattern": "layers",
		// Not in alphabetical order: the first entry that matches counts.
		"rank_pattern": {"q_proj": 2, r"layers\.1\..*": 5},
		"alpha_pattern": {"v_proj": 2.5}, "exclude_modules": r".*\.3\..*v_proj",
		"target_modules": ["model.layers.0.mlp.up_proj", "v_proj", "q_proj", "c_attn"],
	});
	let rich = with("", rich).unwrap();
	let again = PeftConfig::from_json(&rich.to_json()).unwrap();
	assert_eq!(again, rich);
	assert_eq!(again.to_json(), rich.to_json());
	assert_eq!(targets(&again, 5), targets(&rich, 5));
}

#[test]
fn modules_are_those_of_peft_when_layers_are_chosen() {
	use Module::{Q, V};
	for (choice, expected) in [
		(json!({"layers_to_transform": 1}), vec![1]),
		(json!({"layers_to_transform": [0, 2]}), vec![0, 2]),
		(json!({"layers_to_transform": []}), vec![0, 1, 2]),
		(json!({"layers_to_transform": [0], "layers_pattern": "layers"}), vec![0]),
		(json!({"layers_to_transform": [0], "layers_pattern": ["h", "layers"]}), vec![0]),
		(json!({"layers_to_transform": [0], "layers_pattern": []}), vec![0]),
		(json!({"layers_to_transform": [0], "layers_pattern": "h"}), vec![]),
	] {
		let found = targets(&with("", choice.clone()).unwrap(), 3);
		let expected: Vec<_> = expected
			.into_iter()
			.flat_map(|layer| [(layer, Q, 8, 16.0), (layer, V, 8, 16.0)])
			.collect();
		assert_eq!(found, expected, "{choice}");
	}
}

#[test]
fn modules_are_those_of_peft_when_named_by_list_or_expression() {
	use Module::{Gate, Q, Up, V};
	for (choice, expected) in [
		(
			json!({"target_modules": "all-linear"}),
			(0..2).flat_map(|l| Module::ALL.map(|m| (l, m))).collect(),
		),
		(
			json!({"target_modules": "ALL-linear", "exclude_modules": ["self_attn.q_proj", "mlp.gate_proj", "k_proj",
			"o_proj", "up_proj", "down_proj"]}),
			vec![(0, V), (1, V)],
		),
		(json!({"target_modules": r".*\.(q|v)_proj"}), vec![(0, Q), (0, V), (1, Q), (1, V)]),
		(
			json!({"target_modules": r"model\.layers\.1\.mlp\.(gate|up)_proj"}),
			vec![(1, Gate), (1, Up)],
		),
		(
			json!({"target_modules": ["1.self_attn.q_proj", "mlp.up_proj"]}),
			vec![(0, Up), (1, Q), (1, Up)],
		),
		// A whole name holds whatever the layers are; the end of one does not.
		(
			json!({"target_modules": ["model.layers.0.self_attn.q_proj", "v_proj"], "layers_to_transform": 1}),
			vec![(0, Q), (1, V)],
		),
		(json!({"exclude_modules": ["0.self_attn.q_proj"]}), vec![(0, V), (1, Q), (1, V)]),
		(json!({"exclude_modules": r".*layers\.0.*"}), vec![(1, Q), (1, V)]),
		// Neither is the end of a name after a dot.
		(json!({"target_modules": ["proj", "elf_attn.q_proj", "q_proj"]}), vec![(0, Q), (1, Q)]),
	] {
		let config = with("", choice.clone()).unwrap();
		let found: Vec<_> = targets(&config, 2).into_iter().map(|(l, m, ..)| (l, m)).collect();
		assert_eq!(found, expected, "{choice}");
	}
}

#[test]
fn rank_and_scale_are_those_of_the_first_pattern_when_several_match() {
	// As text: the order counts, which a `Value` may not keep.
	let text = r#"{
		"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"],
		"rank_pattern": {"layers\\.1\\.self_attn\\.q_proj": 2, "q_proj": 4, ".*1\\..*": 16},
		"alpha_pattern": {"^model.layers.0.self_attn.v_proj": 1, "self_attn.v_proj": 32}
	}"#;
	let config = PeftConfig::from_json(text).unwrap();
	let expected = vec![
		(0, Module::Q, 4, 16.0),
		(0, Module::V, 8, 1.0),
		(1, Module::Q, 2, 16.0),
		(1, Module::V, 16, 32.0),
	];
	assert_eq!(targets(&config, 2), expected);
	let stabilised = PeftConfig { rslora: true, ..config };
	assert_eq!(stabilised.target(1, Module::V).unwrap().scale, 8.0);
}

#[test]
fn config_is_refused_by_name_when_a_feature_is_not_supported() {
	let refusals = [
		("peft_type", json!("IA3")),
		("task_type", json!("SEQ_CLS")),
		("bias", json!("all")),
		("use_dora", json!(true)),
		("use_qalora", json!(true)),
		("fan_in_fan_out", json!(true)),
		("lora_bias", json!(true)),
		("modules_to_save", json!(["lm_head"])),
		("target_parameters", json!(["mlp.experts"])),
		("layer_replication", json!([[0, 1]])),
		("trainable_token_indices", json!([3])),
		("alora_invocation_tokens", json!([3])),
		("megatron_config", json!({"a": 1})),
		("init_lora_weights", json!("pissa_niter_4")),
		("init_lora_weights", json!("olora")),
		("init_lora_weights", json!("lora_ga")),
		("target_modules", json!(null)),
		("target_modules", json!("")),
		("target_modules", json!([3])),
		("exclude_modules", json!(3)),
		("a_switch_of_a_later_release", json!(3)),
	];
	for (name, value) in refusals {
		match with(name, value.clone()) {
			Err(Error::UnsupportedAdapter { field, .. }) => assert_eq!(field, name),
			other => panic!("{name} = {value} gave {other:?}"),
		}
	}
}

#[test]
fn config_is_refused_when_it_targets_what_is_not_a_projection() {
	for targets in [
		json!(["q_proj", "lm_head"]),
		json!(["q_proj", "embed_tokens"]),
		json!(["self_attn"]),
		json!(".*"),
		json!(r"model\.layers\.1\..*"),
		json!(".*norm"),
	] {
		let config = with("target_modules", targets.clone()).unwrap();
		let refused = config.check_others(2);
		assert!(matches!(refused, Err(Error::UnsupportedAdapter { .. })), "{targets}");
	}
	let config = json!({"target_modules": ".*", "exclude_modules": ".*(model|layers|norm|head|embed_tokens|emb|fn|attn|mlp|[0-9])"});
	with("", config).unwrap().check_others(2).unwrap();
}

#[test]
fn config_is_refused_when_an_expression_is_not_one_for_both_languages() {
	for (name, value) in [
		("target_modules", json!("(?=q).*")),
		("exclude_modules", json!("(a)\\1")),
		("rank_pattern", json!({"(?<!a)b": 4})),
		("alpha_pattern", json!({"a)|(b": 4})),
		("", json!({"layers_to_transform": 1, "layers_pattern": "a*+"})),
	] {
		let refused = with(name, value);
		assert!(matches!(refused, Err(Error::UnsupportedPattern { .. })), "{name}: {refused:?}");
	}
}

#[test]
fn config_is_refused_when_a_number_is_out_of_range() {
	for (name, value) in [
		("r", json!(0)),
		("r", json!(MAX_RANK + 1)),
		("lora_alpha", json!(0)),
		("lora_alpha", json!(-1)),
		("target_modules", json!([])),
		("rank_pattern", json!({"q_proj": 0})),
		("rank_pattern", json!({"q_proj": MAX_RANK + 1})),
		("alpha_pattern", json!({"q_proj": 0})),
		("layers_to_transform", json!([0, 5000])),
		("", json!({"layers_to_transform": 0, "target_modules": ".*q_proj"})),
	] {
		assert!(matches!(with(name, value), Err(Error::InvalidOption { .. })), "{name}");
	}
}

#[test]
fn config_is_refused_when_it_is_not_what_peft_writes() {
	assert!(matches!(PeftConfig::from_json("["), Err(Error::Malformed { .. })));
	assert!(matches!(PeftConfig::from_json("[]"), Err(Error::Malformed { .. })));
	for (name, value) in [
		("r", json!("8")),
		("r", json!(-8)),
		("lora_alpha", json!(null)),
		("use_rslora", json!("yes")),
		("rank_pattern", json!([4])),
		("rank_pattern", json!({"q_proj": 1.5})),
		("alpha_pattern", json!({"q_proj": "4"})),
		("layers_to_transform", json!("1")),
		("layers_to_transform", json!([-1])),
		("layers_pattern", json!("layers")),
		("", json!({"layers_to_transform": 1, "layers_pattern": [1]})),
	] {
		let refused = with(name, value);
		assert!(matches!(refused, Err(Error::Malformed { .. })), "{name}: {refused:?}");
	}
	let twice = r#"{"peft_type":"LORA","r":1,"lora_alpha":1,"target_modules":["q_proj"],
		"rank_pattern":{"q_proj":2,"q_proj":3}}"#;
	assert!(matches!(PeftConfig::from_json(twice), Err(Error::Malformed { .. })));
	let long = format!("{}{{}}", " ".repeat(MAX_BYTES as usize));
	assert!(matches!(PeftConfig::from_json(&long), Err(Error::OversizedHeader { .. })));
}
