//! A fixed pool of threads for work that needs the processor: decompressing and
//! decoding request bodies.
//!
//! Such work takes milliseconds for a large body, and on the threads that serve
//! sockets it would hold up every other connection. The queue is bounded; when
//! it is full the caller gets its job back and tells its client to come again.
//! A job **never blocks** on a disk, a lock held for long, or a client.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Something to do on a worker.
pub type Job = Box<dyn FnOnce() + Send>;

/// The pool. Dropping it discards what is queued, lets running jobs end and
/// joins the threads.
#[derive(Debug)]
pub struct Workers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

/// The queue was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all workers are busy and {queued} requests wait for them")]
pub struct QueueFull {
    /// Jobs that were waiting.
    pub queued: usize,
}

struct Queue {
    state: Mutex<State>,
    not_empty: Condvar,
    max_queued: usize,
}

struct State {
    jobs: VecDeque<Job>,
    is_open: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queued = self.lock().jobs.len();
        formatter
            .debug_struct("Queue")
            .field("queued", &queued)
            .field("max_queued", &self.max_queued)
            .finish_non_exhaustive()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock, so a panic cannot leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` when the pool closes.
    fn take(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if !state.is_open {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self
                .not_empty
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Workers {
    /// Starts `threads` threads with room for `max_queued` waiting jobs.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads.
    pub fn start(threads: NonZeroUsize, max_queued: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                is_open: true,
            }),
            not_empty: Condvar::new(),
            max_queued,
        });
        // Built first, so that threads already started end if a later one fails.
        let mut workers = Self {
            queue,
            threads: Vec::with_capacity(threads.get()),
        };
        for number in 0..threads.get() {
            let queue = Arc::clone(&workers.queue);
            let thread = std::thread::Builder::new()
                .name(format!("decode-{number}"))
                .spawn(move || work(&queue))?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Queues a job.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] when it must wait behind more than `max_queued` others; the
    /// job is dropped.
    pub fn submit(&self, job: Job) -> Result<(), QueueFull> {
        let mut state = self.queue.lock();
        let queued = state.jobs.len();
        if queued >= self.queue.max_queued {
            return Err(QueueFull { queued });
        }
        state.jobs.push_back(job);
        drop(state);
        self.queue.not_empty.notify_one();
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_open = false;
        let discarded = std::mem::take(&mut state.jobs);
        drop(state);
        // Outside the lock: dropping a job tells somebody that it will not run.
        drop(discarded);
        self.queue.not_empty.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a decode worker ended in a panic");
            }
        }
    }
}

fn work(queue: &Queue) {
    while let Some(job) = queue.take() {
        // One request must not take a worker away from all others. Whoever waits
        // for the job learns of it because its reply channel is dropped.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("decoding a request panicked; this is a defect, please report it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn one_worker(max_queued: usize) -> Workers {
        Workers::start(NonZeroUsize::MIN, max_queued).unwrap()
    }

    #[test]
    fn a_full_queue_refuses_and_takes_again_later() {
        let workers = one_worker(1);
        let (started_tx, started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let blocking = Box::new(move || {
            started_tx.send(()).unwrap();
            gate.recv().unwrap();
        });
        workers.submit(blocking).unwrap();
        started.recv().unwrap();
        let (done_tx, done) = mpsc::channel();
        let later = done_tx.clone();
        workers
            .submit(Box::new(move || done_tx.send(1).unwrap()))
            .unwrap();
        let refused = workers.submit(Box::new(|| {}));
        assert_eq!(refused, Err(QueueFull { queued: 1 }));
        release.send(()).unwrap();
        assert_eq!(done.recv(), Ok(1));
        workers
            .submit(Box::new(move || later.send(2).unwrap()))
            .unwrap();
        assert_eq!(done.recv(), Ok(2));
    }

    #[test]
    fn a_panic_costs_one_job_and_no_worker() {
        let workers = one_worker(8);
        workers.submit(Box::new(|| panic!("expected"))).unwrap();
        let (done_tx, done) = mpsc::channel();
        workers
            .submit(Box::new(move || done_tx.send(()).unwrap()))
            .unwrap();
        assert_eq!(done.recv(), Ok(()));
    }

    #[test]
    fn dropping_the_pool_ends_the_running_job_and_discards_the_rest() {
        let workers = one_worker(8);
        let (started_tx, started) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let (done_tx, done) = mpsc::channel();
        workers
            .submit(Box::new(move || {
                started_tx.send(()).unwrap();
                gate.recv().unwrap();
                done_tx.send("ended").unwrap();
            }))
            .unwrap();
        let (never, queued) = mpsc::channel();
        workers
            .submit(Box::new(move || never.send("ran").unwrap()))
            .unwrap();
        started.recv().unwrap();
        let closing = std::thread::spawn(move || drop(workers));
        // The queued job's sender goes away unused while the other still runs.
        assert_eq!(queued.recv(), Err(mpsc::RecvError));
        release.send(()).unwrap();
        closing.join().unwrap();
        assert_eq!(done.recv(), Ok("ended"));
    }
}
