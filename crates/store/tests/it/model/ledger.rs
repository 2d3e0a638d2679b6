//! What was appended, what became of it, and what therefore may and must be
//! found.
//!
//! An append is one entry of the log: its spans are there together or not at
//! all. What was acknowledged is there. What was refused is not, except after
//! a failed write or sync, when nobody can know until the next start.
//!
//! Where a file was lost, what lay in it may be missing, if that is told. What
//! else is missing then is owed: the next repair brings it back.

use super::reading::Reading;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// It was refused and must not be there.
    Absent,
    /// It was there. Retention removed it, or it lay in a lost file.
    Gone,
    /// It is missing, or may have come back, since files were lost; a repair
    /// settles it. What was acknowledged is owed.
    Doubtful { is_owed: bool },
}

/// When a reading is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// While the store runs.
    Running,
    /// First after an opening.
    Opening,
    /// First after an opening that followed a loss.
    AfterLoss,
    /// First after an opening that followed a repair.
    AfterRepair,
}

#[derive(Debug)]
struct Append {
    batch: usize,
    /// Its distinct spans, with how often it holds each.
    spans: BTreeMap<usize, u64>,
    fate: Fate,
    /// When, by the steady clock.
    at_ns: u64,
}

/// All appends of a life.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Distinct spans, by content.
    spans: Vec<TestSpan>,
    by_key: HashMap<(TraceId, SpanId), Vec<usize>>,
    appends: Vec<Append>,
    /// Spans that lay in lost files, since the last repair.
    lost: BTreeSet<usize>,
    /// Files were lost or came back: a copy of a span may be in more than one.
    is_disturbed: bool,
    refusal: String,
}

