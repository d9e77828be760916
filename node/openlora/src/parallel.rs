//! Work on many records at once: one core for each, results in order.
//!
//! One record for each core keeps all of them busy without their having to wait for each other.

use std::{
	collections::BTreeMap,
	num::NonZeroUsize,
	path::Path,
	sync::{
		atomic::{AtomicUsize, Ordering},
		mpsc,
	},
	thread,
};

use crate::error::{Error, Result};

/// Bytes of address space for a thread that walks a graph of thousands of nodes.
const STACK: usize = 256 << 20;

/// Tells candle to leave its own pool of spinning threads alone; engines share out work themselves.
///
/// candle hands element-wise operations of more than 65,536 values to threads that spin between
/// them, one caller at a time. Beside the threads of this crate they only take cores away: training
/// takes twice the time and more. Their number is read from `CANDLE_NUM_THREADS` at the first such
/// operation; a value that is set already is respected.
///
/// # Safety
/// Call it at the start of `main`, before there is another thread: the environment is changed.
pub unsafe fn leave_candle_single_threaded() {
	const VARIABLE: &str = "CANDLE_NUM_THREADS";
	if std::env::var_os(VARIABLE).is_none() {
		// SAFETY: the caller guarantees that no other thread reads the environment meanwhile.
		unsafe { std::env::set_var(VARIABLE, "1") };
	}
}

/// Number of cores that the process may use.
pub(crate) fn cores() -> usize {
	thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Runs `work` on a thread with a large stack, with so many threads for its products.
pub(crate) fn on_large_stack<R: Send>(
	threads: usize,
	work: impl FnOnce() -> Result<R> + Send,
) -> Result<R> {
	let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
	let pool = pool.map_err(|e| Error::io(Path::new("a thread"))(std::io::Error::other(e)))?;
	pool.install(work)
}

/// Runs `work` on every item, `threads` of them at once, and hands the results to `consume` in the
/// items' order, whatever the order in which they are done.
///
/// # Errors
/// The first error of `work` or `consume`; items not begun by then are not begun.
pub(crate) fn map_in_order<T: Sync, R: Send>(
	items: &[T],
	threads: usize,
	work: impl Fn(&T) -> Result<R> + Sync,
	mut consume: impl FnMut(usize, R) -> Result<()>,
) -> Result<()> {
	let threads = threads.clamp(1, items.len().max(1));
	if threads == 1 {
		for (index, item) in items.iter().enumerate() {
			consume(index, work(item)?)?;
		}
		return Ok(());
	}
	let next = AtomicUsize::new(0);
	thread::scope(|scope| {
		// The bound keeps finished results from piling up when `consume` is slow.
		let (sender, receiver) = mpsc::sync_channel(threads);
		for _ in 0..threads {
			let (sender, next, work) = (sender.clone(), &next, &work);
			let run = move || {
				while let Some((index, item)) = {
					let index = next.fetch_add(1, Ordering::Relaxed);
					items.get(index).map(|item| (index, item))
				} {
					let result = work(item);
					let failed = result.is_err();
					if sender.send((index, result)).is_err() || failed {
						break;
					}
				}
			};
			let builder = thread::Builder::new().name("openlora".into());
			builder.spawn_scoped(scope, run).map_err(Error::io(Path::new("a thread")))?;
		}
		drop(sender);
		let mut early = BTreeMap::new();
		let mut expected = 0;
		for (index, result) in receiver {
			early.insert(index, result?);
			while let Some(result) = early.remove(&expected) {
				consume(expected, result)?;
				expected += 1;
			}
		}
		Ok(())
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn results_arrive_in_order_when_later_items_finish_first() {
		let items: Vec<u64> = (0..40).collect();
		for threads in [1, 2, 7, 100] {
			let mut seen = Vec::new();
			let work = |item: &u64| {
				thread::sleep(std::time::Duration::from_micros(40 - item));
				Ok(item * 3)
			};
			map_in_order(&items, threads, work, |index, result| {
				assert_eq!(result, 3 * index as u64);
				seen.push(index);
				Ok(())
			})
			.unwrap();
			assert_eq!(seen, (0..40).collect::<Vec<_>>());
		}
	}

	#[test]
	fn work_stops_when_an_item_or_the_consumer_fails() {
		// So many that none of the threads gets through them while another is held up.
		let items: Vec<usize> = (0..100_000).collect();
		for threads in [1, 3] {
			let begun = AtomicUsize::new(0);
			let work = |item: &usize| {
				begun.fetch_add(1, Ordering::Relaxed);
				if *item == 5 { Err(Error::Cancelled) } else { Ok(*item) }
			};
			assert!(matches!(
				map_in_order(&items, threads, work, |_, _| Ok(())),
				Err(Error::Cancelled)
			));
			assert!(begun.load(Ordering::Relaxed) < items.len());
			let refused = map_in_order(
				&items,
				threads,
				|i| Ok(*i),
				|index, _| {
					if index == 2 { Err(Error::Cancelled) } else { Ok(()) }
				},
			);
			assert!(matches!(refused, Err(Error::Cancelled)));
		}
	}

	#[test]
	fn nothing_happens_when_there_are_no_items() {
		let none: [u8; 0] = [];
		map_in_order(&none, 4, |_| Ok(()), |_, ()| Err(Error::Cancelled)).unwrap();
	}
}
