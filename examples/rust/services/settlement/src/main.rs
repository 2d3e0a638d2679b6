//! Settles the bookings of a day: `settlement FILE`, a line `BOOKING,CENTS` for each. It ends
//! as soon as it is done, and fails if a line did.

use std::collections::HashMap;
use std::error::Error;
use std::num::ParseIntError;
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinSet;
use tracewell_instrument::middleware::task::{self, FutureExt};
use tracewell_instrument::{BatchSettings, builder, current_span, propagators, span};

/// Lines that are settled at the same time.
const AT_ONCE: usize = 64;

#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("line `{0}` has no comma; write BOOKING,CENTS")]
    NoComma(String),
    #[error("the cents are no number: {0}")]
    NoNumber(#[from] ParseIntError),
    #[error("the receipt was not made: {0}")]
    Receipt(#[from] tokio::task::JoinError),
}

/// What became of the lines.
#[derive(Default)]
struct Tally {
    settled: usize,
    failed: usize,
}

impl Tally {
    /// An outcome of a task: an error of the line's, or of the task itself, which panicked.
    fn count(&mut self, outcome: &Result<Result<(), Wrong>, tokio::task::JoinError>) {
        match outcome {
            Ok(Ok(())) => self.settled += 1,
            Ok(Err(_)) | Err(_) => self.failed += 1,
        }
    }
}

/// Runs in the span of its line.
async fn settle(line: String) -> Result<(), Wrong> {
    let (booking, cents) = line
        .split_once(',')
        .ok_or_else(|| Wrong::NoComma(line.clone()))?;
    current_span().set_attribute("booking.id", booking.to_owned());
    let cents: i64 = cents.parse()?;
    // Computing is no work for the threads that the tasks share.
    let receipt = task::spawn_blocking(move || {
        let mut span = span("make receipt").start();
        span.set_attribute("booking.cents", cents);
        receipt(cents)
    });
    receipt.await?;
    Ok(())
}

fn receipt(cents: i64) -> String {
    assert!(cents >= 0, "a booking of {cents} cents");
    format!("{}.{:02}", cents / 100, cents % 100)
}

async fn settle_all(lines: String) -> Tally {
    let mut tally = Tally::default();
    let mut tasks = JoinSet::new();
    for line in lines.lines().map(str::to_owned) {
        if tasks.len() == AT_ONCE
            && let Some(outcome) = tasks.join_next().await
        {
            tally.count(&outcome);
        }
        let settled = async {
            let outcome = settle(line).await;
            outcome.inspect_err(|wrong| {
                current_span().record_error(wrong);
            })
        };
        tasks.spawn(settled.in_span(span("settle booking").start()));
    }
    while let Some(outcome) = tasks.join_next().await {
        tally.count(&outcome);
    }
    current_span()
        .set_attribute("bookings.settled", tally.settled)
        .set_attribute("bookings.failed", tally.failed);
    tally
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // Spans are made faster than they are sent: the queue has room for those of a day.
    let tracing = builder()
        .default_service_name("settlement")
        .batch(BatchSettings::default().max_queue_size(50_000))
        .init()?;
    let file = std::env::args().nth(1).ok_or("write `settlement FILE`")?;
    let lines = std::fs::read_to_string(file)?;

    // Whoever started us, a scheduler perhaps, hands its context over in a variable.
    let variables = HashMap::from([(
        "traceparent",
        std::env::var("TRACEPARENT").unwrap_or_default(),
    )]);
    let starter = propagators().extract_context(&variables);
    let day = span("settlement").parent(starter).start();
    let tally = settle_all(lines).in_span(day).await;
    println!("{} settled, {} failed", tally.settled, tally.failed);

    // Dropping the guard would send them as well; this way one hears what was lost.
    if let Err(error) = tracing.flush_async(Duration::from_secs(10)).await {
        eprintln!("{error}");
    }
    let spans = tracing.statistics();
    println!("{} spans sent, {} lost", spans.exported, spans.lost());
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
