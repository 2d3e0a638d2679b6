//! How old a block is, and whether the clock can be trusted with deleting it.
//!
//! The clock of the machine may jump while the store runs or before it starts.
//! Here it is held against the steady clock and against the times at which
//! blocks were sealed. A jump is believed after an hour; until then age is
//! counted from the time that was known before. **Nothing here may make a block
//! older than the seals say, and no seal may keep one for ever** (ADR-008).
//! Blocks are listed in the order in which they were sealed: one is no older
//! than those before it, however far back the clock was at its seal.

use crate::manifest::BlockEntry;
use std::collections::HashMap;
use std::time::Duration;
use tracewell_model::clock::Clock;

const HOUR_NS: u64 = 3_600_000_000_000;

/// How long a jump has to last until it is believed.
const CONFIRMED_AFTER_NS: u64 = HOUR_NS;

/// Differences below this share of the age are no jump: retention is no more
/// exact than that (merged blocks).
const SHARE_OF_AGE: u64 = 8;

/// The least difference that counts as a jump of a running clock.
const LEAST_JUMP_NS: u64 = 60_000_000_000;

/// The least that counts as a gap between seals, which are half an hour apart
/// where little comes in.
const LEAST_GAP_NS: u64 = 2 * HOUR_NS;

/// One look at both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) wall_ns: u64,
    pub(super) steady_ns: u64,
}

impl Look {
    /// Both at one moment: a process that is stopped between one and the other
    /// would see a jump where there was none.
    pub(super) fn at(clock: &dyn Clock) -> Self {
        loop {
            let steady_ns = clock.steady_ns();
            let wall_ns = clock.now_ns();
            if clock.steady_ns() - steady_ns < LEAST_JUMP_NS {
                return Self { wall_ns, steady_ns };
            }
        }
    }
}

/// What time it is as far as deletion goes.
#[derive(Debug)]
pub(super) struct Age {
    age_ns: u64,
    /// When both clocks were last believed.
    anchor: Look,
    /// Since when the clock has been off, steady, and by how much.
    doubt: Option<(u64, i128)>,
    /// Blocks with a seal in the future, and when they were first seen, steady.
    ahead: HashMap<String, u64>,
}

impl Age {
    /// At a start: the clock is believed if the seals lead up to it, or if it
    /// had been believed for an hour before the last end.
    pub(super) fn new(age: Duration, blocks: &[BlockEntry], look: Look) -> Self {
        let age_ns = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let gap_ns = (age_ns / SHARE_OF_AGE).max(LEAST_GAP_NS);
        let mut seals: Vec<u64> = blocks.iter().map(|entry| entry.listed_ns).collect();
        seals.retain(|listed_ns| *listed_ns <= look.wall_ns);
        seals.sort_unstable();
        let mut run_from = look.wall_ns;
        let mut known_ns = look.wall_ns;
        while let Some(sealed_ns) = seals.pop() {
            if run_from - sealed_ns > gap_ns {
                known_ns = sealed_ns;
                break;
            }
            run_from = sealed_ns;
        }
        if look.wall_ns - run_from >= CONFIRMED_AFTER_NS {
            known_ns = look.wall_ns;
        }
        Self {
            age_ns,
            anchor: Look {
                wall_ns: known_ns,
                ..look
            },
            doubt: None,
            ahead: HashMap::new(),
        }
    }

    /// The time from which ages count.
    fn now_ns(&mut self, look: Look) -> u64 {
        let passed_ns = look.steady_ns.saturating_sub(self.anchor.steady_ns);
        let known_ns = self.anchor.wall_ns.saturating_add(passed_ns);
        let off_ns = i128::from(look.wall_ns) - i128::from(known_ns);
        let jump_ns = (self.age_ns / SHARE_OF_AGE).max(LEAST_JUMP_NS);
        if off_ns.unsigned_abs() <= u128::from(jump_ns) {
            self.doubt = None;
            return look.wall_ns;
        }
        let (since_ns, before_ns) = *self.doubt.get_or_insert((look.steady_ns, off_ns));
        // Another jump meanwhile: its hour begins anew.
        if off_ns.abs_diff(before_ns) > u128::from(jump_ns) {
            self.doubt = Some((look.steady_ns, off_ns));
        } else if look.steady_ns.saturating_sub(since_ns) >= CONFIRMED_AFTER_NS {
            self.doubt = None;
            self.anchor = look;
            return look.wall_ns;
        }
        known_ns.min(look.wall_ns)
    }

