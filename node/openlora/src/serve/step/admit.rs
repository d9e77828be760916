//! The way into the batch, and out of it for those that nobody waits for.

use std::sync::atomic::Ordering;

use super::{Active, Batch};
use crate::{
	choice::Choice,
	generate::Finish,
	serve::{Event, Submitted, draft::Drafter, fair::Owner, trail::Keeping},
};

impl Batch {
	/// Lets new requests wait.
	pub(in crate::serve) fn take(&mut self, submitted: Vec<Submitted>) {
		for one in submitted {
			let adapter =
				one.request.adapters.first().map_or(0, |(adapter, _)| adapter.generation());
			self.waiting.push(Owner { payer: one.request.payer, adapter }, one);
		}
	}

	/// Drops what nobody waits for any more, and takes in what there is room for.
	pub(in crate::serve) fn gather(&mut self) {
		self.forget();
		self.collect();
		self.gathered = true;
		self.admit();
	}

	/// Drops requests that nobody waits for any more.
	fn forget(&mut self) {
		for mut gone in self.waiting.remove(|one| one.cancelled.load(Ordering::Relaxed)) {
			// Whoever cancelled may listen no more.
			let _ = (gone.sink)(Event::Done(Finish::Cancelled));
		}
		for active in &mut self.active {
			if active.cancelled.load(Ordering::Relaxed) {
				active.end = Some(Event::Done(Finish::Cancelled));
			}
		}
		self.leave();
	}

	/// Takes back what trails had that are gone.
	fn collect(&mut self) {
		let lent = self.lent.pages();
		self.pool.restore(self.withdrawn.saturating_sub(lent));
		self.withdrawn = self.withdrawn.min(lent);
	}

	/// Takes requests into the batch while there is a place, and room for their longest answers. The
	/// adapters of those that come after them are read meanwhile.
	fn admit(&mut self) {
		// Who has what he needs waits behind nobody who does not.
		for one in self.waiting.iter_mut().filter(|one| one.part.is_ready()) {
			if one.request.adapters.iter().all(|(adapter, _)| adapter.is_resident()) {
				one.loading.begin(&one.request.adapters, &self.watcher);
			}
		}
		// Those that wait for the first of their request must not hold memory that it may need.
		for one in self.waiting.first(self.limits.running, |one| one.part.is_ready()) {
			one.loading.begin(&one.request.adapters, &self.watcher);
		}
		// Whose turn it was may be further back by now, and holds memory all the same.
		for one in self.waiting.iter_mut() {
			one.loading.advance(&one.request.adapters);
		}
		while self.active.len() < self.limits.running {
			let taken: usize = self.active.iter().map(|one| Active::pages(&one.request)).sum();
			let free = self.pages - self.withdrawn - taken;
			let config = &self.base.config;
			let lent = |one: &Submitted| {
				one.wish.as_ref().map_or(0, |wish| wish.pages(config, &one.request))
			};
			let fits = |one: &Submitted| Active::pages(&one.request) + lent(one) <= free;
			let Some((owner, one)) = self.waiting.pop(Submitted::is_ready, fits) else { return };
			let more = lent(&one);
			let Submitted { request, mut sink, cancelled, loading, wish, part } = one;
			let held = match loading.finish() {
				Ok(held) => held,
				Err(error) => {
					self.waiting.done(owner);
					// Its turn to be read for is somebody else's now.
					self.gathered = false;
					// Whoever asked may listen no more.
					let _ = sink(Event::Failed(error));
					continue;
				}
			};
			let adapters = request.adapters.iter();
			let adapters =
				adapters.map(|(one, factor)| (one.generation(), factor.to_bits())).collect();
			let pages = self.prefixes.find(&adapters, &request.prompt);
			let sequence = self.pool.shared(pages);
			self.reused += sequence.len() as u64;
			let keeping = wish.and_then(|wish| {
				let withdrawn = self.withdraw(more);
				let loan = withdrawn.then(|| self.lent.lend(more))?;
				Some(Keeping::new(wish, &self.base.config, &request, loan))
			});
			let tokens = request.prompt.clone();
			let choice = Choice::new(&request.options);
			let end = (request.options.max_tokens == 0).then_some(Event::Done(Finish::Length));
			self.active.push(Active {
				owner,
				request,
				adapters,
				held,
				tokens,
				sequence,
				choice,
				drafter: Drafter::new(self.limits.guesses),
				guesses: Vec::new(),
				keeping,
				part: Some(part),
				sink,
				cancelled,
				end,
			});
		}
	}
}
