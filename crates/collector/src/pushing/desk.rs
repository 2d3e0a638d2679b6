//! What a peer has yet to get, and what became of what it got.
//!
//! Of each series it keeps the newest value alone, so a peer that is away for long
//! costs no more memory than one that is not. Sums from the start lose nothing by it.
//! Of series that are sent as what was added since, it keeps besides what the peer has
//! already: **what was not delivered is in the next message.**
//!
//! collected = sent + superseded + rejected + in flight, at any moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::{HashMap, HashMapExt};
use tokio::sync::Notify;

use super::account::{PushSnapshot, Tally};
use super::value::Value;
use crate::series::{Counted, Head, LABEL_OF_OVERFLOW, Series, Values};

/// When the series began that counts what others ended with.
const TOGETHER: u64 = 0;

/// Series that have ended and whose last value no peer has yet.
const ENDED_MAX: usize = 10_000;

/// Which series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) source: usize,
    /// In the order of the source's head.
    pub(super) metric: usize,
    pub(super) labels: Arc<str>,
    /// One that ended and came again is another one.
    pub(super) began_ns: u64,
}

/// A value on its way.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) key: Key,
    pub(super) head: Arc<Head>,
    /// When it was read.
    pub(super) time_ns: u64,
    /// The sum from the start.
    pub(super) total: Value,
    /// What the peer has of it and since when, where it is sent as what was added.
    pub(super) since: Option<(u64, Value)>,
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Something was put here.
    pub(super) news: Notify,
}

#[derive(Debug)]
struct State {
    sources: Vec<Source>,
    waiting: HashMap<Key, Waiting>,
    is_taken: bool,
    tally: Tally,
}

#[derive(Debug)]
struct Source {
    head: Option<Arc<Head>>,
    /// Is it sent as what was added?
    is_delta: bool,
    /// What the peer has.
    sent: HashMap<Key, Sent>,
    /// How often it was read.
    round: u64,
}

#[derive(Debug)]
struct Sent {
    time_ns: u64,
    value: Value,
    /// When the series was there last.
    round: u64,
}

#[derive(Debug)]
struct Waiting {
    time_ns: u64,
    value: Value,
    round: u64,
}

