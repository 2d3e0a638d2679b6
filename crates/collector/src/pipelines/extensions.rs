//! Extensions of a Collector's file: what serves the process, or other components.
//!
//! A kind of extension says here how its section is read. **One that another
//! component needs counts only if `service.extensions` names it.**

use std::path::PathBuf;

use super::id::ComponentId;
use super::ports::on_all_addresses;
use crate::exporters::auth::AuthenticatorConfig;
use crate::written::fields::{Fields, Placed};
use crate::written::yaml::Location;

/// The Collector's.
const STORAGE_DIRECTORY: &str = "/var/lib/otelcol/file_storage";

/// What an extension comes to.
#[derive(Debug, Clone)]
pub enum ExtensionConfig {
    /// Where the process is asked how it is, and where the file says so.
    HealthCheck(String, Location),
    /// Who exporters say that they are.
    Authenticator(AuthenticatorConfig),
    /// Where components keep on the disk what waits.
    FileStorage(FileStorageConfig),
    /// Said, and done without.
    Warned(String),
}

/// A directory for what waits on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStorageConfig {
    /// Each component has a directory of its own in it.
    pub directory: PathBuf,
    /// Is it made where it is missing? Else that is a mistake, such as a disk that is
    /// not mounted.
    pub is_created: bool,
}

/// The extension that has a directory for what a component keeps on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its name.
    pub id: ComponentId,
    /// Where it is named.
    pub location: Location,
}

impl Storage {
    /// Reads the field of a component that names one.
    pub(crate) fn read(fields: &Fields<'_>, name: &'static str) -> Option<Self> {
        let Placed { text, location } = fields.text(name)?;
        match ComponentId::parse(&text) {
            Ok(id) => Some(Self { id, location }),
            Err(why) => {
                let path = fields.path(name);
                fields.reading().mistake(location, format!("{path}: {why}"));
                None
            }
        }
    }
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
            "file_storage" => Some(file_storage(fields)),
            _ => AuthenticatorConfig::read(kind, fields).map(Self::Authenticator),
        }
    }
}

fn file_storage(fields: Fields<'_>) -> ExtensionConfig {
    let directory = fields.text("directory").filter(|at| !at.text.is_empty());
    let directory = directory.map_or(STORAGE_DIRECTORY.to_owned(), |at| at.text);
    let config = FileStorageConfig {
        directory: PathBuf::from(directory),
        is_created: fields.switch("create_directory", true),
    };
    if fields.has("directory_permissions") {
        fields.reading().warn(format!(
            "{}: directories are made as the umask of the process says",
            fields.path("directory_permissions")
        ));
    }
    // What is damaged is skipped by itself, segments are used again, and what is
    // acknowledged is always synced.
    for taken in ["compaction", "fsync", "recreate", "timeout"] {
        fields.has(taken);
    }
    fields.end();
    ExtensionConfig::FileStorage(config)
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
