//! Series by their labels: so many, and as long as spans of theirs come.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::LABEL_OF_OVERFLOW;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Table<V> {
    series: HashMap<Arc<str>, Series<V>>,
    limit: usize,
    /// One without a span for so long ends; `None`: never.
    lifetime_ns: Option<u64>,
    looked_at_ns: u64,
    overflow: Arc<str>,
}

#[derive(Debug)]
struct Series<V> {
    value: V,
    seen_ns: u64,
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
            seen_ns: now_ns,
        });
        series.seen_ns = now_ns;
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
            self.series
                .retain(|_, series| now_ns.saturating_sub(series.seen_ns) < lifetime_ns);
        }
    }

    /// All of them as they are now, in the order of their labels.
    pub(crate) fn snapshot(&mut self, now_ns: u64) -> Vec<(Arc<str>, V)> {
        self.end_old(now_ns);
        let series = self.series.iter();
        let copied = series.map(|(labels, series)| (Arc::clone(labels), series.value.clone()));
        let mut snapshot: Vec<_> = copied.collect();
        snapshot.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        snapshot
    }
}
