//! Series by their labels: so many, and as long as spans of theirs come.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::counted;
use super::{LABEL_OF_OVERFLOW, Reader};

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Table<V> {
    series: HashMap<Arc<str>, Series<V>>,
    limit: usize,
    /// One without a span for so long ends; `None`: never.
    lifetime_ns: Option<u64>,
    looked_at_ns: u64,
    overflow: Arc<str>,
    /// Is what it holds sent? Then a series ends no sooner than what was added to it
    /// last is on its way.
    is_sent: bool,
}

#[derive(Debug)]
struct Series<V> {
    value: V,
    began_ns: u64,
    seen_ns: u64,
    /// Was something added since it was read to be sent?
    is_unsent: bool,
}

impl<V: Clone> Table<V> {
    /// Of at most `limit` series, and the one for what is beyond.
    pub(crate) fn new(limit: usize, lifetime_ns: Option<u64>) -> Self {
        Self {
            series: HashMap::new(),
            limit,
            lifetime_ns,
            looked_at_ns: 0,
            overflow: format!("{LABEL_OF_OVERFLOW}=\"true\"").into(),
            is_sent: false,
        }
    }

    /// The series with these labels, or the one for all that find no place.
    pub(crate) fn at(&mut self, labels: &str, now_ns: u64, new: impl FnOnce() -> V) -> &mut V {
        let key = match self.series.get_key_value(labels) {
            Some((known, _)) => Arc::clone(known),
            None if self.has_room() => labels.into(),
            None => Arc::clone(&self.overflow),
        };
        let series = self.series.entry(key).or_insert_with(|| Series {
            value: new(),
            began_ns: now_ns,
            seen_ns: now_ns,
            is_unsent: true,
        });
        series.seen_ns = now_ns;
        series.is_unsent = true;
        &mut series.value
    }

    fn has_room(&self) -> bool {
        let beyond = usize::from(self.series.contains_key(&*self.overflow));
        self.series.len() - beyond < self.limit
    }

    /// Makes room now and then, so that series whose time is over do not keep others
    /// out while nobody scrapes.
    pub(crate) fn make_room(&mut self, now_ns: u64) {
        let since_ns = now_ns.saturating_sub(self.looked_at_ns);
        if self.lifetime_ns.is_some_and(|life| since_ns >= life / 8) {
            self.end_old(now_ns);
        }
    }

    fn end_old(&mut self, now_ns: u64) {
        if let Some(lifetime_ns) = self.lifetime_ns {
            self.looked_at_ns = now_ns;
            let is_sent = self.is_sent;
            self.series.retain(|_, series| {
                (is_sent && series.is_unsent) || now_ns.saturating_sub(series.seen_ns) < lifetime_ns
            });
        }
    }

    /// All of them as they are now, in the order of their labels. `epoch_ns` is when
    /// the time of this table began.
    pub(crate) fn snapshot(
        &mut self,
        reader: Reader,
        now_ns: u64,
        epoch_ns: u64,
    ) -> Vec<counted::Series<V>> {
        self.end_old(now_ns);
        let is_sent = reader == Reader::Sender;
        self.is_sent |= is_sent;
        let copied = self.series.iter_mut().map(|(labels, series)| {
            series.is_unsent &= !is_sent;
            counted::Series {
                labels: Arc::clone(labels),
                began_ns: epoch_ns.saturating_add(series.began_ns),
                value: series.value.clone(),
            }
        });
        let mut snapshot: Vec<_> = copied.collect();
        snapshot.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        snapshot
    }
}
