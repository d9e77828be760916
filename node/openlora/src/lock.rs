//! Locks of this crate, behind which a panic leaves nothing half-way.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Takes a lock, whatever became of those who had it before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits without the lock, and takes it again.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
	condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
