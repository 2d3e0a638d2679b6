//! What is known of all traces, and the steps that change it.
//!
//! A step is taken when it happens, and again at the next start, from what was
//! written down: **the same batches and notes in the same order lead to the same
//! state**, so nothing here asks for the time or for anything outside.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracewell_model::spool::SpoolPlace;
use tracewell_model::{SpanBatch, TraceId};

use super::config::TailSamplingConfig;
use super::held::{Batches, HeldBatches};
use super::judge::Judge;
use super::note::{Note, NoteBody};
use super::pending::{Pending, PendingTraces};
use super::remembered::Remembered;
use super::run::{Run, runs};
use tracewell_model::trace_state::threshold::{NEVER, Threshold};

/// Sampled spans at which a group is full: what goes on as one batch.
const GROUP_SPANS: u64 = 8_192;

/// Traces at which a group is full, sampled or not.
const GROUP_TRACES: usize = 4_096;

/// So many times `num_traces` may be decided and not delivered: each costs a
/// quarter of what one costs that waits.
const UNDELIVERED_TIMES: usize = 5;

/// Batches on the disk of which somebody needs a span: 48 bytes each.
const MAX_HELD: usize = 1 << 20;

/// See the module's text.
#[derive(Debug)]
pub(super) struct State {
    config: TailSamplingConfig,
    pub(super) judge: Judge,
    pub(super) pending: PendingTraces,
    /// Spans of traces that were decided before they came, to be sampled.
    pub(super) late: HashMap<TraceId, Late>,
    pub(super) remembered: Remembered,
    pub(super) held: HeldBatches,
    /// The last batch that was looked at.
    pub(super) through: SpoolPlace,
    /// Decided, and not done with.
    pub(super) groups: BTreeMap<u64, Group>,
    /// Traces in them that are sampled.
    pub(super) undelivered: usize,
    next_group: u64,
    too_large: Vec<TraceId>,
    /// Traces that were decided before their time because there were too many.
    pub(super) decided_early: u64,
}

#[derive(Debug)]
pub(super) struct Late {
    pub(super) batches: Batches,
    pub(super) spans: u64,
    decision: Threshold,
}

impl Late {
    fn member(self, trace: TraceId) -> Member {
        Member {
            trace,
            batches: self.batches,
            spans: self.spans,
            decision: self.decision,
        }
    }
}

/// Traces that were decided together, and go on together.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) sampled: Vec<Member>,
    pub(super) not_sampled: Vec<Member>,
    pub(super) sampled_spans: u64,
    /// The first and the last of the batches that they need.
    batches: Option<(u32, u32)>,
}

/// A decided trace, and where its spans lie.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) trace: TraceId,
    pub(super) batches: Batches,
    pub(super) spans: u64,
    /// [`NEVER`]: it is not sampled.
    pub(super) decision: Threshold,
}

impl Group {
    fn add(&mut self, member: Member) {
        let numbers = member.batches.numbers();
        if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
            let (before, after) = self.batches.unwrap_or((*first, *last));
            let first = if is_before(*first, before) {
                *first
            } else {
                before
            };
            let last = if is_before(after, *last) {
                *last
            } else {
                after
            };
            self.batches = Some((first, last));
        }
        if member.decision != NEVER {
            self.sampled_spans += member.spans;
            self.sampled.push(member);
        } else {
            self.not_sampled.push(member);
        }
    }

    /// All of them.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.sampled.iter().chain(&self.not_sampled)
    }

    /// May one of them need a batch?
    pub(super) fn may_need(&self, number: u32) -> bool {
        let batches = self.batches;
        batches.is_some_and(|(first, last)| !is_before(number, first) && !is_before(last, number))
    }

    fn traces(&self) -> usize {
        self.sampled.len() + self.not_sampled.len()
    }

    fn is_full(&self) -> bool {
        self.sampled_spans >= GROUP_SPANS || self.traces() >= GROUP_TRACES
    }

    pub(super) fn not_sampled_spans(&self) -> u64 {
        self.not_sampled.iter().map(|member| member.spans).sum()
    }
}

