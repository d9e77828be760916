//! Threads that share one forward pass.
//!
//! A pass consists of hundreds of products of some ten microseconds each. Between two of them the
//! threads wait in a loop, since waking a sleeping one takes as long as a product; only when nothing
//! has come for a while do they sleep.

use std::{
	any::Any,
	cell::UnsafeCell,
	panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
	path::Path,
	sync::{
		Arc, Condvar, Mutex, OnceLock,
		atomic::{AtomicBool, AtomicUsize, Ordering},
	},
	thread::{self, JoinHandle},
};

use super::Isa;
use crate::{
	error::{Error, Result},
	lock::{lock, wait},
};

/// Rounds of waiting before a thread lets others run.
const SPINS: usize = 1 << 12;
/// How often a thread that waits lets others run before it sleeps: about a tenth of a millisecond.
const YIELDS: usize = 64;

/// A number of threads and the instruction set that they use. Results depend on neither.
#[derive(Debug)]
pub struct Team {
	isa: Isa,
	/// None when the caller's thread does all the work.
	workers: Option<Workers>,
}

impl Team {
	/// As many threads as asked for, the caller's among them; none counts as one.
	///
	/// # Errors
	/// [`Error::Io`] when the system has no thread to spare.
	pub fn new(threads: usize, isa: Isa) -> Result<Self> {
		let workers = if threads > 1 { Some(Workers::start(threads - 1)?) } else { None };
		Ok(Self { isa, workers })
	}

	/// The team of the process, with the best instruction set. It starts when it is first asked for, with
	/// as many threads as `OPENLORA_THREADS` says, else as the rayon pool has in which that happens: a
	/// node that keeps a core for itself bounds the engine so.
	///
	/// # Errors
	/// [`Error::Io`] when the system has no thread to spare.
	pub fn shared() -> Result<&'static Arc<Self>> {
		static SHARED: OnceLock<Arc<Team>> = OnceLock::new();
		if let Some(team) = SHARED.get() {
			return Ok(team);
		}
		let wanted = std::env::var("OPENLORA_THREADS").ok().and_then(|text| text.parse().ok());
		let team = Self::new(wanted.unwrap_or_else(rayon::current_num_threads), Isa::best())?;
		Ok(SHARED.get_or_init(|| Arc::new(team)))
	}

	/// The caller's thread alone, with the best instruction set.
	pub fn alone() -> Self {
		Self { isa: Isa::best(), workers: None }
	}

	/// The caller's thread alone.
	pub fn alone_with(isa: Isa) -> Self {
		Self { isa, workers: None }
	}

	/// The instruction set.
	pub fn isa(&self) -> Isa {
		self.isa
	}

	/// Number of threads, the caller's among them.
	pub fn threads(&self) -> usize {
		self.workers.as_ref().map_or(1, |workers| workers.threads.len() + 1)
	}

	/// Calls `work` once with each number below `tasks`, shared out between the threads, and returns
	/// when all are done. Callers wait for each other.
	///
	/// # Panics
	/// When `work` does, after every thread has stopped.
	pub(crate) fn for_each(&self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
		match &self.workers {
			Some(workers) if tasks > 1 => workers.run(tasks, work),
			_ => (0..tasks).for_each(work),
		}
	}

	/// Calls `work` with each stretch of `target` of `chunk` values and its number.
	pub(crate) fn for_each_chunk(
		&self,
		target: &mut [f32],
		chunk: usize,
		work: &(dyn Fn(usize, &mut [f32]) + Sync),
	) {
		if chunk == 0 {
			return;
		}
		let (tasks, len) = (target.len().div_ceil(chunk), target.len());
		let target = Shared::new(target);
		self.for_each(tasks, &|task| {
			let start = task * chunk;
			// SAFETY: every task has a stretch of its own.
			work(task, unsafe { target.slice(start, chunk.min(len - start)) });
		});
	}
}

