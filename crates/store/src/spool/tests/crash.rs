//! The power fails at every operation: what was acknowledged and not given up is
//! there, in order, and nobody is told that something is missing.

use super::*;
use crate::files::faulty::Survival;

/// What whoever uses the spool knows.
#[derive(Default)]
struct Model {
    /// Everything that was appended, and where it stands, if that was said.
    appended: Vec<(SpoolRecord, Option<SpoolPlace>)>,
    needed_from: SpoolPlace,
}

enum Step {
    /// Appends batches with so many bytes, without waiting in between.
    Append(&'static [usize]),
    Note,
    /// Gives up all but the newest so many.
    Release(usize),
    Restart,
}

const STEPS: &[Step] = &[
    Step::Append(&[100, 900, 10]),
    Step::Note,
    Step::Release(1),
    Step::Append(&[2000, 2000, 2000]),
    Step::Release(2),
    Step::Note,
    Step::Append(&[1500, 1500, 1500, 1500]),
    Step::Release(0),
    Step::Restart,
    Step::Append(&[700, 700, 700, 700, 700, 700]),
    Step::Release(3),
    Step::Append(&[2500, 2500]),
    Step::Release(1),
];

impl Model {
    /// Opens the spool and checks what it shows; `None` if the power failed.
    fn open(&self, files: &FaultyFiles) -> Option<OpenSpool> {
        let opened = match try_open(files, ENDLESS) {
            Ok(opened) => opened,
            Err(_) if files.is_off() => return None,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(opened.report.warnings, Vec::<String>::new());
        let needed = |(place, _): &&(SpoolPlace, SpoolRecord)| *place >= self.needed_from;
        let mut candidates = self.appended.iter();
        for (place, record) in opened.found.iter().filter(needed) {
            loop {
                let (candidate, placed) = candidates.next().expect("only what was appended");
                if candidate == record && placed.is_none_or(|placed| placed == *place) {
                    break;
                }
                let is_given_up = placed.is_none_or(|placed| placed < self.needed_from);
                assert!(is_given_up, "an acknowledged record is lost");
            }
            assert_eq!(opened.spool.read(*place).as_ref(), Ok(record));
        }
        let left = |(_, placed): &(_, Option<SpoolPlace>)| {
            placed.is_none_or(|placed| placed < self.needed_from)
        };
        assert!(candidates.all(left), "an acknowledged record is lost");
        Some(opened.spool)
    }

    fn run(&mut self, files: &FaultyFiles) -> Option<()> {
        let mut spool = self.open(files)?;
        for step in STEPS {
            match step {
                Step::Append(sizes) => {
                    let first = self.appended.len() as u64;
                    let records = sizes.iter().zip(first..);
                    self.append(&spool, records.map(|(bytes, n)| spans(n, *bytes)).collect());
                }
                Step::Note => self.append(&spool, vec![note("delivered")]),
                Step::Release(kept) => {
                    let released = self.appended.len() - kept;
                    let last = self.appended[..released].iter().rev();
                    if let Some(last) = last.clone().find_map(|(_, place)| *place) {
                        self.needed_from = last.after();
                        spool.release_before(self.needed_from);
                    }
                }
                Step::Restart => {
                    drop(spool);
                    spool = self.open(files)?;
                }
            }
        }
        Some(())
    }

    fn append(&mut self, spool: &OpenSpool, records: Vec<SpoolRecord>) {
        let answers: Vec<Answer> = records.iter().map(|record| send(spool, record)).collect();
        for (record, answer) in records.into_iter().zip(answers) {
            self.appended.push((record, answer.recv().unwrap().ok()));
        }
    }
}

fn crash(power_until: u64, survival: Survival, short_writes: bool) {
    let files = FaultyFiles::new();
    files.set_short_writes(short_writes);
    files.cut_power_at(power_until);
    let mut model = Model::default();
    model.run(&files);
    let left = files.after_power_cut(survival);
    // Twice: the first start may change what it finds.
    for _ in 0..2 {
        drop(model.open(&left).expect("the power is back"));
    }
}

fn operations() -> u64 {
    let files = FaultyFiles::new();
    Model::default().run(&files).expect("the power holds");
    files.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_is_needed() {
    let operations = operations();
    assert!(operations > 100, "{operations} operations");
    for power_until in 0..operations + 5 {
        crash(power_until, Survival::SyncedOnly, false);
        crash(power_until, Survival::Everything, true);
        for seed in 0..4 {
            crash(power_until, Survival::Torn { seed }, seed % 2 == 0);
        }
    }
}
