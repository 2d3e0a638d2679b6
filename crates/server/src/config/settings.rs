//! The table of settings: one row gives the YAML key, the flag, the variable,
//! the default, the help text, the parser and the printer.
//!
//! A row here is all that a new setting needs. Keys follow the OpenTelemetry
//! Collector's configuration where it has the same thing (`endpoint`, `cors`),
//! so that its files can be read later without a second vocabulary.

mod asking;
mod locking;
mod receiving;
mod sharing;
mod storing;

use super::Config;
use super::draft::Draft;
use super::value::show_bytes;

pub(crate) use storing::{retention_age, retention_bytes};

/// One setting.
pub(crate) struct Setting {
    /// Path in the YAML file.
    pub(crate) key: &'static str,
    /// Flag without dashes; the variable is `TRACEWELL_` and the same in capitals.
    pub(crate) flag: &'static str,
    /// What stands for the value in the help text.
    pub(crate) value_name: &'static str,
    /// Used when nobody wrote anything; read by the same parser.
    pub(crate) default: &'static str,
    /// One sentence for people.
    pub(crate) help: &'static str,
    /// How it is written.
    pub(crate) kind: Kind,
    /// Reads a value into the draft.
    pub(super) read: fn(&mut Draft, &str) -> Result<(), String>,
    /// Prints the effective value so that `read` gives it back.
    pub(crate) show: fn(&Config) -> String,
}

/// How a setting is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    Value,
    /// In YAML perhaps a list; elsewhere commas.
    List,
    /// A flag that needs no value.
    Switch,
}

impl Setting {
    /// The environment variable of this setting.
    pub(crate) fn variable(&self) -> String {
        variable(self.flag)
    }
}

/// The environment variable that stands for a flag.
pub(crate) fn variable(flag: &str) -> String {
    format!("TRACEWELL_{}", flag.to_uppercase().replace('-', "_"))
}

/// The shorthand key and flag for both retention settings: `72h,50GiB`.
pub(crate) const RETENTION: &str = "retention";

/// Every setting, in the order in which people read a configuration.
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting> + Clone {
    let parts = [
        storing::ROWS,
        receiving::ROWS,
        locking::ROWS,
        sharing::ROWS,
        asking::ROWS,
    ];
    parts.into_iter().flatten()
}

/// A port to listen on.
const fn port(
    key: &'static str,
    flag: &'static str,
    default: &'static str,
    help: &'static str,
    read: fn(&mut Draft, &str) -> Result<(), String>,
    show: fn(&Config) -> String,
) -> Setting {
    Setting {
        key,
        flag,
        value_name: "[HOST:]PORT",
        default,
        help,
        kind: Kind::Value,
        read,
        show,
    }
}

/// A file that may be there.
const fn file(
    key: &'static str,
    flag: &'static str,
    help: &'static str,
    read: fn(&mut Draft, &str) -> Result<(), String>,
    show: fn(&Config) -> String,
) -> Setting {
    Setting {
        value_name: "FILE",
        ..port(key, flag, "", help, read, show)
    }
}

fn at_least(text: &str, size: u64, least: u64) -> Result<u64, String> {
    if size < least {
        return Err(format!(
            "{text:?} is less than the least allowed, {}",
            show_bytes(least)
        ));
    }
    Ok(size)
}
