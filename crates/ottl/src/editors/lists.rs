//! Editors of lists.

use super::{Signature, of_values};
use crate::functions::{appended, list, list_in, may, needs, without_index};
use crate::value::Value;

pub(super) const EDITORS: &[Signature] = &[
    Signature {
        name: "append",
        parameters: &[needs("target"), may("value"), may("values")],
        of_map: false,
        make: |_| {
            Ok(of_values(|a: &[&Value<'_>]| {
                appended(a[0], a[1], a[2]).map(list)
            }))
        },
    },
    Signature {
        name: "delete_index",
        parameters: &[needs("target"), needs("start_index"), may("end_index")],
        of_map: false,
        make: |_| {
            Ok(of_values(|a: &[&Value<'_>]| {
                without_index(list_in(a[0])?, a[1], a[2]).map(list)
            }))
        },
    },
];
