//! `prometheus`: a port at which Prometheus reads what connectors count.
//!
//! Here is what the exporter can be told; whoever starts the process **listens, and asks
//! who comes in**, as at its other ports.

use crate::pipelines::on_all_addresses;
use crate::series::{Labels, Naming, label_name};
use crate::written::fields::{Fields, Placed};

/// What the exporter can be told.
#[derive(Debug, Clone)]
pub struct PrometheusConfig {
    /// `HOST:PORT`, and where it stands.
    pub endpoint: Option<Placed>,
    /// How metrics are called there.
    pub naming: Naming,
    /// Is OpenMetrics answered to who asks for it?
    pub has_open_metrics: bool,
}

impl PrometheusConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let endpoint = fields.text("endpoint").filter(|at| !at.text.is_empty());
        if endpoint.is_none() {
            fields.mistake(format!(
                "{} is missing; write for example 0.0.0.0:8889",
                fields.path("endpoint")
            ));
        }
        let namespace = fields.text("namespace").map(|written| written.text);
        let config = Self {
            endpoint: endpoint.map(|at| Placed {
                text: on_all_addresses(at.text),
                location: at.location,
            }),
            naming: Naming {
                namespace: namespace.unwrap_or_default(),
                labels: labels(&fields, "const_labels"),
                has_suffixes: suffixes(&fields),
            },
            has_open_metrics: fields.switch("enable_open_metrics", false),
        };
        without_resources(&fields);
        fields.not_served("tls", "one lock is for all ports: docs/security.md");
        fields.not_served("auth", "one lock is for all ports: docs/security.md");
        fields.not_served("cors", "no page of another origin reads it");
        fields.not_served("send_timestamps", "values are those of the scrape");
        // Everything is read at the moment of the scrape, and connectors say when a
        // series ends.
        for taken in [
            "metric_expiration",
            "without_scope_info",
            "sending_queue",
            "read_header_timeout",
            "read_timeout",
            "write_timeout",
            "idle_timeout",
            "max_request_body_size",
            "compression_algorithms",
            "include_metadata",
            "response_headers",
            "keep_alives_enabled",
            "transport",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }
}

/// Labels that all series have besides, as they are written.
pub(super) fn labels(fields: &Fields<'_>, name: &'static str) -> String {
    let mut labels = Labels::default();
    let Some(section) = fields.section(name) else {
        return String::new();
    };
    let mut known: Vec<String> = Vec::new();
    for (key, value) in section.texts() {
        let label = label_name(&key.text);
        if known.contains(&label) || label == "le" {
            section.mistake(format!(
                "{}: the label {label} is there already; leave it out",
                section.path(&key.text)
            ));
            continue;
        }
        labels.push(&label, &value.text);
        known.push(label);
    }
    labels.as_str().to_owned()
}

/// Do names say the unit, and that something is a sum?
pub(super) fn suffixes(fields: &Fields<'_>) -> bool {
    let suffixes = fields.switch("add_metric_suffixes", true);
    fields.value("translation_strategy", suffixes, |text| match text {
        "UnderscoreEscapingWithSuffixes" => Ok(true),
        "UnderscoreEscapingWithoutSuffixes" => Ok(false),
        _ => Err(format!(
            "{text:?} is not one of UnderscoreEscapingWithSuffixes, \
             UnderscoreEscapingWithoutSuffixes"
        )),
    })
}

/// Series are divided by dimensions, and not by resources.
pub(super) fn without_resources(fields: &Fields<'_>) {
    let Some(section) = fields.section("resource_to_telemetry_conversion") else {
        return;
    };
    let is_on = section.switch("enabled", false);
    for taken in ["clear_after_copy", "exclude_service_attributes"] {
        section.has(taken);
    }
    if is_on {
        fields.reading().warn(format!(
            "{}: attributes of resources are labels where a connector names them below dimensions",
            section.path("enabled")
        ));
    }
    section.end();
}
