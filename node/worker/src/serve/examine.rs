//! Examining a model version: everything that it is made of is fetched, and what lots have drawn of it
//! computed again.

use std::ops::ControlFlow;

use openledger_attribution::{
	Checkpoints, Error, Manifest, SourceRecord, Sources,
	examine::{Drawn, Version, check_read, check_size, examine},
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

/// What a machine lacks or does wrong is this node's fault. All else follows from the base and from what the
/// owner has put there, which every verifier has alike: were a node silent about it, all would be, and
/// nobody would say that the version can't be examined.
fn failure(error: Error) -> Failure {
	match &error {
		Error::Cancelled | Error::Engine(openlora::Error::Cancelled) => {
			engine("nobody waits for it any more")
		}
		Error::Io { .. } => engine(error),
		Error::Engine(of) if is_own(of) => engine(error),
		_ => Failure::BadContent(error.to_string()),
	}
}

/// Whether an engine elsewhere may do what this one could not.
fn is_own(error: &openlora::Error) -> bool {
	use openlora::Error::{
		AdapterUnreadable, Busy, CacheFull, Candle, Example, Io, NoDevice, Stopped,
	};
	match error {
		Example { source, .. } => is_own(source),
		Io { .. } | Candle(_) | NoDevice(_) | CacheFull { .. } | Busy { .. } | Stopped => true,
		AdapterUnreadable(_) => true,
		_ => false,
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
		let (loader, search) = (&self.loader, cancel.into());
		let adapter = loader.adapter(material, base, search)?;
		let blob = loader.bytes(&material.adapter, search)?;
		let index = loader.index(material, search)?;
		let index = &index.0;
		let retrieval = match &material.retrieval {
			Some(retrieval) => Some(loader.retrieval(material, retrieval, base, search)?),
			None => None,
		};
		let named = manifest;
		let manifest = Manifest::from_bytes(&loader.bytes(named, search)?).map_err(failure)?;
		if manifest.base != material.base || index.header().manifest != *named {
			return Err(bad("manifest")("it is not that of this base, or of this index"));
		}
		let checkpoints = Checkpoints::from_bytes(&loader.bytes(training, search)?)
			.map_err(bad("checkpoints"))?;
		checkpoints.check_lengths(&manifest).map_err(failure)?;
		check_size(index.records().iter()).map_err(failure)?;
		if retrieval.is_some() {
			check_read(index.records().iter()).map_err(failure)?;
		}
		let mut records: Vec<SourceRecord> = Vec::with_capacity(index.len());
		for leaf in index.records().iter() {
			check(cancel)?;
			let bytes = loader.bytes(&leaf.content, search)?;
			// What a leaf says is what was counted before.
			if bytes.len() as u64 > u64::from(leaf.size) {
				return Err(bad("record")("it has more bytes than its leaf says"));
			}
			records.push((leaf, bytes));
		}
		let state = |step: u64| -> Result<Option<State>, Failure> {
			let Some(file) = checkpoints.file(step) else { return Ok(None) };
			let path = loader.file(&file, search)?;
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
		let version = Version {
			blob: &blob,
			adapter: &adapter,
			index,
			retrieval: retrieval.as_deref(),
			sources,
			checkpoints: &checkpoints,
		};
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
