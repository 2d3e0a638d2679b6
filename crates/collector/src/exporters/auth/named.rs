//! How an exporter names its authenticator, and finds it.
//!
//! The name is read with the exporter, before it is known which extensions there
//! are; what it stands for is filled in when the whole file was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Authenticator, AuthenticatorConfig};
use crate::pipelines::{ComponentId, ExtensionConfig};
use crate::written::fields::{Fields, Reading};
use crate::written::yaml::Location;

/// The authenticator that an exporter names.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthenticatorRef {
    id: ComponentId,
    at: Location,
    /// The name of the field.
    path: String,
    /// Found when all extensions are known.
    config: Option<AuthenticatorConfig>,
}

impl AuthenticatorRef {
    /// Reads `auth` of an exporter.
    pub(in crate::exporters) fn read(fields: &Fields<'_>) -> Option<Self> {
        let section = fields.section("auth")?;
        let path = section.path("authenticator");
        let written = section.text("authenticator");
        if written.is_none() {
            section.mistake(format!("{path} is missing; write the name of an extension"));
        }
        section.end();
        let written = written?;
        match ComponentId::parse(&written.text) {
            Ok(id) => Some(Self {
                id,
                at: written.location,
                path,
                config: None,
            }),
            Err(why) => {
                let message = format!("{path}: {why}");
                fields.reading().mistake(written.location, message);
                None
            }
        }
    }

    /// Looks for it among the extensions that the service uses.
    pub(in crate::exporters) fn find(
        &mut self,
        extensions: &BTreeMap<ComponentId, ExtensionConfig>,
        reading: &Reading,
    ) {
        let wrong = match extensions.get(&self.id) {
            Some(ExtensionConfig::Authenticator(config)) => {
                self.config = Some(config.clone());
                return;
            }
            Some(_) => format!(
                "{} says nobody who we are; bearertokenauth, basicauth and headers_setter do",
                self.id
            ),
            None => format!(
                "there is no {} in service.extensions; name it there",
                self.id
            ),
        };
        reading.mistake(self.at, format!("{}: {wrong}", self.path));
    }

    /// Reads its files.
    pub(in crate::exporters) fn load(&self) -> Result<Arc<Authenticator>, String> {
        match &self.config {
            Some(config) => Authenticator::load(config),
            None => Err(format!("{}: there is no {}", self.path, self.id)),
        }
    }
}
