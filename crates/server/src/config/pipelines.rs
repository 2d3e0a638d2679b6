//! A Collector's file as configuration: its receivers are ports of ours, and
//! the rest is the graph behind them.
//!
//! What it says of ports, memory and health is written under the keys of the
//! table of settings, like everything that anybody writes, so that flags and
//! variables override it. **A port that it does not name stays closed.**

use std::path::Path;
use std::sync::Arc;

use tracewell_collector::pipelines::{self, PipelineFile, SETTINGS};
use tracewell_collector::written::expand::expand;
use tracewell_collector::written::fields::Reading;
use tracewell_collector::written::yaml::{Location, Node, Spanned};
use tracewell_collector::written::{Mistake, Place};

use super::draft::{Draft, Places};
use super::written::Written;

/// What a file comes to.
#[derive(Default)]
pub(super) struct Understood {
    pub(super) written: Vec<Written>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
    pub(super) pipelines: Option<PipelineFile>,
}

/// Understands the tree of a Collector's files.
pub(super) fn read(
    paths: Vec<Arc<Path>>,
    mut root: Spanned<Node>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Understood {
    let reading = Reading::of(paths);
    expand(&mut root, variable, &reading);
    let file = pipelines::read(&root, &reading);
    let written = settings_of(&file, &reading);
    let (mistakes, warnings) = reading.into_found();
    Understood {
        written,
        mistakes,
        warnings,
        pipelines: Some(file),
    }
}

fn settings_of(file: &PipelineFile, reading: &Reading) -> Vec<Written> {
    let mut written: Vec<Written> = Vec::new();
    let mut put = |key: &str, text: String, location: Location| {
        let place = reading.place(location);
        let key = key.to_owned();
        written.push(Written { key, text, place });
    };
    let ports = || {
        file.receivers
            .iter()
            .flat_map(|(id, config)| config.ports.iter().map(move |port| (id, port)))
    };
    for setting in SETTINGS {
        let mut of_setting = ports().filter(|(_, port)| port.setting == setting);
        match of_setting.next() {
            None => put(setting, "off".to_owned(), Location::UNKNOWN),
            Some((first, port)) => {
                put(setting, port.endpoint.clone(), port.location);
                for (second, port) in of_setting {
                    reading.mistake(
                        port.location,
                        format!("receivers.{second} and receivers.{first} are of one protocol, of which one port is served; join them"),
                    );
                }
            }
        }
    }
    if let Some((endpoint, location)) = &file.health_check {
        put("admin.health_check.endpoint", endpoint.clone(), *location);
    }
    if let Some((mib, location)) = file.memory_limit_mib {
        put("memory_limit", format!("{mib}MiB"), location);
    }
    if !file.stores() {
        // Nothing is kept here, so no directory is made.
        put("storage", "memory".to_owned(), Location::UNKNOWN);
    }
    written
}

/// What does not go with pipelines: spans of tenants, which have stores of their
/// own, and ports that were opened beside the file and lead nowhere.
pub(super) fn beside(file: &PipelineFile, draft: &Draft, places: &Places) -> Vec<Mistake> {
    let place = |key| places.get(key).cloned().unwrap_or(Place::Default);
    let mut mistakes = Vec::new();
    if draft.tenants.is_on {
        mistakes.push(Mistake {
            place: place("tenants.enabled"),
            message: "tenants.enabled does not go with pipelines yet; use one of the two"
                .to_owned(),
        });
    }
    let ports = || file.receivers.values().flat_map(|config| &config.ports);
    for (key, port) in draft.receiving() {
        if port.is_some() && !ports().any(|of_file| of_file.setting == key) {
            mistakes.push(Mistake {
                place: place(key),
                message: format!(
                    "{key}: no pipeline takes spans from it; name it in the file, or off here"
                ),
            });
        }
    }
    mistakes
}
