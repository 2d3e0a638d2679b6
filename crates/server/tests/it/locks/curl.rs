//! Asks with curl, as people who look for a mistake do.

use super::ports::Port;
use std::io::Write;
use std::process::{Command, Stdio};

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// What curl itself said: 0 when there was an answer.
    pub(super) exit_code: i32,
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// The last of this name: trailers come after headers.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().rev();
        named
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// What people read: the body, or the message of gRPC.
    pub(super) fn text(&self) -> String {
        let body = String::from_utf8_lossy(&self.body).into_owned();
        let message = self.header("grpc-message").unwrap_or_default();
        body + &message
            .replace("%20", " ")
            .replace("%60", "`")
            .replace("%3A", ":")
    }

    /// The same word for what either protocol says.
    pub(super) fn verdict(&self) -> &'static str {
        match (self.status, self.header("grpc-status")) {
            (200, None | Some("0")) | (202, None) => "ok",
            (401, None) | (200, Some("16")) => "unknown",
            (403, None) | (200, Some("7")) => "forbidden",
            _ => "other",
        }
    }
}

/// Asks; `more` are arguments of curl.
pub(super) fn curl(url: &str, port: &Port, more: &[&str]) -> Answer {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--max-time", "60"]);
    if port.is_grpc() {
        command.args(["--http2-prior-knowledge", "-H", "te: trailers"]);
    }
    if !port.body.is_empty() {
        let content_type = format!("content-type: {}", port.content_type);
        command.args(["-H", &content_type, "--data-binary", "@-"]);
    }
    let mut child = command
        .args(more)
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it read anything, as when TLS fails.
    let _gone = child.stdin.take().unwrap().write_all(port.body.as_bytes());
    let output = child.wait_with_output().unwrap();
    read(output.status.code().unwrap_or(-1), &output.stdout)
}

fn read(exit_code: i32, output: &[u8]) -> Answer {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, rest) = match end {
        Some(end) => (&output[..end], &output[end + 4..]),
        None => (output, &[][..]),
    };
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    let mut headers: Vec<_> = head.lines().filter_map(header).collect();
    // Trailers stand behind the body.
    let after = String::from_utf8_lossy(rest).into_owned();
    headers.extend(
        after
            .lines()
            .filter_map(header)
            .filter(|(name, _)| name.starts_with("grpc-")),
    );
    Answer {
        exit_code,
        status: status.unwrap_or(0),
        headers,
        body: rest.to_vec(),
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    // What stands before a trailer on its line is the end of the body.
    let name = name
        .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .next()?;
    Some((name.to_ascii_lowercase(), value.trim().to_owned()))
}
