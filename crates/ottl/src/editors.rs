//! Editors: what begins a statement.
//!
//! Every editor sets its target to something that is made of what stood there:
//! a function of the old value and the arguments, whose nil means "leave it".
//! Some also know how to do the same **to whole columns**, without looking at
//! the attributes of each owner.

mod lists;
mod maps;
mod texts;

use std::fmt;

use crate::functions::{Call, Constants, Parameter};
use crate::value::Value;

/// What a text becomes, where it changes.
pub(crate) type NewText = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How an editor changes all attributes of owners by column.
pub(crate) enum Quick {
    /// Keys that stay.
    Keep(Box<dyn Fn(&str) -> bool + Send + Sync>),
    /// The key that goes.
    Remove(String),
    /// What texts become, where they change.
    Texts(NewText),
}

impl fmt::Debug for Quick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep(_) => "Keep",
            Self::Remove(_) => "Remove",
            Self::Texts(_) => "Texts",
        })
    }
}

/// An editor that has its constants.
pub(crate) struct Made {
    /// Of the old value and all other arguments.
    pub(crate) call: Box<dyn Call>,
    pub(crate) quick: Option<Quick>,
}

/// Arguments behind the target, as far as they are constant.
type Make = fn(&Constants<'_>) -> Result<Made, (usize, String)>;

/// An editor as it is written.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    /// The target first.
    pub(crate) parameters: &'static [Parameter],
    /// Takes a map, not a single value.
    pub(crate) of_map: bool,
    pub(crate) make: Make,
}

/// Editors of the Collector that are known and not here.
pub(crate) const NOT_SERVED: &[&str] = &["delete_matching_values", "delete", "clear"];

/// The editor that is none of these, because its value may be anything.
pub(crate) const SET: &str = "set";

pub(crate) fn all() -> impl Iterator<Item = &'static Signature> {
    [maps::EDITORS, texts::EDITORS, lists::EDITORS]
        .into_iter()
        .flatten()
}

fn of_values(
    call: impl Fn(&[&Value<'_>]) -> crate::functions::Answer + Send + Sync + 'static,
) -> Made {
    Made {
        call: Box::new(call),
        quick: None,
    }
}

/// A constant text, where the argument is one.
fn constant_text<'c>(
    constants: &Constants<'c>,
    index: usize,
    name: &str,
) -> Result<Option<&'c str>, (usize, String)> {
    match constants[index] {
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(Value::Nil) | None => Ok(None),
        Some(other) => Err((
            index,
            format!("{name} is a text, found {}", other.type_name()),
        )),
    }
}
