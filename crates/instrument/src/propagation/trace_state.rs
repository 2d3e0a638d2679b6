//! The list of the `tracestate` header: checked, shortened, changed.
//!
//! It exists because samplers write to a list that others own parts of. It must
//! never change or reorder another vendor's member, except to drop whole ones.
//! (W3C Trace Context level 2, sections 3.3.1 to 3.3.3.)

use std::sync::Arc;

/// The members a list may have.
pub const MAX_TRACE_STATE_MEMBERS: usize = 32;

/// The bytes of a list that are sent on; the standard asks for 512 at least.
pub const MAX_TRACE_STATE_BYTES: usize = 1024;

/// Members longer than this go first when a list is too long.
const LONG_MEMBER_BYTES: usize = 128;

/// Collects the members of all `tracestate` headers of a request.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<String>,
    is_malformed: bool,
}

impl Members {
    /// Adds one header's members. Anything malformed spoils the whole list.
    pub(crate) fn push_header(&mut self, header: &str) {
        for member in header
            .split(',')
            .map(|member| member.trim_matches([' ', '\t']))
        {
            if self.is_malformed {
                return;
            }
            if member.is_empty() {
                continue;
            }
            let is_well_formed = member
                .split_once('=')
                .is_some_and(|(key, value)| is_key(key) && is_value(value));
            if !is_well_formed || self.members.len() == MAX_TRACE_STATE_MEMBERS {
                self.is_malformed = true;
            } else if !self
                .members
                .iter()
                .any(|other| key_of(other) == key_of(member))
            {
                self.members.push(member.to_owned());
            }
        }
    }

    /// The list as it is to be sent on.
    pub(crate) fn finish(self) -> Option<Arc<str>> {
        if self.is_malformed {
            return None;
        }
        join(self.members)
    }
}

/// The value of member `key`.
pub(crate) fn get<'a>(list: &'a str, key: &str) -> Option<&'a str> {
    list.split(',')
        .filter_map(|member| member.split_once('='))
        .find(|(k, _)| *k == key)
        .map(|(_, value)| value)
}

/// The list with member `key` first and set to `value`, or without it.
pub(crate) fn with(list: Option<&str>, key: &str, value: Option<&str>) -> Option<Arc<str>> {
    let mut members: Vec<String> = Vec::new();
    if let Some(value) = value {
        members.push(format!("{key}={value}"));
    }
    let others = list.into_iter().flat_map(|list| list.split(','));
    members.extend(
        others
            .filter(|member| key_of(member) != key)
            .map(str::to_owned),
    );
    members.truncate(MAX_TRACE_STATE_MEMBERS);
    join(members)
}

fn key_of(member: &str) -> &str {
    member.split_once('=').map_or(member, |(key, _)| key)
}

/// Joins the members, leaving out long ones and then the oldest where the list
/// would pass its limit.
fn join(mut members: Vec<String>) -> Option<Arc<str>> {
    let bytes = |members: &[String]| {
        members
            .iter()
            .map(|member| member.len() + 1)
            .sum::<usize>()
            .saturating_sub(1)
    };
    while bytes(&members) > MAX_TRACE_STATE_BYTES {
        let long = members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER_BYTES);
        match long {
            Some(position) => drop(members.remove(position)),
            None => drop(members.pop()),
        }
    }
    if members.is_empty() {
        None
    } else {
        Some(members.join(",").into())
    }
}

fn is_key(key: &str) -> bool {
    let is_tail = |tail: &str| {
        tail.bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
    };
    let starts = |key: &str, is_digit_allowed: bool| {
        key.bytes()
            .next()
            .is_some_and(|b| b.is_ascii_lowercase() || (is_digit_allowed && b.is_ascii_digit()))
    };
    match key.split_once('@') {
        None => key.len() <= 256 && starts(key, true) && is_tail(key),
        Some((tenant, system)) => {
            (tenant.len() <= 241 && starts(tenant, true) && is_tail(tenant))
                && (system.len() <= 14 && starts(system, false) && is_tail(system))
        }
    }
}

fn is_value(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 256
        && value
            .bytes()
            .all(|b| matches!(b, 0x20..=0x7e) && b != b',' && b != b'=')
}
