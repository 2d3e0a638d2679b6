//! What a component does before it goes: with the process, or because a changed file
//! has no place for it.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;
type IsDone = Box<dyn Fn() -> bool + Send>;

/// See the module's text. Those that were added last are done first.
#[derive(Default)]
pub struct Endings {
    endings: Mutex<Vec<Ending>>,
    /// Has the component nothing left of its own?
    is_done: Mutex<Option<IsDone>>,
    /// Held while they are done: who comes second waits for the first.
    running: tokio::sync::Mutex<()>,
}

impl Endings {
    /// Adds what is to be done. It MUST end by itself, within a second or two.
    pub(crate) fn add(&self, ending: impl Future<Output = ()> + Send + 'static) {
        let mut endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        endings.push(Box::pin(ending));
    }

    /// The component has acknowledged what it still has. When a file no longer has
    /// it, it is left to itself until this says that nothing is left, or for a while.
    pub(crate) fn not_before(&self, is_done: impl Fn() -> bool + Send + 'static) {
        let mut place = self.is_done.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Box::new(is_done));
    }

    /// Does it all, once.
    pub async fn run(&self) {
        let _turn = self.running.lock().await;
        loop {
            let last = self
                .endings
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(ending) = last else { return };
            ending.await;
        }
    }

    /// Is nothing to be done, or being done?
    pub(super) fn are_over(&self) -> bool {
        let Ok(_turn) = self.running.try_lock() else {
            return false;
        };
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        endings.is_empty()
    }

    /// May they be done without leaving anything behind?
    pub(super) fn is_time(&self) -> bool {
        let is_done = self.is_done.lock().unwrap_or_else(PoisonError::into_inner);
        is_done.as_ref().is_none_or(|is_done| is_done())
    }
}

impl std::fmt::Debug for Endings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Endings")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn they_are_not_over_while_they_are_being_done() {
        let endings = Arc::new(Endings::default());
        assert!(endings.are_over());
        let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
        let (says, begun) = tokio::sync::oneshot::channel();
        endings.add(async move {
            says.send(()).unwrap();
            waits.await.unwrap();
        });
        assert!(!endings.are_over());
        let of_task = Arc::clone(&endings);
        let running = tokio::spawn(async move { of_task.run().await });
        begun.await.unwrap();
        assert!(!endings.are_over());
        go_on.send(()).unwrap();
        running.await.unwrap();
        assert!(endings.are_over());
    }
}
