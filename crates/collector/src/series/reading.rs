//! Reads a page back as Prometheus does, for tests: whatever a scraper would
//! stumble over fails here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Naming, Reader, SeriesPage, SeriesSource, TextFormat};

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// By name and labels, as they are written.
    pub(crate) values: BTreeMap<String, f64>,
    /// Likewise, where there are any.
    pub(crate) exemplars: BTreeMap<String, String>,
}

impl Read {
    /// Asks for a page in OpenMetrics and reads it.
    pub(crate) fn of(source: &dyn SeriesSource) -> Self {
        Self::text(&page(source, TextFormat::OpenMetrics))
    }

    /// The value of one series; 0 where there is none.
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.values.get(series).copied().unwrap_or(0.0)
    }

    /// The sum of all series of a name.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let series = self.values.iter();
        let of_name = series.filter(|(series, _)| series.split('{').next() == Some(name));
        of_name.map(|(_, value)| value).sum()
    }

    pub(crate) fn text(text: &str) -> Self {
        let mut read = Self::default();
        let mut families = BTreeSet::new();
        let mut family = ("", "");
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let kind = (words.next().unwrap(), words.next().unwrap());
                if kind.0 == "TYPE" {
                    family = (kind.1, words.next().unwrap());
                    assert!(families.insert(kind.1), "{} comes twice", kind.1);
                }
                continue;
            }
            let (sample, exemplar) = match line.split_once(" # ") {
                Some((sample, exemplar)) => (sample, Some(exemplar)),
                None => (line, None),
            };
            let (series, value) = sample.rsplit_once(' ').expect(line);
            check_labels(series);
            let name = series.split('{').next().unwrap();
            let ending = name.strip_prefix(family.0).expect(line);
            let endings: &[&str] = match family.1 {
                "counter" => &["", "_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                other => panic!("{other} is not written"),
            };
            assert!(endings.contains(&ending), "{line} in {family:?}");
            if let Some(exemplar) = exemplar {
                assert!(matches!(ending, "_bucket" | "_total"), "{line}");
                assert_eq!(exemplar.split(' ').count(), 3, "{line}");
                read.exemplars
                    .insert(series.to_owned(), exemplar.to_owned());
            }
            let value: f64 = value.parse().expect(line);
            let before = read.values.insert(series.to_owned(), value);
            assert_eq!(before, None, "{series} comes twice");
        }
        read.check_buckets();
        read
    }

    /// Buckets grow, and the last has all.
    fn check_buckets(&self) {
        for (count, value) in &self.values {
            let Some((name, labels)) = count.split_once("_count{") else {
                continue;
            };
            let labels = labels.trim_end_matches('}');
            let all = format!("{name}_bucket{{{labels},le=\"+Inf\"}}");
            assert_eq!(self.values.get(&all), Some(value), "{all}");
            let of_series = format!("{name}_bucket{{{labels},le=\"");
            let buckets = self.values.iter().filter_map(|(series, value)| {
                let end = series.strip_prefix(&of_series)?;
                let end = end.trim_end_matches("\"}").replace('+', "");
                Some((end.parse::<f64>().unwrap(), *value))
            });
            let mut buckets: Vec<(f64, f64)> = buckets.collect();
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{buckets:?}");
        }
    }
}

pub(crate) fn page(source: &dyn SeriesSource, format: TextFormat) -> String {
    let mut page = SeriesPage::new(format, Naming::default());
    page.put(&source.read(Reader::Scrape));
    page.into_text()
}

/// Names once each, values in quotes, with what must be escaped.
fn check_labels(series: &str) {
    let Some((_, labels)) = series.split_once('{') else {
        return;
    };
    let mut rest = labels.strip_suffix('}').expect(series);
    let mut names = BTreeSet::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").expect(series);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(name.chars().all(is_name), "{series}");
        assert!(!name.starts_with(|c: char| c.is_ascii_digit()), "{series}");
        assert!(names.insert(name), "{series}: {name} comes twice");
        let (mut end, mut is_escaped) = (None, false);
        for (at, byte) in value.bytes().enumerate() {
            match byte {
                _ if is_escaped => {
                    assert!(matches!(byte, b'\\' | b'"' | b'n'), "{series}");
                    is_escaped = false;
                }
                b'\\' => is_escaped = true,
                b'"' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        rest = &value[end.expect(series) + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}
