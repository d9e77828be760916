//! How many questions there are at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::queue::Shape;

/// The lane in which questions over HTTP wait and run. It is apart from the queue of jobs: those have
/// deadlines, and a crowd of questions may not make them wait.
pub(super) struct Lane {
	places: Arc<Semaphore>,
	turns: Arc<Semaphore>,
}

/// A place in the lane.
pub(super) struct Place {
	turns: Arc<Semaphore>,
	_place: OwnedSemaphorePermit,
}

/// Leave to answer.
pub(super) struct Turn {
	_turn: OwnedSemaphorePermit,
	_place: Place,
}

impl Lane {
	pub(super) fn new(shape: &Shape) -> Self {
		let places = shape.capacity.max(shape.parallel).min(Semaphore::MAX_PERMITS);
		let turns = shape.parallel.min(places);
		Self { places: Arc::new(Semaphore::new(places)), turns: Arc::new(Semaphore::new(turns)) }
	}

	/// A place, while there is one.
	pub(super) fn place(&self) -> Option<Place> {
		let place = self.places.clone().try_acquire_owned().ok()?;
		Some(Place { turns: self.turns.clone(), _place: place })
	}
}

impl Place {
	/// Waits until it is this place's turn, in order of arrival.
	pub(super) async fn turn(self) -> Option<Turn> {
		let turn = self.turns.clone().acquire_owned().await.ok()?;
		Some(Turn { _turn: turn, _place: self })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn places_and_turns_are_bounded_and_come_back() {
		let lane = Lane::new(&Shape { capacity: 3, parallel: 1 });
		let places: Vec<_> = (0..3).map(|_| lane.place().unwrap()).collect();
		assert!(lane.place().is_none());
		let [first, second, third] = places.try_into().ok().unwrap();
		let turn = first.turn().await.unwrap();
		let waiting = tokio::spawn(second.turn());
		tokio::task::yield_now().await;
		assert!(!waiting.is_finished());
		drop(turn);
		let turn = waiting.await.unwrap().unwrap();
		let given_up = tokio::spawn(third.turn());
		tokio::task::yield_now().await;
		given_up.abort();
		assert!(given_up.await.is_err());
		assert!(lane.place().is_some());
		drop(turn);
		assert!(lane.place().unwrap().turn().await.is_some());
	}
}
