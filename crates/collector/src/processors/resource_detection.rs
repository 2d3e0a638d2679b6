//! `resource_detection`: says of every span on which host it was collected, and what
//! the environment adds.
//!
//! Detected once, at the start: **nothing is asked of the network**, so a metadata server
//! that hangs holds nobody up.

mod detect;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tracewell_model::values::owner_values;
use tracewell_model::{AnyValue, Level, SpanBatch, StoreError};

use super::account::ProcessorAccount;
use super::changing::Change;
use crate::written::fields::Fields;
use detect::System;

/// What was detected, and whether it goes before what clients say.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDetectionConfig {
    attributes: Vec<(String, AnyValue)>,
    overrides: bool,
}

impl ResourceDetectionConfig {
    /// Reads the fields of the section, and detects.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let mut attributes: Vec<(String, AnyValue)> = Vec::new();
        let mut detectors = fields.lines("detectors");
        if !fields.has("detectors") {
            detectors.extend(fields.text("detectors"));
        }
        let system = System::read(fields.section("system"));
        let env = || std::env::var("OTEL_RESOURCE_ATTRIBUTES").ok();
        let mut names: Vec<(&str, _)> = detectors
            .iter()
            .map(|d| (&*d.text, Some(d.location)))
            .collect();
        if names.is_empty() {
            names.push(("env", None));
        }
        for (name, location) in names {
            let found = match name {
                "env" => detect::environment(env().as_deref()),
                "system" => system.detect(),
                other => {
                    let message = format!(
                        "{}: {other:?} is not served; env and system are. Let the SDK's resource \
                         detectors say it",
                        fields.path("detectors")
                    );
                    fields
                        .reading()
                        .mistake(location.unwrap_or_else(|| fields.location()), message);
                    continue;
                }
            };
            // The first that knows something is believed.
            for (key, value) in found {
                if !attributes.iter().any(|(known, _)| *known == key) {
                    attributes.push((key, value));
                }
            }
        }
        let config = Self {
            attributes,
            overrides: fields.switch("override", true),
        };
        for taken in [
            "timeout",
            "refresh_interval",
            "fail_on_missing_metadata",
            "retry",
        ] {
            fields.has(taken);
        }
        fields.not_served(
            "attributes",
            "name them under resource_attributes of the detector",
        );
        fields.end();
        config
    }
}

impl Change for ResourceDetectionConfig {
    fn change(
        &self,
        mut batch: Arc<SpanBatch>,
        _account: &ProcessorAccount,
    ) -> Result<Arc<SpanBatch>, StoreError> {
        if self.attributes.is_empty() {
            return Ok(batch);
        }
        let resources = batch.level_len(Level::Resource);
        let edited = Arc::make_mut(&mut batch);
        for (key, value) in &self.attributes {
            let present = owner_values(edited, Level::Resource, key);
            let is_set =
                |row: &usize| self.overrides || present.get(*row).is_none_or(Option::is_none);
            let rows = (0..resources).filter(is_set);
            let values: Vec<_> = rows.map(|row| (row as u32, value.clone())).collect();
            edited.set_attribute(Level::Resource, key, &values);
        }
        Ok(batch)
    }
}
