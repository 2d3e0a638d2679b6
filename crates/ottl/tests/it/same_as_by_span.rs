//! By column is the same as span by span, whatever the spans and the statements.

use proptest::prelude::*;
use tracewell_model::RowSet;
use tracewell_ottl::{Cache, Context, parse_condition, parse_statement};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

use crate::interpreter::{Row, holds, run};
use crate::{condition, statement};

/// Statements by chance.
struct Writer {
    random: Random,
    context: Context,
}

const KEYS: [&str; 7] = [
    "http.request.method",
    "http.status_code",
    "retry",
    "weight",
    "items",
    "user.id",
    "new",
];

impl Writer {
    fn attributes(&mut self) -> &'static str {
        let places = match self.context {
            Context::SpanEvent => &["spanevent", "span", "resource"][..],
            _ => &["span", "resource"],
        };
        places[self.random.below(places.len() as u64) as usize]
    }

    fn key(&mut self) -> &'static str {
        KEYS[self.random.below(KEYS.len() as u64) as usize]
    }

    fn path(&mut self) -> String {
        let fixed = [
            "span.name",
            "span.kind",
            "span.status.code",
            "span.status.message",
            "scope.name",
            "span.trace_state",
        ];
        match self.random.below(9) {
            0 => (*self.random.pick(&fixed)).to_owned(),
            1 if self.context == Context::SpanEvent => "spanevent.name".to_owned(),
            1 => r#"resource.attributes["service.name"]"#.to_owned(),
            2 => format!("{}.attributes[\"items\"][0]", self.attributes()),
            3 => format!(
                "{}.attributes[\"{}\"][\"k0\"]",
                self.attributes(),
                self.key()
            ),
            _ => format!("{}.attributes[\"{}\"]", self.attributes(), self.key()),
        }
    }

    fn constant(&mut self) -> String {
        let constants = [
            "nil",
            "true",
            "false",
            "0",
            "1",
            "200",
            "404",
            "-1",
            "1.5",
            "0.0",
            "\"GET\"",
            "\"POST\"",
            "\"\"",
            "\"naïve 🙂\"",
            "0x00",
            "[]",
            "[1, \"a\"]",
            "{}",
            "SPAN_KIND_SERVER",
        ];
        (*self.random.pick(&constants)).to_owned()
    }

    /// Of arithmetic: mostly numbers, or it would hardly ever be done.
    fn operand(&mut self) -> String {
        let numbers = [
            "span.attributes[\"http.status_code\"]",
            "span.attributes[\"retry\"]",
            "span.attributes[\"weight\"]",
            "Len(span.name)",
            "7",
            "-3",
            "2.5",
            "0",
        ];
        match self.random.once_in(5) {
            true => self.path(),
            false => (*self.random.pick(&numbers)).to_owned(),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        if depth == 0 {
            return if self.random.once_in(3) {
                self.constant()
            } else {
                self.path()
            };
        }
        match self.random.below(10) {
            0 => format!("ToUpperCase({})", self.value(depth - 1)),
            1 => format!("Int({})", self.value(depth - 1)),
            2 => format!("Len({})", self.value(depth - 1)),
            3 => format!("Coalesce([{}, {}])", self.path(), self.value(depth - 1)),
            4 => {
                let op = *self.random.pick(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.operand(), self.operand())
            }
            5 => format!("[{}, {}]", self.path(), self.constant()),
            6 => self.constant(),
            _ => self.path(),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        if depth == 0 {
            let (left, path) = (self.value(1), self.path());
            return match self.random.below(10) {
                // Both sides calculated, so that a wrong result shows.
                8 | 9 => {
                    let op = *self.random.pick(&["+", "-", "*", "/"]);
                    let compare = *self.random.pick(&["==", "<", ">"]);
                    let (a, b, c) = (self.operand(), self.operand(), self.operand());
                    format!("({a} {op} {b}) {compare} {c}")
                }
                0 => format!("(IsString({path}) and IsMatch({path}, \"^[GP]\"))"),
                1 => format!("HasPrefix({path}, \"G\")"),
                2 => format!("IsString({left})"),
                3 => path,
                _ => {
                    let op = *self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                    let right = if self.random.once_in(2) {
                        self.constant()
                    } else {
                        self.value(1)
                    };
                    if self.random.once_in(4) {
                        format!("{right} {op} {path}")
                    } else {
                        format!("{path} {op} {right}")
                    }
                }
            };
        }
        match self.random.below(5) {
            0 => format!("not ({})", self.condition(depth - 1)),
            1 | 2 => format!(
                "({} and {})",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            3 => format!(
                "({} or {})",
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            _ => self.condition(0),
        }
    }

    fn statement(&mut self) -> String {
        let (map, key, value) = (self.attributes(), self.key(), self.value(2));
        let editor = match self.random.below(12) {
            0 => format!("delete_key({map}.attributes, \"{key}\")"),
            1 => format!("keep_matching_keys({map}.attributes, \"^(http|user|items|service)\")"),
            2 => format!("truncate_all({map}.attributes, 3)"),
            3 => format!(
                "replace_all_patterns({map}.attributes, \"value\", \"([A-Z])([a-zA-Z]+)\", \"$2-$1\")"
            ),
            4 => format!("append({map}.attributes[\"{key}\"], {value})"),
            5 => format!("set({map}.attributes[\"{key}\"][\"k0\"], {value})"),
            6 => format!("merge_maps({map}.attributes, {{\"{key}\": {value}}}, \"upsert\")"),
            7 if self.context == Context::SpanEvent => format!("set(spanevent.name, {value})"),
            7 => format!("set(span.name, {value})"),
            8 if self.context == Context::Span => format!("set(span.status.message, {value})"),
            9 if self.context == Context::Span => {
                format!("set(span.kind, {})", self.random.below(6))
            }
            _ => format!("set({map}.attributes[\"{key}\"], {value})"),
        };
        match self.random.once_in(2) {
            true => format!("{editor} where {}", self.condition(1)),
            false => editor,
        }
    }
}

/// Every span or every event, in the order of their tables.
fn rows(spans: &[TestSpan], context: Context) -> Vec<(usize, Option<usize>)> {
    let of_span = |(row, span): (usize, &TestSpan)| match context {
        Context::SpanEvent => (0..span.events.len())
            .map(|event| (row, Some(event)))
            .collect(),
        _ => vec![(row, None)],
    };
    spans.iter().enumerate().flat_map(of_span).collect()
}

fn sorted(mut spans: Vec<TestSpan>) -> Vec<TestSpan> {
    for span in &mut spans {
        span.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        span.resource.sort_by(|a, b| a.0.cmp(&b.0));
        for event in &mut span.events {
            event.attributes.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }
    spans
}

fn shown(spans: Vec<TestSpan>) -> Vec<String> {
    spans.iter().map(|span| format!("{span:?}")).collect()
}

const CONTEXTS: [Context; 2] = [Context::Span, Context::SpanEvent];

/// Constants alone may be mistakes, such as `Len(nil)`.
fn compiles(written: &str, context: Context, is_statement: bool) -> bool {
    let compiler = crate::compiler();
    match is_statement {
        true => compiler.statement(written, context).is_ok(),
        false => compiler.condition(written, context).is_ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn conditions_find_the_same_rows(seed: u64, count in 0usize..60, in_events: bool) {
        let spans = Random::new(seed).spans(count, crate::START_NS);
        let context = CONTEXTS[usize::from(in_events)];
        let mut writer = Writer { random: Random::new(seed ^ 1), context };
        let columns = batch(&spans);
        for _ in 0..12 {
            let written = writer.condition(3);
            if !compiles(&written, context, false) {
                continue;
            }
            let judged = condition(&written, context).holds(&columns);
            let node = parse_condition(&written).unwrap();
            let rows = rows(&spans, context);
            let (mut wanted, mut failed) = (RowSet::none(rows.len()), RowSet::none(rows.len()));
            for (index, (row, event)) in rows.into_iter().enumerate() {
                match holds(&node, Row { span: &spans[row], event }) {
                    Ok(true) => wanted.insert(index),
                    Ok(false) => {}
                    Err(_) => failed.insert(index),
                }
            }
            prop_assert_eq!(&judged.rows, &wanted, "{}", written);
            prop_assert_eq!(&judged.failed, &failed, "{}: {:?}", written, judged.first_error);
            prop_assert_eq!(judged.first_error.is_none(), failed.is_empty());
        }
    }

    #[test]
    fn statements_make_the_same_spans(seed: u64, count in 0usize..40, in_events: bool) {
        let mut spans = Random::new(seed).spans(count, crate::START_NS);
        let context = CONTEXTS[usize::from(in_events)];
        let mut writer = Writer { random: Random::new(seed ^ 2), context };
        let mut columns = batch(&spans);
        for _ in 0..6 {
            let written = writer.statement();
            // Of events that write to their span the last counts; by row each sees
            // what the one before it wrote.
            let goes_up = in_events && !written.split(['(', '.']).nth(1).unwrap_or_default().starts_with("spanevent");
            if goes_up || !compiles(&written, context, true) {
                continue;
            }
            let before = spans.clone();
            let ran = statement(&written, context).run(&mut columns, None, &mut Cache::default());
            let parsed = parse_statement(&written).unwrap();
            let rows = rows(&spans, context);
            let mut failed = RowSet::none(rows.len());
            for (index, (row, event)) in rows.into_iter().enumerate() {
                if run(&parsed, &mut spans[row], event).is_err() {
                    failed.insert(index);
                }
            }
            prop_assert_eq!(&ran.failed, &failed, "{}: {:?}", written, ran.first_error);
            // As they are written: a product that is no number is not equal to itself.
            let (found, wanted) = (shown(flatten(&columns)), shown(sorted(spans.clone())));
            prop_assert_eq!(found, wanted, "{} on {:#?}", written, before);
        }
        let mut bytes = Vec::new();
        columns.encode(&mut bytes);
        let read = tracewell_model::SpanBatch::decode(&bytes).unwrap();
        prop_assert_eq!(shown(flatten(&read)), shown(flatten(&columns)));
    }
}
