//! HTTP/1.1 over one kept connection, blocking.
//!
//! A client library would bring a runtime, and its threads would be measured
//! as part of every answer. This knows just what our own server sends; the
//! server is ours, so what it sends is not bounded here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// Longer than any query may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A connection to one address.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if the answer is good.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        ensure!(
            self.status == 200,
            "status {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            address,
            stream: BufReader::with_capacity(64 << 10, stream),
        })
    }

    /// Asks for a path. A server may close a connection that was idle, so a
    /// question is asked once more on a new one.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let first = self.exchange("GET", path, "", &[]);
        if first.is_ok() {
            return first;
        }
        *self = Self::open(self.address)?;
        self.exchange("GET", path, "", &[])
            .with_context(|| format!("GET {path}"))
    }

    /// Sends a body; never twice.
    pub(crate) fn post(
        &mut self,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        self.exchange("POST", path, content_type, body)
            .with_context(|| format!("POST {path}"))
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        if !content_type.is_empty() {
            request += &format!("content-type: {content_type}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n", body.len());
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.stream.get_mut().write_all(&bytes)?;
        let answer = self.read_answer()?;
        let (answer, is_closing) = answer;
        if is_closing {
            *self = Self::open(self.address)?;
        }
        Ok(answer)
    }

    fn read_answer(&mut self) -> anyhow::Result<(Answer, bool)> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("not an HTTP answer: {line:?}"))?;
        let (mut length, mut is_chunked, mut is_closing) = (None, false, false);
        loop {
            let header = self.line()?.to_ascii_lowercase();
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            match (name, value.trim()) {
                ("content-length", value) => length = Some(value.parse::<usize>()?),
                ("transfer-encoding", "chunked") => is_chunked = true,
                ("connection", "close") => is_closing = true,
                _ => {}
            }
        }
        let mut body = Vec::new();
        match length {
            _ if is_chunked => self.read_chunks(&mut body)?,
            Some(length) => {
                body.resize(length, 0);
                self.stream.read_exact(&mut body)?;
            }
            None if matches!(status, 204 | 304) => {}
            None => bail!("an answer without a length"),
        }
        Ok((Answer { status, body }, is_closing))
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or(""), 16)?;
            let from = body.len();
            body.resize(from + size, 0);
            self.stream.read_exact(&mut body[from..])?;
            ensure!(self.line()?.is_empty(), "a chunk without an end");
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line)?;
        ensure!(read > 0, "the server closed the connection");
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Text as part of a query string.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answers(texts: Vec<&'static str>) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for text in texts {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(text.as_bytes()).unwrap();
            }
        });
        Connection::open(address).unwrap()
    }

    #[test]
    fn bodies_come_whole_however_they_are_framed() {
        let framings = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        ];
        for framing in framings {
            let answer = answers(vec![framing]).get("/").unwrap();
            assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
        }
    }

    #[test]
    fn a_closed_connection_is_opened_again_for_a_question() {
        let mut connection = answers(vec!["", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"]);
        let answer = connection.get("/x").unwrap();
        assert_eq!(answer.status, 404);
        assert!(answer.json().is_err());
    }

    #[test]
    fn queries_survive_a_url() {
        assert_eq!(
            escaped("{ a = \"ü\" }"),
            "%7B%20a%20%3D%20%22%C3%BC%22%20%7D"
        );
    }
}
