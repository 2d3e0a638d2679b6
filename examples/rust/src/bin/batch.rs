//! Batches: spans wait in a queue and leave together, from a thread of their own, so that the
//! application never waits for the network. What each number is for, and what is lost when.
//!
//! `cargo run --bin batch`

use sdk::{Outcome, builder, link};
use std::time::Duration;
use tracewell_instrument::{BatchSettings, span};

fn main() -> Outcome {
    let guard = builder()
        .batch(
            BatchSettings::default()
                .max_queue_size(2048) // spans beyond it are dropped: memory stays bounded,
                .max_queue_bytes(32 << 20) // also where they are large
                .max_export_batch_size(512) // a full batch leaves at once
                .scheduled_delay(Duration::from_secs(5)) // an incomplete one after this time
                .export_timeout(Duration::from_secs(30)), // after it a batch is given up
        )
        .init()?;

    let root = span("import").start();
    println!("{}", link(&root));
    root.in_scope(|| {
        for row in 1..1200 {
            span("row").start().set_attribute("import.row", row);
        }
    });
    root.end();

    // Nothing is lost in silence. Without a flush or a shutdown (the guard does it when it is
    // dropped), what waits is lost when the process is killed.
    guard.flush(Duration::from_secs(10))?;
    let sent = guard.statistics();
    println!("sent {}, lost {}", sent.exported, sent.lost());
    Ok(())
}
