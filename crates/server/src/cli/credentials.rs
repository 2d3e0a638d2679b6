//! What a locked server wants to see, from the environment and from files.
//!
//! A token is **never a flag**: everybody on a machine sees those.

use std::path::PathBuf;

use clap::Args;
use tracewell_load::{CredentialFiles, Credentials};

use super::error::CliError;

/// The variable that holds the token itself.
const TOKEN_VARIABLE: &str = "TRACEWELL_TOKEN";

/// How to come in at a locked server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Locked servers")]
pub(super) struct CredentialArgs {
    /// File with the token to show; the variable TRACEWELL_TOKEN may hold it instead
    #[arg(long, value_name = "FILE", env = "TRACEWELL_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Authorities in PEM that an https:// server is trusted by [default: those of the system]
    #[arg(long, value_name = "FILE", env = "TRACEWELL_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Certificate in PEM to show to a server that asks for one
    #[arg(
        long,
        value_name = "FILE",
        env = "TRACEWELL_CLIENT_CERT_FILE",
        requires = "client_key_file"
    )]
    client_cert_file: Option<PathBuf>,
    /// Its private key
    #[arg(
        long,
        value_name = "FILE",
        env = "TRACEWELL_CLIENT_KEY_FILE",
        requires = "client_cert_file"
    )]
    client_key_file: Option<PathBuf>,
}

impl CredentialArgs {
    /// Reads them, for a server at this address.
    pub(super) fn load(&self, address: &str) -> Result<Credentials, CliError> {
        let of_variable = std::env::var(TOKEN_VARIABLE).ok();
        let of_variable = of_variable.filter(|token| !token.is_empty());
        let token = match &self.token_file {
            None => of_variable,
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                CliError::Usage(format!("--token-file {}: {error}", path.display()))
            })?),
        };
        let certificate = self.client_cert_file.as_deref();
        let files = CredentialFiles {
            authorities: self.ca_file.as_deref(),
            certificate: certificate.zip(self.client_key_file.as_deref()),
        };
        let is_encrypted = address.starts_with("https://");
        Ok(Credentials::new(token.as_deref(), files, is_encrypted)?)
    }
}
