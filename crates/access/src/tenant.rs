//! Whose spans a request is about, where several tenants share a process.
//!
//! A client names its tenant in `X-Scope-OrgID` (Tempo, Grafana, Loki) or
//! `x-tenant` (Jaeger), a browser in a cookie that our page sets. A credential may belong to one tenant: then a header
//! can only agree with it. **A name is never cut, joined or corrected**: what is
//! no name is refused, so that no two spellings are the same tenant.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use crate::guard::Denial;
use crate::sessions::of_cookies;

/// The headers that name a tenant, in the order in which they are asked.
const TENANT_HEADERS: [&str; 2] = ["x-scope-orgid", "x-tenant"];

/// Where a browser remembers the tenant that somebody looks at. It opens nothing:
/// who may look is another question.
const TENANT_COOKIE: &str = "tracewell_tenant";

/// As long as Tempo's.
const MAX_NAME_BYTES: usize = 150;

/// What file systems take.
const MAX_DIR_BYTES: usize = 255;

/// Besides letters and digits, as in Tempo.
const SIGNS: &[u8] = b"!-_.*'()";

/// The name of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Reads a name: letters, digits and ``!-_.*'()``, at most 150 of them.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str) -> Result<Self, String> {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || SIGNS.contains(byte);
        let shown: String = name.chars().take(40).collect();
        if name.contains('|') {
            return Err(format!(
                "{shown:?} names several tenants; a request is about one"
            ));
        }
        if let Some(other) = name.bytes().find(|byte| !is_allowed(byte)) {
            return Err(format!(
                "{shown:?} is no name of a tenant, because of {:?}; letters, digits and \
                 !-_.*'() may stand in it",
                char::from(other)
            ));
        }
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name == "." || name == ".." {
            return Err(format!(
                "{shown:?} is no name of a tenant; it has 1 to {MAX_NAME_BYTES} characters and is \
                 neither . nor .."
            ));
        }
        let tenant = Self(name.into());
        if tenant.dir_name().len() > MAX_DIR_BYTES {
            return Err(format!(
                "{shown:?} is too long for a directory, in which a capital or a sign takes three \
                 characters of {MAX_DIR_BYTES}"
            ));
        }
        Ok(tenant)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Its directory: other than by name also on file systems that take capital
    /// letters for small ones, and never hidden.
    #[must_use]
    pub fn dir_name(&self) -> String {
        let mut dir = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => dir.push(char::from(byte)),
                other => dir.push_str(&format!("%{other:02x}")),
            }
        }
        dir
    }

    /// The tenant of a directory; `None` where it is of somebody else.
    #[must_use]
    pub fn of_dir_name(dir: &str) -> Option<Self> {
        let mut name = Vec::with_capacity(dir.len());
        let mut bytes = dir.bytes();
        while let Some(byte) = bytes.next() {
            name.push(match byte {
                b'%' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                other => other,
            });
        }
        let tenant = Self::parse(std::str::from_utf8(&name).ok()?).ok()?;
        (tenant.dir_name() == dir).then_some(tenant)
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Do several tenants share the process?
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tenancy {
    /// No: headers that name one mean nothing.
    #[default]
    Off,
    /// Yes.
    On {
        /// Whose a request is that names nobody.
        default: Option<Tenant>,
    },
}

impl Tenancy {
    /// Do several tenants share the process?
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self, Self::On { .. })
    }

    /// Whose a request is; `None` where nobody is named, or tenants are off.
    pub(crate) fn of(
        &self,
        headers: &HeaderMap,
        bound: Option<&Tenant>,
    ) -> Result<Option<Tenant>, Denial> {
        self.named_by(named(headers), bound)
    }

    /// The same where browsers ask, too.
    pub(crate) fn of_browser(
        &self,
        headers: &HeaderMap,
        bound: Option<&Tenant>,
    ) -> Result<Option<Tenant>, Denial> {
        let named = named(headers).and_then(|named| match named {
            // Of somebody bound it says nothing: another person may have set it.
            None if bound.is_none() => of_cookies(headers, TENANT_COOKIE)
                .map(|name| Tenant::parse(name).map_err(Denial::NoTenantName))
                .transpose(),
            named => Ok(named),
        });
        self.named_by(named, bound)
    }

    fn named_by(
        &self,
        named: Result<Option<Tenant>, Denial>,
        bound: Option<&Tenant>,
    ) -> Result<Option<Tenant>, Denial> {
        let Self::On { default } = self else {
            return Ok(None);
        };
        let named = named?;
        match (bound, named) {
            (Some(bound), Some(named)) if *bound != named => {
                Err(Denial::OtherTenant { tenant: named })
            }
            (Some(bound), _) => Ok(Some(bound.clone())),
            (None, named) => Ok(named.or_else(|| default.clone())),
        }
    }
}

