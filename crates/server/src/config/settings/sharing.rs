//! Settings of tenants that share the process.
//!
//! Rows of the table in the parent, **nothing else**.

use super::super::value::{self, show_file};
use super::{Kind, Setting, file};
use tracewell_access::Tenant;

/// In the order in which people read a configuration.
pub(super) static ROWS: &[Setting] = &[
    Setting {
        key: "tenants.enabled",
        flag: "tenants",
        value_name: "true|false",
        default: "false",
        help: "Keep spans of several tenants apart: each request names its tenant in the \
               header X-Scope-OrgID or x-tenant, or its token does",
        kind: Kind::Switch,
        read: |draft, text| value::switch(text).map(|is_on| draft.tenants.is_on = is_on),
        show: |config| config.tenants.is_on.to_string(),
    },
    Setting {
        key: "tenants.default",
        flag: "tenants-default",
        value_name: "NAME",
        default: "",
        help: "The tenant of requests and datagrams that name none; without it they are refused",
        kind: Kind::Value,
        read: |draft, text| {
            let named = (!text.is_empty()).then(|| Tenant::parse(text));
            draft.tenants.default = named.transpose()?;
            Ok(())
        },
        show: |config| {
            let default = config.tenants.default.as_ref();
            default.map_or_else(String::new, ToString::to_string)
        },
    },
    Setting {
        key: "tenants.max",
        flag: "tenants-max",
        value_name: "N",
        default: "64",
        help: "Most tenants: each has a store of its own, with a few threads, files and \
               16 MiB of log",
        kind: Kind::Value,
        read: |draft, text| {
            let wrong = || format!("{text:?} is not a number of tenants; write 1 or more");
            let most = text.parse().map_err(|_| wrong())?;
            draft.tenants.max = Some(most)
                .filter(|most: &usize| *most > 0)
                .ok_or_else(wrong)?;
            Ok(())
        },
        show: |config| config.tenants.max.to_string(),
    },
    file(
        "tenants.file",
        "tenants-file",
        "Which tenants there may be, and what each may send and keep",
        |draft, text| {
            draft.tenants.file = value::file(text);
            Ok(())
        },
        |config| show_file(config.tenants.file.as_ref()),
    ),
];
