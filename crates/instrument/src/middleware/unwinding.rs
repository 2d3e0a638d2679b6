//! Ending a span with the panic that goes through its future.
//!
//! It exists because whoever catches the panic further out may keep the future,
//! and drop it when nothing says any more that there was one. It must never end
//! a span for a panic that was there before.

/// Watches over one poll; what it holds is dropped if that panics.
pub(super) struct EndOnPanic<'a, T> {
    held: &'a mut Option<T>,
    was_panicking: bool,
}

impl<'a, T> EndOnPanic<'a, T> {
    pub(super) fn watch(held: &'a mut Option<T>) -> EndOnPanic<'a, T> {
        EndOnPanic {
            held,
            was_panicking: std::thread::panicking(),
        }
    }

    pub(super) fn held(&mut self) -> &mut Option<T> {
        self.held
    }
}

impl<T> Drop for EndOnPanic<'_, T> {
    fn drop(&mut self) {
        if !self.was_panicking && std::thread::panicking() {
            drop(self.held.take());
        }
    }
}
