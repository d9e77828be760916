//! A request under way, and its answers as they come.

use std::sync::Arc;

use axum::{
	Error, Json,
	response::{
		IntoResponse, Response,
		sse::{Event as Sse, Sse as Stream},
	},
};
use futures::stream;
use openlora::{
	Base,
	serve::{Event, Request, Server, Ticket, sink},
};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
	calls::{Calls, Style},
	choice::{Choice, Piece},
	error::Refusal,
};

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
	Chat,
	Completion,
}

/// What is told of a request with each part of its answers.
pub(crate) struct Asked {
	pub(crate) base: Arc<Base>,
	pub(crate) shape: Shape,
	pub(crate) id: String,
	pub(crate) created: u64,
	pub(crate) model: String,
	/// Tokens of the prompt.
	pub(crate) prompt: usize,
	pub(crate) stops: Vec<String>,
	/// What answers begin with.
	pub(crate) echo: String,
	/// Whether log-probabilities are told.
	pub(crate) tells: bool,
	/// Tools by name, how they are called, and whether one has to be.
	pub(crate) tools: Option<(Style, Vec<String>, bool)>,
}

/// A request under way.
pub(crate) struct Answering {
	asked: Asked,
	/// Events with the number of the answer that they belong to.
	events: mpsc::UnboundedReceiver<(usize, Event)>,
	/// End their answers when they are dropped, with the connection for one.
	tickets: Vec<Option<Ticket>>,
}

impl Answering {
	/// Submits a request that so many answers are asked to.
	///
	/// # Errors
	/// The engine's.
	pub(crate) fn start(
		server: &Server,
		request: Request,
		answers: usize,
		asked: Asked,
	) -> Result<Self, Refusal> {
		// As many events as tokens at most: a slow reader holds no more than its own answers.
		let (sender, events) = mpsc::unbounded_channel();
		let sinks = (0..answers).map(|index| {
			let sender = sender.clone();
			sink(move |event| sender.send((index, event)).is_ok())
		});
		let tickets = server.submit_all(request, sinks.collect())?;
		let tickets = tickets.into_iter().map(Some).collect();
		Ok(Self { asked, events, tickets })
	}

	fn choices<'a>(&self, base: &'a Base) -> Vec<Choice<'a>> {
		let choice = |_: &Option<Ticket>| {
			let calls = self.asked.tools.as_ref().map(|(style, names, forced)| {
				(Calls::new(*style, names.clone(), *forced), style.opening())
			});
			Choice::new(&base.tokenizer, self.asked.stops.clone(), calls)
		};
		self.tickets.iter().map(choice).collect()
	}

	/// What an event adds to its answer.
	fn take(
		&mut self,
		choices: &mut [Choice<'_>],
		event: Option<(usize, Event)>,
	) -> openlora::Result<(usize, Piece)> {
		let (index, event) = event.ok_or(openlora::Error::Stopped)?;
		let choice = &mut choices[index];
		let piece = match event {
			// What was under way when the answer ended.
			Event::Token(_) if choice.ended.is_some() => Piece::default(),
			Event::Token(chosen) => choice.push(chosen)?,
			Event::Done(finish) => choice.finish(finish),
			Event::Failed(_) if choice.ended.is_some() => Piece::default(),
			Event::Failed(error) => return Err(error),
		};
		if choice.ended.is_some() {
			self.tickets[index] = None;
		}
		Ok((index, piece))
	}

	/// All answers at once.
	///
	/// # Errors
	/// What one of them fails with.
	pub(crate) async fn whole(mut self) -> Result<Response, Refusal> {
		let base = Arc::clone(&self.asked.base);
		let mut choices = self.choices(&base);
		let mut pieces: Vec<Piece> = choices.iter().map(|_| Piece::default()).collect();
		while choices.iter().any(|choice| choice.ended.is_none()) {
			let event = self.events.recv().await;
			let (index, piece) = self.take(&mut choices, event)?;
			pieces[index].append(piece);
		}
		let count = choices.iter().map(|choice| choice.count).sum();
		let all = choices.iter().zip(&pieces).enumerate().map(|(index, (choice, piece))| {
			self.asked.choice(index, piece, choice.ended.unwrap_or("stop"))
		});
		Ok(Json(self.asked.whole(all.collect(), count)).into_response())
	}

	/// One event for each piece of an answer, then the reason for its end; at last the usage where it is
	/// wanted, and `[DONE]`.
	pub(crate) fn stream(self, wants_usage: bool) -> Response {
		let (sender, pieces) = mpsc::unbounded_channel::<Result<Sse, Error>>();
		tokio::spawn(self.send(sender, wants_usage));
		let events = stream::unfold((pieces, false), |(mut pieces, ended)| async move {
			if ended {
				return None;
			}
			Some(match pieces.recv().await {
				Some(event) => (event, (pieces, false)),
				None => (Ok(Sse::default().data("[DONE]")), (pieces, true)),
			})
		});
		Stream::new(events).into_response()
	}

	/// Sends the events; a receiver that is gone is noticed before the next.
	async fn send(mut self, sender: mpsc::UnboundedSender<Result<Sse, Error>>, wants_usage: bool) {
		let base = Arc::clone(&self.asked.base);
		let mut choices = self.choices(&base);
		let mut calls = vec![0; choices.len()];
		let send = |event| drop(sender.send(event));
		(0..choices.len())
			.filter_map(|index| self.asked.opening(index))
			.for_each(|opening| send(event(&opening)));
		while choices.iter().any(|choice| choice.ended.is_none()) {
			let next = tokio::select! {
				next = self.events.recv() => next,
				// Nobody reads any more: the tickets go with this task.
				() = sender.closed() => return,
			};
			let had_ended = next.as_ref().is_some_and(|(index, _)| choices[*index].ended.is_some());
			match self.take(&mut choices, next) {
				Ok((index, piece)) => {
					if !piece.is_empty() {
						for part in self.asked.events(index, &piece, calls[index]) {
							send(event(&part));
						}
						calls[index] += piece.calls.len();
					}
					if let (Some(reason), false) = (choices[index].ended, had_ended) {
						send(event(&self.asked.closing(index, reason)));
					}
				}
				Err(error) => {
					send(event(&Refusal::Engine(error).body()));
					return;
				}
			}
		}
		if wants_usage {
			let count = choices.iter().map(|choice| choice.count).sum();
			send(event(&self.asked.usage_event(count)));
		}
	}
}

/// An event as text, which is what waits for those who read slowly.
fn event(data: &impl Serialize) -> Result<Sse, Error> {
	Sse::default().json_data(data)
}
