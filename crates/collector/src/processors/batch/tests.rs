//! What is joined, when it goes on, and who hears of it.

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use tracewell_model::StoreError;
use tracewell_testkit::{TestSpan, batch as batch_of, flatten};

/// What came, and how to answer it.
struct Recorder(Mutex<mpsc::Sender<(Vec<TestSpan>, Ack)>>);

impl Consumer for Recorder {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let came = self.0.lock().expect("no test panics here");
        came.send((flatten(&batch), ack)).expect("the test listens");
    }
}

struct Rig {
    batch: Arc<Batch>,
    came: mpsc::Receiver<(Vec<TestSpan>, Ack)>,
}

fn rig(timeout: Duration, send_batch_size: usize, send_batch_max_size: usize) -> Rig {
    let config = BatchConfig {
        timeout,
        send_batch_size,
        send_batch_max_size,
    };
    let (sender, came) = mpsc::channel();
    let next = Arc::new(Recorder(Mutex::new(sender)));
    let batch = Batch::new(config, next, Handle::current());
    Rig { batch, came }
}

fn spans(numbers: std::ops::Range<u64>) -> Vec<TestSpan> {
    numbers
        .map(|number| TestSpan::new(1, number, "a", "x", number))
        .collect()
}

impl Rig {
    /// Sends spans and answers where their fate will be told.
    fn send(&self, spans: &[TestSpan]) -> mpsc::Receiver<Result<(), StoreError>> {
        let (told, fate) = mpsc::channel();
        let ack: Ack = Box::new(move |result| told.send(result).expect("the test waits"));
        self.batch.consume(Arc::new(batch_of(spans)), ack);
        fate
    }
}

const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn with_enough_spans_all_go_on_as_one_and_all_hear_of_it() {
    for (answer, told) in [
        (Ok(()), Ok(())),
        (Err(StoreError::ShuttingDown), Err(StoreError::ShuttingDown)),
    ] {
        let rig = rig(LONG, 5, 0);
        let fates = [rig.send(&spans(1..3)), rig.send(&spans(3..5))];
        assert!(rig.came.try_recv().is_err(), "too early");
        let last = rig.send(&spans(5..7));
        let (came, ack) = rig.came.recv().unwrap();
        assert_eq!(came, spans(1..7));
        for fate in fates.iter().chain([&last]) {
            assert!(fate.try_recv().is_err(), "told before it was there");
        }
        ack(answer);
        for fate in fates.iter().chain([&last]) {
            assert_eq!(fate.recv().unwrap(), told);
        }
    }
}

#[tokio::test]
async fn what_is_too_much_for_one_goes_as_several_and_is_told_once() {
    let rig = rig(LONG, 5, 5);
    let fates = [rig.send(&spans(1..4)), rig.send(&spans(4..13))];
    let came: Vec<_> = rig.came.try_iter().collect();
    let sizes: Vec<usize> = came.iter().map(|(spans, _)| spans.len()).collect();
    assert_eq!(sizes, [5, 5, 2]);
    let all: Vec<TestSpan> = came.iter().flat_map(|(spans, _)| spans.clone()).collect();
    assert_eq!(all, spans(1..13));
    for (index, (_, ack)) in came.into_iter().enumerate() {
        assert!(fates[0].try_recv().is_err(), "told after {index} of 3");
        ack(Ok(()));
    }
    assert!(fates.iter().all(|fate| fate.recv() == Ok(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn few_spans_go_on_after_a_while_and_the_next_wait_anew() {
    let rig = rig(Duration::from_millis(200), 100, 0);
    for round in 0..3 {
        let _fate = rig.send(&spans(round..round + 1));
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(rig.came.try_recv().is_err(), "round {round}: too early");
        let _fate = rig.send(&spans(10..11));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (came, _ack) = rig.came.try_recv().unwrap();
        assert_eq!(came.len(), 2, "round {round}");
    }
}

#[tokio::test]
async fn one_batch_goes_on_as_it_is() {
    let rig = rig(Duration::ZERO, 100, 0);
    let _fate = rig.send(&spans(1..3));
    let (came, _ack) = rig.came.try_recv().unwrap();
    assert_eq!(came, spans(1..3));
}
