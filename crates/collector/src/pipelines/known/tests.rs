//! The table for readers says of each component what a file is told.

use std::path::Path;

use super::{instead, table};
use crate::connectors::ConnectorConfig;
use crate::exporters::ExporterConfig;
use crate::pipelines::ExtensionConfig;
use crate::pipelines::ports;
use crate::processors::ProcessorConfig;
use crate::written::fields::Reading;
use crate::written::yaml;

const DOCUMENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/collector-components.md"
);

/// Section, name, what it says of being served, and the rest.
type Row = (String, String, String, String);

fn documented() -> Vec<Row> {
    let text = std::fs::read_to_string(DOCUMENT).expect("the table is in the repository");
    let (mut section, mut rows) = (String::new(), Vec::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_lowercase();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, name, served, rest, _] = cells[..]
            && let Some(name) = name.strip_prefix('`')
        {
            let name = name.trim_end_matches('`').to_owned();
            rows.push((section.clone(), name, served.to_owned(), rest.to_owned()));
        }
    }
    rows
}

fn is_served(of: &str, kind: &str) -> bool {
    let reading = Reading::new(Path::new("file.yaml"));
    let root = yaml::parse("{}").expect("it is YAML").expect("it is there");
    let fields = reading.fields(of, &root);
    match of {
        "receivers" => ports::read(kind, fields).is_some(),
        "processors" => ProcessorConfig::read(kind, fields).is_some(),
        "exporters" => ExporterConfig::read(kind, fields).is_some(),
        "connectors" => ConnectorConfig::read(kind, fields).is_some(),
        _ => ExtensionConfig::read(kind, fields).is_some(),
    }
}

#[test]
fn the_table_for_readers_says_what_a_file_is_told() {
    let rows = documented();
    assert!(rows.len() > 100, "{}", rows.len());
    for (section, name, served, rest) in &rows {
        let is_said = served.starts_with("yes");
        assert_eq!(is_served(section, name), is_said, "{section}.{name}");
        if let Some(alias) = served.strip_prefix("yes, also as `") {
            assert!(is_served(section, alias.trim_end_matches('`')), "{alias}");
        }
        let told = (!is_said).then_some(rest.as_str());
        assert_eq!(instead(section, name), told, "{section}.{name}");
    }
    for section in [
        "receivers",
        "processors",
        "exporters",
        "connectors",
        "extensions",
    ] {
        for (name, _) in table(section) {
            let is_there = rows.iter().any(|row| row.0 == section && row.1 == *name);
            assert!(
                is_there,
                "{section}.{name} is not in docs/collector-components.md"
            );
        }
    }
}
