//! Having claims and indexes looked at.

use super::{Found, Role, Run};
use crate::{ClaimRecord, Claims, Config, Demand, Demands, Due, Fault, Pallet, Target};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, Encode};
use frame_support::traits::Get;
use openledger_primitives_core::{
	BlockNumber, Hash, ModelId, RequestId,
	model::ModelStatus,
	record::content_hash,
	traits::{Models, Operators, Settlement},
};
use openledger_primitives_inference::{
	Command, Failure, Material, Response,
	host::exchange,
	watch::{Sighting, Watched, WatchedClaim, WatchedFound},
};

/// The most claims that one run asks about for the first time: twice what an operator can show in a block.
const MAX_NEW: usize = 64;
/// The most claims that one run asks about again: as many as wait for a look at a time.
const MAX_BEGUN: usize = 256;
/// The most demanded positions that one run has looked for.
const MAX_DEMANDS: usize = 8;
/// The most model versions that one run has looked at.
const MAX_INDEXES: usize = 4;
/// The most model versions that one run goes through.
const MAX_MODELS: ModelId = 64;
/// The most things that are remembered to be challenged. All of them are committed to and opened within the
/// grace that openings have.
const MAX_FOUND: usize = 256;

/// Model versions that need no look any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Done {
	/// All below this number.
	below: ModelId,
	/// Those of the others, in ascending order.
	others: Vec<ModelId>,
	/// The one that is gone through next.
	next: ModelId,
}

impl Done {
	pub(crate) fn contains(&self, model: ModelId) -> bool {
		model < self.below || self.others.binary_search(&model).is_ok()
	}

	fn add(&mut self, model: ModelId) {
		if model < self.below {
			return;
		}
		if let Err(place) = self.others.binary_search(&model) {
			self.others.insert(place, model);
		}
		while self.others.first() == Some(&self.below) {
			self.others.remove(0);
			self.below = self.below.saturating_add(1);
		}
	}

	/// The numbers below `end` that are gone through now, one round at most.
	fn turn(&mut self, end: ModelId) -> Vec<ModelId> {
		let left = end.saturating_sub(self.below);
		let mut turn = Vec::new();
		for _ in 0..left.min(MAX_MODELS) {
			if self.next < self.below || self.next >= end {
				self.next = self.below;
			}
			turn.push(self.next);
			self.next = self.next.saturating_add(1);
		}
		turn
	}
}

/// The same in another type with the same encoding: an account is 32 bytes to the engine and in every
/// runtime that this pallet is part of.
fn recoded<A: Encode, B: Decode>(value: &A) -> Option<B> {
	B::decode_all(&mut &value.encode()[..]).ok()
}

/// By what a claim is known to have been looked at.
fn digest<AccountId: Encode>(claim: &ClaimRecord<AccountId>) -> Hash {
	let found = claim.found.as_ref().map(|found| (&found.question, &found.paid));
	(&claim.sketch, &claim.paid, found).using_encoded(content_hash)
}