/// A slice that several tasks write to, each its own places.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a, T> {
	start: *mut T,
	len: usize,
	slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: access goes through `slice`, whose caller guarantees that places are not shared.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
	pub(crate) fn new(slice: &'a mut [T]) -> Self {
		let (start, len) = (slice.as_mut_ptr(), slice.len());
		Self { start, len, slice: std::marker::PhantomData }
	}

	/// `len` values from `from` on.
	///
	/// # Safety
	/// Nobody else may have a part of them for as long as the result lives.
	///
	/// # Panics
	/// When they are not all in the slice.
	pub(crate) unsafe fn slice(&self, from: usize, len: usize) -> &'a mut [T] {
		assert!(from <= self.len && len <= self.len - from, "{len} from {from} of {}", self.len);
		// SAFETY: within the slice, and the caller guarantees that it is not aliased.
		unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
	}
}

type Work = *const (dyn Fn(usize) + Sync);

/// Threads may come in.
const OPEN: usize = 1 << (usize::BITS - 1);

struct State {
	/// What to do, valid while the gate is open or somebody is inside.
	work: UnsafeCell<Option<(Work, usize)>>,
	/// Counts what was begun; a change is the signal to come.
	epoch: AtomicUsize,
	/// [`OPEN`] while there may be tasks left, plus the number of threads inside. Nobody waits for a
	/// thread that the system did not let run: what it would have done, others do.
	gate: AtomicUsize,
	/// The next task.
	next: AtomicUsize,
	stop: AtomicBool,
	panic: Mutex<Option<Box<dyn Any + Send>>>,
	/// How many threads sleep.
	asleep: Mutex<usize>,
	wake: Condvar,
}

// SAFETY: `work` is written while the gate is closed and nobody inside, and read by those who came in
// while it was open; what it points to is `Sync`.
unsafe impl Sync for State {}
// SAFETY: as above.
unsafe impl Send for State {}

struct Workers {
	state: Arc<State>,
	threads: Vec<JoinHandle<()>>,
	turn: Mutex<()>,
}

impl std::fmt::Debug for Workers {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Workers").field("threads", &self.threads.len()).finish()
	}
}

impl Workers {
	fn start(count: usize) -> Result<Self> {
		let state = Arc::new(State {
			work: UnsafeCell::new(None),
			epoch: AtomicUsize::new(0),
			next: AtomicUsize::new(0),
			gate: AtomicUsize::new(0),
			stop: AtomicBool::new(false),
			panic: Mutex::new(None),
			asleep: Mutex::new(0),
			wake: Condvar::new(),
		});
		let mut workers = Self { state, threads: Vec::with_capacity(count), turn: Mutex::new(()) };
		for _ in 0..count {
			let state = Arc::clone(&workers.state);
			let builder = thread::Builder::new().name("openlora".into());
			let spawned = builder.spawn(move || state.serve());
			workers.threads.push(spawned.map_err(Error::io(Path::new("a thread")))?);
		}
		Ok(workers)
	}

	fn run(&self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
		let _turn = lock(&self.turn);
		let state = &*self.state;
		// SAFETY: only the lifetime changes; this function returns after the last thread has left.
		let work_for_all = unsafe {
			std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work)
		};
		// SAFETY: the gate is closed and nobody inside.
		unsafe { *state.work.get() = Some((work_for_all, tasks)) };
		state.next.store(0, Ordering::Relaxed);
		state.gate.store(OPEN, Ordering::Release);
		state.epoch.fetch_add(1, Ordering::Release);
		if *lock(&state.asleep) > 0 {
			state.wake.notify_all();
		}
		let result = catch_unwind(AssertUnwindSafe(|| state.take_tasks(work, tasks)));
		state.gate.fetch_and(!OPEN, Ordering::AcqRel);
		state.wait(|| state.gate.load(Ordering::Acquire) == 0);
		let elsewhere = lock(&state.panic).take();
		if let Some(panic) = result.err().or(elsewhere) {
			resume_unwind(panic);
		}
	}
}

impl Drop for Workers {
	fn drop(&mut self) {
		self.state.stop.store(true, Ordering::Relaxed);
		self.state.epoch.fetch_add(1, Ordering::Release);
		drop(lock(&self.state.asleep));
		self.state.wake.notify_all();
		for thread in self.threads.drain(..) {
			// A worker catches the panics of its work; there is nothing else to report.
			let _ = thread.join();
		}
	}
}

