//! The memory that queries share, as an account of bytes.
//!
//! Every reader that gathers spans asks here **before** it allocates, so that
//! a limit on memory is kept by refusing a query and not by the kernel ending
//! the process. A [`Reservation`] gives back what it holds when it is dropped.
//! What is only kept because it may be asked for again ([`Kept`]) counts, and
//! goes before anybody is refused. **An account never waits**: whoever gets
//! nothing says so to its caller.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Bytes below which nobody is refused: every answer needs some, and a limit
/// so low that none fits would be a server that only refuses.
const FREE_BYTES: usize = 64 << 10;

/// The account. Clones are the same account; the default has no limit.
#[derive(Debug, Clone, Default)]
pub struct QueryMemory(Option<Arc<Account>>);

#[derive(Debug)]
struct Account {
    limit_bytes: usize,
    each_bytes: usize,
    held_bytes: AtomicUsize,
    /// In the order in which they give way: the oldest first.
    kept: Mutex<Vec<Weak<dyn Kept>>>,
}

/// Answers that are kept for the next time, with their reservations.
pub trait Kept: std::fmt::Debug + Send + Sync {
    /// Gives up what is kept. May be called by any thread that reserves, so
    /// **nothing is reserved under a lock that this takes**.
    fn forget(&self);
}

/// More memory was asked for than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// More than one query may have; it will not fit later either.
    #[error(
        "the query needs more than the {} that one query may have; raise memory_limit, or \
         search for single spans instead of reading the whole trace",
        Mib(*each_bytes)
    )]
    Query {
        /// Bytes that one query may have.
        each_bytes: usize,
    },
    /// Other queries hold it; the same query may succeed later.
    #[error(
        "queries hold {} of the {} that memory_limit grants them together, and this one needs \
         {} more; try again later, or raise memory_limit",
        Mib(*held_bytes), Mib(*limit_bytes), Mib(*wanted_bytes)
    )]
    Shared {
        /// Bytes that were asked for.
        wanted_bytes: usize,
        /// Bytes that queries held.
        held_bytes: usize,
        /// Bytes they may have together.
        limit_bytes: usize,
    },
}

impl OverBudget {
    /// May the same query succeed when others have ended?
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

/// Bytes for people.
struct Mib(usize);

impl std::fmt::Display for Mib {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.1} MiB", self.0 as f64 / f64::from(1 << 20))
    }
}

impl QueryMemory {
    /// An account of `limit_bytes`, of which one reservation may hold
    /// `each_bytes`.
    #[must_use]
    pub fn new(limit_bytes: usize, each_bytes: usize) -> Self {
        Self(Some(Arc::new(Account {
            limit_bytes,
            each_bytes,
            held_bytes: AtomicUsize::new(0),
            kept: Mutex::default(),
        })))
    }

    /// Bytes that queries hold now.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let account = self.0.as_ref();
        account.map_or(0, |account| account.held_bytes.load(Ordering::Acquire))
    }

    /// Bytes that queries may hold together, and each; `None` without a limit.
    #[must_use]
    pub fn limits(&self) -> Option<(usize, usize)> {
        let account = self.0.as_ref()?;
        Some((account.limit_bytes, account.each_bytes))
    }

    /// From now on this gives way, too, before a query is refused. An account
    /// without a limit needs none.
    pub fn gives_way(&self, kept: Weak<dyn Kept>) {
        if let Some(account) = &self.0 {
            let mut all = account.kept();
            all.retain(|other| other.strong_count() > 0);
            all.push(kept);
        }
    }

    /// A reservation that holds nothing yet.
    #[must_use]
    pub fn reservation(&self) -> Reservation {
        Reservation {
            memory: self.clone(),
            bytes: 0,
        }
    }
}

impl Account {
    fn take(&self, wanted_bytes: usize) -> Result<(), OverBudget> {
        let mut taken = self.take_free(wanted_bytes);
        if taken.is_err() && wanted_bytes <= self.limit_bytes {
            let kept: Vec<_> = self.kept().iter().filter_map(Weak::upgrade).collect();
            for each in kept {
                each.forget();
                taken = self.take_free(wanted_bytes);
                if taken.is_ok() {
                    break;
                }
            }
        }
        taken
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Weak<dyn Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_free(&self, wanted_bytes: usize) -> Result<(), OverBudget> {
        let fits = |held: usize| {
            let all = held.checked_add(wanted_bytes)?;
            (all <= self.limit_bytes).then_some(all)
        };
        let taken = self
            .held_bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits);
        taken.map(|_| ()).map_err(|held_bytes| OverBudget::Shared {
            wanted_bytes,
            held_bytes,
            limit_bytes: self.limit_bytes,
        })
    }
}

