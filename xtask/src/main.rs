//! Checks of the repository itself, run by `make test`.
//!
//! `cargo xtask direction` fails when a crate depends on one that it must not
//! know. It looks at what Cargo resolved, so a renamed dependency does not
//! slip through.

use anyhow::{Context, bail};
use serde_json::Value;
use std::process::{Command, ExitCode};

/// Each crate with the crates of this workspace that it may depend on.
/// `testkit` is for tests alone, and for measuring; nothing that ships knows it.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("tracewell-access", &[]),
    ("tracewell-model", &[]),
    ("tracewell-parquet", &[]),
    ("tracewell-wire", &["tracewell-model"]),
    (
        "tracewell-collector",
        &[
            "tracewell-access",
            "tracewell-model",
            "tracewell-ottl",
            "tracewell-wire",
        ],
    ),
    (
        "tracewell-store",
        &["tracewell-model", "tracewell-wire", "tracewell-parquet"],
    ),
    ("tracewell-query", &["tracewell-model"]),
    ("tracewell-explain", &["tracewell-model"]),
    ("tracewell-ottl", &["tracewell-model"]),
    ("tracewell-testkit", &["tracewell-model"]),
    ("tracewell-instrument", &[]),
    (
        "tracewell-api",
        &[
            "tracewell-access",
            "tracewell-model",
            "tracewell-wire",
            "tracewell-collector",
            "tracewell-query",
            "tracewell-explain",
        ],
    ),
    ("tracewell-load", &["tracewell-model"]),
    (
        "tracewell",
        &[
            "tracewell-access",
            "tracewell-model",
            "tracewell-wire",
            "tracewell-collector",
            "tracewell-store",
            "tracewell-query",
            "tracewell-api",
            "tracewell-load",
        ],
    ),
    (
        "tracewell-bench",
        &[
            "tracewell-model",
            "tracewell-wire",
            "tracewell-load",
            "tracewell-testkit",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that must never be linked by the crates named beside them: no
/// runtime, no sockets and no files below the edge.
const NEVER: &[(&str, &[&str])] = &[
    (
        "tracewell-parquet",
        &["tokio", "hyper", "tonic", "axum", "parquet", "arrow-array"],
    ),
    (
        "tracewell-model",
        &[
            "tokio",
            "hyper",
            "tonic",
            "axum",
            "serde",
            "arrow-array",
            "parquet",
        ],
    ),
    ("tracewell-wire", &["tokio", "hyper", "tonic", "axum"]),
    (
        "tracewell-query",
        &["tokio", "hyper", "tonic", "axum", "parquet"],
    ),
    (
        "tracewell-explain",
        &["tokio", "hyper", "tonic", "axum", "parquet"],
    ),
    ("tracewell-store", &["tokio", "hyper", "tonic", "axum"]),
];

fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    let done = match task.as_deref() {
        Some("direction") => direction(),
        _ => Err(anyhow::anyhow!("usage: cargo xtask direction")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn direction() -> anyhow::Result<()> {
    let packages = metadata()?;
    let mut mistakes = Vec::new();
    for package in &packages {
        let name = text(package, "name")?;
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
            mistakes.push(format!(
                "{name} has no line in MAY_KNOW of xtask/src/main.rs"
            ));
            continue;
        };
        let never = NEVER
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(&[][..], |(_, list)| list);
        for dependency in dependencies(package)? {
            let is_ours = packages
                .iter()
                .any(|other| other["name"] == dependency.as_str());
            if is_ours && !may_know.contains(&dependency.as_str()) {
                mistakes.push(format!("{name} must not know {dependency}"));
            }
            if never.contains(&dependency.as_str()) {
                mistakes.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    if mistakes.is_empty() {
        println!("the direction of {} crates is right", packages.len());
        return Ok(());
    }
    bail!(
        "the direction of dependencies is wrong (see ARCHITECTURE.md):\n  {}",
        mistakes.join("\n  ")
    )
}

fn metadata() -> anyhow::Result<Vec<Value>> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--locked",
            "--offline",
        ])
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?
        .clone())
}

/// Names of what a package links into what it ships; development
/// dependencies may go against the direction.
fn dependencies(package: &Value) -> anyhow::Result<Vec<String>> {
    let all = package["dependencies"]
        .as_array()
        .context("a package without dependencies")?;
    let shipped = all.iter().filter(|dependency| dependency["kind"] != "dev");
    shipped
        .map(|dependency| Ok(text(dependency, "name")?.to_owned()))
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key]
        .as_str()
        .with_context(|| format!("cargo metadata has no {key}"))
}
