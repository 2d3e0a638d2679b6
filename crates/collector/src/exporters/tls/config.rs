//! What `tls` can be told.

use crate::exporters::secret::Secret;
use crate::written::fields::Fields;

/// See the module's text.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsConfig {
    /// In the clear, where the endpoint does not say.
    pub is_insecure: bool,
    /// Who may vouch for the peer; none: the authorities of the system.
    pub authorities: Option<Secret>,
    /// Those of the system besides.
    pub with_system_authorities: bool,
    /// What is shown to the peer, and its key.
    pub certificate: Option<(Secret, Secret)>,
    /// Whose certificate is expected, if not that of the host.
    pub server_name: Option<String>,
    /// Is everybody believed to be the peer?
    pub skips_verification: bool,
    /// The least that is spoken.
    pub min_version: Version,
    /// The most that is spoken.
    pub max_version: Version,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Version {
    Tls12,
    Tls13,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            is_insecure: false,
            authorities: None,
            with_system_authorities: false,
            certificate: None,
            server_name: None,
            skips_verification: false,
            min_version: Version::Tls12,
            max_version: Version::Tls13,
        }
    }
}

impl TlsConfig {
    /// Reads the fields of the section.
    pub(in crate::exporters) fn read(fields: Option<Fields<'_>>) -> Self {
        let default = Self::default();
        let Some(fields) = fields else { return default };
        let certificate = Secret::read(&fields, "cert_file", "cert_pem");
        let key = Secret::read(&fields, "key_file", "key_pem");
        if certificate.is_some() != key.is_some() {
            fields.mistake(format!(
                "{} and key_file go together; write both or none",
                fields.path("cert_file")
            ));
        }
        let server_name = fields.text("server_name_override");
        let config = Self {
            is_insecure: fields.switch("insecure", false),
            authorities: Secret::read(&fields, "ca_file", "ca_pem"),
            with_system_authorities: fields.switch("include_system_ca_certs_pool", false),
            certificate: certificate.zip(key),
            server_name: server_name
                .map(|written| written.text)
                .filter(|name| !name.is_empty()),
            skips_verification: fields.switch("insecure_skip_verify", false),
            min_version: fields.value("min_version", default.min_version, version),
            max_version: fields.value("max_version", default.max_version, version),
        };
        if config.min_version > config.max_version {
            fields.mistake(format!(
                "{} is above max_version; raise that, or leave it out",
                fields.path("min_version")
            ));
        }
        if config.skips_verification {
            fields.reading().warn(format!(
                "{}: whoever answers is believed to be the peer; name its authority in ca_file instead",
                fields.path("insecure_skip_verify")
            ));
        }
        fields.not_served(
            "cipher_suites",
            "leave it out: only strong ones are offered",
        );
        fields.not_served(
            "curve_preferences",
            "leave it out: only strong ones are offered",
        );
        fields.not_served("tpm", "keep the key in a file");
        // Files are looked at for each new connection.
        fields.has("reload_interval");
        fields.end();
        config
    }
}

fn version(text: &str) -> Result<Version, String> {
    match text {
        "1.2" => Ok(Version::Tls12),
        "1.3" => Ok(Version::Tls13),
        _ => Err(format!(
            "{text:?} is not one of \"1.2\", \"1.3\"; older ones are broken"
        )),
    }
}
