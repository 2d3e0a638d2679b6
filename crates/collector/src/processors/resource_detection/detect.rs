//! The detectors.

use tracewell_model::AnyValue;

use crate::written::fields::Fields;

/// `key=value,key=value` with percent escapes, as `OTEL_RESOURCE_ATTRIBUTES` has it.
pub(super) fn environment(text: Option<&str>) -> Vec<(String, AnyValue)> {
    let pairs = text.unwrap_or_default().split(',');
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        let key = unescaped(key.trim());
        (!key.is_empty()).then(|| (key, AnyValue::String(unescaped(value.trim()))))
    };
    pairs.filter_map(pair).collect()
}

/// What is no escape stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Which attributes of the host are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct System {
    name: bool,
    os_type: bool,
    arch: bool,
    id: bool,
}

impl System {
    pub(super) fn read(fields: Option<Fields<'_>>) -> Self {
        let mut wanted = Self {
            name: true,
            os_type: true,
            arch: false,
            id: false,
        };
        let Some(fields) = fields else { return wanted };
        // The kernel's; a name server is not asked.
        fields.has("hostname_sources");
        if let Some(attributes) = fields.section("resource_attributes") {
            for (name, is_wanted) in [
                ("host.name", &mut wanted.name),
                ("os.type", &mut wanted.os_type),
                ("host.arch", &mut wanted.arch),
                ("host.id", &mut wanted.id),
            ] {
                if let Some(attribute) = attributes.section(name) {
                    *is_wanted = attribute.switch("enabled", *is_wanted);
                    attribute.end();
                }
            }
            attributes.end();
        }
        fields.end();
        wanted
    }

    pub(super) fn detect(self) -> Vec<(String, AnyValue)> {
        let found = [
            ("host.name", self.name.then(host_name).flatten()),
            (
                "os.type",
                self.os_type.then(|| std::env::consts::OS.to_owned()),
            ),
            ("host.arch", self.arch.then(|| arch().to_owned())),
            ("host.id", self.id.then(host_id).flatten()),
        ];
        let found = found.into_iter();
        found
            .filter_map(|(key, value)| Some((key.to_owned(), AnyValue::String(value?))))
            .collect()
    }
}

fn host_name() -> Option<String> {
    let name = rustix::system::uname();
    let name = name.nodename().to_str().ok()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// As the semantic conventions write it.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn host_id() -> Option<String> {
    let id = std::fs::read_to_string("/etc/machine-id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}
