//! Asks a running tracewell over HTTP.
//!
//! Every failure says which address was asked and what to try. Answers are read
//! up to a limit or streamed line by line; nothing is read without one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use clap::Args;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tracewell_load::{Connector, Credentials};

use super::credentials::CredentialArgs;
use super::error::CliError;
use super::output::plain;

/// A trace of a million spans in JSON stays below; a mistaken address does not
/// fill the memory.
const MAX_ANSWER_BYTES: usize = 2 << 30;
/// One line of a stream describes one trace.
const MAX_LINE_BYTES: usize = 16 << 20;
/// A server that accepts connections answers its first byte within this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Which server to ask.
#[derive(Debug, Clone, Args)]
pub(super) struct ServerAddress {
    /// Address of the running tracewell
    #[arg(
        long,
        value_name = "URL",
        env = "TRACEWELL_SERVER",
        default_value = "http://127.0.0.1:16686"
    )]
    server: String,
    #[command(flatten)]
    credentials: CredentialArgs,
}

/// A connection to one server.
pub(super) struct Client {
    base: String,
    http: HttpClient<Connector, Empty<Bytes>>,
    credentials: Credentials,
}

/// Runs one command to its end on this thread.
pub(super) fn block_on(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}

impl Client {
    /// Checks the address; connects with the first request.
    pub(super) fn new(address: &ServerAddress) -> Result<Self, CliError> {
        let base = base_url(&address.server)?;
        let credentials = address.credentials.load(&base)?;
        let http = HttpClient::builder(TokioExecutor::new()).build(credentials.connector());
        Ok(Self {
            base,
            http,
            credentials,
        })
    }

    /// The address that is asked, without a slash at the end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a GET; an answer other than 2xx is an error with the server's words.
    pub(super) async fn get(&self, path_and_query: &str) -> Result<Response<Incoming>, CliError> {
        let uri = format!("{}/{path_and_query}", self.base);
        let mut request = Request::get(&uri).header(header::USER_AGENT, super::user_agent());
        if let Some(authorization) = self.credentials.authorization() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(Empty::new())
            .map_err(|error| CliError::Usage(format!("{uri:?} is not a URL: {error}")))?;
        let response = tokio::time::timeout(ANSWER_TIMEOUT, self.http.request(request))
            .await
            .map_err(|_| {
                let seconds = ANSWER_TIMEOUT.as_secs();
                CliError::Failed(format!("{} gave no answer within {seconds}s", self.base))
            })?
            .map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = self.read(response).await?;
        Err(refusal(&self.base, status, &body))
    }

    /// Sends a GET and reads the whole answer.
    pub(super) async fn get_whole(&self, path_and_query: &str) -> Result<Bytes, CliError> {
        let response = self.get(path_and_query).await?;
        self.read(response).await
    }

    /// Sends a GET and hands over each line of the answer as it arrives.
    pub(super) async fn get_lines(
        &self,
        path_and_query: &str,
        mut on_line: impl FnMut(&[u8]) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let mut body = self.get(path_and_query).await?.into_body();
        let mut pending = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken_off(&error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            pending.extend_from_slice(data);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line = pending.split_to(end + 1);
                on_line(&line[..end])?;
            }
            if pending.len() > MAX_LINE_BYTES {
                return Err(CliError::Failed(format!(
                    "{} sent a line of more than {MAX_LINE_BYTES} bytes; is this tracewell?",
                    self.base
                )));
            }
        }
        if pending.is_empty() {
            Ok(())
        } else {
            on_line(&pending)
        }
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Bytes, CliError> {
        let mut body = response.into_body();
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken_off(&error))?;
            whole.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
            if whole.len() > MAX_ANSWER_BYTES {
                return Err(CliError::Failed(format!(
                    "the answer of {} is larger than 2 GiB; ask for less",
                    self.base
                )));
            }
        }
        Ok(whole.freeze())
    }

    fn broken_off(&self, error: &hyper::Error) -> CliError {
        CliError::Failed(format!("{} broke off its answer: {error}", self.base))
    }

    fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> CliError {
        let mut cause = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        CliError::Failed(format!(
            "cannot reach {}: {cause}; start tracewell there, or name another server with --server \
             or TRACEWELL_SERVER",
            self.base
        ))
    }
}

/// `host:port`, or a URL with or without a path, as the start of request URLs.
fn base_url(written: &str) -> Result<String, CliError> {
    let wrong = |why: &str| {
        CliError::Usage(format!(
            "--server {written:?}: {why}; write for example http://127.0.0.1:16686"
        ))
    };
    let with_scheme = if written.contains("://") {
        written.to_owned()
    } else {
        format!("http://{written}")
    };
    let uri: Uri = with_scheme.parse().map_err(|_| wrong("not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("only http and https are supported"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(wrong("no host"));
    }
    if uri.query().is_some() {
        return Err(wrong("a server address has no query"));
    }
    Ok(with_scheme.trim_end_matches('/').to_owned())
}

/// The server's own words, from either of its two shapes of error.
fn refusal(base: &str, status: StatusCode, body: &[u8]) -> CliError {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = answer["message"]
        .as_str()
        .or_else(|| answer["errors"][0]["msg"].as_str());
    let Some(message) = message else {
        return CliError::Failed(format!(
            "{base} answered {status}; is this the address of tracewell's UI?"
        ));
    };
    let hint = answer["hint"]
        .as_str()
        .map(|hint| format!("; {hint}"))
        .unwrap_or_default();
    let text = plain(&format!("{message}{hint}"));
    if status == StatusCode::UNAUTHORIZED {
        CliError::Failed(format!(
            "{text}; here the token is what --token-file names or TRACEWELL_TOKEN holds"
        ))
    } else if status == StatusCode::BAD_REQUEST {
        CliError::Usage(text)
    } else {
        CliError::Failed(text)
    }
}

/// Text as the value of a query parameter or a segment of a path.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_url_or_a_host_with_port() {
        for (written, base) in [
            ("127.0.0.1:16686", "http://127.0.0.1:16686"),
            ("http://traces.example/base/", "http://traces.example/base"),
            ("https://traces.example", "https://traces.example"),
        ] {
            assert_eq!(base_url(written).unwrap(), base);
        }
        for (written, why) in [
            ("ftp://x", "only http"),
            ("http://", "not a URL"),
            ("http://x?y=1", "no query"),
            ("a b", "not a URL"),
        ] {
            let error = base_url(written).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn refusals_are_the_servers_words() {
        let told = |status, body: &str| refusal("http://h", status, body.as_bytes()).to_string();
        let not_found = StatusCode::NOT_FOUND;
        assert_eq!(
            told(
                not_found,
                r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#
            ),
            "trace not found"
        );
        assert_eq!(
            told(
                StatusCode::BAD_REQUEST,
                r#"{"message":"bad q","hint":"quote it"}"#
            ),
            "bad q; quote it"
        );
        assert!(told(not_found, "<html>").contains("404"));
    }
}
