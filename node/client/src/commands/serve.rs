//! `openledger model serve`.

use crate::{Context, output::Output};
use anyhow::{Context as _, Result, ensure};
use openlora::{
	Base, Team,
	serve::{Limits, Server},
	store::Store,
};
use openlora_http::{Connections, Models, Service, bind, router, serve};
use std::{
	net::{Ipv4Addr, SocketAddr},
	path::PathBuf,
	str::FromStr,
	sync::Arc,
};
use tempfile::TempDir;
use tokio::signal;
use tokio_util::sync::CancellationToken;

/// An adapter and the name under which it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAdapter {
	name: String,
	path: PathBuf,
}

impl FromStr for NamedAdapter {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		match text.split_once('=') {
			Some((name, path)) if !name.is_empty() && !path.is_empty() => {
				Ok(Self { name: name.to_string(), path: PathBuf::from(path) })
			}
			_ => Err("expected NAME=PATH, for instance legal=adapters/legal".into()),
		}
	}
}

/// Serve a base and any number of adapters over OpenAI's HTTP interface, without a chain.
///
/// One base is in memory, whatever the number of adapters; requests to different adapters run in one
/// batch. `model` in a request names the base or an adapter:
///
///     openledger model serve --base model.gguf --adapter legal=adapters/legal
///     curl http://127.0.0.1:8000/v1/chat/completions -d '{"model": "legal",
///       "messages": [{"role": "user", "content": "What is a lien?"}]}'
///
/// One request can mix several adapters, each with a weight:
///
///     "model": "legal", "adapters": [{"name": "legal", "weight": 0.7}, {"name": "plain", "weight": 0.3}]
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Serve {
	/// The base: a GGUF file, or a Hugging Face folder.
	#[arg(long)]
	base: PathBuf,
	/// The base's name in requests (default: that of its file).
	#[arg(long)]
	name: Option<String>,
	/// An adapter, a PEFT folder, a safetensors file or a GGUF file, and its name; can be repeated.
	#[arg(long = "adapter", value_name = "NAME=PATH")]
	adapters: Vec<NamedAdapter>,
	/// Address and port to listen on.
	#[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)))]
	listen: SocketAddr,
	/// What requests have to bring as a bearer token.
	#[arg(long, env = "OPENLORA_API_KEY", hide_env_values = true)]
	api_key: Option<String>,
	/// What loading and unloading adapters over HTTP takes; without it that is off.
	#[arg(long, env = "OPENLORA_ADMIN_KEY", hide_env_values = true)]
	admin_key: Option<String>,
	/// Requests that run together.
	#[arg(long, default_value_t = Limits::default().running)]
	running: usize,
	/// Requests that wait for a place; more are told to come back.
	#[arg(long, default_value_t = Limits::default().waiting)]
	waiting: usize,
	/// Memory for keys and values, in MiB.
	#[arg(long, default_value_t = Limits::default().cache_bytes >> 20)]
	cache: usize,
	/// Memory for adapters, in MiB; those that do not fit are read when they are asked for.
	#[arg(long, default_value_t = 512)]
	adapter_memory: u64,
	/// Folder in which adapters are kept as the engine reads them (default: one that is removed at the
	/// end).
	#[arg(long, value_name = "FOLDER")]
	adapter_store: Option<PathBuf>,
	/// Adapters that may be loaded.
	#[arg(long, default_value_t = 1_000)]
	max_adapters: usize,
	/// Tokens of a chat's answer unless the request says otherwise.
	#[arg(long, default_value_t = 512)]
	answer_tokens: usize,
	/// Tokens that are guessed from what was said before, and run at once; 0 for none. Answers are the
	/// same to the bit; those that repeat parts of their prompt come sooner.
	#[arg(long, value_name = "TOKENS", default_value_t = 4)]
	speculate: usize,
	/// Threads (default: one for each core).
	#[arg(long)]
	threads: Option<usize>,
}

