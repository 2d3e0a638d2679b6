//! Certificates made for a test: an authority, and what it signs.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};

/// Signs certificates and keeps them in files.
pub(super) struct Authority {
    dir: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Two files, as settings and curl take them.
pub(super) struct Certified {
    pub(super) certificate: String,
    pub(super) key: String,
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

impl Authority {
    pub(super) fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = dir.join(name);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    /// The authority's own certificate.
    pub(super) fn file(&self) -> String {
        text(&self.dir.join("ca.pem"))
    }

    /// Signs a certificate for this machine, under a name; over an earlier one
    /// of the same name, which is how certificates are rotated.
    pub(super) fn certify(&self, name: &str) -> Certified {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        let path = |kind: &str| self.dir.join(format!("{name}.{kind}.pem"));
        fs::write(path("cert"), signed.pem()).unwrap();
        fs::write(path("key"), key.serialize_pem()).unwrap();
        Certified {
            certificate: text(&path("cert")),
            key: text(&path("key")),
        }
    }
}
