//! `zipkin`: version 2 of Zipkin's API, as JSON or protobuf.
//!
//! What its model has no place for becomes tags or is lost; which of it is said in
//! `docs/protocols/zipkin.md`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tracewell_model::SpanBatch;
use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::Level;
use tracewell_wire::zipkin::v2::{json, protobuf};

use super::http::{Compression, HttpConfig, HttpProtocol, url};
use crate::written::fields::Fields;

/// The Collector's time for one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the Collector calls a service without a name.
const DEFAULT_SERVICE_NAME: &str = "<missing service name>";

/// What the exporter can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct ZipkinConfig {
    /// Where spans are posted to.
    pub url: String,
    /// How they are written.
    pub format: ZipkinFormat,
    /// Of spans that have none.
    pub default_service_name: String,
    /// What all over HTTP have.
    pub http: HttpConfig,
}

/// How Zipkin's spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ZipkinFormat {
    Json,
    Protobuf,
}

impl ZipkinConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        const EXAMPLE: &str = "http://zipkin:9411/api/v2/spans";
        let url = url(&fields, "endpoint", EXAMPLE);
        if !fields.has("endpoint") {
            fields.mistake(format!(
                "{} is missing; write for example {EXAMPLE}",
                fields.path("endpoint")
            ));
        }
        let format = fields.value("format", ZipkinFormat::Json, |text| match text {
            "json" => Ok(ZipkinFormat::Json),
            "proto" => Ok(ZipkinFormat::Protobuf),
            _ => Err(format!("{text:?} is not one of json, proto")),
        });
        let name = fields.text("default_service_name");
        let name = name.map_or_else(|| DEFAULT_SERVICE_NAME.to_owned(), |written| written.text);
        // Servers of Zipkin open gzip alone; the Collector packs nothing here.
        let http = HttpConfig::read(&fields, Compression::None, TIMEOUT);
        fields.end();
        Self {
            url: url.unwrap_or_default(),
            format,
            default_service_name: name,
            http,
        }
    }

    pub(super) fn protocol(&self) -> HttpProtocol {
        let (format, name) = (self.format, self.default_service_name.clone());
        let encode = move |batch: &SpanBatch| {
            let batch = named(batch, &name);
            let rows = 0..batch.len();
            match format {
                ZipkinFormat::Json => json::encode(&batch, rows),
                ZipkinFormat::Protobuf => protobuf::encode(&batch, rows),
            }
        };
        HttpProtocol {
            content_type: match format {
                ZipkinFormat::Json => "application/json",
                ZipkinFormat::Protobuf => "application/x-protobuf",
            },
            encode: Arc::new(encode),
            // A server whose storage is away says 500, and 400 to spans it cannot read.
            may_pass: |status| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
            left_out: |_, _| None,
            message: |_, _| None,
        }
    }
}

/// The batch, in which every resource has the name of a service.
fn named<'b>(batch: &'b SpanBatch, name: &str) -> Cow<'b, SpanBatch> {
    let services = batch.resource_services();
    let nameless = services
        .iter()
        .enumerate()
        .filter(|(_, service)| service.is_empty());
    let names: Vec<(u32, AnyValue)> = nameless
        .map(|(row, _)| (row as u32, AnyValue::String(name.into())))
        .collect();
    if names.is_empty() || name.is_empty() {
        return Cow::Borrowed(batch);
    }
    let mut batch = batch.clone();
    batch.set_attribute(Level::Resource, "service.name", &names);
    Cow::Owned(batch)
}

#[cfg(test)]
mod tests {
    use tracewell_testkit::{TestSpan, batch};

    use super::*;

    #[test]
    fn a_service_without_a_name_is_given_one_and_others_keep_theirs() {
        let spans = [
            TestSpan::new(1, 1, "", "a", 1),
            TestSpan::new(1, 2, "shop", "b", 2),
        ];
        let batch = batch(&spans);
        let named = named(&batch, "nobody");
        let mut services = named.resource_services();
        services.sort_unstable();
        assert_eq!(services, ["nobody", "shop"]);
    }
}
