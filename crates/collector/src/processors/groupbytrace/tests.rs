//! What a section is read as, and what is wrong with one.

use std::time::Duration;

use super::GroupByTraceConfig;
use crate::written::section;

fn read(text: &str) -> Result<GroupByTraceConfig, Vec<String>> {
    section::read("p", text, GroupByTraceConfig::read)
}

#[test]
fn every_field_of_the_collector_is_known_and_has_its_default() {
    let default = GroupByTraceConfig {
        wait_duration: Duration::from_secs(1),
        num_traces: 1_000_000,
    };
    assert_eq!(read("{}"), Ok(default.clone()));
    let same = "{num_workers: 4, discard_orphans: false, store_on_disk: false}";
    assert_eq!(read(same), Ok(default));
    let config = read("{wait_duration: 10s, num_traces: 50}").unwrap();
    assert_eq!(config.sampling().decision_wait, Duration::from_secs(10));
    assert_eq!(config.sampling().num_traces, 50);
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, expected) in [
        (
            "{discard_orphans: true}",
            "p.discard_orphans is not served; spans whose parent is missing go on; leave it out",
        ),
        (
            "{num_traces: 0}",
            "p.num_traces: \"0\" is not a whole number from 1",
        ),
        ("{wait: 1s}", "unknown key p.wait; known here: "),
    ] {
        let mistakes = read(text).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].contains(expected), "{mistakes:?}");
    }
}
