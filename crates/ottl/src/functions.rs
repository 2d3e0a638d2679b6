//! Converters: values to a value, by family.
//!
//! A function is looked up and made once, with the arguments that are
//! constant, and then called with values. It is **pure**: no I/O, nothing
//! remembered, and it ends. How often it is called is for the evaluator, which
//! calls it once per distinct text where it can.

mod hash;
mod lists;
mod numbers;
mod parse;
mod patterns;
mod text;
mod time;
mod time_format;
mod types;
mod url;

use std::fmt;
use std::sync::Arc;

use tracewell_model::AnyValue;

pub(crate) use lists::{appended, without_index};
pub(crate) use patterns::{Pattern, glob};

use crate::evaluate;
use crate::value::{Map, Value};

/// A value, or why there is none.
pub(crate) type Answer = Result<Value<'static>, String>;

/// A function that has its constants.
pub(crate) trait Call: Send + Sync {
    /// Its value for arguments, of which absent ones are nil.
    fn call(&self, arguments: &[&Value<'_>]) -> Answer;
}

impl<F: Fn(&[&Value<'_>]) -> Answer + Send + Sync> Call for F {
    fn call(&self, arguments: &[&Value<'_>]) -> Answer {
        self(arguments)
    }
}

impl fmt::Debug for dyn Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("function")
    }
}

/// What becomes of a call in a plan.
pub(crate) enum Made {
    Call(Box<dyn Call>),
    /// Another value for each row, whatever the arguments are.
    OfEachRow(Box<dyn Call>),
    Now,
    IsRoot,
}

/// Arguments of a call as far as they are constant.
pub(crate) type Constants<'c> = [Option<&'c Value<'static>>];

type Make = fn(&Constants<'_>) -> Result<Made, (usize, String)>;

/// What the compiler treats in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    Plain,
    /// Also counts events and links.
    Length,
}

/// A parameter of a function.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) is_optional: bool,
    /// A list whose elements become arguments of their own, behind all others.
    pub(crate) is_spread: bool,
}

/// A function as it is written.
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) nature: Nature,
    pub(crate) make: Make,
}

pub(crate) const fn needs(name: &'static str) -> Parameter {
    Parameter {
        name,
        is_optional: false,
        is_spread: false,
    }
}

pub(crate) const fn may(name: &'static str) -> Parameter {
    Parameter {
        name,
        is_optional: true,
        is_spread: false,
    }
}

pub(crate) const fn spread(name: &'static str) -> Parameter {
    Parameter {
        name,
        is_optional: false,
        is_spread: true,
    }
}

const fn function(name: &'static str, parameters: &'static [Parameter], make: Make) -> Signature {
    Signature {
        name,
        parameters,
        nature: Nature::Plain,
        make,
    }
}

/// A function without constants to prepare.
macro_rules! plain {
    ($call:expr) => {
        |_| Ok($crate::functions::Made::Call(Box::new($call)))
    };
}
use plain;

/// Functions of the Collector that are known and not here.
pub(crate) const NOT_SERVED: &[&str] = &[
    "All",
    "Any",
    "AdjustedCount",
    "CommunityID",
    "ConvertAttributesToElementsXML",
    "ConvertTextToElementsXML",
    "ExtractGrokPatterns",
    "Filter",
    "Find",
    "GetXML",
    "InsertXML",
    "MapEach",
    "MapKeys",
    "ParseSeverity",
    "ParseSimplifiedXML",
    "ParseXML",
    "ProfileID",
    "Reduce",
    "RemoveXML",
    "UserAgent",
    "When",
];

/// All functions.
pub(crate) fn all() -> impl Iterator<Item = &'static Signature> {
    let families = [
        text::FUNCTIONS,
        patterns::FUNCTIONS,
        numbers::FUNCTIONS,
        types::FUNCTIONS,
        time::FUNCTIONS,
        hash::FUNCTIONS,
        lists::FUNCTIONS,
        parse::FUNCTIONS,
        url::FUNCTIONS,
    ];
    families.into_iter().flatten()
}

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Signature> {
    all().find(|signature| signature.name == name)
}

/// A function of one text that gives a text, for editors.
pub(crate) fn of_text(name: &str) -> Option<Box<dyn Call>> {
    let signature = find(name)?;
    let is_single = signature
        .parameters
        .iter()
        .skip(1)
        .all(|parameter| parameter.is_optional);
    if signature.parameters.is_empty() || !is_single || signature.parameters[0].is_spread {
        return None;
    }
    let constants = vec![None; signature.parameters.len()];
    match (signature.make)(&constants).ok()? {
        Made::Call(call) => {
            let rest = signature.parameters.len() - 1;
            Some(Box::new(move |arguments: &[&Value<'_>]| {
                let mut arguments = arguments.to_vec();
                arguments.extend(std::iter::repeat_n(&Value::Nil, rest));
                call.call(&arguments)
            }))
        }
        _ => None,
    }
}

/// What stands under a key of a trace state; nothing of one that is not there.
pub(crate) fn trace_state_entry(arguments: &[&Value<'_>]) -> Answer {
    let (text, key) = (text_in(arguments[0])?, text_in(arguments[1])?);
    let mut entries = evaluate::trace_state_entries(text);
    let found = entries.find(|(known, _)| *known == key);
    Ok(Value::text(found.map_or("", |(_, value)| value)))
}

pub(crate) fn expected(wanted: &str, found: &Value<'_>) -> String {
    format!("expected {wanted}, found {}", found.type_name())
}

pub(crate) fn text_in<'v>(value: &'v Value<'_>) -> Result<&'v str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(expected("a text", other)),
    }
}

/// A text, or what stands for one that is not given.
pub(crate) fn text_or<'v>(value: &'v Value<'_>, default: &'v str) -> Result<&'v str, String> {
    match value {
        Value::Nil => Ok(default),
        other => text_in(other),
    }
}

pub(crate) fn int_in(value: &Value<'_>) -> Result<i64, String> {
    match value {
        Value::Int(value) => Ok(*value),
        other => Err(expected("an integer", other)),
    }
}

pub(crate) fn bool_or(value: &Value<'_>, default: bool) -> Result<bool, String> {
    match value {
        Value::Nil => Ok(default),
        Value::Bool(value) => Ok(*value),
        other => Err(expected("a boolean", other)),
    }
}

pub(crate) fn list_in<'v>(value: &'v Value<'_>) -> Result<&'v [AnyValue], String> {
    match value {
        Value::List(values) => Ok(values),
        other => Err(expected("a list", other)),
    }
}

pub(crate) fn map_in<'v>(value: &'v Value<'_>) -> Result<&'v Map, String> {
    match value {
        Value::Map(pairs) => Ok(pairs),
        other => Err(expected("a map", other)),
    }
}

pub(crate) fn list(values: Vec<AnyValue>) -> Value<'static> {
    Value::List(Arc::new(values))
}

pub(crate) fn map(pairs: Map) -> Value<'static> {
    Value::Map(Arc::new(pairs))
}
