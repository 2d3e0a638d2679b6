//! What an exporter over HTTP can be told, whatever it says.

use std::time::Duration;

use http::{HeaderMap, Uri};

use super::packing::{self, Compression};
use crate::exporters::auth::AuthenticatorRef;
use crate::exporters::headers;
use crate::exporters::queue::QueueConfig;
use crate::exporters::retry::RetryConfig;
use crate::exporters::tls::TlsConfig;
use crate::written::fields::Fields;

/// The Collector's time for a connection without requests.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// For one attempt, where there is no limit to the Collector.
const TIMEOUT_MAX: Duration = Duration::from_secs(3_600);

/// See the module's text.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpConfig {
    /// How requests are packed.
    pub compression: Compression,
    /// Sent with each request.
    pub headers: HeaderMap,
    /// For one attempt.
    pub timeout: Duration,
    /// Where the endpoint is encrypted.
    pub tls: TlsConfig,
    /// Who we say that we are.
    pub auth: Option<AuthenticatorRef>,
    /// Are connections used again?
    pub keeps_alive: bool,
    /// Without requests for this time a connection is ended.
    pub idle_timeout: Duration,
    /// What may wait.
    pub queue: QueueConfig,
    /// When it is tried again.
    pub retry: RetryConfig,
}

impl HttpConfig {
    /// Reads what all exporters over HTTP have; the endpoint is theirs, and so is
    /// what holds unless something is written.
    pub(in crate::exporters) fn read(
        fields: &Fields<'_>,
        compression: Compression,
        timeout: Duration,
    ) -> Self {
        let timeout = fields.duration("timeout", timeout);
        let config = Self {
            compression: packing::read(fields, compression),
            headers: headers::read(fields),
            timeout: if timeout.is_zero() {
                TIMEOUT_MAX
            } else {
                timeout
            },
            tls: TlsConfig::read(fields.section("tls")),
            auth: AuthenticatorRef::read(fields),
            keeps_alive: !fields.switch("disable_keep_alives", false),
            idle_timeout: fields.duration("idle_conn_timeout", IDLE_TIMEOUT),
            queue: QueueConfig::read(fields.section("sending_queue")),
            retry: RetryConfig::read(fields.section("retry_on_failure")),
        };
        fields.not_served("proxy_url", "proxies are not asked; name the peer itself");
        fields.not_served("cookies", "cookies of a peer are not kept");
        fields.not_served(
            "middlewares",
            "headers_setter and the other authenticators set headers",
        );
        for taken in [
            "force_attempt_http2",
            "http2_ping_timeout",
            "http2_read_idle_timeout",
            "max_conns_per_host",
            "max_idle_conns",
            "max_idle_conns_per_host",
            "read_buffer_size",
            "write_buffer_size",
        ] {
            fields.has(taken);
        }
        config
    }
}

/// Reads a field that is a URL.
pub(in crate::exporters) fn url(
    fields: &Fields<'_>,
    name: &'static str,
    example: &str,
) -> Option<String> {
    let written = fields
        .text(name)
        .filter(|written| !written.text.is_empty())?;
    let text = written.text;
    let wrong = match text.parse::<Uri>() {
        // Not shown: it may have a password in it.
        Ok(uri)
            if uri
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@')) =>
        {
            Some("it has a user in it; use the extension basicauth".to_owned())
        }
        Ok(uri) if uri.host().is_none_or(str::is_empty) => Some(format!(
            "{text:?} names no host; write for example {example}"
        )),
        Ok(uri) if !matches!(uri.scheme_str(), Some("http" | "https")) => Some(format!(
            "{text:?} begins neither with http:// nor with https://; write for example {example}"
        )),
        Ok(_) => None,
        Err(error) => Some(format!(
            "it is no URL ({error}); write for example {example}"
        )),
    };
    match wrong {
        None => Some(text),
        Some(why) => {
            let message = format!("{}: {why}", fields.path(name));
            fields.reading().mistake(written.location, message);
            None
        }
    }
}

/// As it is shown: what stands behind a question mark may be a secret.
pub(crate) fn shown(url: &str) -> &str {
    url.split_once('?').map_or(url, |(before, _)| before)
}
