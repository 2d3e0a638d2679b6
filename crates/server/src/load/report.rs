//! What a run came to: progress while it lasts, a summary for people or scripts.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::histogram::Histogram;
use super::totals::Totals;
use crate::cli::output::{Output, Style, complain, count, counted, duration_ns};

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
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(duration.as_secs().max(1));
            let style = ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {msg}");
            match style {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            before: 0,
            seconds: 0,
        }
    }

    /// Called once a second.
    pub(super) fn tick(&mut self, totals: &Totals) {
        self.seconds += 1;
        let every = if self.bar.is_some() {
            1
        } else {
            PLAIN_EVERY_SECONDS
        };
        if !self.seconds.is_multiple_of(every) {
            return;
        }
        let acknowledged = totals.acknowledged.get();
        let rate = acknowledged.saturating_sub(self.before) / every;
        self.before = acknowledged;
        let lost = totals.rejected.get() + totals.failed.get() + totals.unsent.get();
        let message = format!(
            "{} acknowledged, {}/s, {} lost, {}",
            counted(acknowledged, "span"),
            count(rate),
            count(lost),
            retries(totals.retries.get())
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

/// The result of a run: the JSON shape that scripts see.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    spans: Spans,
    traces: u64,
    requests: u64,
    retries: u64,
    /// Bytes of request bodies as sent (over gRPC: before compression).
    request_bytes: u64,
    seconds: f64,
    /// Spans a second; null when sent without pause.
    target_rate: Option<u64>,
    /// Acknowledged spans a second.
    achieved_rate: f64,
    latency_ms: Latency,
    reasons: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Spans {
    acknowledged: u64,
    rejected: u64,
    failed: u64,
    unsent: u64,
}

/// From when a request was due to its acknowledgement.
#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Reason {
    reason: String,
    spans: u64,
}

impl Report {
    /// Puts the figures together.
    pub(super) fn new(
        totals: &Totals,
        latencies: &Histogram,
        elapsed: Duration,
        target_rate: u64,
    ) -> Self {
        let acknowledged = totals.acknowledged.get();
        let ms = |latency: Duration| latency.as_secs_f64() * 1e3;
        let reasons = totals.reasons().into_iter();
        Self {
            spans: Spans {
                acknowledged,
                rejected: totals.rejected.get(),
                failed: totals.failed.get(),
                unsent: totals.unsent.get(),
            },
            traces: totals.traces.get(),
            requests: totals.requests.get(),
            retries: totals.retries.get(),
            request_bytes: totals.bytes.get(),
            seconds: elapsed.as_secs_f64(),
            target_rate: (target_rate > 0).then_some(target_rate),
            achieved_rate: acknowledged as f64 / elapsed.as_secs_f64().max(1e-9),
            latency_ms: Latency {
                p50: ms(latencies.quantile(0.5)),
                p90: ms(latencies.quantile(0.9)),
                p99: ms(latencies.quantile(0.99)),
                max: ms(latencies.max()),
            },
            reasons: reasons
                .map(|(reason, spans)| Reason { reason, spans })
                .collect(),
        }
    }

    /// Spans that the server does not have.
    pub(super) fn lost(&self) -> u64 {
        self.spans.rejected + self.spans.failed + self.spans.unsent
    }

    /// Prints one JSON object.
    pub(super) fn print_json(&self, out: &mut Output) -> std::io::Result<()> {
        out.line(&serde_json::to_string(self).expect("strings and numbers always serialize"))
    }

    /// Prints a few lines for people.
    pub(super) fn print(&self, out: &mut Output) -> std::io::Result<()> {
        let asked = match self.target_rate {
            Some(rate) => format!(" of {} asked for", count(rate)),
            None => String::new(),
        };
        out.line(&format!(
            "acknowledged  {} of {} in {:.1}s: {}/s{asked}",
            counted(self.spans.acknowledged, "span"),
            counted(self.traces, "trace"),
            self.seconds,
            count(self.achieved_rate.round() as u64),
        ))?;
        for (name, spans, explanation) in [
            (
                "rejected",
                self.spans.rejected,
                "the server will not take them",
            ),
            ("failed", self.spans.failed, "no answer while it was tried"),
            (
                "not sent",
                self.spans.unsent,
                "the server was too slow for this rate",
            ),
        ] {
            if spans > 0 {
                let shown = format!("{name:12}  {} ({explanation})", counted(spans, "span"));
                out.line(&out.styled(Style::Error, &shown))?;
            }
        }
        let handled = self.spans.acknowledged + self.spans.rejected + self.spans.failed;
        out.line(&format!(
            "requests      {}, {}, {:.0} bytes a span",
            count(self.requests),
            retries(self.retries),
            self.request_bytes as f64 / handled.max(1) as f64
        ))?;
        if self.spans.acknowledged > 0 {
            let ms = |value: f64| duration_ns((value * 1e6) as u64);
            let Latency { p50, p90, p99, max } = &self.latency_ms;
            out.line(&format!(
                "latency       p50 {}, p90 {}, p99 {}, max {}",
                ms(*p50),
                ms(*p90),
                ms(*p99),
                ms(*max)
            ))?;
        }
        for Reason { reason, spans } in &self.reasons {
            let after = match spans {
                0 => "sent again after".to_owned(),
                lost => format!("lost {} to", counted(*lost, "span")),
            };
            out.line(&format!("              {after}: {reason}"))?;
        }
        Ok(())
    }
}