/// What one reader holds of the account.
#[derive(Debug, Default)]
pub struct Reservation {
    memory: QueryMemory,
    bytes: usize,
}

impl Reservation {
    /// One that holds nothing yet, of the same account.
    #[must_use]
    pub fn of_same_account(&self) -> Self {
        self.memory.reservation()
    }

    /// Bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Holds so many bytes from now on, more or less than before.
    ///
    /// # Errors
    /// They are not to be had; it holds what it held.
    pub fn resize(&mut self, bytes: usize) -> Result<(), OverBudget> {
        let Some(account) = &self.memory.0 else {
            self.bytes = bytes;
            return Ok(());
        };
        if bytes > self.bytes {
            let is_large = bytes > account.each_bytes.max(FREE_BYTES);
            if is_large {
                let each_bytes = account.each_bytes;
                return Err(OverBudget::Query { each_bytes });
            }
            account.take(bytes - self.bytes)?;
        } else {
            let back = self.bytes - bytes;
            account.held_bytes.fetch_sub(back, Ordering::AcqRel);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Holds so many bytes more.
    ///
    /// # Errors
    /// They are not to be had; it holds what it held.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.resize(self.bytes.saturating_add(bytes))
    }

    /// Gives so many bytes back.
    pub fn shrink(&mut self, bytes: usize) {
        let fewer = self.resize(self.bytes.saturating_sub(bytes));
        fewer.expect("giving back is never refused");
    }

    /// Takes over what another holds of the same account.
    pub fn absorb(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

/// Two answers with the same spans are the same, whatever they hold.
impl PartialEq for Reservation {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_never_gets_more_than_its_part() {
        let memory = QueryMemory::new(10 << 20, 6 << 20);
        let mut one = memory.reservation();
        one.grow(6 << 20).unwrap();
        let refused = one.grow(1).unwrap_err();
        assert!(!refused.may_pass());
        assert_eq!(
            refused.to_string(),
            "the query needs more than the 6.0 MiB that one query may have; raise memory_limit, \
             or search for single spans instead of reading the whole trace"
        );
    }

    #[test]
    fn what_others_hold_is_refused_until_they_end() {
        let memory = QueryMemory::new(10 << 20, 6 << 20);
        let (mut one, mut two) = (memory.reservation(), memory.reservation());
        one.grow(6 << 20).unwrap();
        let refused = two.grow(5 << 20).unwrap_err();
        assert!(refused.may_pass());
        assert_eq!(
            refused.to_string(),
            "queries hold 6.0 MiB of the 10.0 MiB that memory_limit grants them together, and \
             this one needs 5.0 MiB more; try again later, or raise memory_limit"
        );
        drop(one);
        two.grow(5 << 20).unwrap();
        assert_eq!(memory.held_bytes(), 5 << 20);
        let mut all = memory.reservation();
        all.absorb(two);
        drop(all);
        assert_eq!(memory.held_bytes(), 0);
    }

    #[derive(Debug, Default)]
    struct Answers(Mutex<Vec<Reservation>>);

    impl Kept for Answers {
        fn forget(&self) {
            self.0.lock().unwrap().clear();
        }
    }

    #[test]
    fn what_is_only_kept_goes_before_a_query_is_refused() {
        let memory = QueryMemory::new(10 << 20, 10 << 20);
        let answers = Arc::new(Answers::default());
        let kept: Weak<dyn Kept> = Arc::<Answers>::downgrade(&answers);
        memory.gives_way(kept);
        let mut answer = memory.reservation();
        answer.grow(6 << 20).unwrap();
        answers.0.lock().unwrap().push(answer);
        let mut query = memory.reservation();
        query.grow(4 << 20).unwrap();
        assert_eq!(memory.held_bytes(), 10 << 20, "nobody needed it yet");
        query.grow(6 << 20).unwrap();
        assert_eq!(memory.held_bytes(), 10 << 20);
        assert!(memory.reservation().grow(1 << 20).unwrap_err().may_pass());
    }
}
