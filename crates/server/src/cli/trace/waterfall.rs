//! A trace → lines of a tree with bars.
//!
//! What the tree looks like and which spans failed is decided where the UI
//! has it from: `query` and `model`. Any set of spans gives a picture; depth
//! costs no stack.

use std::io;

use tracewell_model::SpanBatch;
use tracewell_model::batch::view::BatchView;
use tracewell_model::failure::failed_rows;
use tracewell_query::TraceTree;

use crate::cli::output::{Output, Style, counted, duration_ns, fit, plain};
use tracewell_model::clock::utc_text;

/// Deeper spans are drawn at this depth, with their depth in front.
const MAX_DRAWN_DEPTH: usize = 24;

/// A trace laid out as rows.
pub(super) struct Waterfall {
    trace_id: String,
    start_ns: u64,
    duration_ns: u64,
    services: u64,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    /// From the start of the trace.
    after_ns: u64,
    duration_ns: u64,
    is_error: bool,
}

impl Waterfall {
    /// `None` without spans.
    pub(super) fn new(batch: &SpanBatch) -> Option<Self> {
        let trace_id = batch.spans().trace_id.first()?.to_string();
        let (view, failed) = (BatchView::new(batch), failed_rows(batch));
        let tree = TraceTree::new(batch);
        let branches = branches(&tree);
        let mut services: Vec<&str> = Vec::new();
        let mut rows = Vec::with_capacity(batch.len());
        for (row, branches) in tree.order.iter().zip(branches) {
            let row = *row as usize;
            let span = view.span(row);
            let service = match span.service() {
                "" => "?",
                service => service,
            };
            services.push(service);
            let mark = if tree.orphans.contains(row) {
                "(parent missing) "
            } else if tree.cut.contains(row) {
                "(cycle) "
            } else {
                ""
            };
            rows.push(Row {
                label: plain(&format!("{branches}{mark}{service}  {}", span.name())),
                after_ns: span.start_ns() - tree.start_ns,
                duration_ns: span.duration_ns(),
                is_error: failed.contains(row),
            });
        }
        services.sort_unstable();
        services.dedup();
        Some(Self {
            trace_id,
            start_ns: tree.start_ns,
            duration_ns: tree.duration_ns,
            services: services.len() as u64,
            rows,
        })
    }

    /// Prints a heading and one line per span.
    pub(super) fn print(&self, out: &mut Output, width: usize) -> io::Result<()> {
        let errors = self.rows.iter().filter(|row| row.is_error).count() as u64;
        out.line(&out.styled(Style::Bold, &format!("trace {}", self.trace_id)))?;
        let mut facts = vec![
            format!("{} UTC", utc_text(self.start_ns)),
            duration_ns(self.duration_ns),
            counted(self.rows.len() as u64, "span"),
            counted(self.services, "service"),
        ];
        if errors > 0 {
            facts.push(out.styled(Style::Error, &counted(errors, "error")));
        }
        out.line(&facts.join(" · "))?;
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
                duration_ns(row.duration_ns),
            ))?;
        }
        Ok(())
    }

    /// A bar where the span lies in the trace; never empty, never outside.
    fn bar(&self, row: &Row, width: usize) -> String {
        let scale = width as f64 / self.duration_ns.max(1) as f64;
        let from = ((row.after_ns as f64 * scale) as usize).min(width - 1);
        let length = ((row.duration_ns as f64 * scale).round() as usize).clamp(1, width - from);
        format!("{:from$}{}", "", "█".repeat(length))
    }
}

