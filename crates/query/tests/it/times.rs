//! What belongs to a range is what ADR-016 says, for searches and counts, in
//! memory and in blocks.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::clock::SystemClock;
use tracewell_model::{TimeRange, TraceStore};
use tracewell_query::count::count;
use tracewell_query::search::{Search, SearchEvent, search};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_testkit::decisions::table;
use tracewell_testkit::{TestSpan, conformance};

use crate::{everything, filter, store_of};

const MS: u64 = 1_000_000;
const BASE_NS: u64 = 1_700_000_000_000_000_000;

/// `10 to 20`, in ms.
fn times(cell: &str) -> (u64, u64) {
    let (from, to) = cell.split_once(" to ").unwrap();
    let ns = |text: &str| BASE_NS + text.parse::<u64>().unwrap() * MS;
    (ns(from), ns(to))
}

fn found(store: &dyn TraceStore, query: &str, range: TimeRange) -> [u64; 3] {
    let never = AtomicBool::new(false);
    let counted = count(store, &filter(query), range, &never).unwrap();
    let mut traces = 0;
    let wanted = Search {
        range,
        ..everything(query)
    };
    search(store, &wanted, &never, &mut |event| {
        traces += u64::from(matches!(event, SearchEvent::Trace(_)));
        ControlFlow::Continue(())
    })
    .unwrap();
    [counted.spans, counted.traces.unwrap(), traces]
}

#[test]
fn every_case_of_the_decision() {
    let columns = ["the span runs", "the range", "belongs"];
    for (line, cells) in table("016-spans-of-a-time.md", &columns) {
        let (from, to) = times(&cells[0]);
        let mut span = TestSpan::new(1, 1, "shop", "op", from);
        span.end_ns = to;
        // Another one stretches the row group over all of time.
        let early = TestSpan::new(2, 1, "shop", "early", BASE_NS - 1_000 * MS);
        let late = TestSpan::new(3, 1, "shop", "late", BASE_NS + 1_000 * MS);
        let spans = [early, span, late];
        let options = StoreOptions {
            seal_bytes: 1,
            ..StoreOptions::default()
        };
        let files = Arc::new(FaultyFiles::new());
        let clock = Arc::new(SystemClock);
        let (sealed, _) = EmbeddedStore::open(files, Path::new("/data"), options, clock).unwrap();
        conformance::append(&sealed, &spans).unwrap();
        while sealed.status().blocks == 0 {
            std::thread::yield_now();
        }
        let live = store_of(&[&spans]);
        let (start_ns, end_ns) = times(&cells[1]);
        let range = TimeRange { start_ns, end_ns };
        let expected = [u64::from(cells[2] == "yes"); 3];
        for query in ["{}", "{ trace:duration >= 0ns }"] {
            assert_eq!(found(&live, query, range), expected, "line {line}: {query}");
            let in_block = found(&sealed, query, range);
            assert_eq!(in_block, expected, "line {line}, sealed: {query}");
        }
        sealed.shut_down();
    }
}
