//! A set-up that sees these environment variables and no others.

use tracewell_instrument::{Builder, builder};

pub(crate) fn with(variables: &[(&'static str, &str)]) -> Builder {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    builder().variables(move |name| {
        let found = variables.iter().find(|(known, _)| known == name)?;
        Some(found.1.clone())
    })
}