fn named(headers: &HeaderMap) -> Result<Option<Tenant>, Denial> {
    let mut found: Option<Tenant> = None;
    for value in TENANT_HEADERS
        .iter()
        .flat_map(|name| headers.get_all(*name))
    {
        let text = String::from_utf8_lossy(value.as_bytes());
        let tenant = Tenant::parse(text.trim()).map_err(Denial::NoTenantName)?;
        match &found {
            Some(other) if *other != tenant => {
                let both = format!("the headers name two tenants, {other} and {tenant}");
                return Err(Denial::NoTenantName(both));
            }
            _ => found = Some(tenant),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn directories_are_as_different_as_names() {
        for name in ["acme", "ACME", "a.b", "..a", "a*b'(!)", "x_1-2"] {
            let tenant = Tenant::parse(name).unwrap();
            let dir = tenant.dir_name();
            assert!(!dir.contains(['.', '/', '*']), "{dir}");
            assert_eq!(dir, dir.to_lowercase());
            assert_eq!(Tenant::of_dir_name(&dir), Some(tenant));
        }
        for dir in [
            "",
            "ACME",
            "%41%",
            "%zz",
            "%61",
            "%2e%2e",
            "lost+found",
            "ä",
        ] {
            assert_eq!(Tenant::of_dir_name(dir), None, "{dir}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let (long, capitals) = ("a".repeat(151), "A".repeat(86));
        for (name, why) in [
            ("", "1 to 150"),
            ("..", "neither"),
            (&long, "1 to 150"),
            (&capitals, "too long"),
            ("a/b", "because of '/'"),
            ("a|b", "several"),
            ("ä", "because of"),
        ] {
            let error = Tenant::parse(name).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn a_header_names_it_and_a_credential_outranks_it() {
        let acme = Tenant::parse("acme").unwrap();
        let on = Tenancy::On { default: None };
        let with_default = Tenancy::On {
            default: Some(Tenant::parse("rest").unwrap()),
        };
        let name = |of: Result<Option<Tenant>, Denial>| {
            let tenant = of.map_err(|denial| denial.to_string());
            tenant.map(|tenant| tenant.map(|tenant| tenant.to_string()))
        };
        let some = |text: &str| Ok(Some(text.to_owned()));
        let grafana = headers(&[("X-Scope-OrgID", "acme")]);
        let jaeger = headers(&[("x-tenant", "acme")]);
        assert_eq!(name(Tenancy::Off.of(&grafana, None)), Ok(None));
        assert_eq!(name(on.of(&grafana, None)), some("acme"));
        assert_eq!(name(on.of(&jaeger, None)), some("acme"));
        assert_eq!(name(on.of(&headers(&[]), None)), Ok(None));
        assert_eq!(name(with_default.of(&headers(&[]), None)), some("rest"));
        assert_eq!(name(with_default.of(&jaeger, None)), some("acme"));
        assert_eq!(name(on.of(&headers(&[]), Some(&acme))), some("acme"));
        assert_eq!(name(on.of(&grafana, Some(&acme))), some("acme"));
        let other = headers(&[("x-tenant", "other")]);
        let denied = name(on.of(&other, Some(&acme))).unwrap_err();
        assert!(denied.contains("other"), "{denied}");
        let cookie = headers(&[("cookie", "a=b; tracewell_tenant=acme")]);
        assert_eq!(name(on.of_browser(&cookie, None)), some("acme"));
        assert_eq!(name(on.of(&cookie, None)), Ok(None), "programs name it");
        let other_cookie = headers(&[("cookie", "tracewell_tenant=other")]);
        assert_eq!(
            name(on.of_browser(&other_cookie, Some(&acme))),
            some("acme")
        );
        let two = headers(&[("x-tenant", "other"), ("x-scope-orgid", "acme")]);
        assert!(name(on.of(&two, None)).is_err());
        assert!(name(on.of(&headers(&[("x-tenant", "a b")]), None)).is_err());
    }
}