impl State {
    pub(super) fn new(config: TailSamplingConfig) -> Self {
        let ns = |wait: std::time::Duration| u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        Self {
            pending: PendingTraces::new(
                ns(config.decision_wait),
                config.decision_wait_after_root.map(ns),
            ),
            remembered: Remembered::new(config.sampled_cache_size, config.non_sampled_cache_size),
            judge: Judge::new(&config),
            config,
            late: HashMap::new(),
            held: HeldBatches::default(),
            through: SpoolPlace::default(),
            groups: BTreeMap::new(),
            undelivered: 0,
            next_group: 0,
            too_large: Vec::new(),
            decided_early: 0,
        }
    }

    /// Spans that are held: of traces that are not decided, and not done with.
    pub(super) fn spans(&self) -> u64 {
        let late = self.late.values().map(|late| late.spans);
        let groups = self.groups.values();
        let decided = groups.map(|group| group.sampled_spans + group.not_sampled_spans());
        self.pending.spans() + late.sum::<u64>() + decided.sum::<u64>()
    }

    /// Looks at a batch that is on the disk. Answers how many of its spans end here,
    /// because their traces were not sampled.
    pub(super) fn look_at(&mut self, place: SpoolPlace, batch: &SpanBatch, now_ns: u64) -> u64 {
        let number = self.held.add(place, batch);
        self.through = self.through.max(place);
        let mut dropped = 0;
        for run in runs(&self.config.conditions, batch) {
            dropped += self.add(&run, number, now_ns);
        }
        self.held.trim();
        dropped
    }

    /// Spans of a trace, wherever it is. Answers how many end here.
    fn add(&mut self, run: &Run, number: u32, now_ns: u64) -> u64 {
        if self.pending.get_mut(&run.trace).is_none() {
            match self.remembered.decision(&run.trace) {
                Some(NEVER) => return u64::from(run.spans),
                Some(decision) => {
                    let late = self.late.entry(run.trace).or_insert(Late {
                        batches: Batches::default(),
                        spans: 0,
                        decision,
                    });
                    late.spans += u64::from(run.spans);
                    if late.batches.add(number) {
                        self.held.hold(number);
                    }
                    return 0;
                }
                None => {
                    self.pending.begin(run.trace, now_ns);
                }
            }
        }
        if self.pending.add(run, number, now_ns) {
            self.held.hold(number);
        }
        let limit_bytes = self.config.maximum_trace_size_bytes;
        if limit_bytes > 0
            && self
                .pending
                .get_mut(&run.trace)
                .is_some_and(|trace| trace.bytes > limit_bytes)
        {
            self.too_large.push(run.trace);
        }
        0
    }

    /// Why no more spans are taken: what stands behind is so far behind.
    pub(super) fn is_behind(&self) -> Option<String> {
        let most = self.config.num_traces.saturating_mul(UNDELIVERED_TIMES);
        if self.undelivered >= most {
            return Some(format!(
                "{} sampled traces wait to be delivered, {UNDELIVERED_TIMES} times num_traces is the limit",
                self.undelivered
            ));
        }
        (self.held.len() >= MAX_HELD).then(|| {
            format!("{MAX_HELD} batches wait on the disk, which is the limit; send larger ones")
        })
    }

    /// Is there anything that need not wait for a tick?
    pub(super) fn is_overfull(&self) -> bool {
        self.pending.len() > self.config.num_traces
    }

