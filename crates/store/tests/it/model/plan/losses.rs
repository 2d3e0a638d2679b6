//! What people and other programs do to a data directory between two lives of
//! its store.

use super::super::plan::Step;
use super::Planner;
use tracewell_store::files::faulty::Survival;

/// Something of the directory goes, comes back or changes places. Numbers
/// choose among what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Loss {
    Manifest,
    /// The one of the last [`Step::Keep`] is put back.
    OlderManifest,
    Parquet(u64),
    Index(u64),
    Block(u64),
    Segment(u64),
    Log,
    /// Two blocks, by all their files, or by one kind of them.
    SwappedBlocks(u64, u64, Part),
    SwappedSegments(u64, u64),
}

/// Files of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Part {
    Parquet,
    Index,
    Both,
}

/// A file that is not ours.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Stranger {
    /// `thesis.docx`, in this directory.
    Document(&'static str),
    /// A copy of a block's Parquet file as `NAME.parquet.bak`.
    Backup,
    /// A block of another data directory.
    Block,
    /// A segment of another log, with a number so far behind the last, or in a
    /// gap.
    Segment(u64),
}

/// When `repair` is run after a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Repair {
    /// At the end of the life.
    Late,
    /// After the next start.
    AfterStart,
    /// Before it.
    AtOnce,
}

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

impl Planner {
    /// A step that only lives have in which files get lost.
    pub(super) fn plan_loss(&mut self) {
        let (a, b) = (self.random.number(), self.random.number());
        let what = match self.random.below(12) {
            0..=1 => Loss::Manifest,
            2..=4 => Loss::OlderManifest,
            5 => Loss::Parquet(a),
            6 => Loss::Index(a),
            7 => Loss::Block(a),
            8 => Loss::Segment(a),
            9 => Loss::Log,
            10 => {
                let part = *self.random.pick(&[Part::Parquet, Part::Index, Part::Both]);
                Loss::SwappedBlocks(a, b, part)
            }
            _ => Loss::SwappedSegments(a, b),
        };
        let also = self.random.once_in(4).then_some(Loss::Log);
        let is_killed = self.random.once_in(2);
        let step = Step::Lose {
            what: std::iter::once(what).chain(also).collect(),
            killed: is_killed.then_some(Survival::Everything),
            repair: *self
                .random
                .pick(&[Repair::Late, Repair::AfterStart, Repair::AtOnce]),
        };
        self.steps.push(step);
    }

    pub(super) fn plan_stranger(&mut self) {
        let stranger = match self.random.below(5) {
            0 => Stranger::Document(self.random.pick::<&str>(&["", "blocks", "wal"])),
            1 => Stranger::Backup,
            2..=3 => Stranger::Block,
            _ => Stranger::Segment(self.random.below(4)),
        };
        self.steps.push(Step::Intrude(stranger));
    }

    pub(super) fn plan_jump(&mut self) {
        // A second jump within the hour of the first is beyond what is promised.
        if self.has_jumped {
            let seconds = (61 * MINUTE).unsigned_abs();
            self.steps.push(Step::Advance { seconds });
        }
        self.has_jumped = true;
        let days = *self.random.pick(&[2, 30, 365, 10 * 365]);
        let sign = if self.random.once_in(2) { 1 } else { -1 };
        self.steps.push(Step::SetClock {
            by_seconds: sign * days * DAY,
            while_running: self.random.once_in(2),
        });
        if self.random.once_in(2) {
            let minutes = *self.random.pick(&[10, 59, 61, 200]);
            self.steps.push(Step::Advance {
                seconds: (minutes * MINUTE).unsigned_abs(),
            });
        }
    }
}
