//! Labels as text: `service_name="shop",span_name="buy"`.
//!
//! The text is the key of a series too, so labels are always written in the same
//! order, and those without a value are left out: to Prometheus they are the same.

/// Bytes of a value that are kept: a name as long as a page would be kept once a
/// series, and sent with each scrape.
const VALUE_BYTES_MAX: usize = 1_024;

/// What the one series is labelled that counts what found no place.
pub(crate) const LABEL_OF_OVERFLOW: &str = "otel_metric_overflow";

/// Which process counted, where it is sent.
pub(crate) const LABEL_OF_INSTANCE: &str = "collector_instance_id";

/// Labels that are being put together.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    text: String,
}

impl Labels {
    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// One more. The name is one that [`label_name`] gave.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.part();
        self.text.push_str(name);
        self.text.push_str("=\"");
        for character in cut(value).chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    /// Some that are written already.
    pub(crate) fn push_written(&mut self, labels: &str) {
        if !labels.is_empty() {
            self.part();
            self.text.push_str(labels);
        }
    }

    fn part(&mut self) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
    }
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(VALUE_BYTES_MAX)]
}

/// What Prometheus calls the label of an attribute, as the Collector's exporter
/// writes it.
pub(crate) fn label_name(key: &str) -> String {
    let as_allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = key.chars().map(as_allowed).collect();
    match name.bytes().next() {
        Some(b'_') => format!("key{name}"),
        Some(first) if first.is_ascii_digit() => format!("key_{name}"),
        _ => name,
    }
}

/// Labels as they are written, taken apart: names, and values as they were before.
pub(crate) fn pairs(written: &str) -> Vec<(&str, String)> {
    let mut pairs = Vec::new();
    let mut rest = written;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (mut value, mut is_escaped, mut end) = (String::new(), false, after.len());
        for (at, character) in after.char_indices() {
            match (is_escaped, character) {
                (true, 'n') => value.push('\n'),
                (true, other) => value.push(other),
                (false, '\\') => {}
                (false, '"') => {
                    end = at;
                    break;
                }
                (false, other) => value.push(other),
            }
            is_escaped = !is_escaped && character == '\\';
        }
        pairs.push((name, value));
        rest = after.get(end + 1..).unwrap_or_default();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    pairs
}

/// The name of a metric of a namespace: its words with `_` between them.
pub(crate) fn metric_name(namespace: &str, name: &str) -> String {
    let is_between = |c: char| !c.is_ascii_alphanumeric() && c != ':';
    let words = namespace.split(is_between).chain(name.split(is_between));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    match name.bytes().next() {
        Some(first) if first.is_ascii_digit() => format!("_{name}"),
        _ => name,
    }
}