    /// Decides what is due, in at most so many groups. Answers the notes that must be
    /// on the disk before anything follows from them.
    pub(super) fn decide(&mut self, now_ns: u64, most_groups: usize) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut group = Group::default();
        for (trace, late) in mem::take(&mut self.late) {
            group.add(late.member(trace));
            if group.is_full() {
                notes.push(self.close(mem::take(&mut group), now_ns));
            }
        }
        while notes.len() < most_groups {
            if let Some(trace) = self.too_large.pop() {
                if let Some(pending) = self.pending.remove(&trace) {
                    self.judge.too_large(&pending.facts(trace));
                    self.remembered.add(trace, NEVER);
                    group.add(member(trace, pending, NEVER));
                }
            } else if let Some((trace, pending)) = self.pending.take_due(now_ns) {
                self.judge(trace, pending, now_ns, &mut group);
            } else if self.is_overfull()
                && let Some((trace, pending)) = self.pending.take_oldest()
            {
                self.decided_early += 1;
                self.judge(trace, pending, now_ns, &mut group);
            } else {
                break;
            }
            if group.is_full() {
                notes.push(self.close(mem::take(&mut group), now_ns));
            }
        }
        if group.traces() > 0 {
            notes.push(self.close(group, now_ns));
        }
        notes
    }

    fn judge(&mut self, trace: TraceId, pending: Pending, now_ns: u64, group: &mut Group) {
        let facts = pending.facts(trace);
        let decision = self.judge.judge(&facts, now_ns);
        self.remembered.add(trace, decision);
        group.add(member(trace, pending, decision));
    }

    fn close(&mut self, group: Group, now_ns: u64) -> Note {
        let number = self.next_group;
        self.next_group += 1;
        let share = |member: &Member| (member.trace, member.decision);
        let body = NoteBody::Decided {
            group: number,
            sampled: group.sampled.iter().map(share).collect(),
            not_sampled: group.not_sampled.iter().map(|m| m.trace).collect(),
        };
        self.undelivered += group.sampled.len();
        self.groups.insert(number, group);
        self.note(body, now_ns)
    }

    pub(super) fn note(&self, body: NoteBody, now_ns: u64) -> Note {
        Note {
            running_ns: now_ns,
            through: self.through,
            body,
        }
    }

    /// The decision of a group is on the disk: what was not sampled is let go.
    /// Answers how many spans that is.
    pub(super) fn let_go_not_sampled(&mut self, number: u64) -> u64 {
        let Some(group) = self.groups.get_mut(&number) else {
            return 0;
        };
        let spans = group.not_sampled_spans();
        for member in mem::take(&mut group.not_sampled) {
            self.held.let_go(&member.batches);
        }
        if group.sampled.is_empty() {
            self.groups.remove(&number);
        }
        spans
    }

    /// It is on the disk that a group was delivered.
    pub(super) fn let_go_delivered(&mut self, number: u64) {
        let sampled = self.groups.remove(&number).unwrap_or_default().sampled;
        self.undelivered -= sampled.len();
        for member in sampled {
            self.held.let_go(&member.batches);
        }
    }

    /// Follows a note of an earlier life.
    pub(super) fn follow(&mut self, note: Note) {
        self.through = self.through.max(note.through);
        match note.body {
            NoteBody::Time => {}
            NoteBody::Delivered { group } => self.let_go_delivered(group),
            NoteBody::Remembered { traces, .. } => {
                for (trace, decision) in traces {
                    self.remembered.add(trace, decision);
                }
            }
            NoteBody::Decided {
                group: number,
                sampled,
                not_sampled,
            } => {
                self.next_group = self.next_group.max(number + 1);
                // A note whose writing failed may be there twice.
                let mut group = self.groups.remove(&number).unwrap_or_default();
                let known = group.sampled.len();
                let not_sampled = not_sampled.into_iter().map(|trace| (trace, NEVER));
                for (trace, decision) in sampled.into_iter().chain(not_sampled) {
                    self.remembered.add(trace, decision);
                    if let Some(member) = self.taken(trace, decision) {
                        group.add(member);
                    }
                }
                self.undelivered += group.sampled.len() - known;
                self.groups.insert(number, group);
                self.let_go_not_sampled(number);
            }
        }
    }

    /// A trace that was decided, if anything of it is still there.
    fn taken(&mut self, trace: TraceId, decision: Threshold) -> Option<Member> {
        if let Some(pending) = self.pending.remove(&trace) {
            return Some(member(trace, pending, decision));
        }
        let late = self.late.remove(&trace)?;
        Some(Late { decision, ..late }.member(trace))
    }
}

/// Is a batch older than another? Numbers go round, and are near each other.
fn is_before(number: u32, other: u32) -> bool {
    number != other && other.wrapping_sub(number) < u32::MAX / 2
}

/// What is known, for one step. **No disk and no network is waited for with it.**
pub(super) fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn member(trace: TraceId, pending: Pending, decision: Threshold) -> Member {
    Member {
        trace,
        decision,
        batches: pending.batches,
        spans: u64::from(pending.spans),
    }
}
