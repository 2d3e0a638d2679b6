//! The part of the status that is about reading: queries, the memory they
//! share, traces that are kept open, and what the process takes in all.

use serde::Serialize;

use crate::QueryState;
use crate::process;
use crate::ui::Limits;

/// How much is being asked, and how much may be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queries {
    running: usize,
    waiting: usize,
    running_limit: usize,
    waiting_limit: usize,
    time_limit_seconds: f64,
    memory_held_bytes: usize,
    /// Together, and each; null where nothing bounds them.
    memory_limit_bytes: Option<usize>,
    memory_each_bytes: Option<usize>,
}

/// Traces that are kept because somebody looks at them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    traces: usize,
    bytes: usize,
    limit_traces: usize,
    limit_bytes: usize,
}

/// What the operating system says; null where it says nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    resident_bytes: u64,
    cpu_seconds: f64,
}

pub(super) fn queries(state: &QueryState) -> Queries {
    let (limits, memory) = (state.pool.limits(), state.store.query_memory());
    let (running, waiting) = state.pool.at_work();
    let bounds = memory.limits();
    Queries {
        running,
        waiting,
        running_limit: limits.concurrent,
        waiting_limit: limits.waiting,
        time_limit_seconds: limits.time.as_secs_f64(),
        memory_held_bytes: memory.held_bytes(),
        memory_limit_bytes: bounds.map(|(all, _)| all),
        memory_each_bytes: bounds.map(|(_, each)| each),
    }
}

/// Rows of opened traces, and whole ones.
pub(super) fn kept(state: &QueryState) -> [Kept; 2] {
    let kept = |(held, limits): (Limits, Limits)| Kept {
        traces: held.traces,
        bytes: held.bytes,
        limit_traces: limits.traces,
        limit_bytes: limits.bytes,
    };
    state.traces.held().map(kept)
}

pub(super) fn process() -> Option<Process> {
    let usage = process::usage()?;
    Some(Process {
        resident_bytes: usage.resident_bytes,
        cpu_seconds: usage.cpu_seconds,
    })
}
