//! Settings of the locks: TLS, and who may send and ask.
//!
//! Rows of the table in the parent, **nothing else**. They name files: a secret
//! is never a setting, so that none is printed or seen in a list of processes.

use super::super::value::{self, show_file};
use super::{Setting, file};

/// In the order in which people read a configuration.
pub(super) static ROWS: &[Setting] = &[
    file(
        "tls.cert_file",
        "tls-cert-file",
        "Certificate chain in PEM: every TCP port then speaks TLS; read again when it changes",
        |draft, text| {
            draft.lock.certificate = value::file(text);
            Ok(())
        },
        |config| show_file(config.lock.certificate.as_ref()),
    ),
    file(
        "tls.key_file",
        "tls-key-file",
        "Private key of the certificate, in PEM",
        |draft, text| {
            draft.lock.key = value::file(text);
            Ok(())
        },
        |config| show_file(config.lock.key.as_ref()),
    ),
    file(
        "tls.client_ca_file",
        "tls-client-ca-file",
        "Authorities in PEM, of which one must have signed the certificate of every client",
        |draft, text| {
            draft.lock.client_authorities = value::file(text);
            Ok(())
        },
        |config| show_file(config.lock.client_authorities.as_ref()),
    ),
    file(
        "access.tokens_file",
        "access-tokens-file",
        "Bearer tokens, one a line: ROLES TOKEN [NAME]; every port then asks for one, \
         and the file is read again when it changes",
        |draft, text| {
            draft.lock.tokens = value::file(text);
            Ok(())
        },
        |config| show_file(config.lock.tokens.as_ref()),
    ),
    file(
        "access.passwords_file",
        "access-passwords-file",
        "Users and password hashes as `htpasswd -B` writes them, with USER:HASH[:ROLES]; \
         read again when it changes",
        |draft, text| {
            draft.lock.passwords = value::file(text);
            Ok(())
        },
        |config| show_file(config.lock.passwords.as_ref()),
    ),
];
