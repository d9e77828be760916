//! Computing a version's retrieval again: all of it, whatever lots have drawn, since its lens follows from
//! every record.

use super::note;
use crate::{
	error::Result,
	retrieval::{Built, Options, Records, RetrievalIndex, built},
	sources::Sources,
};
use blake2b_simd::{Params, State as Hasher};
use openledger_primitives_core::Hash;
use openlora::Base;
use std::ops::ControlFlow;

/// What a retrieval comes to.
pub(super) struct Again {
	/// blake2b-256 of the hashes of lens and index file.
	pub digest: Hash,
	/// Whether both are the committed ones, bit by bit.
	pub same: bool,
}

/// Lens and index from base and records. The trace takes what neither file has: the records' states, and the
/// null queries' sketches.
pub(super) fn retrieval(
	base: &Base,
	committed: &RetrievalIndex,
	sources: &Sources,
	trace: &mut Hasher,
	go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Again> {
	let header = committed.file().header();
	let method = header.method;
	let options =
		Options { seed: header.projection, dimension: method.dimension, most: method.credits };
	let records = Records::of(sources)?;
	let Built { index, states, nulls } = built(base, &records, &options, &mut |_| go_on())?;
	states.iter().flatten().for_each(|state| note(trace, state));
	for sketch in &nulls {
		trace.update(bytemuck::cast_slice(sketch));
	}
	let (lens, commitment) = (index.lens().hash(), index.file().commitment());
	let mut digest = Params::new().hash_length(32).to_state();
	digest.update(lens.as_bytes()).update(commitment.file.as_bytes());
	Ok(Again {
		digest: Hash::from_slice(digest.finalize().as_bytes()),
		same: lens == committed.lens().hash() && commitment == committed.file().commitment(),
	})
}
