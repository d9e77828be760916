//! Adapters that come and go, and their store.

use super::*;
use openlora::Precision;

#[tokio::test]
async fn adapters_are_loaded_and_unloaded_while_requests_run() {
	let site = Site::usual().await;
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	adapter(&base, 9).save_dir(folder.path()).unwrap();
	let load = |name: &str| json!({ "lora_name": name, "lora_path": folder.path() });
	let (load_path, unload_path) = ("/v1/load_lora_adapter", "/v1/unload_lora_adapter");
	assert_eq!(site.post(load_path, &load("third")).await.status(), StatusCode::OK);
	let with_third = site.json(CHAT, chat("third")).await;
	assert_eq!(site.refusal(load_path, load("third")).await.0, 409);
	assert_eq!(site.refusal(load_path, load("tiny")).await.0, 409);
	assert_eq!(site.refusal(load_path, load("a b")).await.0, 400);
	assert_eq!(site.post(load_path, &load("fourth")).await.status(), StatusCode::OK);
	assert_eq!(site.refusal(load_path, load("fifth")).await.0, 400);
	let missing = json!({ "lora_name": "sixth", "lora_path": folder.path().join("none") });
	assert_eq!(site.refusal(load_path, missing).await.0, 400);

	// Its headers come once the request is under way.
	let running = site.post(CHAT, &with(chat("third"), "stream", json!(true))).await;
	let unloaded = site.post(unload_path, &json!({ "lora_name": "third" })).await;
	assert_eq!(unloaded.status(), StatusCode::OK);
	let text: String = Site::events(running)
		.await
		.iter()
		.filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
		.collect();
	assert_eq!(with_third["choices"][0]["message"]["content"], text);
	assert_eq!(site.refusal(CHAT, chat("third")).await.0, 404);
	assert_eq!(site.refusal(unload_path, json!({ "lora_name": "third" })).await.0, 404);
}

#[tokio::test]
async fn metrics_say_which_adapters_are_in_memory_when_one_made_room() {
	let site = Site::usual().await;
	for model in ["first", "first", "second"] {
		site.json(CHAT, chat(model)).await;
	}
	let response = site.client.get(format!("{}/metrics", site.url)).send().await.unwrap();
	let text = response.text().await.unwrap();
	for line in [
		"openlora_adapter_resident{adapter=\"first\"} 0",
		"openlora_adapter_resident{adapter=\"second\"} 1",
		"openlora_adapter_hits_total{adapter=\"first\"} 1",
		"openlora_adapter_misses_total{adapter=\"first\"} 1",
		"openlora_adapter_evictions_total{adapter=\"first\"} 1",
		"openlora_adapter_loads_total 2",
		"openlora_adapter_failed_loads_total 0",
		"# TYPE openlora_adapter_loading_seconds_total counter",
		"# TYPE openlora_adapter_waited_seconds_total counter",
		"openlora_adapter_budget_bytes 40000",
	] {
		assert!(text.lines().any(|of| of == line), "{line} is not in\n{text}");
	}
	assert_eq!(std::fs::read_dir(site.folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn adapter_is_the_same_from_a_gguf_file_and_from_a_folder() {
	let site = Site::usual().await;
	let base = testing::tiny_base(1);
	let folder = tempfile::tempdir().unwrap();
	let adapter = adapter(&base, 9);
	adapter.save_dir(folder.path()).unwrap();
	let file = folder.path().join("adapter.gguf");
	let exported = adapter.to_gguf(&base.config, Precision::F32).unwrap();
	std::fs::write(&file, exported.bytes).unwrap();
	let mut answers = vec![site.json(CHAT, chat("tiny")).await["choices"].clone()];
	for (name, path) in [("folder", folder.path()), ("file", &file)] {
		let load = json!({ "lora_name": name, "lora_path": path });
		assert_eq!(site.post("/v1/load_lora_adapter", &load).await.status(), StatusCode::OK);
		answers.push(site.json(CHAT, chat(name)).await["choices"].clone());
	}
	assert_eq!(answers[1], answers[2]);
	assert_ne!(answers[0], answers[1]);
}

#[tokio::test]
async fn client_is_not_told_where_adapters_lie_when_they_cannot_be_read_or_written() {
	let site = Site::usual().await;
	site.json(CHAT, chat("second")).await;
	let outside = tempfile::tempdir().unwrap();
	adapter(&testing::tiny_base(1), 9).save_dir(outside.path()).unwrap();
	std::fs::remove_dir_all(site.folder.path()).unwrap();
	let load = json!({ "lora_name": "third", "lora_path": outside.path() });
	for (path, body) in [(CHAT, chat("first")), ("/v1/load_lora_adapter", load)] {
		let (status, message) = site.refusal(path, body).await;
		assert_eq!(status, 500, "{message}");
		assert!(!message.contains(site.folder.path().to_str().unwrap()), "{message}");
	}
	let response = site.client.get(format!("{}/metrics", site.url)).send().await.unwrap();
	let text = response.text().await.unwrap();
	for line in ["openlora_adapter_loads_total 1", "openlora_adapter_failed_loads_total 1"] {
		assert!(text.lines().any(|of| of == line), "{line} is not in\n{text}");
	}
}
