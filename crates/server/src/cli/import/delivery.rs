//! Requests on their way to the server, again while that makes sense.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use tracewell_load::{Answer, Sender};

use super::requests::Request;
use super::tally::Tally;
use crate::cli::error::CliError;
use crate::cli::output::{complain, plain};

/// First pause between attempts when the server names none.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// Longest pause between attempts when the server names none.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A pause as long as this is worth a word to whoever waits.
const TOLD_PAUSE: Duration = Duration::from_secs(2);

/// Takes requests that several connections send.
pub(super) type Queue = Arc<Mutex<Receiver<Request>>>;

/// Sends requests until there are no more.
///
/// # Errors
/// The server took a request for `retry_for` neither in nor refused it.
pub(super) async fn deliver(
    queue: Queue,
    mut sender: Sender,
    tally: Arc<Tally>,
    endpoint: String,
    retry_for: Duration,
) -> Result<(), CliError> {
    loop {
        let next = queue.lock().await.recv().await;
        let Some(request) = next else {
            return Ok(());
        };
        tally.sent.add(request.spans);
        if let Err(reason) = send(&mut sender, &request, &tally, retry_for).await {
            // Whoever waits in line for the next one ends, too.
            queue.lock().await.close();
            return Err(CliError::Failed(format!(
                "{endpoint} does not take spans: {}; {} of {} and what follows were not \
                 acknowledged. Import the file again when the server is well: spans that it has \
                 are not stored twice",
                plain(&reason),
                request.place,
                plain(&request.file)
            )));
        }
    }
}

async fn send(
    sender: &mut Sender,
    request: &Request,
    tally: &Tally,
    retry_for: Duration,
) -> Result<(), String> {
    let give_up = Instant::now() + retry_for;
    let mut backoff = FIRST_BACKOFF;
    loop {
        let (after, reason) = match sender.send(request.body.clone()).await {
            Answer::Accepted {
                rejected_spans,
                message,
            } => {
                let rejected = rejected_spans.min(request.spans);
                tally.acknowledged.add(request.spans - rejected);
                if rejected > 0 {
                    reject(tally, request, rejected, &message);
                }
                return Ok(());
            }
            Answer::Refused { reason } => {
                reject(tally, request, request.spans, &reason);
                return Ok(());
            }
            Answer::Retry { after, reason } => (after, reason),
        };
        let pause = after.unwrap_or(backoff);
        if Instant::now() + pause > give_up {
            return Err(reason);
        }
        if pause >= TOLD_PAUSE {
            let seconds = pause.as_secs();
            complain(&format!("waiting {seconds}s: {}", plain(&reason)));
        }
        tally.retries.add(1);
        backoff = (backoff * 2).min(MAX_BACKOFF);
        tokio::time::sleep(pause).await;
    }
}

fn reject(tally: &Tally, request: &Request, spans: u64, reason: &str) {
    tally.rejected.add(spans);
    let reason = format!(
        "the server rejected {spans} of {} spans from here on: {reason}",
        request.spans
    );
    tally.problem(&request.file, Some(request.place), &reason, Some(spans));
}
