//! The credentials that are known: bearer tokens, and users with passwords.
//!
//! ```text
//! # tokens                          # passwords, as `htpasswd -B` writes them
//! write 8f3c…                       ada:$2y$10$…
//! read,write sha256:77aa… grafana   grafana:$2y$10$…:read
//! write 91d0… acme tenant=acme      bob:$2y$10$…:read:acme
//! ```
//!
//! A token stands after its roles, as it is or as the SHA-256 of it, and a name
//! for the logs after it. A user may have roles in a third field; without it
//! they are `read,write`. Either may belong to a tenant, which stands last: then it
//! is about no other, whatever headers say. Blank lines and lines that begin with `#` are
//! skipped. **Errors name the line, never what is in it.**

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use crate::role::Roles;
use crate::tenant::Tenant;
use crate::{AccessError, LockFiles};

/// SHA-256 of a secret. Secrets are compared and kept by it alone: what a
/// comparison costs in time then says nothing about them.
pub(crate) type Digest = [u8; 32];

/// Shorter ones can be guessed over the network.
const MIN_TOKEN_BYTES: usize = 16;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a secret")
    }
}

/// What a password of a user who is not there is compared with, so that the
/// time an answer takes does not say who is.
const NOBODYS_HASH: &str = "$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
/// What stands before a tenant in a line of a token.
const TENANT: &str = "tenant=";
const UNBOUND: &str = "it belongs to a tenant, and there are none: set tenants.enabled";
const TOKEN_LINE: &str = "ROLES TOKEN [NAME] [tenant=TENANT]";

/// Who somebody is, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) roles: Roles,
    /// The only one it may act for; `None`: any.
    pub(crate) tenant: Option<Tenant>,
}

/// See the module's text.
#[derive(Default)]
pub(crate) struct Credentials {
    tokens: HashMap<Digest, Identity>,
    users: HashMap<String, User>,
}

struct User {
    identity: Identity,
    hash: Hash,
}

/// How a password is kept.
#[derive(Clone, PartialEq, Eq)]
enum Hash {
    Bcrypt(String),
    Sha1(Vec<u8>),
}

pub(crate) fn sha256(secret: &[u8]) -> Digest {
    let mut out = Digest::default();
    out.copy_from_slice(digest(&SHA256, secret).as_ref());
    out
}

impl Credentials {
    /// Reads the files that there are.
    /// A credential of a tenant where there are none would open everything, so
    /// that is a mistake.
    pub(crate) fn load(files: &LockFiles, has_tenants: bool) -> Result<Self, AccessError> {
        let bound = |identity: &Identity| match identity.tenant {
            Some(_) if !has_tenants => Err(UNBOUND.to_owned()),
            _ => Ok(()),
        };
        let mut known = Self::default();
        let given = Path::new(GIVEN_TOKENS);
        let texts = [
            files.tokens.as_deref().map(|path| (path, read(path))),
            files
                .given_tokens
                .as_ref()
                .map(|text| (given, Ok(text.0.clone()))),
        ];
        for (path, text) in texts.into_iter().flatten() {
            each_line(path, &text?, |line, number| {
                let (digest, identity) = token(line, number)?;
                bound(&identity)?;
                match known.tokens.insert(digest, identity) {
                    None => Ok(()),
                    Some(_) => Err("this token is there twice".to_owned()),
                }
            })?;
        }
        if let Some(path) = files.passwords.as_deref() {
            each_line(path, &read(path)?, |line, _| {
                let user = user(line)?;
                bound(&user.identity)?;
                match known.users.insert(user.identity.name.clone(), user) {
                    None => Ok(()),
                    Some(_) => Err("this user is in the file twice".to_owned()),
                }
            })?;
        }
        Ok(known)
    }

    pub(crate) fn of_token(&self, token: &Digest) -> Option<&Identity> {
        self.tokens.get(token)
    }

    /// Takes as long as the hash is strong: tens of milliseconds.
    pub(crate) fn of_password(&self, name: &str, password: &str) -> Option<&Identity> {
        let Some(user) = self.users.get(name) else {
            bcrypt::verify(password, NOBODYS_HASH).ok();
            return None;
        };
        let is_right = match &user.hash {
            Hash::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Hash::Sha1(hash) => {
                digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref() == hash
            }
        };
        is_right.then_some(&user.identity)
    }

