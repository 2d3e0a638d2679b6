//! Series as a table: their figures, and their course as a line of blocks.

use std::io;

use tracewell_model::clock::utc_text;

use super::series::{Answer, Series};
use crate::cli::output::{Output, Style, columns, duration_ns, fit, plain};

/// Between two columns.
const GAP: &str = "  ";

/// Characters of a course where nobody says how wide lines are.
const COURSE: usize = 60;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Prints one line for each series.
pub(super) fn print(out: &mut Output, answer: &Answer) -> io::Result<()> {
    let rows: Vec<_> = answer
        .series
        .iter()
        .map(|series| (plain(&series.name()), Figures::of(series)))
        .collect();
    let longest = rows.iter().map(|(name, _)| name.chars().count()).max();
    let name_width = longest.unwrap_or(0).clamp(6, 48);
    let figures = rows.iter().map(|(_, figures)| figures.shown(&answer.unit));
    let figures: Vec<_> = figures.collect();
    let widths = [0, 1, 2].map(|at| {
        let lengths = figures.iter().map(|shown| shown[at].chars().count());
        lengths.max().unwrap_or(0).max(4)
    });
    let before = name_width + widths.iter().sum::<usize>() + 4 * GAP.len();
    let course = columns().map_or(COURSE, |width| width.saturating_sub(before).max(12));
    let last = answer.series.iter().map(|series| series.values.len()).max();
    let heading = format!(
        "{:name_width$}{GAP}{:>last$}{GAP}{:>max$}{GAP}{:>mean$}{GAP}{} TO {} (UTC), EVERY {}",
        "SERIES",
        "LAST",
        "MAX",
        "MEAN",
        to_seconds(answer.at_ns(0)),
        to_seconds(answer.at_ns(last.unwrap_or(1).saturating_sub(1))),
        duration_ns(answer.step_ns()),
        last = widths[0],
        max = widths[1],
        mean = widths[2],
    );
    out.line(&out.styled(Style::Bold, &heading))?;
    for ((name, _), (shown, series)) in rows.iter().zip(figures.iter().zip(&answer.series)) {
        let line = format!(
            "{}{GAP}{:>last$}{GAP}{:>max$}{GAP}{:>mean$}{GAP}{}",
            fit(name, name_width),
            shown[0],
            shown[1],
            shown[2],
            blocks(&series.values, course),
            last = widths[0],
            max = widths[1],
            mean = widths[2],
        );
        out.line(line.trim_end())?;
    }
    Ok(())
}

fn to_seconds(at_ns: u64) -> String {
    let text = utc_text(at_ns);
    text.split('.').next().unwrap_or(&text).to_owned()
}

/// What the samples of a series come to.
struct Figures {
    last: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
}

impl Figures {
    fn of(series: &Series) -> Self {
        let known: Vec<f64> = series.values.iter().copied().flatten().collect();
        Self {
            last: known.last().copied(),
            max: known.iter().copied().reduce(f64::max),
            mean: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
        }
    }

    fn shown(&self, unit: &str) -> [String; 3] {
        [self.last, self.max, self.mean].map(|value| match value {
            Some(value) => figure(value, unit),
            None => "-".to_owned(),
        })
    }
}

/// A figure with its unit: `1.25s`, `0.2/s`, `17`.
fn figure(value: f64, unit: &str) -> String {
    if unit == "s" && value >= 0.0 {
        return duration_ns((value * 1e9).round() as u64);
    }
    let digits = if value == 0.0 {
        0
    } else {
        let before_point = value.abs().log10().floor() as i32;
        usize::try_from(3 - before_point).unwrap_or(0).min(6)
    };
    let text = format!("{value:.digits$}");
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{short}{unit}")
}

/// The course in at most `width` blocks: of several steps in one the greatest
/// shows, and a step without a sample is a gap.
fn blocks(values: &[Option<f64>], width: usize) -> String {
    let each = values.len().div_ceil(width.max(1)).max(1);
    let parts: Vec<Option<f64>> = values
        .chunks(each)
        .map(|part| part.iter().copied().flatten().reduce(f64::max))
        .collect();
    let known = || parts.iter().copied().flatten();
    let high = known().fold(0.0, f64::max);
    let low = known().fold(0.0, f64::min);
    let block = |value: f64| {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.0
        };
        BLOCKS[((share * 7.0).round() as usize).min(7)]
    };
    parts.iter().map(|part| part.map_or(' ', block)).collect()
}

#[cfg(test)]
mod tests {
    use super::{blocks, figure};

    #[test]
    fn figures_keep_four_digits() {
        for (value, unit, shown) in [
            (0.25, "s", "250ms"),
            (0.0, "/s", "0/s"),
            (0.2, "/s", "0.2/s"),
            (12.3456, "/s", "12.35/s"),
            (1234.5, "", "1234"),
            (-0.5, "s", "-0.5s"),
            (0.000_01, "", "0.00001"),
            (100.0, "", "100"),
        ] {
            assert_eq!(figure(value, unit), shown);
        }
    }

    #[test]
    fn a_course_keeps_peaks_and_gaps() {
        let values = [Some(0.0), None, Some(7.0), Some(3.5)];
        assert_eq!(blocks(&values, 10), "▁ █▅");
        assert_eq!(blocks(&values, 2), "▁█");
        assert_eq!(blocks(&[Some(0.0), Some(0.0)], 10), "▁▁");
        assert_eq!(blocks(&[], 10), "");
    }
}
