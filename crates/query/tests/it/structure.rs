//! The cases of ADR-012 as a search sees them, from the columns that it asks
//! for.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_query::search::{SearchEvent, search};
use tracewell_testkit::TestSpan;
use tracewell_testkit::decisions::trees;

use crate::{everything, matching, store_of};

#[test]
fn roots_orphans_and_children_of_every_case() {
    let cases = trees();
    let spans: Vec<TestSpan> = cases.iter().flat_map(|case| case.spans.clone()).collect();
    let store = store_of(&[&spans]);
    let mut found = Vec::new();
    search(
        &store,
        &everything("{}"),
        &AtomicBool::new(false),
        &mut |event| {
            if let SearchEvent::Trace(trace) = event {
                let summary = trace.summary();
                let line = u128::from_be_bytes(summary.trace_id.0) as u64;
                let root = summary.root.map_or(String::new(), |(_, name)| name);
                found.push((line, root, summary.orphans as usize, summary.cut as usize));
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    found.sort();
    let expected: Vec<_> = cases
        .iter()
        .map(|case| {
            let count = |letters: &str| letters.split_whitespace().count();
            let (orphans, cut) = (count(&case.orphans), count(&case.cut));
            (case.line as u64, case.root.clone(), orphans, cut)
        })
        .collect();
    assert_eq!(found, expected);
    let lines = |is_one: &dyn Fn(&str, &str) -> bool| -> Vec<u64> {
        let cases = cases.iter().filter(|case| is_one(&case.root, &case.tree));
        cases.map(|case| case.line as u64).collect()
    };
    let of_a = lines(&|root, _| root == "a");
    assert_eq!(matching(&store, r#"{ trace:rootName = "a" }"#), of_a);
    let with_b = lines(&|root, tree| root == "a" && tree.contains("a(b("));
    let query = r#"{ name = "b" && span:childCount > 0 && trace:rootName = "a" }"#;
    let found = matching(&store, query);
    assert!(with_b.iter().all(|line| found.contains(line)), "{found:?}");
}
