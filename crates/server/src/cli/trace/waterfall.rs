//! Jaeger's JSON of a trace → lines of a tree with bars.
//!
//! Any set of spans gives a picture: parents that never arrived, several roots,
//! repeated ids and parents in a circle. Depth costs no stack.

use std::collections::HashMap;
use std::io;

use serde::Deserialize;

use crate::cli::output::{Output, Style, counted, duration_ns, fit, plain, time_ns};

/// Deeper spans are drawn at this depth, with their depth in front.
const MAX_DRAWN_DEPTH: usize = 24;

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    data: Option<Vec<Trace>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    processes: HashMap<String, Process>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    #[serde(default)]
    operation_name: String,
    #[serde(default)]
    references: Vec<Reference>,
    /// Microseconds since the epoch.
    start_time: u64,
    /// Microseconds.
    duration: u64,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default, rename = "processID")]
    process_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    value: serde_json::Value,
}

impl Span {
    fn parent(&self) -> Option<&str> {
        let reference = self.references.iter().find(|reference| {
            reference.ref_type == "CHILD_OF" && reference.trace_id == self.trace_id
        })?;
        Some(&reference.span_id)
    }

    fn is_error(&self) -> bool {
        let is_true = |value: &serde_json::Value| *value == true || *value == "true";
        self.tags
            .iter()
            .any(|tag| tag.key == "error" && is_true(&tag.value))
    }
}

/// A trace laid out as rows.
pub(super) struct Waterfall {
    trace_id: String,
    start_us: u64,
    duration_us: u64,
    services: u64,
    warnings: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    start_us: u64,
    duration_us: u64,
    is_error: bool,
}

impl Waterfall {
    /// Lays out the first trace of an answer; `None` when there is none.
    pub(super) fn from_jaeger(answer: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let envelope: Envelope = serde_json::from_slice(answer)?;
        let first = envelope.data.unwrap_or_default().into_iter().next();
        Ok(first
            .filter(|trace| !trace.spans.is_empty())
            .map(Self::lay_out))
    }

    fn lay_out(mut trace: Trace) -> Self {
        trace
            .spans
            .sort_by(|a, b| (a.start_time, &a.span_id).cmp(&(b.start_time, &b.span_id)));
        let spans = &trace.spans;
        let start_us = spans.iter().map(|span| span.start_time).min().unwrap_or(0);
        let end_us = spans
            .iter()
            .map(|span| span.start_time.saturating_add(span.duration))
            .max();
        let mut services: Vec<&str> = Vec::new();
        let mut rows = Vec::with_capacity(spans.len());
        for Placed {
            index,
            branches,
            is_orphan,
        } in depth_first(spans)
        {
            let span = &spans[index];
            let process = trace.processes.get(&span.process_id);
            let service = process.map_or("?", |process| process.service_name.as_str());
            services.push(service);
            let orphan = if is_orphan { "(parent missing) " } else { "" };
            rows.push(Row {
                label: plain(&format!(
                    "{branches}{orphan}{service}  {}",
                    span.operation_name
                )),
                start_us: span.start_time - start_us,
                duration_us: span.duration,
                is_error: span.is_error(),
            });
        }
        services.sort_unstable();
        services.dedup();
        Self {
            start_us,
            duration_us: end_us.unwrap_or(start_us) - start_us,
            services: services.len() as u64,
            warnings: trace.warnings.unwrap_or_default(),
            trace_id: trace.trace_id,
            rows,
        }
    }

    /// Prints a heading and one line per span.
    pub(super) fn print(&self, out: &mut Output, width: usize) -> io::Result<()> {
        let errors = self.rows.iter().filter(|row| row.is_error).count() as u64;
        out.line(&out.styled(Style::Bold, &format!("trace {}", plain(&self.trace_id))))?;
        let mut facts = vec![
            format!("{} UTC", time_ns(self.start_us.saturating_mul(1_000))),
            duration_us(self.duration_us),
            counted(self.rows.len() as u64, "span"),
            counted(self.services, "service"),
        ];
        if errors > 0 {
            facts.push(out.styled(Style::Error, &counted(errors, "error")));
        }
        out.line(&facts.join(" · "))?;
        for warning in &self.warnings {
            out.line(&format!("warning: {}", plain(warning)))?;
        }
        out.line("")?;

        let longest = self
            .rows
            .iter()
            .map(|row| row.label.chars().count())
            .max()
            .unwrap_or(0);
        // Two thirds for names at most; duration, mark and gaps take 15 columns.
        let label_width = longest.min(width.saturating_sub(15) * 2 / 3);
        let bar_width = width.saturating_sub(label_width + 15).max(10);
        for row in &self.rows {
            let mark = if row.is_error {
                out.styled(Style::Error, "!")
            } else {
                " ".to_owned()
            };
            let bar = self.bar(row, bar_width);
            let bar = if row.is_error {
                out.styled(Style::Error, &bar)
            } else {
                bar
            };
            out.line(&format!(
                "{} {mark}{:>10}  {bar}",
                fit(&row.label, label_width),
                duration_us(row.duration_us),
            ))?;
        }
        Ok(())
    }

