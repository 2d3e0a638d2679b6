//! Series as the text that Prometheus reads, in both of its forms.
//!
//! OpenMetrics has exemplars and units, and writes numbers of buckets as `5.0`; the
//! older text has neither and writes `5`. **This is the one place that knows.**

use std::fmt::{Display, Write};

use super::{Bounds, Counter, Exemplar, Histogram};

/// What a scrape asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Prometheus,
}

/// Text that is being written.
#[derive(Debug)]
pub struct SeriesPage {
    format: TextFormat,
    text: String,
}

impl SeriesPage {
    /// An empty one.
    #[must_use]
    pub fn new(format: TextFormat) -> Self {
        let text = String::new();
        Self { format, text }
    }

    /// What was written. The end of a page in OpenMetrics is not part of it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// A counter; `name` is without `_total`. Without series there is no line.
    pub(crate) fn counters<'s>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = (&'s str, &'s Counter)>,
    ) {
        let mut series = series.peekable();
        if series.peek().is_some() {
            self.head(name, help, "counter", "_total");
        }
        for (labels, counter) in series {
            self.sample(name, "_total", labels, None, counter.count);
            self.exemplar(counter.exemplar.as_ref());
            self.text.push('\n');
        }
    }

    /// A histogram; the unit of the bounds is the end of its name.
    pub(crate) fn histograms<'s>(
        &mut self,
        name: &str,
        help: &str,
        bounds: &Bounds,
        series: impl Iterator<Item = (&'s str, &'s Histogram)>,
    ) {
        let name = format!("{name}_{}", bounds.unit.name());
        let ends: Vec<String> = bounds.ends().map(|end| self.end_of_bucket(end)).collect();
        let ends: Vec<&str> = ends.iter().map(String::as_str).chain(["+Inf"]).collect();
        let mut series = series.peekable();
        if series.peek().is_some() {
            self.head(&name, help, "histogram", "");
            if self.format == TextFormat::OpenMetrics {
                self.line(format_args!("# UNIT {name} {}", bounds.unit.name()));
            }
        }
        for (labels, histogram) in series {
            let mut count = 0.0;
            for (bucket, end) in ends.iter().enumerate() {
                count += histogram.buckets[bucket];
                self.sample(&name, "_bucket", labels, Some(end), count);
                self.exemplar(histogram.exemplar(bucket));
                self.text.push('\n');
            }
            self.sample(&name, "_sum", labels, None, histogram.sum);
            self.text.push('\n');
            self.sample(&name, "_count", labels, None, count);
            self.text.push('\n');
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str, ending: &str) {
        let ending = match self.format {
            TextFormat::OpenMetrics => "",
            TextFormat::Prometheus => ending,
        };
        self.line(format_args!("# HELP {name}{ending} {help}"));
        self.line(format_args!("# TYPE {name}{ending} {kind}"));
    }

    fn sample(&mut self, name: &str, ending: &str, labels: &str, le: Option<&str>, value: f64) {
        self.text.push_str(name);
        self.text.push_str(ending);
        let part = if labels.is_empty() { "" } else { "," };
        match le {
            Some(le) => self.put(format_args!("{{{labels}{part}le=\"{le}\"}}")),
            None if labels.is_empty() => {}
            None => self.put(format_args!("{{{labels}}}")),
        }
        self.put(format_args!(" {value}"));
    }

    fn exemplar(&mut self, exemplar: Option<&Exemplar>) {
        let Some(exemplar) = exemplar.filter(|_| self.format == TextFormat::OpenMetrics) else {
            return;
        };
        let Exemplar {
            trace_id,
            span_id,
            value,
            time_ns,
        } = exemplar;
        let (seconds, ms) = (time_ns / 1_000_000_000, time_ns / 1_000_000 % 1_000);
        self.put(format_args!(
            " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {value} {seconds}.{ms:03}"
        ));
    }

    fn end_of_bucket(&self, end: f64) -> String {
        match self.format {
            TextFormat::OpenMetrics => format!("{end:?}"),
            TextFormat::Prometheus => end.to_string(),
        }
    }

    fn line(&mut self, text: impl Display) {
        self.put(text);
        self.text.push('\n');
    }

    fn put(&mut self, text: impl Display) {
        write!(self.text, "{text}").expect("a String takes everything");
    }
}
