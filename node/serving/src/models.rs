//! The models that are served: the base, and adapters by name.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::SystemTime};

use openlora::{
	Adapter, Base,
	serve::Served,
	store::{Store, Stored, Totals, Usage},
};
use parking_lot::RwLock;
use serde::Serialize;

use crate::error::Refusal;

/// The longest name of a model, in bytes.
const MAX_NAME: usize = 128;

/// The base and its adapters. A request keeps the adapter that it began with, whatever is loaded or
/// unloaded meanwhile.
pub struct Models {
	base: Arc<Base>,
	store: Store,
	name: String,
	begun: u64,
	adapters: RwLock<BTreeMap<String, Loaded>>,
	/// Adapters that may be loaded.
	most: usize,
}

struct Loaded {
	adapter: Arc<Stored>,
	created: u64,
}

/// An entry of the list of models.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
	id: String,
	object: &'static str,
	created: u64,
	owned_by: &'static str,
	/// The base of an adapter.
	#[serde(skip_serializing_if = "Option::is_none")]
	parent: Option<String>,
	max_model_len: usize,
}

impl Listed {
	/// Whether this is its name.
	pub(crate) fn is(&self, name: &str) -> bool {
		self.id == name
	}
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
	SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Models {
	/// The base under a name, and no adapters yet, of which there may be `most`; `store` keeps them.
	///
	/// # Errors
	/// [`Refusal::Parameter`] when the name is empty, too long or has spaces in it.
	pub fn new(base: Arc<Base>, name: String, store: Store, most: usize) -> Result<Self, Refusal> {
		check(&name)?;
		let adapters = RwLock::default();
		Ok(Self { base, store, name, begun: now(), adapters, most })
	}

	/// The base.
	pub fn base(&self) -> &Arc<Base> {
		&self.base
	}

	/// The base's name.
	pub fn name(&self) -> &str {
		&self.name
	}

	/// Loads an adapter of any kind that [`Adapter::load`] reads, under a name that is free.
	///
	/// # Errors
	/// What is wrong with the name or the adapter; nothing is changed then.
	pub fn load(&self, name: &str, path: &Path) -> Result<(), Refusal> {
		check(name)?;
		if name == self.name || self.adapters.read().contains_key(name) {
			return Err(Refusal::Taken(name.to_string()));
		}
		self.insert(name, &Adapter::load(path, Some(&self.base.config))?)
	}

	/// Adds an adapter under a name that is free.
	///
	/// # Errors
	/// As [`Models::load`].
	pub fn insert(&self, name: &str, adapter: &Adapter) -> Result<(), Refusal> {
		check(name)?;
		let hash = blake2b_simd::Params::new().hash_length(32).hash(&adapter.to_bytes()?);
		let key = *hash.as_array().first_chunk().unwrap_or(&[0; 32]);
		// Before a file is written, and again when nobody can come between.
		self.check_room(name, &self.adapters.read())?;
		let adapter = self.store.add(key, adapter).map_err(unwritten)?;
		let mut adapters = self.adapters.write();
		if let Err(refusal) = self.check_room(name, &adapters) {
			if !adapters.values().any(|one| Arc::ptr_eq(&one.adapter, &adapter)) {
				adapter.discard();
			}
			return Err(refusal);
		}
		adapters.insert(name.to_string(), Loaded { adapter, created: now() });
		Ok(())
	}

	/// Refuses a name that is taken, and one adapter too many.
	fn check_room(&self, name: &str, adapters: &BTreeMap<String, Loaded>) -> Result<(), Refusal> {
		if name == self.name || adapters.contains_key(name) {
			return Err(Refusal::Taken(name.to_string()));
		}
		if adapters.len() >= self.most {
			let reason = format!("{} adapters are loaded, no more fit", self.most);
			return Err(Refusal::Parameter { parameter: "lora_name", reason });
		}
		Ok(())
	}

	/// Removes an adapter, and its file of the store once the requests that it answers are over.
	///
	/// # Errors
	/// [`Refusal::NoModel`].
	pub fn unload(&self, name: &str) -> Result<(), Refusal> {
		let removed = self.adapters.write().remove(name);
		let removed = removed.ok_or_else(|| Refusal::NoModel(name.to_string()))?;
		removed.adapter.discard();
		Ok(())
	}

	/// What answers under a name: an adapter, or none for the base itself.
	///
	/// # Errors
	/// [`Refusal::NoModel`].
	pub fn find(&self, name: &str) -> Result<Option<Served>, Refusal> {
		if name == self.name {
			return Ok(None);
		}
		let adapters = self.adapters.read();
		let loaded = adapters.get(name).ok_or_else(|| Refusal::NoModel(name.to_string()))?;
		Ok(Some(Served::Stored(Arc::clone(&loaded.adapter))))
	}

	/// What the store did, and what is known of each adapter's use.
	pub(crate) fn usage(&self) -> (Totals, Vec<(String, Usage)>) {
		let adapters = self.adapters.read();
		let each = adapters.iter().map(|(name, one)| (name.clone(), one.adapter.usage()));
		(self.store.totals(), each.collect())
	}

	/// All of them, the base first.
	pub(crate) fn list(&self) -> Vec<Listed> {
		let listed = |id: &str, created, parent| Listed {
			id: id.to_string(),
			object: "model",
			created,
			owned_by: "openlora",
			parent,
			max_model_len: self.base.config.context,
		};
		let mut all = vec![listed(&self.name, self.begun, None)];
		let adapters = self.adapters.read();
		let named = adapters.iter();
		all.extend(named.map(|(id, one)| listed(id, one.created, Some(self.name.clone()))));
		all
	}
}

/// Where the store lies is nobody's business who loads an adapter.
fn unwritten(error: openlora::Error) -> Refusal {
	match error {
		openlora::Error::Io { path, source } => {
			log::error!("{} cannot be written: {source}", path.display());
			Refusal::Store(source.kind())
		}
		error => error.into(),
	}
}

fn check(name: &str) -> Result<(), Refusal> {
	let bad = |reason: &str| {
		Err(Refusal::Parameter { parameter: "lora_name", reason: reason.to_string() })
	};
	match name {
		"" => bad("a model needs a name"),
		long if long.len() > MAX_NAME => bad("the name has more than 128 bytes"),
		odd if odd.chars().any(|c| c.is_whitespace() || c.is_control()) => {
			bad("the name has a space or a control character in it")
		}
		_ => Ok(()),
	}
}
