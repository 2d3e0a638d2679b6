//! The power fails at any moment: what was acknowledged is there, once and in
//! order; everything else is whole or absent.

use proptest::prelude::*;

use super::*;
use crate::files::faulty::Survival;

/// What a client of the log knows.
#[derive(Debug, Default)]
struct Model {
    /// Everything ever appended, in order, and where it stands, if that was
    /// acknowledged.
    appended: Vec<(Vec<u8>, Option<WalPosition>)>,
    /// From where on the log is needed, as a manifest would have it.
    from: WalPosition,
    /// Of the appended, how many are no longer needed.
    released: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// Appends entries of these sizes without waiting in between.
    Append(Vec<usize>),
    /// Gives up all but so many entries.
    Release(usize),
    /// Ends the process in good order and starts it again.
    Restart,
}

impl Model {
    /// Opens the log and checks what it gives back; `None` if the power failed
    /// meanwhile.
    fn open(&self, files: &FaultyFiles) -> Option<Opened> {
        let opened = match open_from(files, &small(), self.from) {
            Ok(opened) => opened,
            Err(_) if files.is_off() => return None,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(opened.report.warnings, Vec::<String>::new());
        let mut candidates = self.appended[self.released..].iter();
        for payload in opened.payloads() {
            // Skipping over a candidate loses it, which only the
            // unacknowledged allow; running out of them means that an entry
            // came twice, in the wrong order, or from nowhere.
            loop {
                let (candidate, acknowledged) = candidates
                    .next()
                    .expect("replay gives only what was appended, in order");
                if candidate == payload {
                    break;
                }
                assert_eq!(*acknowledged, None, "an acknowledged entry is lost");
            }
        }
        assert!(candidates.all(|(_, acknowledged)| acknowledged.is_none()));
        Some(opened)
    }

    fn run(&mut self, files: &FaultyFiles, steps: &[Step]) -> Option<()> {
        let mut log = self.open(files)?;
        for step in steps {
            match step {
                Step::Append(sizes) => self.append(&log.wal, sizes),
                Step::Release(keep) => self.release(&log.wal, *keep),
                Step::Restart => {
                    drop(log);
                    log = self.open(files)?;
                }
            }
        }
        Some(())
    }

    fn append(&mut self, wal: &Wal<u32>, sizes: &[usize]) {
        let first = self.appended.len();
        let payload = |(i, size): (usize, &usize)| noise((first + i) as u32, 4 + *size);
        let payloads: Vec<_> = sizes.iter().enumerate().map(payload).collect();
        let answers: Vec<_> = payloads.iter().map(|p| send(wal, p)).collect();
        for (payload, answer) in payloads.into_iter().zip(answers) {
            let acknowledged = answer.recv().unwrap().ok();
            self.appended.push((payload, acknowledged));
        }
    }

    /// What sealing does: gives up all but the newest entries.
    fn release(&mut self, wal: &Wal<u32>, keep: usize) {
        let sealed = self.appended.len().saturating_sub(keep);
        let last = self.appended[..sealed]
            .iter()
            .rposition(|(_, acknowledged)| acknowledged.is_some());
        if let Some(last) = last.filter(|last| *last >= self.released)
            && let Some(position) = self.appended[last].1
        {
            self.from = position.after();
            self.released = last + 1;
            wal.release_before(self.from, None);
        }
    }
}

fn steps() -> Vec<Step> {
    vec![
        Step::Append(vec![100, 900, 0]),
        Step::Append(vec![2000]),
        Step::Append(vec![50; 20]),
        Step::Release(0),
        Step::Append(vec![1500, 1500, 1500]),
        Step::Restart,
        Step::Append(vec![700; 6]),
        Step::Release(0),
        Step::Append(vec![3000, 10]),
    ]
}

/// Runs the steps until the power fails, and starts again on what is left.
fn crash(steps: &[Step], power_until: u64, survival: Survival, short_writes: bool) {
    let files = FaultyFiles::new();
    files.set_short_writes(short_writes);
    files.cut_power_at(power_until);
    let mut model = Model::default();
    let finished = model.run(&files, steps).is_some();
    if finished && !files.is_off() {
        files.cut_power_at(0);
    }
    let mut disk = files;
    for _ in 0..2 {
        disk = disk.after_power_cut(survival);
        let opened = model.open(&disk).expect("the power is on");
        // What was found is there from now on; what was not, never comes back.
        let found = opened.replayed.iter();
        model.appended.truncate(model.released);
        let known = found.map(|r| (r.payload.clone(), Some(r.position)));
        model.appended.extend(known);
        model.append(&opened.wal, &[300, 2500]);
    }
}

#[test]
fn acknowledged_entries_survive_a_power_cut_at_every_operation() {
    let counted = FaultyFiles::new();
    Model::default().run(&counted, &steps()).unwrap();
    for power_until in 0..counted.operations() + 10 {
        for survival in [
            Survival::SyncedOnly,
            Survival::Torn { seed: power_until },
            Survival::Torn { seed: !power_until },
        ] {
            crash(&steps(), power_until, survival, power_until % 2 == 0);
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(0_usize..3500, 1..12).prop_map(Step::Append),
        2 => (0_usize..5).prop_map(Step::Release),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #[test]
    fn acknowledged_entries_survive_any_crash(
        steps in proptest::collection::vec(any_step(), 1..12),
        power_until in 0_u64..200,
        seed: u64,
        short_writes: bool,
    ) {
        for survival in [Survival::SyncedOnly, Survival::Torn { seed }] {
            crash(&steps, power_until, survival, short_writes);
        }
    }
}
