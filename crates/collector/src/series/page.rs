//! Series as the text that Prometheus reads, in both of its forms.
//!
//! OpenMetrics has exemplars and units, and writes numbers of buckets as `5.0`; the
//! older text has neither and writes `5`. **This is the one place that knows.**

use std::fmt::{Display, Write};

use super::{Bounds, Counted, Counter, Exemplar, Histogram, MetricHead, Naming, Series, Values};

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
    naming: Naming,
    text: String,
}

impl SeriesPage {
    /// An empty one.
    #[must_use]
    pub fn new(format: TextFormat, naming: Naming) -> Self {
        let text = String::new();
        Self {
            format,
            naming,
            text,
        }
    }

    /// Adds what a source has counted. A metric without series has no line.
    pub fn put(&mut self, counted: &Counted) {
        for (metric, values) in counted.head.metrics.iter().zip(&counted.series) {
            match values {
                Values::Counters(series) => self.counters(metric, series),
                Values::Histograms(series) => {
                    if let Some(bounds) = &metric.bounds {
                        self.histograms(metric, bounds, series);
                    }
                }
            }
        }
    }

    /// What was written. The end of a page in OpenMetrics is not part of it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    fn counters(&mut self, metric: &MetricHead, series: &[Series<Counter>]) {
        let (name, total) = (self.naming.name(metric), self.naming.total());
        if !series.is_empty() {
            // A counter without the ending is none in OpenMetrics.
            let kind = match (self.format, self.naming.has_suffixes) {
                (TextFormat::OpenMetrics, false) => "unknown",
                _ => "counter",
            };
            self.head(&name, metric.help, kind, total);
        }
        for Series { labels, value, .. } in series {
            self.sample(&name, total, labels, None, value.count);
            if self.naming.has_suffixes {
                self.exemplar(value.exemplar.as_ref());
            }
            self.text.push('\n');
        }
    }

    fn histograms(&mut self, metric: &MetricHead, bounds: &Bounds, series: &[Series<Histogram>]) {
        let name = self.naming.name(metric);
        let ends: Vec<String> = bounds.ends().map(|end| self.end_of_bucket(end)).collect();
        let ends: Vec<&str> = ends.iter().map(String::as_str).chain(["+Inf"]).collect();
        if !series.is_empty() {
            self.head(&name, metric.help, "histogram", "");
            if self.format == TextFormat::OpenMetrics && self.naming.has_suffixes {
                self.line(format_args!("# UNIT {name} {}", bounds.unit.name()));
            }
        }
        for Series { labels, value, .. } in series {
            let mut count = 0.0;
            for (bucket, end) in ends.iter().enumerate() {
                count += value.buckets[bucket];
                self.sample(&name, "_bucket", labels, Some(end), count);
                self.exemplar(value.exemplar(bucket));
                self.text.push('\n');
            }
            self.sample(&name, "_sum", labels, None, value.sum);
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
        let mut before = '{';
        for labels in [labels, &self.naming.labels] {
            if !labels.is_empty() {
                self.text.push(before);
                self.text.push_str(labels);
                before = ',';
            }
        }
        if let Some(le) = le {
            self.put_text(format_args!("{before}le=\"{le}\""));
            before = ',';
        }
        let end = if before == '{' { "" } else { "}" };
        self.put_text(format_args!("{end} {value}"));
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
        self.put_text(format_args!(
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
        self.put_text(text);
        self.text.push('\n');
    }

    fn put_text(&mut self, text: impl Display) {
        write!(self.text, "{text}").expect("a String takes everything");
    }
}
