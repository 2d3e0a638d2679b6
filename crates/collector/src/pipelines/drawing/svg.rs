//! The graph of a file as a picture, in SVG.

use std::fmt::Write;

use super::{Drawn, Sort, Stage, drawn};
use crate::pipelines::file::PipelineFile;

/// Lengths, in pixels.
const LETTER: usize = 8;
const BOX_HEIGHT: usize = 30;
const BETWEEN_BOXES: usize = 14;
const BETWEEN_COLUMNS: usize = 56;
const MARGIN: usize = 24;
const TITLE: usize = 34;

/// Readable on a light page and on a dark one.
const STYLE: &str = "\
text{font:13px ui-monospace,monospace;fill:#1c2430;text-anchor:middle;dominant-baseline:central}\
.title{text-anchor:start;font-weight:600}\
rect{fill:#fff;stroke:#5b6b82;rx:6}.receiver{fill:#e3f0ff}.exporter{fill:#e4f6e8}\
.connector{fill:#fff1d6}path{fill:none;stroke:#5b6b82;marker-end:url(#tip)}\
#tip path{fill:#5b6b82;stroke:none;marker-end:none}.page{fill:#f7f8fa;stroke:none;rx:0}\
@media (prefers-color-scheme:dark){text{fill:#e6e9ef}rect{fill:#1d2430;stroke:#8b98ab}\
.receiver{fill:#1b3350}.exporter{fill:#1d3b28}.connector{fill:#47360f}path{stroke:#8b98ab}\
#tip path{fill:#8b98ab}.page{fill:#12161d}}";

/// The whole graph.
#[must_use]
pub fn svg(file: &PipelineFile) -> String {
    let mut rows = String::new();
    let (mut width, mut top) = (0, MARGIN);
    for Drawn { name, columns } in drawn(file) {
        let (right, bottom) = row(&mut rows, name, &columns, top);
        width = width.max(right);
        top = bottom + MARGIN;
    }
    let (width, height) = (width + MARGIN, top);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\"><title>Pipelines</title>\
         <style>{STYLE}</style><defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker>\
         </defs>\n<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n{rows}</svg>\n"
    )
}

fn class(sort: Sort) -> &'static str {
    match sort {
        Sort::Receiver => "receiver",
        Sort::Processor => "processor",
        Sort::Exporter => "exporter",
        Sort::Connector => "connector",
    }
}

/// Draws a pipeline below `top`; answers where it ends to the right and below.
fn row(out: &mut String, name: &str, columns: &[Vec<Stage>], top: usize) -> (usize, usize) {
    let most = columns.iter().map(Vec::len).max().unwrap_or(0);
    let height = most * (BOX_HEIGHT + BETWEEN_BOXES);
    let middle = top + TITLE + height / 2;
    put(
        out,
        format_args!(
            "<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n",
            top + 8,
            escaped(name)
        ),
    );
    let mut left = MARGIN;
    // The middles of the right sides of the column before.
    let mut before: Vec<(usize, usize)> = Vec::new();
    for column in columns {
        let letters = column.iter().map(|stage| stage.text.chars().count()).max();
        let width = letters.unwrap_or(0) * LETTER + 24;
        let first = middle - column.len() * (BOX_HEIGHT + BETWEEN_BOXES) / 2;
        let mut sides = Vec::new();
        for (index, Stage { text, sort }) in column.iter().enumerate() {
            let y = first + index * (BOX_HEIGHT + BETWEEN_BOXES);
            let class = class(*sort);
            let (centre, line) = (left + width / 2, y + BOX_HEIGHT / 2);
            put(
                out,
                format_args!(
                    "<rect class=\"{class}\" x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\"/>\
                 <text x=\"{centre}\" y=\"{line}\">{}</text>\n",
                    escaped(text)
                ),
            );
            for (x, from) in &before {
                let bend = (x + left) / 2;
                put(
                    out,
                    format_args!(
                        "<path d=\"M{x} {from}C{bend} {from} {bend} {line} {left} {line}\"/>\n"
                    ),
                );
            }
            sides.push((left + width, line));
        }
        before = sides;
        left += width + BETWEEN_COLUMNS;
    }
    (left.saturating_sub(BETWEEN_COLUMNS), top + TITLE + height)
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A text takes whatever is written.
    out.write_fmt(text).ok();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
