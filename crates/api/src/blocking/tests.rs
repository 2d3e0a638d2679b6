//! Limits of queries, without a store that matters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_stream::StreamExt;
use tracewell_model::StoreError;
use tracewell_model::clock::ManualClock;
use tracewell_store::memory::MemoryStore;

use super::{QueryError, QueryLimits, QueryState, run_query, stream_query};

fn state(concurrent: usize, waiting: usize, time: Duration) -> Arc<QueryState> {
    let limits = QueryLimits {
        concurrent,
        waiting,
        time,
    };
    let (store, clock) = (MemoryStore::new(1 << 20), ManualClock::new(0));
    Arc::new(QueryState::new(Arc::new(store), Arc::new(clock), limits))
}

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);

/// A query that runs until it is cancelled.
fn until_cancelled(cancelled: &AtomicBool) -> Result<(), StoreError> {
    while !cancelled.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    Err(StoreError::Cancelled)
}

#[tokio::test]
async fn a_query_gives_its_result_or_its_error() {
    let state = state(1, 1, LONG);
    assert_eq!(run_query(&state, |_| Ok(7)).await, Ok(7));
    let damaged = StoreError::Damaged("block 3".to_owned());
    let expected = Err(QueryError::Store(damaged.clone()));
    assert_eq!(run_query::<(), _>(&state, |_| Err(damaged)).await, expected);
}

#[tokio::test]
async fn a_query_that_is_too_slow_is_cancelled_or_partial() {
    let state = state(1, 1, SHORT);
    let slow = run_query(&state, until_cancelled).await;
    assert_eq!(slow, Err(QueryError::TimedOut(SHORT)));
    let partial = run_query(&state, |cancelled| {
        let _cancelled = until_cancelled(cancelled).is_err();
        Ok("what I have")
    });
    assert_eq!(partial.await, Ok("what I have"));
}

#[tokio::test]
async fn a_query_whose_client_goes_away_is_cancelled() {
    let state = state(1, 1, LONG);
    let (noticed, notice) = tokio::sync::oneshot::channel();
    let (started, start) = tokio::sync::oneshot::channel();
    let asking = tokio::spawn({
        let state = Arc::clone(&state);
        async move {
            run_query(&state, move |cancelled| {
                let _nobody = started.send(());
                let result = until_cancelled(cancelled);
                let _nobody = noticed.send(());
                result
            })
            .await
        }
    });
    start.await.unwrap();
    asking.abort();
    notice.await.unwrap();
    // Its place is free again.
    assert_eq!(run_query(&state, |_| Ok(())).await, Ok(()));
}

#[tokio::test]
async fn past_the_queue_queries_are_refused() {
    let state = state(1, 0, LONG);
    let (started, start) = tokio::sync::oneshot::channel();
    let running = tokio::spawn({
        let state = Arc::clone(&state);
        async move {
            run_query(&state, move |cancelled| {
                let _nobody = started.send(());
                until_cancelled(cancelled)
            })
            .await
        }
    });
    start.await.unwrap();
    let refused = run_query(&state, |_| Ok(())).await;
    assert_eq!(refused, Err(QueryError::TooBusy));
    running.abort();
}

#[tokio::test]
async fn a_panic_fails_one_query_only() {
    let state = state(1, 1, LONG);
    let failed = run_query::<(), _>(&state, |_| panic!("a bug")).await;
    assert_eq!(failed, Err(QueryError::Panicked));
    assert_eq!(run_query(&state, |_| Ok(())).await, Ok(()));
}

#[tokio::test]
async fn a_stream_gives_pieces_then_the_error() {
    let state = state(1, 1, LONG);
    let damaged = StoreError::Damaged("block 3".to_owned());
    let error = damaged.clone();
    let stream = stream_query(&state, move |_, sender| {
        for piece in 0..10 {
            if sender.send(piece).is_break() {
                return Ok(());
            }
        }
        Err(error)
    });
    let mut items: Vec<_> = stream.await.unwrap().collect().await;
    assert_eq!(items.pop(), Some(Err(QueryError::Store(damaged))));
    let pieces: Result<Vec<i32>, _> = items.into_iter().collect();
    assert_eq!(pieces.unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_nobody_reads_ends_with_its_time() {
    let state = state(1, 1, SHORT);
    let stream = stream_query(&state, |_, sender| {
        while sender.send(()).is_continue() {}
        Err(StoreError::Cancelled)
    });
    let mut stream = stream.await.unwrap();
    // The place comes free although the stream is still held unread.
    let long = super::QueryPool::place(&state.pool, tokio::time::Instant::now() + LONG);
    drop(long.await.unwrap());
    let mut last = None;
    while let Some(item) = stream.next().await {
        last = Some(item);
    }
    assert_eq!(last, Some(Err(QueryError::TimedOut(SHORT))));
}

#[tokio::test]
async fn dropping_a_stream_cancels_its_query() {
    let state = state(1, 1, LONG);
    let (noticed, notice) = tokio::sync::oneshot::channel();
    let stream = stream_query(&state, move |cancelled, _: super::StreamSender<()>| {
        let result = until_cancelled(cancelled);
        let _nobody = noticed.send(());
        result
    });
    drop(stream.await.unwrap());
    notice.await.unwrap();
}
