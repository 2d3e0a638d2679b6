//! The effective configuration as YAML, each value with where it comes from.
//!
//! What is printed is itself a configuration: read back, it gives the same
//! [`super::Config`], in which every port has been asked for. Values are quoted whenever YAML could read them otherwise.

use super::settings::{Kind, settings};
use super::sources::Loaded;
use tracewell_collector::written::Place;

/// Column at which the comments start, if the value leaves room.
const COMMENT_COLUMN: usize = 44;

/// Prints the configuration.
pub(crate) fn print(loaded: &Loaded) -> String {
    let mut out = String::new();
    for file in &loaded.files {
        out.push_str(&format!("# read from {}\n", file.display()));
    }
    if let Some(pipelines) = &loaded.pipelines {
        out.push_str("# The pipelines there are no settings, and without it there are none:\n");
        for line in pipelines.lines() {
            out.push_str(&format!("#   {line}\n"));
        }
    }
    let mut open: Vec<&str> = Vec::new();
    for setting in settings() {
        let mut path: Vec<&str> = setting.key.split('.').collect();
        let name = path.pop().unwrap_or_default();
        let shared = open.iter().zip(&path).take_while(|(a, b)| a == b).count();
        for (depth, section) in path.iter().enumerate().skip(shared) {
            out.push_str(&format!("{:1$}{section}:\n", "", depth * 2));
        }
        let text = (setting.show)(&loaded.config);
        let value = if setting.kind == Kind::List {
            list(&text)
        } else {
            scalar(&text)
        };
        let line = format!("{:1$}{name}: {value}", "", path.len() * 2);
        let place = loaded.places.get(setting.key).unwrap_or(&Place::Default);
        out.push_str(&format!("{line:COMMENT_COLUMN$} # {place}\n"));
        open = path;
    }
    out
}

fn list(text: &str) -> String {
    let items: Vec<String> = text
        .split(',')
        .filter(|item| !item.is_empty())
        .map(scalar)
        .collect();
    format!("[{}]", items.join(", "))
}

/// A JSON string is a valid double-quoted YAML scalar.
fn scalar(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "./-_:".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/')
        && !text.ends_with(':')
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text);
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
