//! What `headers` of an exporter can be told: names and values that are sent with
//! every request. Values may be secrets, so **none is ever printed**.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::written::fields::Fields;

/// Reads the section `headers`.
pub(super) fn read(fields: &Fields<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(section) = fields.section("headers") else {
        return headers;
    };
    for (name, value) in section.texts() {
        match pair(&name.text, &value.text) {
            Some((key, value)) => {
                headers.insert(key, value);
            }
            None => {
                let path = section.path(&name.text);
                let message = format!("{path}: it cannot be sent as a header");
                section.reading().mistake(name.location, message);
            }
        }
    }
    headers
}

/// A name and a value, if they can be sent.
pub(super) fn pair(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, secret(value)?))
}

/// A value that is not printed.
pub(super) fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
