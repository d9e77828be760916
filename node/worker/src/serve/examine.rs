//! Examining a model version: everything that it is made of is fetched, and what lots have drawn of it
//! computed again.

use std::ops::ControlFlow;

use openledger_attribution::{
	Checkpoints, Error, Manifest, SourceRecord, Sources,
	examine::{Drawn, Version, examine},
};
use openledger_primitives_attribution::audit::{Traces, traces};
use openledger_primitives_core::Hash;
use openledger_primitives_inference::{
	Failure,
	examination::{Examination, Examined},
};
use openlora::train::State;
use tokio_util::sync::CancellationToken;

use super::{Server, check, engine, load::bad};

/// What can't be computed because of what the owner has put there is the owner's fault, whoever tries: all
/// else is this node's.
fn failure(error: Error) -> Failure {
	match error {
		Error::Cancelled => engine("nobody waits for it any more"),
		Error::Engine(openlora::Error::Diverged { .. })
		| Error::Malformed { .. }
		| Error::WrongRecord { .. }
		| Error::RecordCount { .. }
		| Error::SnapshotRoot { .. }
		| Error::NothingUsable(_)
		| Error::NonFinite { .. } => Failure::BadContent(error.to_string()),
		other => engine(other),
	}
}

impl Server {
	pub(super) fn examined(
		&self,
		examination: &Examination,
		cancel: &CancellationToken,
	) -> Result<(Examined, Traces), Failure> {
		let Examination { material, manifest, training, .. } = examination;
		let served = self.bases.get(&material.base).ok_or(Failure::MissingBase(material.base))?;
		let base = &served.base;
		let loader = &self.loader;
		let adapter = loader.adapter(material, base, cancel)?;
		let blob = loader.bytes(&material.adapter, cancel)?;
		let index = loader.index(material, cancel)?;
		let index = &index.0;
		let named = manifest;
		let manifest = Manifest::from_bytes(&loader.bytes(named, cancel)?).map_err(failure)?;
		if manifest.base != material.base || index.header().manifest != *named {
			return Err(bad("manifest")("it is not that of this base, or of this index"));
		}
		let checkpoints = Checkpoints::from_bytes(&loader.bytes(training, cancel)?)
			.map_err(bad("checkpoints"))?;
		let mut records: Vec<SourceRecord> = Vec::with_capacity(index.len());
		for leaf in index.records().iter() {
			check(cancel)?;
			let bytes = loader.bytes(&leaf.content, cancel)?;
			records.push((leaf, bytes));
		}
		let state = |step: u64| -> Result<Option<State>, Failure> {
			let Some(file) = checkpoints.file(step) else { return Ok(None) };
			let path = loader.file(&file, cancel)?;
			State::read(&path, step, adapter.parameter_count()).map_err(bad("checkpoint"))
		};
		let stretches = u32::try_from(checkpoints.stretches()).map_err(engine)?;
		let stretch =
			examination.stretch(stretches).ok_or_else(|| engine("nothing was trained"))?;
		let stretch = usize::try_from(stretch).map_err(engine)?;
		let (from, _) = checkpoints.stretch(stretch).ok_or_else(|| engine("no such stretch"))?;
		let last = state(checkpoints.log.step)?
			.ok_or_else(|| bad("checkpoints")("none is the one that the adapter is of"))?;
		let positions = examination.positions();
		let drawn = Drawn { positions: &positions, stretch, from: state(from.step)?, last };
		let sources =
			Sources { manifest: &manifest, snapshots: &material.snapshots, records: &records };
		let version =
			Version { blob: &blob, adapter: &adapter, index, sources, checkpoints: &checkpoints };
		let mut go_on = || match cancel.is_cancelled() {
			true => ControlFlow::Break(()),
			false => ControlFlow::Continue(()),
		};
		let found = self.examining.install(|| examine(base, &version, drawn, &mut go_on));
		let found = found.map_err(failure)?;
		let examined = Examined { sound: found.sound, found: found.found };
		Ok((examined.clone(), traces_of(examination.seed, &examined, found.execution)))
	}
}

/// The traces of an examination, which depend on what was drawn: what one audit of a version has shown does not
/// serve in the next.
fn traces_of(seed: Hash, examined: &Examined, execution: Hash) -> Traces {
	traces(&(b"openledger/examination", seed, examined, execution))
}

#[cfg(test)]
mod tests;
