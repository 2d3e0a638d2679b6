//! The `tracewell` binary: from the command line to the part that does the work.
//!
//! It only wires modules together. Exit codes are 0 for success, 1 for "not
//! found" and failures, 2 for a command or a configuration that is wrong.

mod allocator;
mod cli;
mod config;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::set_up();
    cli::run()
}