/// What a reading has to agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// Appends before this time of the steady clock may have been removed by
    /// retention, ns.
    pub(super) removable_before_ns: u64,
    pub(super) moment: Moment,
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

    /// What was last refused, and why.
    pub(super) fn refusal(&self) -> &str {
        &self.refusal
    }

    /// Notes what the store said.
    pub(super) fn end(&mut self, append: usize, told: &Result<(), StoreError>) {
        if let Err(error) = told {
            self.refusal = error.to_string();
        }
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

    /// The numbers of spans that a reading shows, as far as they are known.
    pub(super) fn numbers(&self, reading: &Reading) -> BTreeSet<usize> {
        let known = reading.traces.iter().filter_map(|span| self.find(span));
        known.collect()
    }

    /// Notes that these spans lay in files that are lost. With a list that is
    /// lost or old, what was removed may come back.
    pub(super) fn lose(&mut self, spans: BTreeSet<usize>, may_return: bool) {
        self.is_disturbed = true;
        // What is shown of an append may be an older copy now, which goes with
        // retention when that one does.
        let mut oldest_ns: BTreeMap<usize, u64> = BTreeMap::new();
        for append in &self.appends {
            for span in append.spans.keys().filter(|span| spans.contains(span)) {
                let at_ns = oldest_ns.entry(*span).or_insert(append.at_ns);
                *at_ns = append.at_ns.min(*at_ns);
            }
        }
        for append in &mut self.appends {
            let copies = append.spans.keys().filter_map(|span| oldest_ns.get(span));
            append.at_ns = copies.copied().min().unwrap_or(append.at_ns);
        }
        self.lost.extend(spans);
        for append in &mut self.appends {
            if may_return && append.fate == Fate::Gone {
                append.fate = Fate::Doubtful { is_owed: false };
            }
        }
    }

    /// Nothing is left that could know of what is missing now.
    pub(super) fn begin_again(&mut self) {
        for append in &mut self.appends {
            if matches!(append.fate, Fate::Doubtful { .. }) {
                append.fate = Fate::Doubtful { is_owed: false };
            }
        }
    }

    /// Fails if a reading breaks a promise; learns from it what became of
    /// appends of unknown outcome. Answers whether something acknowledged is
    /// newly missing for the sake of a loss, which must have been told.
    pub(super) fn check(&mut self, reading: &Reading, allowance: Allowance) -> bool {
        let shown = self.check_traces(reading, allowance);
        if reading.lacks.is_none() {
            self.check_scan(reading, &shown);
            assert_eq!(
                (reading.counted_spans, reading.operations_spans),
                (reading.scanned.len() as u64, reading.scanned.len() as u64),
                "status and operations count as many spans as a scan shows"
            );
        }
        let is_missing = self.check_whole(&shown, allowance);
        if allowance.moment == Moment::AfterRepair {
            self.lost.clear();
        }
        is_missing
    }

    /// Whether an append has to be shown.
    fn must(&self, append: &Append, allowance: Allowance) -> bool {
        let is_removable = append.at_ns < allowance.removable_before_ns;
        let is_lost = || append.spans.keys().any(|span| self.lost.contains(span));
        let must = match (append.fate, allowance.moment) {
            (Fate::Stored, Moment::AfterLoss) => false,
            (Fate::Stored | Fate::Doubtful { is_owed: true }, Moment::AfterRepair) => !is_lost(),
            (fate, _) => fate == Fate::Stored,
        };
        must && !is_removable
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
            let must = self.must(append, allowance);
            for span in append.spans.keys() {
                may[*span] |= !matches!(append.fate, Fate::Absent | Fate::Gone);
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
            let may_be = |append: &&Append| !matches!(append.fate, Fate::Absent | Fate::Gone);
            let counts = self.appends.iter().filter(may_be);
            let most: u64 = counts
                .flat_map(|append| numbers.iter().filter_map(|n| append.spans.get(n)))
                .sum();
            assert!(
                least <= times && (times <= most || self.is_disturbed),
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
    /// Answers whether an acknowledged one is missing for the sake of a loss.
    fn check_whole(&mut self, shown: &[bool], allowance: Allowance) -> bool {
        let moment = allowance.moment;
        let was_there = |fate| !matches!(fate, Fate::Absent | Fate::Gone);
        let mut owners = vec![0; self.spans.len()];
        for append in self.appends.iter().filter(|a| was_there(a.fate)) {
            append.spans.keys().for_each(|span| owners[*span] += 1);
        }
        let mut is_missing = false;
        let appends = self.appends.iter_mut().enumerate();
        for (number, append) in appends.filter(|(_, append)| was_there(append.fate)) {
            let own = append.spans.keys().filter(|span| owners[**span] == 1);
            let own: Vec<bool> = own.map(|span| shown[*span]).collect();
            let all = || append.spans.keys().all(|span| shown[*span]);
            let is_shown = own.first().copied().unwrap_or_else(all);
            assert!(
                own.iter().all(|shown| *shown == own[0]),
                "only part of append {number} is there"
            );
            let is_certain = !own.is_empty();
            append.fate = match (append.fate, is_shown, moment) {
                (Fate::Stored, false, Moment::AfterLoss) => {
                    is_missing |= append.at_ns >= allowance.removable_before_ns;
                    Fate::Doubtful { is_owed: true }
                }
                (Fate::Unknown, false, Moment::AfterLoss) => Fate::Doubtful { is_owed: false },
                (Fate::Doubtful { .. }, true, Moment::AfterRepair) => Fate::Stored,
                (Fate::Stored | Fate::Doubtful { .. }, false, Moment::AfterRepair) => {
                    is_missing |= append.fate == Fate::Stored
                        && append.at_ns >= allowance.removable_before_ns;
                    Fate::Gone
                }
                // Removed, and never to come back.
                (Fate::Stored, false, _) if is_certain => Fate::Gone,
                (Fate::Unknown, _, Moment::Running) => Fate::Unknown,
                (Fate::Unknown, false, _) if is_certain => Fate::Absent,
                // What a start has found stays.
                (Fate::Unknown, true, _) if is_certain => Fate::Stored,
                (fate, ..) => fate,
            };
        }
        is_missing
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
