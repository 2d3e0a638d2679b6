//! The graph of a file in letters: boxes and arrows that a terminal of 80 columns shows.
//!
//! A pipeline that is longer goes on in the next lines, behind an arrow. Connectors have
//! double lines: they stand at the end of one pipeline and at the beginning of another.

use super::{Drawn, Sort, Stage, drawn};
use crate::pipelines::file::PipelineFile;

/// What a terminal shows in a line at least.
const WIDTH: usize = 80;

/// Letters between two columns.
const BETWEEN: usize = 5;

/// Lines of a box.
const BOX_LINES: usize = 3;

const INDENT: &str = "  ";

/// The whole graph.
#[must_use]
pub fn letters(file: &PipelineFile) -> String {
    let pipelines = drawn(file);
    let mut text = String::new();
    for Drawn { name, columns } in &pipelines {
        text.push_str(name);
        text.push('\n');
        for band in bands(columns) {
            for line in band.lines() {
                text.push_str(format!("{INDENT}{line}").trim_end());
                text.push('\n');
            }
        }
        text.push('\n');
    }
    let mut stages = pipelines
        .iter()
        .flat_map(|drawn| drawn.columns.iter().flatten());
    if stages.any(|stage| stage.sort == Sort::Connector) {
        text.push_str("double lines: a connector, which ends one pipeline and begins another\n");
    }
    text
}

/// Columns that stand side by side.
struct Band<'d> {
    columns: Vec<&'d [Stage]>,
    /// Is something before it, or behind?
    goes_on: (bool, bool),
}

/// Puts as many columns side by side as there is room for.
fn bands(columns: &[Vec<Stage>]) -> Vec<Band<'_>> {
    let mut bands: Vec<Band<'_>> = Vec::new();
    let mut right = 0;
    for column in columns {
        let width = width(column);
        // An arrow that goes on has room behind.
        let fits = right + BETWEEN + width + BETWEEN <= WIDTH - INDENT.len();
        match bands.last_mut() {
            Some(band) if fits => {
                band.columns.push(column);
                right += BETWEEN + width;
            }
            last => {
                let is_first = last.is_none();
                if let Some(last) = last {
                    last.goes_on.1 = true;
                }
                bands.push(Band {
                    columns: vec![column],
                    goes_on: (!is_first, false),
                });
                right = width + if is_first { 0 } else { BETWEEN };
            }
        }
    }
    bands
}

fn width(column: &[Stage]) -> usize {
    let letters = column.iter().map(|stage| stage.text.chars().count()).max();
    letters.unwrap_or(0) + 4
}

impl Band<'_> {
    fn lines(&self) -> Vec<String> {
        let most = self.columns.iter().map(|column| column.len()).max();
        let mut lines = vec![String::new(); most.unwrap_or(0) * BOX_LINES];
        // Where a pipeline goes on there is one arrow, at the top.
        let mut before = self.goes_on.0.then_some(1);
        for column in &self.columns {
            if let Some(before) = before {
                arrows(&mut lines, before, column.len());
            }
            boxes(&mut lines, column);
            before = Some(column.len());
        }
        if let (Some(before), true) = (before, self.goes_on.1) {
            arrows(&mut lines, before, 1);
        }
        lines
    }
}

/// From each of so many boxes to each of so many.
fn arrows(lines: &mut [String], from: usize, to: usize) {
    // The line down the middle, from the first box to the last.
    let last = (from.max(to) - 1) * BOX_LINES + 1;
    for (number, line) in lines.iter_mut().enumerate() {
        let (place, part) = (number / BOX_LINES, number % BOX_LINES);
        let is_middle = part == 1;
        let (comes, goes) = (is_middle && place < from, is_middle && place < to);
        let (above, below) = (number > 1 && number <= last, number >= 1 && number < last);
        let bend = match (comes, goes, above, below) {
            (true, true, false, false) => '─',
            (true, true, false, true) => '┬',
            (true, true, true, false) => '┴',
            (true, true, true, true) => '┼',
            (true, false, true, false) => '┘',
            (true, false, true, true) => '┤',
            (false, true, true, false) => '└',
            (false, true, true, true) => '├',
            (_, _, true, true) => '│',
            _ => ' ',
        };
        line.push_str(if comes { "──" } else { "  " });
        line.push(bend);
        line.push_str(if goes { "─►" } else { "  " });
    }
}

fn boxes(lines: &mut [String], column: &[Stage]) {
    let inner = width(column) - 2;
    for (number, line) in lines.iter_mut().enumerate() {
        let Some(stage) = column.get(number / BOX_LINES) else {
            line.extend(std::iter::repeat_n(' ', inner + 2));
            continue;
        };
        let [top, middle, bottom, flat] = match stage.sort {
            Sort::Connector => ["╔╗", "║║", "╚╝", "═"],
            Sort::Receiver | Sort::Processor | Sort::Exporter => ["┌┐", "││", "└┘", "─"],
        };
        let (sides, within) = match number % BOX_LINES {
            0 => (top, flat.repeat(inner)),
            1 => (middle, format!(" {:<1$}", stage.text, inner - 1)),
            _ => (bottom, flat.repeat(inner)),
        };
        let mut sides = sides.chars();
        line.extend(sides.next());
        line.push_str(&within);
        line.extend(sides.next());
    }
}
