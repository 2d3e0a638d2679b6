//! Relations, stages and values find the same in memory, in blocks and in
//! traces that lie in both.

use std::path::Path;
use std::sync::Arc;

use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::embedded::{EmbeddedStore, StoreOptions};
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_testkit::{Random, TestSpan, conformance};

use crate::relations::found;
use crate::store_of;

/// A store that seals once it has so many bytes.
pub(crate) fn embedded(seal_bytes: u64) -> EmbeddedStore {
    let options = StoreOptions {
        seal_bytes,
        ..StoreOptions::default()
    };
    let files = Arc::new(FaultyFiles::new());
    let opened = EmbeddedStore::open(files, Path::new("/data"), options, Arc::new(SystemClock));
    opened.unwrap().0
}

const QUERIES: [&str; 18] = [
    r#"{ resource.service.name = "cart" } >> { error }"#,
    r#"{ kind = client } > { } | count() > 1"#,
    r#"{ error } !< { kind = server }"#,
    r#"{ kind = client } &~ { kind = server }"#,
    r#"({ error } | count() > 0) && { kind = producer }"#,
    "{ } | by(resource.service.name) | count() > 2",
    "{ } | by(status) | avg(duration) > 1ms",
    "{ duration * 2 > trace:duration }",
    "{ .http.status_code + 0 = .http.status_code }",
    "{ name = resource.service.name || .http.status_code > duration - 1h }",
    "{ !(.http.status_code = .http.response.status_code) }",
    "{ parent.service.name = resource.service.name }",
    "{ parent.http.status_code != nil }",
    "{ nestedSetParent < 0 }",
    "{ nestedSetRight - nestedSetLeft > 3 && kind != client }",
    r#"{ trace:rootName = "GET /" } | select(name)"#,
    r#"{ trace:rootService != "cart" } > { span:childCount > 0 }"#,
    "{ (kind = server) = (status = error) }",
];

#[test]
fn queries_find_the_same_wherever_spans_lie() {
    let mut found_traces = [0; QUERIES.len()];
    for seed in 0..6 {
        let spans = Random::new(seed).spans(400, 1_700_000_000_000_000_000);
        let parts: Vec<&[TestSpan]> = spans.chunks(70).collect();
        let memory = store_of(&parts);
        let (sealed, mixed) = (embedded(1), embedded(20_000));
        for part in &parts {
            conformance::append(&sealed, part).unwrap();
            conformance::append(&mixed, part).unwrap();
        }
        while sealed.status().blocks == 0 {
            std::thread::yield_now();
        }
        for (query, traces) in QUERIES.into_iter().zip(&mut found_traces) {
            let expected = found(&memory, query);
            *traces += expected.len();
            assert_eq!(
                found(&sealed, query),
                expected,
                "seed {seed}, sealed: {query}"
            );
            assert_eq!(
                found(&mixed, query),
                expected,
                "seed {seed}, mixed: {query}"
            );
        }
        sealed.shut_down();
        mixed.shut_down();
    }
    for (query, traces) in QUERIES.into_iter().zip(found_traces) {
        assert!(traces > 0, "{query} finds nothing anywhere");
    }
}
