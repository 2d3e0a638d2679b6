//! Who records: the attributes of the process.
//!
//! It exists so that a service is told from its neighbours and its restarts
//! (OpenTelemetry semantic conventions, resource). What a person says must
//! always go before what was found out.

use crate::record::{KeyValue, Value, random_bits};

const SERVICE_NAME: &str = "service.name";

/// Attributes from the most to the least important source.
#[derive(Debug, Default)]
pub(super) struct Resource {
    attributes: Vec<KeyValue>,
}

impl Resource {
    /// Adds it unless it is there.
    pub(super) fn add(
        &mut self,
        key: impl Into<std::borrow::Cow<'static, str>>,
        value: impl Into<Value>,
    ) {
        let attribute = KeyValue::new(key, value);
        if !self
            .attributes
            .iter()
            .any(|known| known.key == attribute.key)
        {
            self.attributes.push(attribute);
        }
    }

    pub(super) fn service_name(&self) -> String {
        let name = self
            .attributes
            .iter()
            .find(|attribute| attribute.key == SERVICE_NAME);
        match name.map(|attribute| &attribute.value) {
            Some(Value::Str(name)) => name.clone().into_owned(),
            _ => String::new(),
        }
    }

    /// Adds what the process knows of itself.
    pub(super) fn add_detected(&mut self) {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_name());
        let program = program.map(|name| name.to_string_lossy().into_owned());
        let fallback = match &program {
            Some(program) => format!("unknown_service:{program}"),
            None => "unknown_service".to_owned(),
        };
        self.add(SERVICE_NAME, fallback);
        self.add("service.instance.id", instance_id());
        self.add("process.pid", i64::from(std::process::id()));
        if let Some(program) = program {
            self.add("process.executable.name", program);
        }
        // The standard library does not know it; elsewhere it is left out.
        if let Ok(host) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
            self.add("host.name", host.trim().to_owned());
        }
        self.add("telemetry.sdk.name", env!("CARGO_PKG_NAME"));
        self.add("telemetry.sdk.language", "rust");
        self.add("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
    }

    pub(super) fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }
}

/// A random UUID (RFC 9562, version 4).
fn instance_id() -> String {
    let (high, low) = (random_bits(), random_bits());
    let version = high & 0xfff | 0x4000;
    let variant = low >> 48 & 0x3fff | 0x8000;
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        low & 0xffff_ffff_ffff
    )
}
