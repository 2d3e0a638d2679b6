//! Integration tests of the `tracewell` binary, all in one program: the binary
//! is started as a user starts it, and only what a user sees is asserted.

#![expect(
    clippy::unwrap_used,
    reason = "clippy exempts test functions, not what they call"
)]

mod admin;
mod agreement;
mod backup;
mod cli;
mod collector_files;
mod config;
mod crash;
mod crash_full_disk;
mod crash_phases;
mod disk_queue;
mod graph_accounts;
mod graph_sum;
mod groupbytrace;
mod import_export;
mod legacy;
mod lifecycle;
mod load;
mod load_balancing;
mod locks;
mod network;
mod oracle;
mod pipelines;
mod pressure;
mod process;
mod prometheus;
mod promql;
mod reload;
mod reload_kill;
mod running;
mod sampling_try;
mod tail_sampling;
mod tenants;
mod trainticket;
mod verify;
mod waiting_spans;
