//! Settings of what is kept, where and for how long.
//!
//! Rows of the table in the parent, **nothing else**.

use super::super::FreeSpace;
use super::super::value::{self, show_bytes, show_choice, show_duration, show_limit};
use super::{Kind, Setting, at_least};
use std::time::Duration;

/// Memory below this leaves no room for one batch, its decoded form and a query.
const MIN_MEMORY_LIMIT_BYTES: u64 = 64 << 20;
/// A store smaller than the memory in front of it would delete what just came.
const MIN_RETENTION_BYTES: u64 = 64 << 20;
/// Shorter than this, spans would go before anybody could look at them.
const MIN_RETENTION_AGE_MS: u128 = 60_000;
/// Leaves a limit to the program.
const AUTO: &str = "auto";

/// How long spans are kept; `None` for ever.
pub(crate) fn retention_age(text: &str) -> Result<Option<Duration>, String> {
    let age = value::limit(text, value::duration)?;
    if age.is_some_and(|age| age.as_millis() < MIN_RETENTION_AGE_MS) {
        return Err(format!("{text:?} is shorter than the least allowed, 1m"));
    }
    Ok(age)
}

/// How many bytes are kept; `None` as many as there is room for.
pub(crate) fn retention_bytes(text: &str) -> Result<Option<u64>, String> {
    let limit = value::limit(text, value::bytes)?;
    limit
        .map(|size| at_least(text, size, MIN_RETENTION_BYTES))
        .transpose()
}

/// In the order in which people read a configuration.
pub(super) static ROWS: &[Setting] = &[
    Setting {
        key: "data_dir",
        flag: "data-dir",
        value_name: "DIR",
        default: "./tracewell-data",
        help: "Directory of the embedded store; one process at a time",
        kind: Kind::Value,
        read: |draft, text| {
            if text.is_empty() {
                return Err("the directory has no name".to_owned());
            }
            draft.data_dir = text.into();
            Ok(())
        },
        show: |config| config.data_dir.display().to_string(),
    },
    Setting {
        key: "storage",
        flag: "storage",
        value_name: "embedded|memory",
        default: "embedded",
        help: "Where spans are kept: in the data directory, or only until the process ends",
        kind: Kind::Value,
        read: |draft, text| value::choice(text).map(|storage| draft.storage = storage),
        show: |config| show_choice(config.storage),
    },
    Setting {
        key: "read_only",
        flag: "read-only",
        value_name: "true|false",
        default: "false",
        help: "Only look into the data directory, such as a copy or a disk mounted for reading: \
               nothing is received, and no file in it changes",
        kind: Kind::Switch,
        read: |draft, text| value::switch(text).map(|is_on| draft.is_read_only = is_on),
        show: |config| config.is_read_only.to_string(),
    },
    Setting {
        key: "durability",
        flag: "durability",
        value_name: "fsync|os|none",
        default: "fsync",
        help: "What an acknowledgement means: on the disk (survives a power cut), \
               handed to the operating system (survives a crash of tracewell), or in memory",
        kind: Kind::Value,
        read: |draft, text| value::choice(text).map(|durability| draft.durability = durability),
        show: |config| show_choice(config.durability),
    },
    // A week: long enough to compare today with the same day last week, which is
    // the longest look back that an on-call question usually needs.
    Setting {
        key: "retention.age",
        flag: "retention-age",
        value_name: "DURATION",
        default: "7d",
        help: "Delete spans older than this; `unlimited` keeps them",
        kind: Kind::Value,
        read: |draft, text| {
            draft.retention.age = retention_age(text)?;
            Ok(())
        },
        show: |config| show_limit(config.retention.age, show_duration),
    },
    Setting {
        key: "retention.bytes",
        flag: "retention-bytes",
        value_name: "SIZE",
        default: "unlimited",
        help: "Delete the oldest spans when the data directory grows past this",
        kind: Kind::Value,
        read: |draft, text| {
            draft.retention.bytes = retention_bytes(text)?;
            Ok(())
        },
        show: |config| show_limit(config.retention.bytes, show_bytes),
    },
    // Off unless it is asked for: a full disk then refuses new spans, and what
    // was acknowledged stays, whoever filled the disk.
    Setting {
        key: "retention.free_space",
        flag: "retention-free-space",
        value_name: "SIZE|auto",
        default: "0",
        help: "Delete the oldest spans when the disk has less free space than this; \
               auto is a twentieth of the disk, at most 1GiB. With 0 a full disk \
               refuses new spans instead",
        kind: Kind::Value,
        read: |draft, text| {
            draft.retention.free_space = match text {
                AUTO => FreeSpace::Share,
                size => {
                    match value::bytes(size).map_err(|message| format!("{message}, or {AUTO}"))? {
                        0 => FreeSpace::Any,
                        bytes => FreeSpace::Bytes(bytes),
                    }
                }
            };
            Ok(())
        },
        show: |config| match config.retention.free_space {
            FreeSpace::Share => AUTO.to_owned(),
            FreeSpace::Any => show_bytes(0),
            FreeSpace::Bytes(bytes) => show_bytes(bytes),
        },
    },
    Setting {
        key: "memory_limit",
        flag: "memory-limit",
        value_name: "SIZE",
        default: "512MiB",
        help: "Memory held before receivers push back",
        kind: Kind::Value,
        read: |draft, text| {
            draft.memory_limit_bytes = at_least(text, value::bytes(text)?, MIN_MEMORY_LIMIT_BYTES)?;
            Ok(())
        },
        show: |config| show_bytes(config.memory_limit_bytes),
    },
];
