//! What is written down between the batches, so that a restart goes on where the
//! process ended.
//!
//! ```text
//! record   version u8 = 1, notes one after another
//! note     kind u8, running_ns u64, through (u64, u32), body
//! kind 1   time        no body
//! kind 3   delivered   group u64
//! kind 4   remembered  flags u8 (1: the first, 2: the last, 4: sampled), ids
//! kind 5   decided     group u64, shares that are sampled, ids that are not
//! kind 6   remembered  flags as of kind 4 with sampled, shares
//! ids      count u32, then 16 bytes each
//! shares   ids, then for each the threshold at which it was sampled, u64
//! ```
//!
//! Kinds 2 and 4 for sampled traces, of versions that knew no thresholds, have ids
//! where 5 and 6 have shares.
//!
//! Numbers are little-endian. `running_ns` is the time for which the processor has
//! run, all its lives together; `through` is the last batch that was looked at when
//! the note was made. **A replay looks at batches up to there before it follows the
//! note**, so it takes the same steps as the life before.

use tracewell_model::TraceId;
use tracewell_model::spool::SpoolPlace;

use tracewell_model::trace_state::threshold::{NEVER, Threshold};

const VERSION: u8 = 1;

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) running_ns: u64,
    pub(super) through: SpoolPlace,
    pub(super) body: NoteBody,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoteBody {
    Time,
    Decided {
        group: u64,
        sampled: Vec<(TraceId, Threshold)>,
        not_sampled: Vec<TraceId>,
    },
    Delivered {
        group: u64,
    },
    Remembered {
        is_first: bool,
        is_last: bool,
        is_sampled: bool,
        traces: Vec<(TraceId, Threshold)>,
    },
}

/// The bytes of a record.
pub(super) fn encode(notes: &[Note]) -> Vec<u8> {
    let mut out = vec![VERSION];
    for note in notes {
        out.push(match note.body {
            NoteBody::Time => 1,
            NoteBody::Delivered { .. } => 3,
            NoteBody::Remembered {
                is_sampled: false, ..
            } => 4,
            NoteBody::Decided { .. } => 5,
            NoteBody::Remembered { .. } => 6,
        });
        out.extend_from_slice(&note.running_ns.to_le_bytes());
        out.extend_from_slice(&note.through.0.to_le_bytes());
        out.extend_from_slice(&note.through.1.to_le_bytes());
        match &note.body {
            NoteBody::Time => {}
            NoteBody::Decided {
                group,
                sampled,
                not_sampled,
            } => {
                out.extend_from_slice(&group.to_le_bytes());
                put_shares(&mut out, sampled);
                put_ids(&mut out, not_sampled.iter().copied());
            }
            NoteBody::Delivered { group } => out.extend_from_slice(&group.to_le_bytes()),
            NoteBody::Remembered {
                is_first,
                is_last,
                is_sampled,
                traces,
            } => {
                let flags = [*is_first, *is_last, *is_sampled].into_iter().zip(0..);
                out.push(flags.map(|(flag, bit)| u8::from(flag) << bit).sum());
                match is_sampled {
                    true => put_shares(&mut out, traces),
                    false => put_ids(&mut out, traces.iter().map(|(id, _)| *id)),
                }
            }
        }
    }
    out
}

fn put_ids(out: &mut Vec<u8>, ids: impl ExactSizeIterator<Item = TraceId>) {
    out.extend_from_slice(&(ids.len() as u32).to_le_bytes());
    ids.for_each(|id| out.extend_from_slice(&id.0));
}

fn put_shares(out: &mut Vec<u8>, shares: &[(TraceId, Threshold)]) {
    put_ids(out, shares.iter().map(|(id, _)| *id));
    for (_, threshold) in shares {
        out.extend_from_slice(&threshold.number().to_le_bytes());
    }
}