impl Desk {
    /// For sources of which each is sent as sums, or as what was added.
    pub(super) fn new(are_delta: &[bool], tally: Tally) -> Arc<Self> {
        let source = |is_delta: &bool| Source {
            head: None,
            is_delta: *is_delta,
            sent: HashMap::new(),
            round: 0,
        };
        Arc::new(Self {
            state: Mutex::new(State {
                sources: are_delta.iter().map(source).collect(),
                waiting: HashMap::new(),
                is_taken: false,
                tally,
            }),
            news: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a source has counted until now.
    pub(super) fn put(&self, source: usize, counted: &Counted) {
        let mut state = self.state();
        state.sources[source].round += 1;
        state.sources[source].head = Some(Arc::clone(&counted.head));
        for (metric, values) in counted.series.iter().enumerate() {
            let place = (source, metric, counted.time_ns);
            match values {
                Values::Counters(series) => {
                    state.put_all(place, series, |of| Value::Counter(of.clone()));
                }
                Values::Histograms(series) => {
                    state.put_all(place, series, |of| Value::Histogram(of.clone()));
                }
            }
        }
        state.end_old(source);
        drop(state);
        self.news.notify_one();
    }

    /// Everything that waits, in order. Whoever takes it says what became of it.
    pub(super) fn take(&self) -> Vec<Point> {
        let mut state = self.state();
        let State {
            sources,
            waiting,
            is_taken,
            ..
        } = &mut *state;
        let point = |(key, waiting): (Key, Waiting)| {
            let source = &sources[key.source];
            let since = source.is_delta.then(|| match source.sent.get(&key) {
                Some(sent) => (sent.time_ns, sent.value.clone()),
                None => (key.began_ns, waiting.value.nothing()),
            });
            Some(Point {
                head: Arc::clone(source.head.as_ref()?),
                time_ns: waiting.time_ns,
                total: waiting.value,
                since,
                key,
            })
        };
        let mut points: Vec<Point> = waiting.drain().filter_map(point).collect();
        *is_taken = !points.is_empty();
        points.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        points
    }

    /// The peer has these, but for some that it left out.
    pub(super) fn sent(&self, points: Vec<Point>, left_out: u64) {
        let mut state = self.state();
        let left_out = left_out.min(points.len() as u64);
        state.tally.sent += points.len() as u64 - left_out;
        state.tally.reject("left_out_by_peer", left_out);
        for point in points.into_iter().filter(|point| point.since.is_some()) {
            let Source { sent, round, .. } = &mut state.sources[point.key.source];
            let now_there = Sent {
                time_ns: point.time_ns,
                value: point.total,
                round: *round,
            };
            sent.insert(point.key, now_there);
        }
    }

    /// The peer will not have these. What was added is added to what comes next.
    pub(super) fn refused(&self, reason: &'static str, points: u64) {
        self.state().tally.reject(reason, points);
    }

    /// These are to be sent again, unless there are newer values.
    pub(super) fn give_back(&self, points: Vec<Point>) {
        let mut state = self.state();
        for point in points {
            if state.waiting.contains_key(&point.key) {
                state.tally.superseded += 1;
                continue;
            }
            // Whether it has ended shows at the next round.
            let round = state.sources[point.key.source].round;
            let waiting = Waiting {
                time_ns: point.time_ns,
                value: point.total,
                round,
            };
            state.waiting.insert(point.key, waiting);
        }
    }

    /// Whatever was taken has been accounted for.
    pub(super) fn end_taking(&self) {
        self.state().is_taken = false;
    }

    /// A message failed and is sent again. Answers whether it is the first of its kind.
    pub(super) fn failed(&self, why: &str, is_tried_again: bool) -> bool {
        let mut state = self.state();
        state.tally.retries += u64::from(is_tried_again);
        let is_new = state.tally.last_error.as_deref() != Some(why);
        state.tally.last_error = Some(why.to_owned());
        is_new
    }

    /// The peer took something. Answers whether it had failed before.
    pub(super) fn recovered(&self) -> bool {
        self.state().tally.last_error.take().is_some()
    }

    pub(super) fn snapshot(&self) -> PushSnapshot {
        self.state().tally.snapshot()
    }
}

impl State {
    fn put_all<V>(
        &mut self,
        (source, metric, time_ns): (usize, usize, u64),
        series: &[Series<V>],
        value_of: impl Fn(&V) -> Value,
    ) {
        let Source {
            is_delta,
            sent,
            round,
            ..
        } = &mut self.sources[source];
        for of in series {
            let key = Key {
                source,
                metric,
                labels: Arc::clone(&of.labels),
                began_ns: of.began_ns,
            };
            let value = value_of(&of.value);
            if *is_delta && let Some(sent) = sent.get_mut(&key) {
                sent.round = *round;
                // Nothing was added.
                if sent.value.is_like(&value) {
                    continue;
                }
            }
            self.tally.collected += 1;
            let waiting = Waiting {
                time_ns,
                value,
                round: *round,
            };
            if self.waiting.insert(key, waiting).is_some() {
                self.tally.superseded += 1;
            }
        }
    }

    /// Keeps few of the series that have ended, and forgets what the peer has of those
    /// of which nothing waits.
    fn end_old(&mut self, source: usize) {
        let round = self.sources[source].round;
        let has_ended = |(key, waiting): &(&Key, &Waiting)| {
            key.source == source && waiting.round < round && key.began_ns != TOGETHER
        };
        let ended = self.waiting.iter().filter(has_ended);
        let mut ended: Vec<(u64, Key)> = ended
            .map(|(key, waiting)| (waiting.time_ns, key.clone()))
            .collect();
        if let Some(too_many) = ended.len().checked_sub(ENDED_MAX) {
            ended.sort_unstable();
            ended
                .drain(..too_many)
                .for_each(|(_, key)| self.let_go(key));
        }
        if !self.is_taken {
            let waiting = &self.waiting;
            let sent = &mut self.sources[source].sent;
            sent.retain(|key, sent| sent.round == round || waiting.contains_key(key));
        }
    }

    /// There is no room for the last value of a series: what was added goes into one
    /// series for all such. Of sums that are sent from the start there is none.
    fn let_go(&mut self, key: Key) {
        let Some(Waiting {
            time_ns,
            value,
            round,
        }) = self.waiting.remove(&key)
        else {
            return;
        };
        let Source { is_delta, sent, .. } = &self.sources[key.source];
        if !*is_delta {
            return self.tally.reject("no_room", 1);
        }
        let added = match sent.get(&key) {
            Some(sent) => value.since(&sent.value),
            None => value,
        };
        let together = Key {
            labels: format!("{LABEL_OF_OVERFLOW}=\"true\"").into(),
            began_ns: TOGETHER,
            ..key
        };
        match self.waiting.get_mut(&together) {
            Some(waiting) => {
                waiting.value.add(&added);
                waiting.time_ns = time_ns;
                self.tally.superseded += 1;
            }
            None => {
                let mut value = added;
                if let Some(sent) = sent.get(&together) {
                    value.add(&sent.value);
                }
                let waiting = Waiting {
                    time_ns,
                    value,
                    round,
                };
                self.waiting.insert(together, waiting);
            }
        }
    }
}