    /// Names of the blocks that are too old, in no particular order, and the
    /// reason why others, which the clock of the machine calls too old, wait.
    pub(super) fn judge(&mut self, blocks: &[BlockEntry], look: Look) -> Verdict {
        let now_ns = self.now_ns(look);
        self.ahead
            .retain(|name, _| blocks.iter().any(|entry| entry.name == *name));
        let mut verdict = Verdict::default();
        let mut waiting = 0;
        let mut later_ns = None::<u64>;
        let before_ns = sealed_before(blocks, look.wall_ns);
        for (entry, before_ns) in blocks.iter().zip(before_ns).rev() {
            let sealed_ns = self.sealed_ns(entry, now_ns).max(before_ns);
            let is_old = if sealed_ns <= look.wall_ns {
                later_ns = Some(later_ns.map_or(sealed_ns, |later| later.min(sealed_ns)));
                let is_old_by = |now: u64| sealed_ns < now.saturating_sub(self.age_ns);
                waiting += usize::from(!is_old_by(now_ns) && is_old_by(look.wall_ns));
                is_old_by(now_ns)
            } else {
                self.is_old_ahead(entry, later_ns, now_ns, look)
            };
            if is_old {
                verdict.old.push(entry.name.clone());
            }
        }
        if let Some((since_ns, off_ns)) = self.doubt
            && waiting > 0
        {
            let left_ns = CONFIRMED_AFTER_NS.saturating_sub(look.steady_ns - since_ns);
            verdict.waits = Some(format!(
                "the clock is {} hours {} what the last seals say; {waiting} blocks that \
                 would be too old by it are kept until it has stayed so for an hour, {} minutes \
                 more; set the clock right before, or do nothing if it is right",
                off_ns.unsigned_abs() / u128::from(HOUR_NS),
                if off_ns > 0 { "ahead of" } else { "behind" },
                left_ns.div_ceil(60_000_000_000),
            ));
        }
        verdict
    }

    /// When a block was sealed; by its newest span, where the clock was so far
    /// behind at the seal that the block would have been too old at once.
    fn sealed_ns(&self, entry: &BlockEntry, now_ns: u64) -> u64 {
        let behind = entry.listed_ns.saturating_add(self.age_ns) < entry.max_start_ns;
        if behind && entry.max_start_ns <= now_ns {
            entry.max_start_ns
        } else {
            entry.listed_ns
        }
    }

    /// A block that was sealed under a clock ahead of today's is no younger
    /// than one that came after it, nor than the time since it was first seen.
    fn is_old_ahead(
        &mut self,
        entry: &BlockEntry,
        later_ns: Option<u64>,
        now_ns: u64,
        look: Look,
    ) -> bool {
        let seen_ns = *self
            .ahead
            .entry(entry.name.clone())
            .or_insert(look.steady_ns);
        later_ns.is_some_and(|later| later < now_ns.saturating_sub(self.age_ns))
            || look.steady_ns.saturating_sub(seen_ns) > self.age_ns
    }
}

/// For each block the last seal before it that is not in the future.
fn sealed_before(blocks: &[BlockEntry], wall_ns: u64) -> Vec<u64> {
    let mut last_ns = 0;
    let past = |entry: &BlockEntry| Some(entry.listed_ns).filter(|at| *at <= wall_ns);
    let before = blocks.iter().map(|entry| {
        let before_ns = last_ns;
        last_ns = last_ns.max(past(entry).unwrap_or(0));
        before_ns
    });
    before.collect()
}

/// What age says of the blocks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) old: Vec<String>,
    pub(super) waits: Option<String>,
}

#[cfg(test)]
mod tests;