/// Runs the command until it is told to stop.
pub async fn run(arguments: Serve, context: &Context) -> Result<()> {
	let Output { json } = context.output();
	ensure!(arguments.threads != Some(0), "--threads has to be at least 1");
	for (name, key) in [("--api-key", &arguments.api_key), ("--admin-key", &arguments.admin_key)] {
		ensure!(key.as_deref() != Some(""), "{name} is empty; leave it out, or give a key");
	}
	// Before anything is loaded: a port in use is known at once.
	let listener =
		bind(arguments.listen).with_context(|| format!("can't listen on {}", arguments.listen))?;
	let address = listener.local_addr()?;
	// Those who are told to come back, and who asks how it is, have to get in.
	let usual = Connections::default();
	let most = arguments.running.saturating_add(arguments.waiting).saturating_add(64);
	let connections = Connections { most: usual.most.max(most), ..usual };
	let answer_tokens = arguments.answer_tokens;
	let key = arguments.api_key.as_deref().map(Arc::from);
	let admin_key = arguments.admin_key.as_deref().map(Arc::from);
	let loading = tokio::task::spawn_blocking(move || load(&arguments));
	let (models, server, _temporary) = loading.await??;
	let (models, server) = (Arc::new(models), Arc::new(server));
	if json {
		println!(
			"{}",
			serde_json::json!({ "listening": address.to_string(), "model": models.name() })
		);
	} else {
		println!("Serving {} on http://{address}/v1. Stop with Ctrl-C.", models.name());
	}
	let shutdown = CancellationToken::new();
	let service = Service { server, models, key, admin_key, answer_tokens };
	let serving = serve(listener, router(service), connections, shutdown.clone());
	let stopped = async {
		stop_signal().await;
		shutdown.cancel();
	};
	tokio::join!(serving, stopped);
	Ok(())
}

/// The folder, if there is one, is removed when it is dropped.
fn load(arguments: &Serve) -> Result<(Models, Server, Option<TempDir>)> {
	let base = Base::load(&arguments.base)?;
	let name = match &arguments.name {
		Some(name) => name.clone(),
		None => arguments.base.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
	};
	let temporary = match arguments.adapter_store {
		Some(_) => None,
		None => Some(tempfile::Builder::new().prefix("openledger-adapters-").tempdir()?),
	};
	let folder = temporary.as_ref().map(TempDir::path).or(arguments.adapter_store.as_deref());
	let folder = folder.context("there is no folder for adapters")?;
	let store = Store::open(folder, &base.config, arguments.adapter_memory << 20)?;
	let models = Models::new(Arc::clone(&base), name, store, arguments.max_adapters)?;
	for NamedAdapter { name, path } in &arguments.adapters {
		models.load(name, path).with_context(|| format!("adapter {name} of {}", path.display()))?;
	}
	let shared = Team::shared()?;
	let team = Team::new(arguments.threads.unwrap_or_else(|| shared.threads()), shared.isa())?;
	let limits = Limits {
		running: arguments.running,
		waiting: arguments.waiting,
		cache_bytes: arguments.cache << 20,
		guesses: arguments.speculate,
		..Limits::default()
	};
	let server = Server::start(base, Arc::new(team), limits)?;
	Ok((models, server, temporary))
}

/// Ctrl-C, or what a service manager sends.
pub async fn stop_signal() {
	let interrupted = signal::ctrl_c();
	#[cfg(unix)]
	{
		let terminated = signal::unix::signal(signal::unix::SignalKind::terminate());
		if let Ok(mut terminated) = terminated {
			tokio::select! {
				_ = interrupted => {}
				_ = terminated.recv() => {}
			}
			return;
		}
	}
	// Without a handler the signal ends the process by itself.
	let _ = interrupted.await;
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn adapter_is_named_before_the_equals_sign() {
		let adapter: NamedAdapter = "legal=a/b=c".parse().unwrap();
		assert_eq!((adapter.name.as_str(), adapter.path), ("legal", PathBuf::from("a/b=c")));
		for wrong in ["legal", "=a", "legal=", ""] {
			assert!(wrong.parse::<NamedAdapter>().unwrap_err().contains("NAME=PATH"));
		}
	}
}
