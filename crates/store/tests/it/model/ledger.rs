//! What was appended, what became of it, and what therefore may and must be
//! found.
//!
//! An append is one entry of the log: its spans are there together or not at
//! all. What was acknowledged is there. What was refused is not, except after
//! a failed write or sync, when nobody can know until the next start.

use super::reading::Reading;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use tracewell_model::{SpanId, StoreError, TraceId};
use tracewell_testkit::TestSpan;

/// Whether a refusal says that a write or a sync of the log itself failed: what
/// the disk holds is known at the next start only.
fn is_unknown(refusal: &str) -> bool {
    refusal.contains("stopped for good after a failure")
        || refusal.contains("disk is full") && refusal.contains(".seg:")
}

/// What is known of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not told yet.
    Waiting,
    /// It must be there.
    Stored,
    /// Nobody can know.
    Unknown,
    /// It must not be there.
    Absent,
}

#[derive(Debug)]
struct Append {
    batch: usize,
    /// Its distinct spans, with how often it holds each.
    spans: BTreeMap<usize, u64>,
    fate: Fate,
    at_ns: u64,
}

/// All appends of a life.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Distinct spans, by content.
    spans: Vec<TestSpan>,
    by_key: HashMap<(TraceId, SpanId), Vec<usize>>,
    appends: Vec<Append>,
}

/// What a reading has to agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Appends before this time may have been removed by retention, ns.
    pub(super) removable_before_ns: u64,
    /// The reading is the first after an opening.
    pub(super) is_opening: bool,
}

impl Ledger {
    /// Notes an append that begins, and answers its number.
    pub(super) fn begin(&mut self, batch: usize, spans: &[TestSpan], at_ns: u64) -> usize {
        let mut numbers = BTreeMap::new();
        for span in spans {
            *numbers.entry(self.intern(span)).or_default() += 1;
        }
        self.appends.push(Append {
            batch,
            spans: numbers,
            fate: Fate::Waiting,
            at_ns,
        });
        self.appends.len() - 1
    }

    /// Notes what the store said.
    pub(super) fn end(&mut self, append: usize, told: &Result<(), StoreError>) {
        self.appends[append].fate = match told {
            Ok(()) => Fate::Stored,
            Err(error) if is_unknown(&error.to_string()) => Fate::Unknown,
            Err(_) => Fate::Absent,
        };
    }

    pub(super) fn trace_ids(&self) -> Vec<TraceId> {
        let mut ids: Vec<_> = self.by_key.keys().map(|(trace, _)| *trace).collect();
        ids.sort_unstable_by_key(|id| id.0);
        ids.dedup();
        ids
    }

    pub(super) fn stored_batches(&self) -> u64 {
        let stored = |append: &&Append| append.fate == Fate::Stored;
        self.appends.iter().filter(stored).count() as u64
    }

    fn intern(&mut self, span: &TestSpan) -> usize {
        if let Some(number) = self.find(span) {
            return number;
        }
        self.spans.push(span.clone());
        let number = self.spans.len() - 1;
        let key = (span.trace_id, span.span_id);
        self.by_key.entry(key).or_default().push(number);
        number
    }

    fn find(&self, span: &TestSpan) -> Option<usize> {
        let known = self.by_key.get(&(span.trace_id, span.span_id))?;
        known
            .iter()
            .copied()
            .find(|number| self.spans[*number] == *span)
    }

    /// Fails if a reading breaks a promise; learns from it what became of
    /// appends of unknown outcome.
    pub(super) fn check(&mut self, reading: &Reading, allowance: Allowance) {
        let shown = self.check_traces(reading, allowance);
        self.check_scan(reading, &shown);
        assert_eq!(
            (reading.counted_spans, reading.operations_spans),
            (reading.scanned.len() as u64, reading.scanned.len() as u64),
            "status and operations count as many spans as a scan shows"
        );
        self.check_whole(&shown, allowance);
    }

    /// Each span at most once, none that was not appended, all that must be.
    fn check_traces(&self, reading: &Reading, allowance: Allowance) -> Vec<bool> {
        let mut shown = vec![false; self.spans.len()];
        for span in &reading.traces {
            let Some(number) = self.find(span) else {
                panic!("a span is there that was never appended: {span:?}");
            };
            assert!(!shown[number], "span {number} is shown twice in its trace");
            shown[number] = true;
        }
        let mut may = vec![false; self.spans.len()];
        for (number, append) in self.appends.iter().enumerate() {
            let must = append.fate == Fate::Stored && append.at_ns >= allowance.removable_before_ns;
            for span in append.spans.keys() {
                may[*span] |= append.fate != Fate::Absent;
                assert!(
                    !must || shown[*span],
                    "span {span} of the acknowledged append {number} is lost"
                );
            }
        }
        for (span, shown) in shown.iter().enumerate() {
            assert!(
                !shown || may[span],
                "span {span} is there though all its appends were refused or gone"
            );
        }
        shown
    }

    /// A scan shows the same spans, each no oftener than it can be stored.
    fn check_scan(&self, reading: &Reading, shown: &[bool]) {
        let mut scanned: HashMap<_, u64> = HashMap::new();
        for key in &reading.scanned {
            *scanned.entry(*key).or_default() += 1;
        }
        for (key, numbers) in &self.by_key {
            let times = scanned.remove(key).unwrap_or(0);
            let least = numbers.iter().filter(|number| shown[**number]).count() as u64;
            let counts = self.appends.iter().filter(|a| a.fate != Fate::Absent);
            let most: u64 = counts
                .flat_map(|append| numbers.iter().filter_map(|n| append.spans.get(n)))
                .sum();
            assert!(
                (least..=most).contains(&times),
                "spans {numbers:?}: a scan shows them {times} times, not {least} to {most}"
            );
            assert!(
                least > 0 || times == 0,
                "spans {numbers:?}: a scan shows what no trace has"
            );
        }
        assert!(scanned.is_empty(), "never appended: {:?}", scanned.keys());
    }

    /// Spans that only one append brought are there together or not at all.
    fn check_whole(&mut self, shown: &[bool], allowance: Allowance) {
        let mut owners = vec![0; self.spans.len()];
        for append in self.appends.iter().filter(|a| a.fate != Fate::Absent) {
            append.spans.keys().for_each(|span| owners[*span] += 1);
        }
        let appends = self.appends.iter_mut().enumerate();
        for (number, append) in appends.filter(|(_, append)| append.fate != Fate::Absent) {
            let own = append.spans.keys().filter(|span| owners[**span] == 1);
            let own: Vec<bool> = own.map(|span| shown[*span]).collect();
            let Some(first) = own.first().copied() else {
                continue;
            };
            assert!(
                own.iter().all(|shown| *shown == first),
                "only part of append {number} is there"
            );
            match (append.fate, first) {
                // Removed, and never to come back.
                (Fate::Stored, false) => append.fate = Fate::Absent,
                (Fate::Unknown, false) if allowance.is_opening => append.fate = Fate::Absent,
                // What a start has found stays.
                (Fate::Unknown, true) if allowance.is_opening => append.fate = Fate::Stored,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, append) in self.appends.iter().enumerate() {
            let spans: Vec<_> = append.spans.keys().collect();
            let Append { batch, fate, .. } = append;
            writeln!(
                f,
                "append {number}: batch {batch}, {fate:?}, spans {spans:?}"
            )?;
        }
        Ok(())
    }
}
