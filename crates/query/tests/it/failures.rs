//! Whoever asks what failed gets the same answer, however he asks.

use std::sync::atomic::AtomicBool;

use tracewell_model::TimeRange;
use tracewell_query::count::count;
use tracewell_query::search::{Search, SearchEvent, search};
use tracewell_query::{lower, tags};
use tracewell_testkit::TestSpan;
use tracewell_testkit::decisions::failures;

use crate::{everything, matching, run, store_of};

#[test]
fn lists_counts_tags_and_summaries_agree() {
    let cases = failures();
    let spans: Vec<TestSpan> = cases.iter().map(|case| case.span.clone()).collect();
    let store = store_of(&[&spans]);
    let lines = |failed: bool| -> Vec<u64> {
        let cases = cases.iter().filter(|case| case.failed == failed);
        cases.map(|case| case.line as u64).collect()
    };
    for failed in [true, false] {
        assert_eq!(
            matching(&store, &format!("{{ error = {failed} }}")),
            lines(failed)
        );
        let tag = Search {
            filter: lower::lower(&tags::tag("error", &failed.to_string())).into(),
            ..everything("{}")
        };
        let (mut found, _) = run(&store, &tag);
        found.sort_unstable();
        assert_eq!(found, lines(failed), "Jaeger's error={failed}");
        let never = AtomicBool::new(false);
        let counted = count(&store, &tag.filter, TimeRange::ALL, &never).unwrap();
        assert_eq!(counted.spans, lines(failed).len() as u64);
    }
    let mut summed_up = Vec::new();
    let never = AtomicBool::new(false);
    search(&store, &everything("{}"), &never, &mut |event| {
        if let SearchEvent::Trace(trace) = event
            && let summary = trace.summary()
            && summary.failed > 0
        {
            summed_up.push(u128::from_be_bytes(summary.trace_id.0) as u64);
        }
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    summed_up.sort_unstable();
    assert_eq!(summed_up, lines(true));
}

/// Who pastes a query of Tempo's gets Tempo's answer.
#[test]
fn a_status_is_the_programs_word() {
    let cases = failures();
    let spans: Vec<TestSpan> = cases.iter().map(|case| case.span.clone()).collect();
    let store = store_of(&[&spans]);
    assert_eq!(matching(&store, "{ status = error }").len(), 3);
    assert_eq!(matching(&store, "{ .error = true }").len(), 4);
}