    /// A bar where the span lies in the trace; never empty, never outside.
    fn bar(&self, row: &Row, width: usize) -> String {
        let scale = width as f64 / self.duration_us.max(1) as f64;
        let from = ((row.start_us as f64 * scale) as usize).min(width - 1);
        let length = ((row.duration_us as f64 * scale).round() as usize).clamp(1, width - from);
        format!("{:from$}{}", "", "█".repeat(length))
    }
}

fn duration_us(us: u64) -> String {
    duration_ns(us.saturating_mul(1_000))
}

struct Placed {
    index: usize,
    /// The lines that lead from the parent to this span.
    branches: String,
    is_orphan: bool,
}

/// Every span once, each below its parent; `spans` are in order of start.
fn depth_first(spans: &[Span]) -> Vec<Placed> {
    let mut by_id: HashMap<&str, usize> = HashMap::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        by_id.entry(&span.span_id).or_insert(index);
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        match span.parent().map(|parent| by_id.get(parent)) {
            Some(Some(parent)) if *parent != index => children[*parent].push(index),
            Some(None) => roots.push((index, true)),
            _ => roots.push((index, false)),
        }
    }

    let mut placed = Vec::with_capacity(spans.len());
    let mut seen = vec![false; spans.len()];
    // What no root reaches is a circle; its earliest span serves as a root.
    let leftovers = (0..spans.len()).map(|index| (index, false));
    for (root, is_orphan) in roots.into_iter().chain(leftovers) {
        // (span, stems of its ancestors, is last of its siblings, depth)
        let mut waiting = vec![(root, String::new(), true, 0usize)];
        while let Some((index, stem, is_last, depth)) = waiting.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let branches = match depth {
                0 => String::new(),
                _ if depth > MAX_DRAWN_DEPTH => format!("{stem}[{depth}] "),
                _ if is_last => format!("{stem}└ "),
                _ => format!("{stem}├ "),
            };
            placed.push(Placed {
                index,
                branches,
                is_orphan: is_orphan && depth == 0,
            });
            let below = match depth {
                0 => stem,
                _ if depth >= MAX_DRAWN_DEPTH => stem,
                _ => format!("{stem}{}", if is_last { "  " } else { "│ " }),
            };
            for (position, child) in children[index].iter().rev().enumerate() {
                waiting.push((*child, below.clone(), position == 0, depth + 1));
            }
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn span(id: &str, parent: Option<&str>, start_us: u64, duration_us: u64) -> Value {
        let references: Vec<Value> = parent
            .iter()
            .map(|parent| json!({"refType": "CHILD_OF", "traceID": "t", "spanID": parent}))
            .collect();
        json!({"traceID": "t", "spanID": id, "operationName": format!("op-{id}"),
            "references": references, "startTime": start_us, "duration": duration_us,
            "tags": [{"key": "error", "type": "bool", "value": id == "c"}],
            "logs": [], "processID": "p1", "warnings": null})
    }

    fn laid_out(spans: &[Value]) -> Vec<String> {
        let answer = json!({"data": [{"traceID": "t", "spans": spans,
            "processes": {"p1": {"serviceName": "shop", "tags": []}}, "warnings": null}]});
        let waterfall = Waterfall::from_jaeger(answer.to_string().as_bytes())
            .unwrap()
            .unwrap();
        waterfall
            .rows
            .iter()
            .map(|row| {
                let mark = if row.is_error { "!" } else { "" };
                format!(
                    "{}{mark} {}",
                    row.label,
                    waterfall.bar(row, 10).replace('█', "#")
                )
            })
            .collect()
    }

    #[test]
    fn children_stand_below_their_parent_in_order_of_start() {
        let rows = laid_out(&[
            span("b", Some("a"), 1_500, 500),
            span("a", None, 1_000, 1_000),
            span("c", Some("a"), 1_000, 500),
            span("d", Some("c"), 1_100, 100),
        ]);
        assert_eq!(
            rows,
            [
                "shop  op-a ##########",
                "├ shop  op-c! #####",
                "│ └ shop  op-d  #",
                "└ shop  op-b      #####",
            ]
        );
    }

    #[test]
    fn missing_parents_and_circles_still_show_every_span() {
        let rows = laid_out(&[
            span("a", Some("gone"), 0, 10),
            span("b", Some("c"), 5, 5),
            span("c", Some("b"), 6, 0),
            span("e", Some("e"), 9, 99_999),
        ]);
        let labels: Vec<&str> = rows
            .iter()
            .map(|row| row.trim_end_matches(['#', ' ']))
            .collect();
        assert_eq!(
            labels,
            [
                "(parent missing) shop  op-a",
                "shop  op-e",
                "shop  op-b",
                "└ shop  op-c!"
            ]
        );
    }

    #[test]
    fn a_very_deep_trace_is_drawn_flat_from_some_depth_on() {
        let spans: Vec<Value> = (0..50_000u64)
            .map(|i| {
                let parent = i.checked_sub(1).map(|parent| parent.to_string());
                span(&i.to_string(), parent.as_deref(), i, 1)
            })
            .collect();
        let rows = laid_out(&spans);
        assert_eq!(rows.len(), 50_000);
        assert!(
            rows[49_999].contains("[49999] shop  op-49999"),
            "{}",
            rows[49_999]
        );
    }
}
