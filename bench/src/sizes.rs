//! How much is sent and asked.

use std::time::Duration;

/// The sets of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SizeName {
    /// Ten million spans and ten minutes, as the budgets say
    Full,
    /// Under three minutes; verdicts are a hint
    Quick,
    /// Proves that everything works, even with a debug binary
    Tiny,
}

impl SizeName {
    /// For file names and headings.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quick => "quick",
            Self::Tiny => "tiny",
        }
    }
}

/// One set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// How long decoding is repeated, for each data set.
    pub(crate) decode: Duration,
    /// Starts on an empty directory.
    pub(crate) cold_starts: usize,
    /// Spans for each of the measurements without sealing.
    pub(crate) ingest_spans: u64,
    /// Spans of the store that is searched.
    pub(crate) stored_spans: u64,
    /// Spans of the data set of Jaeger's tracegen.
    pub(crate) tracegen_spans: u64,
    /// Spans a second of the steady load.
    pub(crate) steady_rate: u64,
    /// How long it lasts.
    pub(crate) steady: Duration,
    /// How long its counterpart without sealing lasts.
    pub(crate) quiet: Duration,
    /// Traces that are read by id.
    pub(crate) by_id: usize,
    /// Repetitions of each search.
    pub(crate) searches: usize,
    /// Spans that are looked for right after their acknowledgement.
    pub(crate) visible: usize,
    /// Traces a second that wait to be decided.
    pub(crate) sampled_rate: u64,
    /// For how long they are sent.
    pub(crate) sampled: Duration,
    /// For how long each waits.
    pub(crate) sampled_wait: Duration,
    /// How long the store may take to come to rest after a load.
    pub(crate) settle: Duration,
}

impl Sizes {
    pub(crate) fn of(name: SizeName) -> Self {
        let seconds = Duration::from_secs;
        match name {
            SizeName::Full => Self {
                decode: seconds(10),
                cold_starts: 20,
                ingest_spans: 2_000_000,
                stored_spans: 10_000_000,
                tracegen_spans: 10_000_000,
                steady_rate: 100_000,
                steady: seconds(600),
                quiet: seconds(60),
                by_id: 2_000,
                searches: 200,
                visible: 200,
                sampled_rate: 5_000,
                sampled: seconds(300),
                sampled_wait: seconds(30),
                settle: seconds(900),
            },
            SizeName::Quick => Self {
                decode: seconds(2),
                cold_starts: 5,
                ingest_spans: 300_000,
                stored_spans: 1_000_000,
                tracegen_spans: 500_000,
                steady_rate: 100_000,
                steady: seconds(20),
                quiet: seconds(8),
                by_id: 300,
                searches: 30,
                visible: 30,
                sampled_rate: 2_000,
                sampled: seconds(10),
                sampled_wait: seconds(2),
                settle: seconds(25),
            },
            SizeName::Tiny => Self {
                decode: Duration::from_millis(300),
                cold_starts: 2,
                ingest_spans: 20_000,
                stored_spans: 250_000,
                tracegen_spans: 200_000,
                steady_rate: 5_000,
                steady: seconds(5),
                quiet: seconds(3),
                by_id: 20,
                searches: 3,
                visible: 5,
                sampled_rate: 100,
                sampled: seconds(10),
                sampled_wait: seconds(2),
                settle: seconds(10),
            },
        }
    }
}
