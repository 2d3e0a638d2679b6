//! The value of each span as a number into a list of values, so that whoever
//! groups compares numbers and looks at a text once per dictionary entry.
//!
//! **Which value a span has is decided as for [`field_values`]**; this only
//! says it in another shape. The list may hold a value twice where two
//! dictionaries have it.

use super::attribute::{self, attribute_codes, sole_column};
use super::{Value, field_values};
use crate::batch::columns::{ColumnValues, StrColumn, Strings};
use crate::batch::view::ValueRef;
use crate::batch::{Level, SpanBatch};
use crate::filter::{Field, Intrinsic, TraceFacts};
use crate::span_kind::{SpanKind, StatusCode};
use std::borrow::Cow;
use std::collections::HashMap;

/// The values of the spans of a batch.
#[derive(Debug)]
pub struct CodedValues<'b> {
    /// By row of the span.
    pub codes: Cow<'b, [u32]>,
    /// By code; `None` is no value.
    pub values: Vec<Option<Value<'b>>>,
}

impl<'b> CodedValues<'b> {
    /// The value of a span.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn of_row(&self, row: usize) -> Option<&Value<'b>> {
        self.values[self.codes[row] as usize].as_ref()
    }
}

/// What [`field_values`] gives, as codes.
#[must_use]
pub fn coded_values<'b>(
    batch: &'b SpanBatch,
    field: &Field,
    facts: Option<&'b TraceFacts>,
) -> CodedValues<'b> {
    let spans = batch.spans();
    match field {
        Field::Intrinsic(Intrinsic::Name) => of_texts(&spans.name),
        Field::Intrinsic(Intrinsic::StatusMessage) => of_texts(&spans.status_message),
        Field::Intrinsic(Intrinsic::Kind) => {
            let code = |number: &i32| SpanKind::from_otlp(*number) as u32;
            CodedValues {
                codes: spans.kind.iter().map(code).collect(),
                values: SpanKind::ALL.map(|kind| Some(Value::Kind(kind))).into(),
            }
        }
        Field::Intrinsic(Intrinsic::Status) => {
            let status = |number: &i32| StatusCode::from_otlp(*number);
            CodedValues {
                codes: spans.status_code.iter().map(|n| status(n) as u32).collect(),
                values: (0..=2).map(|n| Some(Value::Status(status(&n)))).collect(),
            }
        }
        Field::Attribute(place, keys) => {
            let mut coder = Coder::default();
            let codes = attribute_codes(batch, *place, keys, &mut coder);
            coder.finish(codes.into_iter())
        }
        Field::Intrinsic(_) | Field::ParentAttribute(..) => {
            let mut coder = Coder::default();
            let values = field_values(batch, field, facts).into_iter();
            let codes: Vec<_> = values.map(|value| Some(coder.of_value(value?))).collect();
            coder.finish(codes.into_iter())
        }
    }
}

/// The values that owners of a level have of an attribute.
#[derive(Debug)]
pub struct CodedOwners<'b> {
    /// Rows of owners that have one, each once, ascending.
    pub owners: Cow<'b, [u32]>,
    /// The code of each.
    pub codes: Cow<'b, [u32]>,
    /// By code; `None` is no value.
    pub values: Vec<Option<Value<'b>>>,
}

/// Of each owner the value that comes first; `None` when nobody has any. Costs what
/// there are entries.
#[must_use]
pub fn owner_codes<'b>(batch: &'b SpanBatch, level: Level, key: &str) -> Option<CodedOwners<'b>> {
    let mut coder = Coder::default();
    if let Some(column) = sole_column(batch, level, key) {
        let (codes, values) = match &column.values {
            ColumnValues::Str(texts) => {
                coder.of_texts(&texts.dict);
                (Cow::Borrowed(&texts.codes[..]), coder.values)
            }
            values => {
                let entries = 0..column.rows.len();
                let codes = entries.map(|entry| coder.of(values.get(entry)));
                (codes.collect(), coder.values)
            }
        };
        let owners = Cow::Borrowed(&column.rows[..]);
        return Some(CodedOwners {
            owners,
            codes,
            values,
        });
    }
    let of_owners = attribute::owner_codes(batch, level, key, &mut coder);
    let of_owners = (0..).zip(of_owners);
    let of_owners = of_owners.filter_map(|(owner, code): (u32, _)| Some((owner, code?)));
    let (owners, codes): (Vec<u32>, Vec<u32>) = of_owners.unzip();
    (!owners.is_empty()).then(|| CodedOwners {
        owners: owners.into(),
        codes: codes.into(),
        values: coder.values,
    })
}

fn of_texts(column: &StrColumn) -> CodedValues<'_> {
    let text = |text| Some(Value::Str(Cow::Borrowed(text)));
    CodedValues {
        codes: Cow::Borrowed(&column.codes),
        values: column.dict.iter().map(text).collect(),
    }
}

/// Numbers values as they come.
#[derive(Default)]
pub(super) struct Coder<'b> {
    values: Vec<Option<Value<'b>>>,
    ints: HashMap<i64, u32, foldhash::fast::RandomState>,
    known: HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
    key: Vec<u8>,
}

impl<'b> Coder<'b> {
    /// A code for each text, one after another: the first.
    pub(super) fn of_texts(&mut self, dict: &'b Strings) -> u32 {
        let first = self.values.len() as u32;
        let texts = dict
            .iter()
            .map(|text| Some(Value::Str(Cow::Borrowed(text))));
        self.values.extend(texts);
        first
    }

    /// The code of a value; one that was sent empty is no value.
    pub(super) fn of(&mut self, value: ValueRef<'b>) -> u32 {
        if let ValueRef::Int(number) = value {
            let values = &mut self.values;
            return *self.ints.entry(number).or_insert_with(|| {
                values.push(Value::of(value));
                (values.len() - 1) as u32
            });
        }
        match Value::of(value) {
            Some(value) => self.of_value(value),
            None => self.push(None),
        }
    }

    fn of_value(&mut self, value: Value<'b>) -> u32 {
        self.key.clear();
        value.write_key(&mut self.key);
        if let Some(code) = self.known.get(&self.key) {
            return *code;
        }
        let code = self.push(Some(value));
        self.known.insert(self.key.clone(), code);
        code
    }

    fn push(&mut self, value: Option<Value<'b>>) -> u32 {
        self.values.push(value);
        (self.values.len() - 1) as u32
    }

    /// Spans without a code have no value.
    fn finish(mut self, codes: impl Iterator<Item = Option<u32>>) -> CodedValues<'b> {
        let none = self.push(None);
        CodedValues {
            codes: codes.map(|code| code.unwrap_or(none)).collect(),
            values: self.values,
        }
    }
}