/// The notes of a record.
///
/// # Errors
/// They are of a later version, or not ours.
pub(super) fn decode(record: &[u8]) -> Result<Vec<Note>, String> {
    let mut rest = record;
    let [version] = take(&mut rest)?;
    if version != VERSION {
        return Err(format!(
            "a note of version {version}, and {VERSION} is known: it was written by a later version"
        ));
    }
    let mut notes = Vec::new();
    while !rest.is_empty() {
        let [kind] = take(&mut rest)?;
        let running_ns = number(&mut rest)?;
        let through = SpoolPlace(number(&mut rest)?, u32::from_le_bytes(take(&mut rest)?));
        let body = match kind {
            1 => NoteBody::Time,
            2 => NoteBody::Decided {
                group: number(&mut rest)?,
                sampled: all_at(ids(&mut rest)?, Threshold::ALWAYS),
                not_sampled: ids(&mut rest)?,
            },
            5 => NoteBody::Decided {
                group: number(&mut rest)?,
                sampled: shares(&mut rest)?,
                not_sampled: ids(&mut rest)?,
            },
            3 => NoteBody::Delivered {
                group: number(&mut rest)?,
            },
            4 | 6 => {
                let [flags] = take(&mut rest)?;
                let is_sampled = flags & 4 != 0;
                NoteBody::Remembered {
                    is_first: flags & 1 != 0,
                    is_last: flags & 2 != 0,
                    is_sampled,
                    traces: match (kind, is_sampled) {
                        (6, _) => shares(&mut rest)?,
                        (_, true) => all_at(ids(&mut rest)?, Threshold::ALWAYS),
                        (_, false) => all_at(ids(&mut rest)?, NEVER),
                    },
                }
            }
            _ => return Err(format!("a note of kind {kind}, which is not known")),
        };
        notes.push(Note {
            running_ns,
            through,
            body,
        });
    }
    Ok(notes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, after) = rest
        .split_first_chunk()
        .ok_or_else(|| "a note that is cut short".to_owned())?;
    *rest = after;
    Ok(*taken)
}

fn number(rest: &mut &[u8]) -> Result<u64, String> {
    take(rest).map(u64::from_le_bytes)
}

fn ids(rest: &mut &[u8]) -> Result<Vec<TraceId>, String> {
    let count = u32::from_le_bytes(take(rest)?) as usize;
    // Not more room than there are bytes, whatever the count says.
    let mut ids = Vec::with_capacity(count.min(rest.len() / 16));
    for _ in 0..count {
        ids.push(TraceId(take(rest)?));
    }
    Ok(ids)
}

fn shares(rest: &mut &[u8]) -> Result<Vec<(TraceId, Threshold)>, String> {
    let ids = ids(rest)?.into_iter();
    let share = |id| {
        let threshold = Threshold::of_number(number(rest)?);
        let threshold = threshold.ok_or_else(|| "a note with a threshold that is none".to_owned());
        Ok((id, threshold?))
    };
    ids.map(share).collect()
}

fn all_at(ids: Vec<TraceId>, threshold: Threshold) -> Vec<(TraceId, Threshold)> {
    ids.into_iter().map(|id| (id, threshold)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_as_they_were_and_cut_ones_say_so() {
        let id = |number: u128| TraceId(number.to_be_bytes());
        let bodies = [
            NoteBody::Time,
            NoteBody::Decided {
                group: 7,
                sampled: vec![
                    (id(1), Threshold::ALWAYS),
                    (id(2), Threshold::parse("c").unwrap()),
                ],
                not_sampled: vec![id(9)],
            },
            NoteBody::Delivered { group: 7 },
            NoteBody::Remembered {
                is_first: false,
                is_last: true,
                is_sampled: true,
                traces: vec![(id(3), Threshold::parse("8").unwrap())],
            },
            NoteBody::Remembered {
                is_first: true,
                is_last: false,
                is_sampled: false,
                traces: vec![(id(4), NEVER)],
            },
        ];
        let notes: Vec<Note> = bodies
            .into_iter()
            .zip(1..)
            .map(|(body, number)| Note {
                running_ns: number,
                through: SpoolPlace(number, 5),
                body,
            })
            .collect();
        let record = encode(&notes);
        assert_eq!(decode(&record), Ok(notes));
        let whole = (0..record.len()).filter(|end| decode(&record[..*end]).is_ok());
        // Between two notes a cut cannot be seen; the spool's check sums see it.
        assert_eq!(whole.count(), 5);
        assert!(decode(&[2]).is_err_and(|why| why.contains("later version")));
        assert!(decode(&[1, 9]).is_err());
    }

    #[test]
    fn notes_without_thresholds_are_read() {
        let id = |number: u128| TraceId(number.to_be_bytes());
        let mut record = vec![VERSION];
        let mut put = |kind: u8, body: &[&[u8]]| {
            record.push(kind);
            record.extend_from_slice(&[0; 20]);
            body.iter().for_each(|part| record.extend_from_slice(part));
        };
        let one = 1u32.to_le_bytes();
        let none = 0u32.to_le_bytes();
        put(2, &[&7u64.to_le_bytes(), &one, &id(1).0, &none]);
        put(4, &[&[7], &one, &id(2).0]);
        let bodies: Vec<NoteBody> = decode(&record)
            .unwrap()
            .into_iter()
            .map(|note| note.body)
            .collect();
        let expected = [
            NoteBody::Decided {
                group: 7,
                sampled: vec![(id(1), Threshold::ALWAYS)],
                not_sampled: vec![],
            },
            NoteBody::Remembered {
                is_first: true,
                is_last: true,
                is_sampled: true,
                traces: vec![(id(2), Threshold::ALWAYS)],
            },
        ];
        assert_eq!(bodies, expected);
    }
}
