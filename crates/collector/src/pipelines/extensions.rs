//! Extensions of a Collector's file: what serves the process, or other components.
//!
//! A kind of extension says here how its section is read. **One that another
//! component needs counts only if `service.extensions` names it.**

use super::ports::on_all_addresses;
use crate::exporters::auth::AuthenticatorConfig;
use crate::written::fields::{Fields, Placed};
use crate::written::yaml::Location;

/// What an extension comes to.
#[derive(Debug, Clone)]
pub enum ExtensionConfig {
    /// Where the process is asked how it is, and where the file says so.
    HealthCheck(String, Location),
    /// Who exporters say that they are.
    Authenticator(AuthenticatorConfig),
    /// Said, and done without.
    Warned(String),
}

impl ExtensionConfig {
    /// Reads the section of an extension of this kind; `None` of a kind that is not
    /// served.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        let warned = |text: &str| Some(Self::Warned(text.to_owned()));
        match kind {
            "health_check" => Some(health_check(fields)),
            "zpages" => warned("zpages: what it shows is on the page /status of the UI"),
            "pprof" => warned("pprof: it profiles Go programs; use perf on this one"),
            "memory_ballast" => warned("memory_ballast: there is no garbage collector to calm"),
            "file_storage" => warned("file_storage: nothing is queued on disk yet; senders wait"),
            _ => AuthenticatorConfig::read(kind, fields).map(Self::Authenticator),
        }
    }
}

fn health_check(fields: Fields<'_>) -> ExtensionConfig {
    let at = fields.location();
    let endpoint = fields.text("endpoint");
    for taken in ["response_body", "check_collector_pipeline", "use_v2"] {
        fields.has(taken);
    }
    fields.value("path", (), |path| match path {
        "/" | "/health" | "/status" => Ok(()),
        _ => Err(format!(
            "{path:?} is not answered; /, /health and /status are"
        )),
    });
    fields.not_served("tls", "one lock is for all ports: docs/security.md");
    fields.end();
    let endpoint = endpoint.unwrap_or_else(|| Placed {
        text: "localhost:13133".to_owned(),
        location: at,
    });
    let location = endpoint.location;
    ExtensionConfig::HealthCheck(on_all_addresses(endpoint.text), location)
}
