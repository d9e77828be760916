//! What a request is answered, as it comes.

use std::{
	ops::ControlFlow,
	sync::{
		Arc,
		atomic::{AtomicBool, Ordering},
		mpsc,
	},
	time::Duration,
};

use crate::{
	choice::Chosen,
	error::{Error, Result},
	generate::Finish,
};

/// What happens to a request, in this order: tokens, then one of the others.
#[derive(Debug)]
pub enum Event {
	/// The next token of the answer.
	Token(Chosen),
	/// The answer is over.
	Done(Finish),
	/// There will be no more of it.
	Failed(Error),
}

/// Where a request's events go. It is called by the thread that runs all requests, and must not wait;
/// when it breaks, the request ends.
pub type Sink = Box<dyn FnMut(Event) -> ControlFlow<()> + Send>;

/// A sink that passes events on to `take` until that says that nobody listens any more.
pub fn sink(mut take: impl FnMut(Event) -> bool + Send + 'static) -> Sink {
	Box::new(move |event| match take(event) {
		true => ControlFlow::Continue(()),
		false => ControlFlow::Break(()),
	})
}

/// Ends a request when it is dropped, and frees what it holds.
#[derive(Debug)]
pub struct Ticket(pub(super) Arc<AtomicBool>);

impl Drop for Ticket {
	fn drop(&mut self) {
		self.0.store(true, Ordering::Relaxed);
	}
}

/// An answer as it grows. Dropping it ends the request.
#[derive(Debug)]
pub struct Answer {
	pub(super) events: mpsc::Receiver<Event>,
	pub(super) ticket: Ticket,
}

impl Answer {
	/// Waits for what happens next; none after the end.
	pub fn next(&self) -> Option<Event> {
		self.events.recv().ok()
	}

	/// As [`Answer::next`], but waits no longer than `patience`.
	///
	/// # Errors
	/// Whether that was too short, or there is nothing after the end.
	pub fn next_within(
		&self,
		patience: Duration,
	) -> std::result::Result<Event, mpsc::RecvTimeoutError> {
		self.events.recv_timeout(patience)
	}

	/// Ends the request with its next token, which nobody sees any more. Its trail comes then, where one is
	/// kept; dropping what this returns ends it at once, without one.
	pub fn end(self) -> Ticket {
		self.ticket
	}

	/// The whole answer, once it is over.
	///
	/// # Errors
	/// Why it failed, [`Error::Stopped`] when the server did.
	pub fn finish(self) -> Result<(Vec<u32>, Finish)> {
		let mut tokens = Vec::new();
		loop {
			match self.next() {
				Some(Event::Token(chosen)) => tokens.push(chosen.token),
				Some(Event::Done(finish)) => return Ok((tokens, finish)),
				Some(Event::Failed(error)) => return Err(error),
				None => return Err(Error::Stopped),
			}
		}
	}
}
