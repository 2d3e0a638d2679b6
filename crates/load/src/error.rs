//! Why a run could not begin or could not go on.
//!
//! What a server refused is no error: it is counted in the report.

use std::io;
use std::path::PathBuf;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nothing can be sent to this address.
    #[error("endpoint {endpoint:?}: {problem}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it, and what to write instead where we know.
        problem: String,
    },
    /// What it is stays unsaid.
    #[error("the token has characters that no header can hold; is it the file with a token?")]
    Token,
    /// A certificate or a key cannot be used.
    #[error("{}: {problem}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// gRPC carries protobuf only.
    #[error("JSON is sent over HTTP; gRPC carries protobuf only")]
    JsonOverGrpc,
    /// What the server acknowledged cannot be written down.
    #[error("cannot write {}: {error}", .path.display())]
    VerifyFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
    /// A bug: a connection ended in a panic.
    #[error("a connection ended badly: {0}")]
    Connection(String),
}

impl LoadError {
    pub(crate) fn file(path: &std::path::Path, problem: impl ToString) -> Self {
        Self::File {
            path: path.to_path_buf(),
            problem: problem.to_string(),
        }
    }

    pub(crate) fn endpoint(endpoint: &str, problem: impl ToString) -> Self {
        Self::Endpoint {
            endpoint: endpoint.to_owned(),
            problem: problem.to_string(),
        }
    }
}