impl<T: Config> Run<'_, T> {
	/// Has what may be wrong looked at, within bounds, claims that were never asked about first.
	pub(super) fn look(&mut self) {
		if self.look_at_claims() && self.look_at_demands() {
			self.look_at_indexes();
		}
	}

	/// Returns whether there is anyone who looks.
	fn look_at_claims(&mut self) -> bool {
		let mut open: Vec<RequestId> = Due::<T>::iter()
			.flat_map(|(_, due)| due)
			.filter(|request| Pallet::<T>::takes_challenges(Target::Claim(*request)))
			.collect();
		open.sort_unstable();
		open.dedup();
		self.memory.clean.retain(|(request, _)| open.binary_search(request).is_ok());
		self.begun.retain(|request| open.binary_search(request).is_ok());
		let (begun, new): (Vec<_>, Vec<_>) =
			open.into_iter().partition(|request| self.begun.contains(request));
		let next = self.memory.claim;
		// A look takes several runs, and one for which content is missing is never over: neither takes the
		// place of another.
		if !self.look_at_each(new, MAX_NEW) {
			return false;
		}
		self.memory.claim = next;
		let (before, later): (Vec<_>, Vec<_>) =
			begun.into_iter().partition(|request| *request < next);
		self.look_at_each(later.into_iter().chain(before), MAX_BEGUN)
	}

	/// Has claims looked at, as many as `most`. Returns as above.
	fn look_at_each(&mut self, claims: impl IntoIterator<Item = RequestId>, most: usize) -> bool {
		let mut looks = 0;
		for request in claims {
			if looks >= most || self.memory.found.len() >= MAX_FOUND {
				break;
			}
			let Some(claim) = Claims::<T>::get(request) else { continue };
			let digest = digest(&claim);
			let target = Target::Claim(request);
			if self.memory.clean.contains(&(request, digest)) || self.is_known(target) {
				continue;
			}
			let model = claim.model;
			let Some(watched) = Self::watched(model, Some((request, claim))) else { continue };
			looks = looks.saturating_add(1);
			self.memory.claim = request.saturating_add(1);
			self.begun.insert(request);
			match Self::sight(watched) {
				None => return false,
				Some(Sighting::Found(fault)) if Pallet::<T>::can_have(target, &fault) => {
					self.begun.remove(&request);
					// One challenge shows a forged leaf for all claims on the index.
					let target = if fault.is_of_claim() { target } else { Target::Model(model) };
					self.remember(target, recoded(&fault));
				}
				Some(Sighting::Clean | Sighting::Found(_)) => {
					self.begun.remove(&request);
					self.memory.clean.retain(|(other, _)| *other != request);
					self.memory.clean.push((request, digest));
				}
				Some(_) => {}
			}
		}
		true
	}

	fn look_at_indexes(&mut self) {
		let mut looks = 0;
		for model in self.memory.models.turn(T::NextModel::get()) {
			if looks >= MAX_INDEXES || self.memory.found.len() >= MAX_FOUND {
				// Those that can't be looked at are asked for each time, and would hold up all others.
				self.memory.models.next = model;
				break;
			}
			if self.memory.models.contains(model) || self.is_known(Target::Model(model)) {
				continue;
			}
			match T::Models::condemned(model) {
				// Numbers are never used again, so that one which is gone stays gone; a draft has no
				// index yet.
				None if T::Models::served(model).is_some() => continue,
				None | Some(true) => self.memory.models.add(model),
				Some(false) => {
					let Some(watched) = Self::watched(model, None) else { continue };
					looks = looks.saturating_add(1);
					match Self::sight(watched) {
						None => return,
						Some(Sighting::Clean) => self.memory.models.add(model),
						Some(Sighting::Found(fault)) => {
							self.remember(Target::Model(model), recoded(&fault));
						}
						Some(_) => {}
					}
				}
			}
		}
	}

	/// Has demanded positions looked for that can be shown still. Returns as above.
	pub(super) fn look_at_demands(&mut self) -> bool {
		let next = Pallet::<T>::next();
		let mut demands: Vec<(ModelId, u32)> = Demands::<T>::iter()
			.flat_map(|(model, open)| open.into_iter().map(move |demand| (model, demand)))
			.filter(|(model, demand)| {
				next < demand.until && self.shows(*model) && self.shows_from(*model, demand) <= next
			})
			.map(|(model, demand)| (model, demand.position))
			.collect();
		demands.sort_unstable();
		let first = demands.partition_point(|demand| *demand < self.memory.demand);
		let (before, later) = demands.split_at_checked(first).unwrap_or((&[], &demands));
		for (model, position) in later.iter().chain(before).take(MAX_DEMANDS) {
			let Some(watched) = Self::watched(*model, None) else { continue };
			self.memory.demand = (*model, position.saturating_add(1));
			match Self::sight(Watched { show: Some(*position), ..watched }) {
				None => return false,
				Some(Sighting::Leaf(leaf, proof)) => self.leaves.push((*model, leaf, proof)),
				Some(_) => {}
			}
		}
		true
	}

	/// Whether what is demanded of a version's index is shown: an operator fetches those of versions that it
	/// serves.
	fn shows(&self, model: ModelId) -> bool {
		match &self.role {
			Role::Watcher => true,
			Role::Agent { operator } => T::Operators::serves(operator, model),
		}
	}

	/// The first block in which what is demanded is shown. Watchers show it at once, and agents take turns over
	/// the middle half of the window: all of them would pay for a transaction, and one is rewarded.
	fn shows_from(&self, model: ModelId, demand: &Demand<T::AccountId>) -> BlockNumber {
		let window = T::DemandWindow::get();
		let begun = demand.until.saturating_sub(window);
		if matches!(self.role, Role::Watcher) {
			return begun;
		}
		let of = (&self.watcher.id, model, demand.position, demand.until);
		let drawn = of.using_encoded(content_hash);
		let word =
			drawn.as_bytes().first_chunk().map_or(0, |word| BlockNumber::from_le_bytes(*word));
		let turn = word.checked_rem(window / 2).unwrap_or(0);
		begun.saturating_add(window / 4).saturating_add(turn)
	}

	/// Whether something was found against a target already.
	fn is_known(&self, target: Target) -> bool {
		self.memory.found.iter().any(|found| found.target == target)
	}

	fn remember(&mut self, target: Target, fault: Option<Fault<T::AccountId>>) {
		let Some(fault) = fault.filter(|_| !self.is_known(target)) else { return };
		let salt = sp_io::offchain::random_seed();
		self.memory.found.push(Found { target, fault, salt, committed: false });
	}

	/// What the engine has to know; none where there is nothing to be gained by a challenge.
	fn watched(
		model: ModelId,
		claim: Option<(RequestId, ClaimRecord<T::AccountId>)>,
	) -> Option<Watched> {
		let served = T::Models::served(model)?;
		if served.status == ModelStatus::Condemned {
			return None;
		}
		let material = Material {
			base: served.base,
			adapter: served.adapter,
			method: served.method,
			index: served.index?,
			projection: served.projection,
			snapshots: served.snapshots,
			retrieval: served.retrieval,
		};
		let claim = match claim {
			None => None,
			Some((request, claim)) => {
				let at_stake = T::Settlement::at_stake(request).map_or(0, |(_, pool)| pool);
				let found = match &claim.found {
					None => None,
					Some(found) => Some(WatchedFound {
						question: found.question,
						paid: recoded(&found.paid)?,
						at_stake: found.part.mul_floor(at_stake),
					}),
				};
				Some(WatchedClaim {
					request,
					payer: recoded(&claim.payer)?,
					sketch: claim.sketch.clone(),
					paid: recoded(&claim.paid)?,
					at_stake: claim.for_moved(at_stake),
					submitted: Pallet::<T>::submitted(request, &claim)
						.and_then(|submitted| recoded(&submitted)),
					found,
				})
			}
		};
		Some(Watched { model, material, claim, show: None })
	}

	/// Asks the engine; none where this node does not watch.
	fn sight(watched: Watched) -> Option<Sighting> {
		let of = match &watched.claim {
			Some(claim) => Target::Claim(claim.request),
			None => Target::Model(watched.model),
		};
		match exchange(Command::Look(watched)) {
			Response::Sighted(sighting) => {
				if let Sighting::Failed(failure) = &sighting {
					log::debug!(target: super::TARGET, "{of:?}: can't be looked at: {failure:?}");
				}
				Some(sighting)
			}
			Response::Failed(Failure::Busy) => Some(Sighting::Looking),
			_ => None,
		}
	}
}