/// The lines that lead from its parent to each place of the tree.
fn branches(tree: &TraceTree) -> Vec<String> {
    let mut branches = Vec::with_capacity(tree.order.len());
    // For each ancestor: where its subtree ends, and the lines below it.
    let mut above: Vec<(usize, String)> = Vec::new();
    for (place, subtree) in tree.subtree.iter().enumerate() {
        while above.last().is_some_and(|(end, _)| *end <= place) {
            above.pop();
        }
        let (depth, end) = (above.len(), place + *subtree as usize);
        let Some((parent_end, stem)) = above.last() else {
            branches.push(String::new());
            above.push((end, String::new()));
            continue;
        };
        let is_last = end == *parent_end;
        let below = if depth >= MAX_DRAWN_DEPTH {
            stem.clone()
        } else {
            format!("{stem}{}", if is_last { "  " } else { "│ " })
        };
        branches.push(if depth > MAX_DRAWN_DEPTH {
            format!("{stem}[{depth}] ")
        } else {
            format!("{stem}{}", if is_last { "└ " } else { "├ " })
        });
        above.push((end, below));
    }
    branches
}

#[cfg(test)]
mod tests {
    use tracewell_model::{AnyValue, StatusCode};
    use tracewell_testkit::{TestSpan, batch};

    use super::*;

    const MS: u64 = 1_000_000;

    fn span(id: u64, parent: u64, start_ms: u64, duration_ms: u64) -> TestSpan {
        TestSpan::new(
            1,
            id,
            "shop",
            &format!("op-{id}"),
            1_000 * MS + start_ms * MS,
        )
        .child_of(parent)
        .lasting_ns(duration_ms * MS)
    }

    fn laid_out(spans: &[TestSpan]) -> Vec<String> {
        let waterfall = Waterfall::new(&batch(spans)).unwrap();
        waterfall
            .rows
            .iter()
            .map(|row| {
                let mark = if row.is_error { "!" } else { "" };
                let bar = waterfall.bar(row, 10).replace('█', "#");
                format!("{}{mark} {bar}", row.label)
            })
            .collect()
    }

    #[test]
    fn children_stand_below_their_parent_in_order_of_start() {
        let rows = laid_out(&[
            span(2, 1, 50, 50),
            span(1, 0, 0, 100),
            span(3, 1, 0, 50).status(StatusCode::Error),
            span(4, 3, 10, 10),
        ]);
        assert_eq!(
            rows,
            [
                "shop  op-1 ##########",
                "├ shop  op-3! #####",
                "│ └ shop  op-4  #",
                "└ shop  op-2      #####",
            ]
        );
        assert!(Waterfall::new(&batch(&[])).is_none());
    }

    #[test]
    fn spans_that_failed_without_saying_so_are_marked() {
        let rows = laid_out(&[
            span(1, 0, 0, 100).with("http.response.status_code", AnyValue::Int(503)),
            span(2, 1, 0, 100).with_event("exception", 0, vec![]),
            span(3, 1, 1, 100)
                .with_event("exception", 0, vec![])
                .status(StatusCode::Ok),
        ]);
        let marked: Vec<bool> = rows.iter().map(|row| row.contains('!')).collect();
        assert_eq!(marked, [true, true, false]);
    }

    #[test]
    fn missing_parents_and_circles_still_show_every_span() {
        let rows = laid_out(&[
            span(1, 99, 0, 10),
            span(2, 3, 5, 5),
            span(3, 2, 6, 0),
            span(5, 5, 9, 9_999),
        ]);
        let labels: Vec<&str> = rows
            .iter()
            .map(|row| row.trim_end_matches(['#', ' ']))
            .collect();
        assert_eq!(
            labels,
            [
                "(parent missing) shop  op-1",
                "(cycle) shop  op-2",
                "└ shop  op-3",
                "(cycle) shop  op-5",
            ]
        );
    }

    #[test]
    fn a_very_deep_trace_is_drawn_flat_from_some_depth_on() {
        let spans: Vec<TestSpan> = (1..=50_000).map(|id| span(id, id - 1, id, 1)).collect();
        let rows = laid_out(&spans);
        assert_eq!(rows.len(), 50_000);
        let last = &rows[49_999];
        assert!(last.contains("[49999] shop  op-50000"), "{last}");
    }
}
