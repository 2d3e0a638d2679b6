//! What the extensions can be told that say who we are.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::Change;
use crate::exporters::headers;
use crate::exporters::secret::Secret;
use crate::written::fields::Fields;
use crate::written::yaml::Node;

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorConfig {
    steps: Vec<Step>,
}

/// A change of headers whose value may have to be read first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    action: Action,
    header: HeaderName,
    value: Value,
}

/// What is done to a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Unless it is there.
    Insert,
    /// If it is there.
    Update,
    /// In any case.
    Upsert,
    /// Taken away.
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// None is needed.
    Nothing,
    Plain(Secret),
    /// A scheme, and the token behind it.
    Token(String, Secret),
    /// User and password.
    Basic(Secret, Secret),
}

impl AuthenticatorConfig {
    /// Reads the section of an extension of this kind; `None` of a kind that is
    /// another.
    pub(crate) fn read(kind: &str, fields: Fields<'_>) -> Option<Self> {
        let steps = match kind {
            "bearertokenauth" => bearer(&fields).into_iter().collect(),
            "basicauth" => basic(&fields).into_iter().collect(),
            "headers_setter" => setter(&fields),
            _ => return None,
        };
        fields.end();
        Some(Self { steps })
    }

    pub(super) fn has_files(&self) -> bool {
        self.steps.iter().any(|step| match &step.value {
            Value::Nothing => false,
            Value::Plain(secret) | Value::Token(_, secret) => secret.is_file(),
            Value::Basic(user, password) => user.is_file() || password.is_file(),
        })
    }

    /// With what the files say now.
    pub(super) fn changes(&self) -> Result<Arc<[Change]>, String> {
        self.steps.iter().map(Step::change).collect()
    }
}

impl Step {
    fn upsert(header: HeaderName, value: Value) -> Self {
        Self {
            action: Action::Upsert,
            header,
            value,
        }
    }

    fn change(&self) -> Result<Change, String> {
        let (text, of) = match &self.value {
            Value::Nothing => (String::new(), None),
            Value::Plain(secret) => (secret.line()?, Some(secret)),
            Value::Token(scheme, secret) if scheme.is_empty() => (secret.line()?, Some(secret)),
            Value::Token(scheme, secret) => (format!("{scheme} {}", secret.line()?), Some(secret)),
            Value::Basic(user, password) => {
                let pair = format!("{}:{}", user.line()?, password.line()?);
                (format!("Basic {}", STANDARD.encode(pair)), Some(user))
            }
        };
        let value: Option<HeaderValue> = headers::secret(&text);
        let value = value.ok_or_else(|| match of {
            Some(secret) => secret.wrong("it cannot be sent as a header"),
            None => format!("{} cannot be sent", self.header),
        })?;
        Ok(Change {
            action: self.action,
            header: self.header.clone(),
            value,
        })
    }
}

fn bearer(fields: &Fields<'_>) -> Option<Step> {
    let scheme = fields
        .text("scheme")
        .map_or("Bearer".to_owned(), |s| s.text);
    let header = header(fields, "header").unwrap_or(AUTHORIZATION);
    // Several are for receivers; a client sends the first.
    let listed = fields.list("tokens").into_iter().next();
    let listed = listed.map(|token| Secret::text(fields, "tokens", token));
    let token = Secret::read(fields, "filename", "token").or(listed);
    if token.is_none() {
        fields.mistake(format!(
            "{} is missing; write token, or filename",
            fields.path("token")
        ));
    }
    Some(Step::upsert(header, Value::Token(scheme, token?)))
}

fn basic(fields: &Fields<'_>) -> Option<Step> {
    fields.not_served("htpasswd", "one lock is for all ports: docs/security.md");
    let Some(client) = fields.section("client_auth") else {
        fields.mistake(format!(
            "{} is missing; write username and password below it",
            fields.path("client_auth")
        ));
        return None;
    };
    let user = Secret::read(&client, "username_file", "username");
    let password = Secret::read(&client, "password_file", "password");
    if user.is_none() || password.is_none() {
        client.mistake(format!(
            "{} needs username and password",
            fields.path("client_auth")
        ));
    }
    client.end();
    Some(Step::upsert(AUTHORIZATION, Value::Basic(user?, password?)))
}

fn setter(fields: &Fields<'_>) -> Vec<Step> {
    fields.not_served("additional_auth", "write its header under headers too");
    let (path, entry) = (fields.path("headers"), fields.get("headers"));
    let Some((_, node)) = entry else {
        fields.mistake(format!(
            "{path} is missing; write for example [{{key: tenant, value: acme}}]"
        ));
        return Vec::new();
    };
    let Node::List(items) = &node.value else {
        let message =
            format!("{path} takes a list; write for example [{{key: tenant, value: acme}}]");
        fields.reading().mistake(node.referenced, message);
        return Vec::new();
    };
    let items = items.iter().enumerate();
    let sections =
        items.map(|(number, item)| fields.reading().fields(&format!("{path}[{number}]"), item));
    sections.filter_map(set_header).collect()
}

/// One of the headers that `headers_setter` sets.
fn set_header(fields: Fields<'_>) -> Option<Step> {
    let header = header(&fields, "key");
    if header.is_none() {
        fields.mistake(format!("{} is missing", fields.path("key")));
    }
    let action = fields.value("action", Action::Upsert, |text| match text {
        "insert" => Ok(Action::Insert),
        "update" => Ok(Action::Update),
        "upsert" => Ok(Action::Upsert),
        "delete" => Ok(Action::Delete),
        _ => Err(format!(
            "{text:?} is not one of insert, update, upsert, delete"
        )),
    });
    let unserved =
        "headers of a request are not kept; write a value, and a pipeline for each of them";
    for name in ["from_context", "from_attribute", "default_value"] {
        fields.not_served(name, unserved);
    }
    let value = Secret::read(&fields, "value_file", "value");
    let is_wrong = fields.has("from_context") || fields.has("from_attribute");
    let value = match (action, value) {
        (Action::Delete, _) => Value::Nothing,
        (_, Some(value)) => Value::Plain(value),
        (_, None) => {
            if !is_wrong {
                fields.mistake(format!("{} is missing", fields.path("value")));
            }
            fields.end();
            return None;
        }
    };
    fields.end();
    Some(Step {
        action,
        header: header?,
        value,
    })
}

fn header(fields: &Fields<'_>, name: &'static str) -> Option<HeaderName> {
    fields.value(name, None, |text| {
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(header) => Ok(Some(header)),
            Err(_) => Err(format!("{text:?} cannot be the name of a header")),
        }
    })
}
