//! A byte budget for requests in flight, so that many large bodies at once make
//! the receivers push back instead of taking the machine's memory.
//!
//! A [`Permit`] follows one request: the body as it arrives, the plain body as
//! it is opened, the columns as they are built, until the store has answered.
//! It never waits: a full budget is told to the client, who keeps its spans and
//! comes again. **What is larger than the whole budget is told apart**, because
//! coming again would not help it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The budget. Shared by all receivers of a process.
#[derive(Debug)]
pub struct Admission {
    limit_bytes: usize,
    held_bytes: AtomicUsize,
}

/// The budget has no room for this many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{wanted_bytes} more bytes do not fit the {limit_bytes} bytes that requests in flight may hold"
)]
pub struct BudgetFull {
    /// Bytes that were asked for.
    pub wanted_bytes: usize,
    /// Bytes that the request would have held with them.
    pub total_bytes: usize,
    /// Size of the whole budget.
    pub limit_bytes: usize,
}

impl BudgetFull {
    /// Would the request not fit even if it were the only one?
    #[must_use]
    pub fn is_for_ever(&self) -> bool {
        self.total_bytes > self.limit_bytes
    }
}

impl Admission {
    /// A budget of `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            limit_bytes,
            held_bytes: AtomicUsize::new(0),
        })
    }

    /// A permit that holds nothing yet.
    #[must_use]
    pub fn permit(self: &Arc<Self>) -> Permit {
        Permit {
            admission: Arc::clone(self),
            held_bytes: 0,
        }
    }

    /// Bytes that requests in flight hold now.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that requests in flight may hold.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }
}

/// One request's share of an [`Admission`]; given back on drop.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    held_bytes: usize,
}

impl Permit {
    /// Changes the share to `bytes`. Growing past the budget fails and leaves
    /// the share as it was; shrinking always succeeds.
    ///
    /// # Errors
    ///
    /// [`BudgetFull`] when the budget has no room.
    pub fn resize(&mut self, bytes: usize) -> Result<(), BudgetFull> {
        let total = &self.admission.held_bytes;
        if let Some(wanted_bytes) = bytes.checked_sub(self.held_bytes) {
            let limit_bytes = self.admission.limit_bytes;
            let grown = |held: usize| {
                held.checked_add(wanted_bytes)
                    .filter(|sum| *sum <= limit_bytes)
            };
            // Relaxed: the counter guards no other memory.
            total
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown)
                .map_err(|_| BudgetFull {
                    wanted_bytes,
                    total_bytes: bytes,
                    limit_bytes,
                })?;
        } else {
            total.fetch_sub(self.held_bytes - bytes, Ordering::Relaxed);
        }
        self.held_bytes = bytes;
        Ok(())
    }

    /// Bytes it holds.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission
            .held_bytes
            .fetch_sub(self.held_bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_never_overdrawn_and_comes_back() {
        let admission = Admission::new(100);
        let mut first = admission.permit();
        let mut second = admission.permit();
        first.resize(70).unwrap();
        let full = second.resize(31).unwrap_err();
        assert_eq!((full.wanted_bytes, full.limit_bytes), (31, 100));
        assert_eq!(second.held_bytes(), 0);
        second.resize(30).unwrap();
        assert_eq!(admission.held_bytes(), 100);
        first.resize(10).unwrap();
        second.resize(90).unwrap();
        drop(first);
        assert_eq!(admission.held_bytes(), 90);
        drop(second);
        assert_eq!(admission.held_bytes(), 0);
    }

    #[test]
    fn sizes_at_the_end_of_the_number_line_do_not_wrap() {
        let admission = Admission::new(100);
        let mut permit = admission.permit();
        permit.resize(60).unwrap();
        assert!(permit.resize(usize::MAX).unwrap_err().is_for_ever());
        assert!(!admission.permit().resize(41).unwrap_err().is_for_ever());
        assert_eq!(admission.held_bytes(), 60);
    }
}
