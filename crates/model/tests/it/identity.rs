//! Two spans are one when ADR-011 says so.

use tracewell_testkit::batch;
use tracewell_testkit::decisions::identities;

#[test]
fn every_case_of_the_decision() {
    for case in identities() {
        let [first, second] = case.spans;
        let all = batch(&[first.clone(), second, first]);
        let distinct: Vec<usize> = all.distinct_rows().iter().collect();
        let expected = if case.are_one { &[0][..] } else { &[0, 1] };
        assert_eq!(distinct, expected, "{}", case.what);
    }
}
