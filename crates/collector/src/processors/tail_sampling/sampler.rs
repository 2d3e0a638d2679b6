//! The steps of the one thread: look at what came, decide what is due, write that
//! down, hand on what was sampled, and give the disk back.
//!
//! ```text
//! batch durable → looked at → decided → decision durable → handed on → acknowledged
//!                                                         → that durable → released
//! ```
//!
//! Each arrow is crossed only when what is left of it is done: **what was decided is
//! on the disk before anything follows from it**, so a process that ends anywhere
//! changes no decision and loses no span; at most a group is handed on twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tracewell_model::clock::Clock;
use tracewell_model::spool::{Spool, SpoolPlace, SpoolRecord};
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, StoreError};

use super::gathering::{ReadBatches, Wanted, gather};
use super::inbox::{Answer, Inbox};
use super::memories::Memories;
use super::note::{self, Note, NoteBody};
use super::outgoing::{Outgoing, Pause};
use super::replay::Replayed;
use super::state::{State, locked};
use crate::processors::ProcessorAccount;

/// Notes that may wait for the disk; with more, nothing is decided.
const MAX_NOTES: usize = 64;

/// Notes in one record.
const NOTES_AT_ONCE: usize = 16;

/// Groups that may be on their way to what stands behind.
const MAX_SENDING: usize = 4;

/// A second in which nothing came is noted too: else a process that is started
/// again and again would never decide what waits.
const NOTED_EVERY_NS: u64 = 1_000_000_000;

/// What stands around.
pub(super) struct Around {
    pub(super) spool: Arc<dyn Spool>,
    pub(super) next: Arc<dyn Consumer>,
    pub(super) account: Arc<ProcessorAccount>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) inbox: Arc<Inbox>,
    /// Between two looks at what is due.
    pub(super) tick_ns: u64,
}

/// See the module's text.
pub(super) struct Sampler {
    around: Around,
    /// Those who search look into it too.
    pub(super) state: Arc<Mutex<State>>,
    /// What the running time was when this life began, and the clock.
    began_ns: (u64, u64),
    notes: VecDeque<Note>,
    /// On their way to the disk. **No others follow them before they are there**: a
    /// restart must find them in the order in which they were made.
    writing: Vec<Note>,
    write_again: Pause,
    /// Groups whose decision is on the disk, to be handed on.
    ready: VecDeque<Outgoing>,
    sending: Vec<Outgoing>,
    pub(super) read: ReadBatches,
    next_tick_ns: u64,
    /// What the newest note says of when, and of how far.
    noted: (u64, SpoolPlace),
    pub(super) memories: Memories,
    /// Somebody was told that there is no room, and room was not made since.
    is_in_need: bool,
    last_note: SpoolPlace,
    /// Every batch before was looked at.
    seen: SpoolPlace,
    released: SpoolPlace,
}

