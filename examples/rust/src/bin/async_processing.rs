//! Work beside the request, and what becomes of its spans. A task moves between threads and the
//! current span does not: `task::spawn` takes it along. Spans are made ready and sent by a
//! thread of their own, and literals are taken out of SQL before a span holds it, so there is
//! no processor to write.
//!
//! `cargo run --bin async_processing`

use sdk::{Outcome, link, start};
use tokio::sync::mpsc;
use tracewell_instrument::middleware::database::Database;
use tracewell_instrument::middleware::task::{self, FutureExt};
use tracewell_instrument::{Context, span};

/// What waits for the worker, with the context of who asked for it.
struct Job {
    sql: String,
    asked_by: Context,
}

async fn work(mut jobs: mpsc::Receiver<Job>) {
    let database = Database::postgresql();
    while let Some(Job { sql, asked_by }) = jobs.recv().await {
        let _asked_by = asked_by.attach();
        database.span(&sql).end(); // stands for running it
    }
}

async fn report(jobs: mpsc::Sender<Job>) -> Outcome {
    for user_id in [17, 18] {
        let sql = format!("SELECT * FROM users WHERE name = 'Ada' AND id = {user_id}");
        let jobs = jobs.clone();
        // In place of tokio::spawn, which would leave the span behind.
        let asking = task::spawn(async move {
            let asked_by = Context::current();
            jobs.send(Job { sql, asked_by }).await
        });
        asking.await??;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let _guard = start()?;
    // Bounded: who asks too much waits, instead of using up the memory.
    let (jobs, waiting) = mpsc::channel(16);
    let worker = tokio::spawn(work(waiting));

    let root = span("report").start();
    println!("{}", link(&root));
    report(jobs).in_span(root).await?;
    worker.await?;
    Ok(())
}
