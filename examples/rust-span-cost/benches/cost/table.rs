//! The table, as Markdown.
//!
//! It exists so that what stands in a README is what was measured, and nobody
//! copies figures by hand.

use super::memory::Memory;
use super::{Case, least_ns, median_ns};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

const BEGIN: &str = "<!-- cargo bench: begin -->\n";
const END: &str = "<!-- cargo bench: end -->\n";

pub fn of(cases: &[Case], times: &[Vec<Duration>], memory: &[Memory], rounds: u32) -> String {
    let mut table = String::new();
    let mut line = |text: &str| writeln!(table, "{text}").expect("a string takes it");
    line("| a span with two attributes, in ns: fastest round (median) | sampled | unsampled |");
    line("| --- | ---: | ---: |");
    let mut names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    names.dedup();
    for name in names {
        let cell = |is_sampled| {
            let mut found = cases.iter().zip(times);
            let found = found.find(|(case, _)| case.name == name && case.is_sampled == is_sampled);
            found.map_or_else(String::new, |(_, times)| {
                format!("{} ({})", least_ns(times), median_ns(times))
            })
        };
        line(&format!("| {name} | {} | {} |", cell(true), cell(false)));
    }
    let (spans, megabytes) = (super::memory::SPANS, super::memory::MEGABYTES);
    line("");
    line(&format!(
        "| {spans} spans of {megabytes} MB each, and nobody listens at the endpoint | most memory, MB |"
    ));
    line("| --- | ---: |");
    for Memory { library, peak_mb } in memory {
        line(&format!("| {library} | {peak_mb} |"));
    }
    line("");
    let core_count = std::thread::available_parallelism().map_or(0, usize::from);
    line(&format!(
        "{rounds} rounds of {} spans, in turns, on {}, {core_count} cores. Load of the machine \
         when it ended: {}.",
        super::ROUND,
        line_of("/proc/cpuinfo", "model name"),
        load(),
    ));
    table
}

/// Replaces what is between the markers of a file.
pub fn put(table: &str, file: &str) {
    let text = fs::read_to_string(file).expect("the file can be read");
    let (before, rest) = text.split_once(BEGIN).expect("the file has a begin marker");
    let (_, after) = rest.split_once(END).expect("the file has an end marker");
    let text = format!("{before}{BEGIN}{table}{END}{after}");
    fs::write(file, text).expect("the file can be written");
}

fn line_of(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find(|line| line.starts_with(key));
    let value = found.and_then(|line| line.split_once(':'));
    value
        .map_or("an unknown processor", |(_, value)| value.trim())
        .to_owned()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
