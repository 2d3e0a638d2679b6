//! What a client may do.

use std::fmt;

/// Something that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Send spans.
    Write,
    /// Ask for traces, and for the state of the server.
    Read,
    /// All of it, and what changes the server.
    Admin,
}

const NAMES: [(&str, Role); 3] = [
    ("write", Role::Write),
    ("read", Role::Read),
    ("admin", Role::Admin),
];

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, role)| role == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    write: bool,
    read: bool,
    admin: bool,
}

impl Roles {
    /// May they do this? Administrators may do everything.
    #[must_use]
    pub fn have(self, role: Role) -> bool {
        self.admin
            || match role {
                Role::Write => self.write,
                Role::Read => self.read,
                Role::Admin => false,
            }
    }

    /// Reads `read`, `write,read`, ….
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut roles = Self::default();
        for word in text.split(',') {
            match NAMES.iter().find(|(name, _)| *name == word.trim()) {
                Some((_, Role::Write)) => roles.write = true,
                Some((_, Role::Read)) => roles.read = true,
                Some((_, Role::Admin)) => roles.admin = true,
                // It may be a secret in the wrong place.
                None if word.len() > 12 => {
                    return Err(
                        "the roles are missing; write write, read or admin first, with \
                                commas between several"
                            .to_owned(),
                    );
                }
                None => {
                    return Err(format!(
                        "{:?} is no role; write write, read or admin, with commas between several",
                        word
                    ));
                }
            }
        }
        Ok(roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_may_do_everything_and_others_what_they_were_given() {
        let table = [
            ("write", [true, false, false]),
            ("read", [false, true, false]),
            ("read, write", [true, true, false]),
            ("admin", [true, true, true]),
        ];
        for (text, expected) in table {
            let roles = Roles::parse(text).unwrap();
            let got = [Role::Write, Role::Read, Role::Admin].map(|role| roles.have(role));
            assert_eq!(got, expected, "{text}");
        }
        assert!(Roles::parse("owner").unwrap_err().contains("is no role"));
    }
}
