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
use super::receiver_ports::{self, OfFile};
use super::written::Written;

/// The setting of the first port that pages of browsers send to.
const CORS_ORIGINS: &str = "receivers.otlp.protocols.http.cors.allowed_origins";

/// What a file comes to.
#[derive(Default)]
pub(super) struct Understood {
    pub(super) written: Vec<Written>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
    pub(super) pipelines: Option<PipelineFile>,
    pub(super) ports: OfFile,
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
    let ports = receiver_ports::of_file(&file, |port| reading.place(port.location));
    let written = settings_of(&file, &ports, &reading);
    let (mistakes, warnings) = reading.into_found();
    Understood {
        written,
        mistakes,
        warnings,
        pipelines: Some(file),
        ports,
    }
}

fn settings_of(file: &PipelineFile, ports: &OfFile, reading: &Reading) -> Vec<Written> {
    let mut written: Vec<Written> = Vec::new();
    let mut put = |key: &str, text: String, location: Location| {
        let place = reading.place(location);
        let key = key.to_owned();
        written.push(Written { key, text, place });
    };
    for setting in SETTINGS {
        let Some(written) = ports.of_settings.get(setting) else {
            put(setting, "off".to_owned(), Location::UNKNOWN);
            continue;
        };
        let port = &written.port;
        put(setting, port.endpoint.clone(), port.location);
        if let Some(cors) = &port.cors {
            let origins = cors.allowed_origins.join(",");
            put(CORS_ORIGINS, origins, port.location);
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
