//! Asks the server: one GET over a connection of its own.
//!
//! It exists so that sampling needs no HTTP client and no async runtime. It
//! speaks HTTP/1.0, to which no server answers in chunks. It must never wait
//! longer than its timeouts, nor read more than a strategy can need.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// Where strategies come from: `http://host:port/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    authority: String,
    path: String,
}

impl Default for Endpoint {
    /// `http://localhost:5778/sampling`.
    fn default() -> Endpoint {
        Endpoint {
            authority: "localhost:5778".to_owned(),
            path: "/sampling".to_owned(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path)
    }
}

/// Why an endpoint was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("endpoint `{text}` {reason}; write http://host:5778/sampling")]
#[non_exhaustive]
pub struct EndpointError {
    text: String,
    reason: &'static str,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        let wrong = |reason| EndpointError {
            text: text.to_owned(),
            reason,
        };
        let rest = match text.split_once("://") {
            Some(("http", rest)) => rest,
            Some(("https", _)) => {
                return Err(wrong("needs TLS, which this sampler does not speak"));
            }
            Some(_) => return Err(wrong("has an unknown scheme")),
            None => text,
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/sampling"),
        };
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b'?');
        if authority.is_empty() || !is_plain(rest) {
            return Err(wrong("has no host, or a query or space"));
        }
        // A port follows the last colon, unless that is inside [an IPv6 address].
        let port = match authority.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => Some(port),
            _ => None,
        };
        match port.map(str::parse::<u16>) {
            Some(Err(_)) => return Err(wrong("has no number for a port")),
            Some(Ok(14250 | 5779)) => {
                return Err(wrong("is a gRPC port, and this sampler asks over HTTP"));
            }
            Some(Ok(_)) => {}
            None => {
                return Ok(Endpoint {
                    authority: format!("{authority}:80"),
                    path: path.to_owned(),
                });
            }
        }
        Ok(Endpoint {
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }
}

/// Why the server gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The connection failed.
    #[error("{endpoint}: {source}")]
    Io {
        /// Whom it asked.
        endpoint: String,
        /// What went wrong.
        source: io::Error,
    },
    /// It answered with something other than 200.
    #[error("{endpoint} answered `{status}`")]
    Status {
        /// Whom it asked.
        endpoint: String,
        /// The status line.
        status: String,
    },
}

/// The body of the answer for `service`.
pub(super) fn get(endpoint: &Endpoint, service: &str) -> Result<Vec<u8>, FetchError> {
    let answer = exchange(endpoint, service).map_err(|source| FetchError::Io {
        endpoint: endpoint.to_string(),
        source,
    })?;
    let end_of_head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&answer[..end_of_head.unwrap_or(answer.len().min(256))]);
    let status = head.lines().next().unwrap_or_default().to_owned();
    match (end_of_head, status.split(' ').nth(1)) {
        (Some(end), Some("200")) => Ok(answer[end + 4..].to_vec()),
        _ => Err(FetchError::Status {
            endpoint: endpoint.to_string(),
            status,
        }),
    }
}

fn exchange(endpoint: &Endpoint, service: &str) -> io::Result<Vec<u8>> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in endpoint.authority.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return exchange_over(stream, endpoint, service),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn exchange_over(mut stream: TcpStream, endpoint: &Endpoint, service: &str) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut encoded = String::new();
    crate::propagation::percent::encode(service, &mut encoded);
    let request = format!(
        "GET {}?service={encoded} HTTP/1.0\r\nHost: {}\r\nAccept: application/json\r\n\r\n",
        endpoint.path, endpoint.authority
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(answer)
}