impl Sampler {
    pub(super) fn new(around: Around, replayed: Replayed) -> Self {
        let Replayed {
            state,
            running_ns,
            memories,
        } = replayed;
        // They count as given to it again, so that what becomes of them adds up.
        around.account.restored(state.spans());
        around.account.decided(&state.judge.counts);
        let undelivered = state.groups.keys();
        Self {
            ready: undelivered.map(|group| Outgoing::new(*group)).collect(),
            began_ns: (running_ns, around.clock.steady_ns()),
            notes: VecDeque::new(),
            writing: Vec::new(),
            write_again: Pause::default(),
            sending: Vec::new(),
            read: ReadBatches::default(),
            next_tick_ns: 0,
            noted: (running_ns, state.through),
            memories,
            is_in_need: false,
            last_note: SpoolPlace::default(),
            seen: SpoolPlace::default(),
            released: SpoolPlace::default(),
            around,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// For how long the processor has run, all its lives together: spans cannot
    /// come while it does not, and no clock that is set changes it.
    fn running_ns(&self) -> u64 {
        let (running_ns, clock_ns) = self.began_ns;
        running_ns + self.around.clock.steady_ns().saturating_sub(clock_ns)
    }

    /// Does all that can be done now.
    pub(super) fn step(&mut self) {
        loop {
            let now_ns = self.running_ns();
            let came = self.take_in(now_ns);
            let decided = self.decide(now_ns);
            let wrote = self.write(now_ns);
            let sent = self.send(now_ns);
            if !(came || decided || wrote || sent) {
                break;
            }
        }
        let is_behind = locked(&self.state).is_behind();
        self.around.inbox.set_behind(is_behind);
        self.release();
    }

    fn take_in(&mut self, now_ns: u64) -> bool {
        let news = self.around.inbox.take();
        let came = !news.batches.is_empty() || !news.answers.is_empty();
        for answer in news.answers {
            match answer {
                Answer::Notes(result) => self.written(result, now_ns),
                Answer::Group(group, part, result) => self.answered(group, part, result, now_ns),
            }
        }
        self.is_in_need |= news.is_in_need;
        for stored in news.batches {
            let dropped = locked(&self.state).look_at(stored.place, &stored.batch, now_ns);
            self.around.account.dropped("sampled_out", dropped);
            self.around.inbox.seen(&stored);
        }
        self.around.inbox.looked_at(news.through);
        self.seen = self.seen.max(locked(&self.state).through.after());
        if news.is_quiet {
            self.seen = self.seen.max(self.last_note);
        }
        came
    }

    /// Decides what is due, and notes from time to time how late it is.
    fn decide(&mut self, now_ns: u64) -> bool {
        let mut state = locked(&self.state);
        if now_ns < self.next_tick_ns && !state.is_overfull() {
            return false;
        }
        let room = MAX_NOTES.saturating_sub(self.notes.len());
        if room == 0 {
            return false;
        }
        let before = state.decided_early;
        let decisions = state.decide(now_ns, room);
        let early = (before, state.decided_early);
        let decided = decisions.len();
        if decided > 0 {
            self.around.account.decided(&state.judge.counts);
        }
        drop(state);
        self.warn_of_early(early);
        self.notes.extend(decisions);
        if decided >= room {
            return true;
        }
        self.next_tick_ns = now_ns + self.around.tick_ns;
        self.remember(now_ns);
        let (noted_ns, noted_through) = self.noted;
        let state = locked(&self.state);
        let is_due = state.pending.len() > 0 && now_ns >= noted_ns + NOTED_EVERY_NS;
        if self.notes.is_empty() && (state.through != noted_through || is_due) {
            self.notes.push_back(state.note(NoteBody::Time, now_ns));
        }
        decided > 0
    }

    fn warn_of_early(&self, (before, early): (u64, u64)) {
        // The first, and then ever more seldom.
        if early > before && before.checked_ilog2() != early.checked_ilog2() {
            tracing::warn!(
                "processor {}: more traces wait than num_traces; {early} were decided before their time so far",
                self.around.account.name()
            );
        }
    }

    /// Writes all that is remembered down anew, so that what is older can go.
    fn remember(&mut self, now_ns: u64) {
        let (state, spool) = (locked(&self.state), &*self.around.spool);
        let bodies = self.memories.due(&state.remembered, spool, self.is_in_need);
        if !bodies.is_empty() {
            self.is_in_need = false;
        }
        for body in bodies {
            let note = state.note(body, now_ns);
            self.notes.push_back(note);
        }
    }

    fn write(&mut self, now_ns: u64) -> bool {
        if now_ns < self.write_again.until_ns {
            return false;
        }
        let is_again = self.write_again.failures > 0 && !self.writing.is_empty();
        if !is_again {
            if !self.writing.is_empty() || self.notes.is_empty() {
                return false;
            }
            let count = self.notes.len().min(NOTES_AT_ONCE);
            self.writing.extend(self.notes.drain(..count));
            if let Some(last) = self.writing.last() {
                self.noted = (last.running_ns, last.through);
            }
        }
        // Until the answer says otherwise it has not failed.
        self.write_again.until_ns = u64::MAX;
        let inbox = Arc::clone(&self.around.inbox);
        let record = SpoolRecord::Note(note::encode(&self.writing));
        let ack = Box::new(move |result| inbox.answer(Answer::Notes(result)));
        if let Err(not_taken) = self.around.spool.append(&record, ack) {
            not_taken.tell();
        }
        true
    }

    fn written(&mut self, result: Result<SpoolPlace, StoreError>, now_ns: u64) {
        let place = match result {
            Ok(place) => place,
            Err(error) => {
                if self.write_again.failures == 0 {
                    let name = self.around.account.name();
                    tracing::warn!("processor {name}: decisions wait for the disk: {error}");
                }
                return self.write_again.failed(now_ns);
            }
        };
        self.write_again = Pause::default();
        self.last_note = place;
        let mut state = locked(&self.state);
        for note in std::mem::take(&mut self.writing) {
            match note.body {
                NoteBody::Time => {}
                NoteBody::Decided { group, .. } => {
                    let dropped = state.let_go_not_sampled(group);
                    self.around.account.dropped("sampled_out", dropped);
                    if state.groups.contains_key(&group) {
                        self.ready.push_back(Outgoing::new(group));
                    }
                }
                NoteBody::Delivered { group } => state.let_go_delivered(group),
                NoteBody::Remembered {
                    is_first, is_last, ..
                } => {
                    self.memories.written(is_first, is_last, place);
                }
            }
        }
    }

    /// Hands groups on: one after another, and few at once, so that little of them is
    /// in memory while what stands behind is slow.
    fn send(&mut self, now_ns: u64) -> bool {
        let mut sent = false;
        for _ in 0..self.ready.len() {
            if self.sending.len() >= MAX_SENDING {
                break;
            }
            let Some(outgoing) = self.ready.pop_front() else {
                break;
            };
            if now_ns < outgoing.pause.until_ns {
                self.ready.push_back(outgoing);
                continue;
            }
            sent = true;
            self.send_group(outgoing, now_ns);
        }
        sent
    }

    fn send_group(&mut self, mut outgoing: Outgoing, now_ns: u64) {
        let number = outgoing.group;
        let wanted = {
            let state = locked(&self.state);
            let members = state.groups.get(&number);
            let members = members.map_or(&[][..], |group| &group.sampled);
            Wanted::parts(&state.held, members, self.read.joined_spans)
        };
        let batches = match gather(&*self.around.spool, &mut self.read, &wanted) {
            Ok(batches) => batches,
            Err(error) => {
                self.say_once(&outgoing.pause, &error);
                outgoing.pause.failed(now_ns);
                return self.ready.push_back(outgoing);
            }
        };
        let batches = outgoing.begin(batches);
        if batches.is_empty() {
            return self.delivered(&outgoing, now_ns);
        }
        self.sending.push(outgoing);
        for (part, batch) in batches {
            let inbox = Arc::clone(&self.around.inbox);
            let ack: Ack = Box::new(move |result| {
                inbox.answer(Answer::Group(number, part, result));
            });
            self.around.next.consume(batch, ack);
        }
    }

    fn say_once(&self, pause: &Pause, error: &StoreError) {
        if pause.failures == 0 {
            let name = self.around.account.name();
            tracing::warn!("processor {name}: sampled traces wait: {error}");
        }
    }

    /// What was said of a batch of a group.
    fn answered(&mut self, number: u64, part: usize, result: Result<(), StoreError>, now_ns: u64) {
        let Some(index) = self.sending.iter().position(|sent| sent.group == number) else {
            return;
        };
        let outgoing = &mut self.sending[index];
        outgoing.answered(part, &result);
        let (is_awaited, pause) = (outgoing.is_awaited(), outgoing.pause);
        match result {
            Ok(()) => {}
            Err(StoreError::Refused(why)) => {
                let name = self.around.account.name();
                tracing::error!("processor {name}: sampled spans are refused: {why}");
            }
            Err(error) => self.say_once(&pause, &error),
        }
        if is_awaited {
            return;
        }
        let mut outgoing = self.sending.swap_remove(index);
        if outgoing.is_open() {
            outgoing.pause.failed(now_ns);
            return self.ready.push_front(outgoing);
        }
        self.delivered(&outgoing, now_ns);
    }

    /// All of a group was taken or refused.
    fn delivered(&mut self, outgoing: &Outgoing, now_ns: u64) {
        let state = locked(&self.state);
        let group = state.groups.get(&outgoing.group);
        let spans = group.map_or(0, |group| group.sampled_spans);
        // What could not be read was taken by nobody.
        let passed = outgoing.taken_spans().min(spans);
        self.around.account.passed(passed);
        self.around.account.rejected(spans - passed);
        let group = outgoing.group;
        let body = NoteBody::Delivered { group };
        let note = state.note(body, now_ns);
        self.notes.push_back(note);
    }

    fn release(&mut self) {
        let needed = locked(&self.state).held.first_place();
        let needed = needed.unwrap_or(self.seen);
        let from = self.memories.replay_from(needed);
        if from > self.released {
            self.released = from;
            self.around.spool.release_before(from);
        }
    }

    /// Is anything on its way whose answer is worth waiting for at the end?
    pub(super) fn is_waiting(&self) -> bool {
        !self.sending.is_empty() || !self.writing.is_empty() || !self.notes.is_empty()
    }

    /// Begins nothing new, and writes down what became of what was begun.
    pub(super) fn wind_up(&mut self) {
        loop {
            let now_ns = self.running_ns();
            let came = self.take_in(now_ns);
            if !self.write(now_ns) && !came {
                break;
            }
        }
    }
}
