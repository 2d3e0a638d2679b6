//! The file of tenants: who there may be, and what each may send and keep.
//!
//! ```yaml
//! only_listed: true           # others are refused; false without this line
//! default:                    # for everybody, where nothing else is said
//!   spans_per_second: 5000
//!   live_traces: 20000
//!   retention_age: 7d
//! tenants:
//!   acme: { retention_age: 30d, retention_bytes: 50GiB }
//!   test: { spans_per_second: 100 }
//! ```
//!
//! Read once, at the start: a file that is wrong keeps the server from starting.

use super::super::written_file;
use crate::config::{self, Retention};
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tracewell_access::Tenant;
use tracewell_collector::Ration;

/// Tenants are written by people or by a script; anything larger is another file.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What is known of tenants before they send anything.
#[derive(Debug, Default)]
pub(super) struct Limits {
    only_listed: bool,
    default: Limit,
    listed: BTreeMap<Tenant, Limit>,
}

/// What one tenant may send and keep; `None`: as everybody.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    spans_per_second: Option<u64>,
    live_traces: Option<u64>,
    retention_age: Option<String>,
    retention_bytes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    only_listed: bool,
    #[serde(default)]
    default: Limit,
    #[serde(default)]
    tenants: BTreeMap<String, Limit>,
}

impl Limits {
    /// Those of a file; none without one.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let limits = written_file::read(path, MAX_FILE_BYTES, "tenants")
            .and_then(|content| Self::parse(&String::from_utf8(content)?));
        limits.with_context(|| format!("tenants.file {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = serde_saphyr::from_str(text)?;
        file.default.check().context("default")?;
        let mut listed = BTreeMap::new();
        for (name, limit) in file.tenants {
            limit.check().with_context(|| name.clone())?;
            let tenant = Tenant::parse(&name).map_err(anyhow::Error::msg)?;
            listed.insert(tenant, limit);
        }
        Ok(Self {
            only_listed: file.only_listed,
            default: file.default,
            listed,
        })
    }

    /// May there be such a tenant?
    pub(super) fn allows(&self, tenant: &Tenant) -> bool {
        !self.only_listed || self.listed.contains_key(tenant)
    }

    /// What a tenant may send.
    pub(super) fn ration(&self, tenant: &Tenant) -> Ration {
        let own = self.listed.get(tenant).unwrap_or(&self.default);
        Ration {
            spans_per_second: own.spans_per_second.or(self.default.spans_per_second),
            live_traces: own.live_traces.or(self.default.live_traces),
        }
    }

    /// How long and how much of a tenant is kept, given what is configured for
    /// everybody.
    pub(super) fn retention(&self, tenant: &Tenant, everybody: Retention) -> Retention {
        let own = self.listed.get(tenant).unwrap_or(&self.default);
        let age = own.retention_age.as_ref();
        let bytes = own.retention_bytes.as_ref();
        let age = age.or(self.default.retention_age.as_ref());
        let bytes = bytes.or(self.default.retention_bytes.as_ref());
        // Both were read before, in `check`.
        let age = age.and_then(|text| config::retention_age(text).ok());
        let bytes = bytes.and_then(|text| config::retention_bytes(text).ok());
        Retention {
            age: age.unwrap_or(everybody.age),
            bytes: bytes.unwrap_or(everybody.bytes),
            ..everybody
        }
    }
}

impl Limit {
    fn check(&self) -> anyhow::Result<()> {
        if let Some(text) = &self.retention_age {
            let age = config::retention_age(text);
            age.map_err(anyhow::Error::msg).context("retention_age")?;
        }
        if let Some(text) = &self.retention_bytes {
            let bytes = config::retention_bytes(text);
            bytes
                .map_err(anyhow::Error::msg)
                .context("retention_bytes")?;
        }
        let is_none = self.spans_per_second == Some(0) || self.live_traces == Some(0);
        anyhow::ensure!(
            !is_none,
            "a limit of 0 lets nothing in; leave it out for none"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FreeSpace;
    use std::time::Duration;

    fn tenant(name: &str) -> Tenant {
        Tenant::parse(name).unwrap()
    }

    #[test]
    fn what_a_tenant_does_not_say_is_as_for_everybody() {
        let text = "only_listed: true\n\
                    default: { spans_per_second: 50, retention_age: 2d }\n\
                    tenants:\n  acme: { live_traces: 7, retention_bytes: 1GiB }\n  a.b: {}\n";
        let limits = Limits::parse(text).unwrap();
        let acme = tenant("acme");
        let ration = Ration {
            spans_per_second: Some(50),
            live_traces: Some(7),
        };
        assert_eq!(limits.ration(&acme), ration);
        let everybody = Retention {
            age: None,
            bytes: Some(99 << 30),
            free_space: FreeSpace::Any,
        };
        let kept = limits.retention(&acme, everybody);
        assert_eq!(kept.age, Some(Duration::from_secs(2 * 86_400)));
        assert_eq!(kept.bytes, Some(1 << 30));
        assert!(limits.allows(&tenant("a.b")) && !limits.allows(&tenant("other")));
        assert!(Limits::default().allows(&tenant("other")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("tenants: { 'a/b': {} }", "because of '/'"),
            ("tenants: { a: { spans: 3 } }", "spans"),
            ("tenants: { a: { retention_age: soon } }", "retention_age"),
            ("default: { retention_bytes: 1KiB }", "retention_bytes"),
            ("default: { live_traces: 0 }", "lets nothing in"),
            ("everybody: {}", "everybody"),
        ] {
            let error = format!("{:#}", Limits::parse(text).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
