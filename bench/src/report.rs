//! The results: a table for people, JSON for scripts, both with the machine.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::budgets::Row;
use crate::facts::Facts;
use crate::machine::Machine;
use crate::phases::Bench;
use crate::sizes::SizeName;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    size: &'static str,
    machine: Machine,
    budgets: Vec<Row>,
    phases: Vec<Facts>,
}

impl Report {
    pub(crate) fn new(machine: Machine, bench: &Bench) -> Self {
        Self {
            size: bench.size.title(),
            machine,
            budgets: bench.rows(),
            phases: bench.facts.clone(),
        }
    }

    /// Whether nothing was lost and everything could be measured.
    pub(crate) fn is_sound(&self) -> bool {
        self.phases.iter().all(|phase| phase.failures.is_empty())
    }

    /// Writes both forms, named after size, time and revision.
    pub(crate) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(dir)?;
        let digits = |text: &str| -> String {
            let kept = text.chars().filter(char::is_ascii_alphanumeric);
            kept.take(12).collect()
        };
        let (time, revision) = (
            digits(&self.machine.date_utc),
            digits(&self.machine.revision),
        );
        let name = format!("{}-{time}-{revision}", self.size);
        let json = serde_json::to_vec_pretty(self)?;
        for (ending, bytes) in [("json", json), ("md", self.markdown().into_bytes())] {
            let path = dir.join(format!("{name}.{ending}"));
            std::fs::write(&path, bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
        Ok(())
    }

    /// The table of budgets, then everything else.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("# Benchmark ({})\n\n", self.size);
        let machine = &self.machine;
        let lines = [
            ("date", machine.date_utc.clone() + " UTC"),
            ("revision", machine.revision.clone()),
            ("binary", machine.binary.clone()),
            ("CPU", format!("{}, {} cores", machine.cpu, machine.cores)),
            ("memory", format!("{} MiB", machine.memory_mib)),
            ("kernel", machine.kernel.clone()),
            ("disk", machine.file_system.clone()),
            ("load average at the start", machine.load_average.clone()),
        ];
        out += "| machine | |\n|---|---|\n";
        for (name, value) in lines {
            row(&mut out, &[name, &value]);
        }
        if self.size != SizeName::Full.title() {
            out += "\nSmaller than what the budgets are stated for: verdicts are a hint.\n";
        }
        out += "\n## Budgets\n\n| budget | first | goal | measured | first met | goal reached | how |\n|---|---|---|---|---|---|---|\n";
        for budget in &self.budgets {
            self.budget(&mut out, budget);
        }
        for phase in &self.phases {
            let seconds = phase.seconds;
            let _infallible = write!(out, "\n## {} ({seconds:.0} s)\n\n", phase.phase);
            for failure in &phase.failures {
                out += &format!("**FAILED: {failure}**\n\n");
            }
            out += "| | |\n|---|---|\n";
            for fact in &phase.facts {
                row(&mut out, &[&fact.name, &fact.shown]);
            }
        }
        out
    }

    fn budget(&self, out: &mut String, budget: &Row) {
        let verdict = |met: Option<bool>| match met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "?",
        };
        let limit = |values: &[f64]| format!("≤ {}", Row::list(values));
        let measured = match budget.measured.is_empty() {
            true => "not measured".to_owned(),
            false => format!("**{}** {}", Row::list(&budget.measured), budget.unit),
        };
        row(
            out,
            &[
                budget.budget,
                &limit(&budget.first),
                &limit(&budget.goal),
                &measured,
                verdict(budget.first_met),
                verdict(budget.goal_reached),
                &budget.how,
            ],
        );
    }
}

fn row(out: &mut String, cells: &[&str]) {
    for cell in cells {
        // Queries hold bars.
        *out += &format!("| {} ", cell.replace('|', "\\|"));
    }
    *out += "|\n";
}
