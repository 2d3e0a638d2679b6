//! Sends what waits at a desk to its peer: in messages of which none is too large, again
//! after a pause where it fails, and then with the newest values.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::desk::{Desk, Point};
use crate::exporters::{Answer, Peer, RetryConfig, chance, has_ended_within};

/// A peer that asks for more is asked again after it.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Values as messages of a protocol.
pub(super) type Write = dyn Fn(Vec<Point>) -> Vec<Message> + Send + Sync;

/// A message, and what is in it.
pub(super) struct Message {
    pub(super) body: Vec<u8>,
    pub(super) points: Vec<Point>,
}

/// See the module's text.
pub(super) struct Sender {
    pub(super) name: String,
    pub(super) desk: Arc<Desk>,
    pub(super) peer: Arc<Peer>,
    pub(super) write: Arc<Write>,
    pub(super) retry: RetryConfig,
}

/// Nothing goes at present: when the peer wants to be asked again.
pub(super) struct Failed {
    after: Duration,
}

impl Sender {
    /// Sends until it is told to stop, and answers itself, for what is to be sent then.
    pub(super) async fn run(self, mut stopping: watch::Receiver<bool>) -> Self {
        let mut failures = 0;
        loop {
            tokio::select! {
                () = self.desk.news.notified() => {}
                _either_way = stopping.wait_for(|stopping| *stopping) => return self,
            }
            loop {
                let Err(Failed { after }) = self.push().await else {
                    failures = 0;
                    break;
                };
                failures += 1;
                if !self.retry.is_enabled {
                    // The next round tries anew.
                    break;
                }
                let pause = self.retry.pause(failures, chance()).max(after);
                if has_ended_within(pause, stopping.clone()).await {
                    return self;
                }
            }
        }
    }

    /// Sends everything that waits.
    pub(super) async fn push(&self) -> Result<(), Failed> {
        let points = self.desk.take();
        if points.is_empty() {
            return Ok(());
        }
        let pushed = self.push_all(points).await;
        self.desk.end_taking();
        pushed
    }

    async fn push_all(&self, points: Vec<Point>) -> Result<(), Failed> {
        let (write, peer, all) = (
            Arc::clone(&self.write),
            Arc::clone(&self.peer),
            points.len(),
        );
        // It takes milliseconds, in which others must be answered.
        let messages = tokio::task::spawn_blocking(move || {
            let messages = write(points).into_iter();
            let packed = messages.map(|message| (peer.pack(message.body), message.points));
            packed.collect::<Vec<(Bytes, Vec<Point>)>>()
        });
        let Ok(messages) = messages.await else {
            self.desk.refused("lost", all as u64);
            return Ok(());
        };
        let mut messages = messages.into_iter();
        while let Some((body, points)) = messages.next() {
            match self.peer.send(body).await {
                Answer::Taken { left_out } => {
                    if self.desk.recovered() {
                        tracing::info!("{}: the peer takes metrics again", self.name);
                    }
                    if let Some((points, why)) = &left_out {
                        tracing::warn!("{}: the peer left out {points} values: {why}", self.name);
                    }
                    self.desk
                        .sent(points, left_out.map_or(0, |(points, _)| points));
                }
                // Others may be good.
                Answer::Refused(why) => {
                    if self.desk.failed(&why, false) {
                        tracing::warn!("{}: the peer refuses metrics: {why}", self.name);
                    }
                    self.desk.refused("refused_by_peer", points.len() as u64);
                }
                Answer::Again { after, why } => {
                    if self.desk.failed(&why, true) {
                        tracing::warn!(
                            "{}: the peer takes no metrics at present: {why}",
                            self.name
                        );
                    }
                    self.give_back(points, messages);
                    let after = after.unwrap_or_default().min(LONGEST_PAUSE);
                    return Err(Failed { after });
                }
                // Until somebody mends it.
                Answer::Denied(why) => {
                    if self.desk.failed(&why, true) {
                        tracing::error!("{}: the peer takes no metrics from us: {why}", self.name);
                    }
                    self.give_back(points, messages);
                    let after = Duration::ZERO;
                    return Err(Failed { after });
                }
            }
        }
        Ok(())
    }

    fn give_back(&self, points: Vec<Point>, rest: impl Iterator<Item = (Bytes, Vec<Point>)>) {
        self.desk.give_back(points);
        rest.for_each(|(_, points)| self.desk.give_back(points));
    }
}