    /// What stands for a user's password as it is now; another one is another.
    pub(crate) fn mark_of_user(&self, name: &str) -> Option<(Digest, &Identity)> {
        let user = self.users.get(name)?;
        let kept = match &user.hash {
            Hash::Bcrypt(hash) => sha256(hash.as_bytes()),
            Hash::Sha1(hash) => sha256(hash),
        };
        Some((kept, &user.identity))
    }
}

/// Stands for the path of tokens that are in no file.
const GIVEN_TOKENS: &str = "tokens of the environment";

fn read(path: &Path) -> Result<String, AccessError> {
    fs::read_to_string(path).map_err(|source| AccessError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}

fn each_line(
    path: &Path,
    text: &str,
    mut take: impl FnMut(&str, usize) -> Result<(), String>,
) -> Result<(), AccessError> {
    let mut taken = 0;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        taken += 1;
        take(line, at + 1).map_err(|reason| AccessError::Line {
            path: path.to_path_buf(),
            line: at + 1,
            reason,
        })?;
    }
    if taken == 0 {
        return Err(AccessError::Line {
            path: path.to_path_buf(),
            line: 1,
            reason: "nobody is in it, so that nobody could come in".to_owned(),
        });
    }
    Ok(())
}

fn token(line: &str, number: usize) -> Result<(Digest, Identity), String> {
    let mut words = line.split_whitespace();
    let roles = Roles::parse(words.next().unwrap_or_default())?;
    let Some(token) = words.next() else {
        return Err(format!("the token is missing; write {TOKEN_LINE}"));
    };
    let mut words = words.peekable();
    let named = words.next_if(|word| !word.starts_with(TENANT));
    let name = named.map_or_else(|| format!("token {number}"), str::to_owned);
    let tenant = words.next().map(|word| match word.strip_prefix(TENANT) {
        Some(tenant) => Tenant::parse(tenant),
        None => Err(format!("there is a word too many; write {TOKEN_LINE}")),
    });
    let tenant = tenant.transpose()?;
    if words.next().is_some() {
        return Err(format!("there is a word too many; write {TOKEN_LINE}"));
    }
    let digest = match token.strip_prefix("sha256:") {
        Some(hex) => from_hex(hex).ok_or("after sha256: there are 64 hexadecimal digits")?,
        None if token.len() < MIN_TOKEN_BYTES => {
            return Err(format!(
                "the token is shorter than {MIN_TOKEN_BYTES} characters; make one with \
                 `openssl rand -hex 16`"
            ));
        }
        None => sha256(token.as_bytes()),
    };
    let identity = Identity {
        name,
        roles,
        tenant,
    };
    Ok((digest, identity))
}

fn from_hex(text: &str) -> Option<Digest> {
    let mut out = Digest::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in out.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(out)
}

fn user(line: &str) -> Result<User, String> {
    let mut fields = line.split(':');
    let (name, hash) = (fields.next().unwrap_or_default(), fields.next());
    // What stands there may be a secret in the wrong place.
    let roles = Roles::parse(fields.next().unwrap_or("read,write"));
    let roles = roles.map_err(|_| "the roles are none; write read, write or admin")?;
    let tenant = fields.next().map(Tenant::parse).transpose();
    let tenant = tenant.map_err(|_| "the tenant is no name of one")?;
    let hash = hash.filter(|hash| !hash.is_empty() && !name.is_empty());
    let hash = hash.filter(|_| fields.next().is_none());
    let hash = hash.ok_or("write USER:HASH[:ROLES[:TENANT]]; `htpasswd -nB USER` makes it")?;
    let hash = if hash.starts_with("$2") {
        let known: Result<bcrypt::HashParts, _> = hash.parse();
        known.map_err(|_| "the bcrypt hash is cut short or changed")?;
        Hash::Bcrypt(hash.to_owned())
    } else if let Some(sha) = hash.strip_prefix("{SHA}") {
        let bytes = BASE64.decode(sha).ok().filter(|bytes| bytes.len() == 20);
        Hash::Sha1(bytes.ok_or("after {SHA} there are 28 characters of base64")?)
    } else {
        return Err("this kind of hash is not known; make it with `htpasswd -nB USER`".to_owned());
    };
    let name = name.to_owned();
    let identity = Identity {
        name,
        roles,
        tenant,
    };
    Ok(User { identity, hash })
}