impl State {
	fn serve(&self) {
		let mut seen = 0;
		loop {
			seen = self.await_epoch(seen);
			if self.stop.load(Ordering::Relaxed) {
				return;
			}
			let enter = |gate: usize| (gate & OPEN != 0).then_some(gate + 1);
			if self.gate.fetch_update(Ordering::AcqRel, Ordering::Relaxed, enter).is_err() {
				continue;
			}
			// SAFETY: this thread is inside.
			if let Some((work, tasks)) = unsafe { *self.work.get() } {
				// SAFETY: the caller of `run` keeps the work until the last has left.
				let work = unsafe { &*work };
				if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_tasks(work, tasks)))
				{
					lock(&self.panic).get_or_insert(panic);
				}
			}
			self.gate.fetch_sub(1, Ordering::Release);
		}
	}

	fn take_tasks(&self, work: &(dyn Fn(usize) + Sync), tasks: usize) {
		loop {
			let task = self.next.fetch_add(1, Ordering::Relaxed);
			if task >= tasks {
				return;
			}
			work(task);
		}
	}

	/// Waits in a loop, and lets others run when it takes long.
	fn wait(&self, done: impl Fn() -> bool) {
		loop {
			for _ in 0..SPINS {
				if done() {
					return;
				}
				std::hint::spin_loop();
			}
			thread::yield_now();
		}
	}

	/// Returns once more than `seen` was begun, and how much was.
	fn await_epoch(&self, seen: usize) -> usize {
		let epoch = || self.epoch.load(Ordering::Acquire);
		let begun = || epoch() != seen;
		for round in 0..YIELDS {
			for _ in 0..if round == 0 { SPINS } else { 64 } {
				if begun() {
					return epoch();
				}
				std::hint::spin_loop();
			}
			thread::yield_now();
		}
		let mut asleep = lock(&self.asleep);
		*asleep += 1;
		while !begun() {
			asleep = wait(&self.wake, asleep);
		}
		*asleep -= 1;
		epoch()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::time::Duration;

	fn count(team: &Team, tasks: usize) -> Vec<usize> {
		let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
		team.for_each(tasks, &|task| {
			counts[task].fetch_add(1, Ordering::Relaxed);
		});
		counts.into_iter().map(AtomicUsize::into_inner).collect()
	}

	#[test]
	fn every_task_is_done_once_when_threads_share_them() {
		for threads in [0, 1, 2, 5] {
			let team = Team::new(threads, Isa::Portable).unwrap();
			for tasks in [0, 1, 2, 100, 1000] {
				assert_eq!(count(&team, tasks), vec![1; tasks], "{threads} threads");
			}
		}
	}

	#[test]
	fn work_goes_on_when_threads_fell_asleep() {
		let team = Team::new(3, Isa::Portable).unwrap();
		for _ in 0..5 {
			thread::sleep(Duration::from_millis(20));
			assert_eq!(count(&team, 50), vec![1; 50]);
		}
	}

	#[test]
	fn callers_take_turns_when_there_are_several() {
		let team = Team::new(2, Isa::Portable).unwrap();
		thread::scope(|scope| {
			for _ in 0..4 {
				scope.spawn(|| (0..50).for_each(|_| assert_eq!(count(&team, 20), vec![1; 20])));
			}
		});
	}

	#[test]
	fn panic_reaches_the_caller_and_the_team_works_on() {
		let team = Team::new(2, Isa::Portable).unwrap();
		for failing in [0, 7] {
			let run = || team.for_each(8, &|task| assert_ne!(task, failing, "wanted"));
			assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
			assert_eq!(count(&team, 8), vec![1; 8]);
		}
	}

	#[test]
	fn chunks_cover_the_slice_when_the_last_is_short() {
		let team = Team::new(2, Isa::Portable).unwrap();
		let mut values = [0.0; 10];
		team.for_each_chunk(&mut values, 4, &|chunk, values| values.fill(chunk as f32));
		assert_eq!(values, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
	}

	#[test]
	#[should_panic(expected = "3 from 2 of 4")]
	fn slice_is_refused_when_it_ends_beyond() {
		let mut values = [0; 4];
		// SAFETY: there is no other.
		let _ = unsafe { Shared::new(&mut values).slice(2, 3) };
	}
}
