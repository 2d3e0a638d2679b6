//! What `= nil` asks of events and links is what ADR-015 says, in memory and in
//! blocks.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_query::search::{SearchEvent, search};
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_testkit::decisions::{give, table};
use tracewell_testkit::{TestSpan, conformance};

use crate::{everything, store_of};

const QUERIES: [&str; 5] = [
    "event.k = nil",
    "event.k != nil",
    "!(event.k != nil)",
    "event:name != nil",
    "!(event:name != nil)",
];

/// A store whose spans lie in a block.
fn sealed(spans: &[TestSpan]) -> EmbeddedStore {
    let options = StoreOptions {
        seal_bytes: 1,
        ..StoreOptions::default()
    };
    let files = Arc::new(FaultyFiles::new());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    let (store, _) = opened.unwrap();
    conformance::append(&store, spans).unwrap();
    while store.status().blocks == 0 {
        std::thread::yield_now();
    }
    store
}

fn finds(store: &dyn TraceStore, query: &str) -> &'static str {
    let mut found = "no";
    let wanted = everything(&format!("{{ {query} }}"));
    search(store, &wanted, &AtomicBool::new(false), &mut |event| {
        if matches!(event, SearchEvent::Trace(_)) {
            found = "yes";
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

#[test]
fn every_case_of_the_decision() {
    let columns: Vec<&str> = std::iter::once("the span has").chain(QUERIES).collect();
    for (line, cells) in table("015-nil-on-events-and-links.md", &columns) {
        for owner in ["event", "link"] {
            let of_owner = |text: &str| text.replace("event.", &format!("{owner}."));
            let mut span = TestSpan::new(1, 1, "shop", "op", 10);
            give(&mut span, &of_owner(&cells[0]));
            let spans = [span];
            let (live, sealed) = (store_of(&[&spans]), sealed(&spans));
            for (query, expected) in QUERIES.iter().zip(&cells[1..]) {
                let query = match owner {
                    "link" => of_owner(query).replace("event:name", "link:traceID"),
                    _ => of_owner(query),
                };
                assert_eq!(finds(&live, &query), expected, "line {line}: {query}");
                assert_eq!(
                    finds(&sealed, &query),
                    expected,
                    "line {line}, sealed: {query}"
                );
            }
            sealed.shut_down();
        }
    }
}
