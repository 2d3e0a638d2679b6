//! `make bench`: every budget of the architecture, measured from outside.
//!
//! It starts the binary it is given as a process with a data directory of its
//! own, loads it over loopback with `tracewell load`, and reads what an operator
//! could read: `/proc`, the status page, the files on the disk, the clock. The
//! one measurement inside this process is decoding, by the same crate and on
//! the same bytes. **A missed budget is a line in a table, never an error**; an
//! acknowledged span that is not there is one.

mod budgets;
mod disk;
mod facts;
mod generator;
mod http;
mod machine;
mod older;
mod phases;
mod pipelines;
mod probe;
mod process;
mod report;
mod sampled;
mod samples;
mod server;
mod settle;
mod sizes;
mod spans;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use phases::Bench;
use sizes::SizeName;

/// As in the server, so that decoding is measured under the same allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the budgets of a tracewell binary.
#[derive(Debug, Parser)]
struct Arguments {
    /// The tracewell to measure
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// A real Collector, with the processors that pipelines are compared with
    #[arg(long, value_name = "FILE")]
    collector: Option<PathBuf>,
    /// How much: full is what budgets are stated for
    #[arg(long, value_enum, default_value_t = SizeName::Full)]
    size: SizeName,
    /// Only these phases
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<phases::PhaseName>,
    /// Where data directories are made, and removed at the end; a real disk
    #[arg(long, value_name = "DIR")]
    work_dir: PathBuf,
    /// Where the results are written
    #[arg(long, value_name = "DIR")]
    results: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every acknowledged span was there.
fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    // Before any load, or it would describe our own.
    let machine = machine::describe(&arguments.binary, &arguments.work_dir)?;
    let mut bench = Bench::new(
        &arguments.binary,
        arguments.collector.as_deref(),
        &arguments.work_dir,
        arguments.size,
    )?;
    phases::run(&mut bench, &arguments.only);
    let report = report::Report::new(machine, &bench);
    report.write(&arguments.results)?;
    print!("{}", report.markdown());
    Ok(report.is_sound())
}
