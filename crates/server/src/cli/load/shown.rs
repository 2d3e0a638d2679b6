//! How a run of `load` is shown: progress while it lasts, figures at its end.

use std::time::Duration;

use indicatif::ProgressBar;
use tracewell_load::{Latency, Reason, Report, SoFar};

use crate::cli::output::{Output, Style, complain, count, counted, duration_ns, progress};

/// Seconds between two lines of progress where there is no terminal.
const PLAIN_EVERY_SECONDS: u64 = 10;

/// Tells how it goes, on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    /// Acknowledged spans when it was last told.
    before: u64,
    seconds: u64,
}

impl Progress {
    /// A bar on a terminal, a line now and then elsewhere.
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            bar: progress(Some(duration.as_secs().max(1))),
            before: 0,
            seconds: 0,
        }
    }

    /// Called once a second.
    pub(super) fn tick(&mut self, so_far: SoFar) {
        self.seconds += 1;
        let every = if self.bar.is_some() {
            1
        } else {
            PLAIN_EVERY_SECONDS
        };
        if !self.seconds.is_multiple_of(every) {
            return;
        }
        let rate = so_far.acknowledged.saturating_sub(self.before) / every;
        self.before = so_far.acknowledged;
        let message = format!(
            "{} acknowledged, {}/s, {} lost, {}",
            counted(so_far.acknowledged, "span"),
            count(rate),
            count(so_far.lost),
            retries(so_far.retries)
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.seconds);
                bar.set_message(message);
            }
            None => complain(&format!("{}s: {message}", self.seconds)),
        }
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn retries(number: u64) -> String {
    if number == 1 {
        "1 retry".to_owned()
    } else {
        format!("{} retries", count(number))
    }
}

/// Prints a few lines for people.
pub(super) fn print(report: &Report, out: &mut Output) -> std::io::Result<()> {
    let asked = match report.target_rate {
        Some(rate) => format!(" of {} asked for", count(rate)),
        None => String::new(),
    };
    out.line(&format!(
        "acknowledged  {} of {} in {:.1}s: {}/s{asked}",
        counted(report.spans.acknowledged, "span"),
        counted(report.traces, "trace"),
        report.seconds,
        count(report.achieved_rate.round() as u64),
    ))?;
    for (name, spans, explanation) in [
        (
            "rejected",
            report.spans.rejected,
            "the server will not take them",
        ),
        (
            "failed",
            report.spans.failed,
            "no answer while it was tried",
        ),
        (
            "not sent",
            report.spans.unsent,
            "the server was too slow for this rate",
        ),
    ] {
        if spans > 0 {
            let shown = format!("{name:12}  {} ({explanation})", counted(spans, "span"));
            out.line(&out.styled(Style::Error, &shown))?;
        }
    }
    let handled = report.spans.acknowledged + report.spans.rejected + report.spans.failed;
    out.line(&format!(
        "requests      {}, {}, {:.0} bytes a span",
        count(report.requests),
        retries(report.retries),
        report.request_bytes as f64 / handled.max(1) as f64
    ))?;
    if report.spans.acknowledged > 0 {
        let ms = |value: f64| duration_ns((value * 1e6) as u64);
        let Latency { p50, p90, p99, max } = &report.latency_ms;
        out.line(&format!(
            "latency       p50 {}, p90 {}, p99 {}, max {}",
            ms(*p50),
            ms(*p90),
            ms(*p99),
            ms(*max)
        ))?;
    }
    for Reason { reason, spans } in &report.reasons {
        let after = match spans {
            0 => "sent again after".to_owned(),
            lost => format!("lost {} to", counted(*lost, "span")),
        };
        out.line(&format!("              {after}: {reason}"))?;
    }
    Ok(())
}
