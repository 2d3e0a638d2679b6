//! A `tracewell` that runs: started on free ports, asked over HTTP, killed.

use crate::process::tracewell;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server process; killed when dropped.
pub(crate) struct Running {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
    /// What it has said on standard error so far.
    log: Arc<Mutex<String>>,
}

/// Generous: only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "this never came: {what}");
        std::thread::yield_now();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The page that may read it.
    pub(crate) allow_origin: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Receivers beside OTLP over HTTP, by what opens them.
pub(crate) const OTHER_RECEIVERS: [&str; 7] = [
    "--otlp-grpc-port",
    "--jaeger-grpc-port",
    "--jaeger-http-port",
    "--jaeger-compact-port",
    "--jaeger-binary-port",
    "--jaeger-zipkin-port",
    "--zipkin-port",
];

impl Running {
    /// Starts on an address of this server alone (all of 127.0.0.0/8 is loopback
    /// on Linux). Who goes on sending after it was killed meets nobody: the
    /// server of another test can have got one of its ports otherwise, and would
    /// acknowledge.
    pub(crate) fn start_apart(data_dir: &Path, more: &[&str]) -> Self {
        static STARTED: AtomicU8 = AtomicU8::new(1);
        if !cfg!(target_os = "linux") {
            return Self::start(data_dir, more);
        }
        let [.., high, low] = std::process::id().to_be_bytes();
        let started = STARTED.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.{}.{low}.{}", 1 + high % 250, 1 + started % 250);
        Self::start(data_dir, &[more, &["--listen", &address]].concat())
    }

    /// Starts on `data_dir` and waits until it says that it is ready.
    pub(crate) fn start(data_dir: &Path, more: &[&str]) -> Self {
        Self::start_with(data_dir, more, &[])
    }

    /// Starts with a Collector's file that takes OTLP over HTTP and nothing else:
    /// what it does not name stays closed.
    pub(crate) fn start_pipelines(data_dir: &Path, file: &Path) -> Self {
        let closed = OTHER_RECEIVERS.iter().chain(&["--tempo-port"]);
        let mut flags = vec!["--config", file.to_str().unwrap()];
        flags.extend(closed.flat_map(|port| [*port, "off"]));
        Self::start(data_dir, &flags)
    }

    /// The same with variables of the environment.
    pub(crate) fn start_with(data_dir: &Path, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut arguments = vec!["--data-dir", data_dir.to_str().unwrap()];
        for port in [
            "--otlp-grpc-port",
            "--otlp-http-port",
            "--query-http-port",
            "--query-grpc-port",
            "--tempo-port",
            "--jaeger-grpc-port",
            "--jaeger-http-port",
            "--jaeger-compact-port",
            "--jaeger-binary-port",
            "--jaeger-zipkin-port",
            "--zipkin-port",
            "--sampling-http-port",
            "--sampling-grpc-port",
            "--admin-port",
            "--query-admin-port",
            "--health-check-port",
        ] {
            if !more.contains(&port) {
                arguments.extend([port, "0"]);
            }
        }
        arguments.extend(more);
        let mut command = tracewell(&arguments, environment);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned));
        let Some(ready) = ready else {
            let mut stderr = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut stderr)
                .unwrap();
            panic!("the server did not become ready: {stderr}");
        };
        // A full pipe would stop it.
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let pairs = ready.split(' ').map(|pair| pair.split_once('=').unwrap());
        let addresses = pairs
            .map(|(name, address)| (name.to_owned(), address.parse().unwrap()))
            .collect();
        Self {
            child,
            addresses,
            log,
        }
    }

    /// What it has said on standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn address(&self, endpoint: &str) -> SocketAddr {
        self.addresses[endpoint]
    }

    pub(crate) fn url(&self, endpoint: &str, path: &str) -> String {
        format!("http://{}{path}", self.address(endpoint))
    }

    /// Asks the query API.
    pub(crate) fn get(&self, path: &str) -> Answer {
        request("GET", &self.url("query-http", path), "", Vec::new())
    }

    /// Sends an OTLP request in protobuf and expects all of it to be stored.
    pub(crate) fn store(&self, request_body: Vec<u8>) {
        let url = self.url("otlp-http", "/v1/traces");
        let answer = request("POST", &url, "application/x-protobuf", request_body);
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        assert!(answer.body.is_empty(), "nothing was rejected");
    }

    /// The most memory that it has had; none where the system does not say.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
    }

    /// As pulling the plug of the process.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Asks it to end and answers its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be dead already, and then there is nothing to do.
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

/// One request over a connection of its own.
pub(crate) fn request(method: &str, url: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let headers = [("content-type", content_type)];
    let headers = if content_type.is_empty() {
        &[]
    } else {
        &headers[..]
    };
    request_with(method, url, headers, body)
}

/// The same with these headers.
pub(crate) fn request_with(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = client.request(request).await.unwrap();
        let status = answer.status().as_u16();
        let allow_origin = answer.headers().get("access-control-allow-origin");
        let allow_origin = allow_origin.map(|origin| origin.to_str().unwrap().to_owned());
        let body = answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec();
        Answer {
            status,
            allow_origin,
            body,
        }
    })
}
