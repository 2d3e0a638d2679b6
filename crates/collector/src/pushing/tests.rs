//! What waits for a peer, and what it is given in the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::Tally;
use super::desk::{Desk, Point};
use super::remote_write::RemoteWrite;
use super::value::Value;
use crate::series::{
    Bounds, Counted, Counter, Head, Histogram, MetricHead, Naming, Series, Unit, Values,
};

const SECOND: u64 = 1_000_000_000;

fn bounds() -> Bounds {
    Bounds::new(vec![10, 20], Unit::Seconds)
}

/// A reading of counters and one histogram, by label.
fn counted(time_ns: u64, counts: &[(&str, f64)], durations_ns: &[u64]) -> Counted {
    let mut histogram = Histogram::new(&bounds());
    durations_ns
        .iter()
        .for_each(|ns| histogram.add(&bounds(), *ns, 1.0));
    let counter = |(labels, count): &(&str, f64)| Series {
        labels: (*labels).into(),
        began_ns: SECOND,
        value: Counter {
            count: *count,
            exemplar: None,
        },
    };
    Counted {
        head: Arc::new(Head {
            scope: "test",
            keys: BTreeMap::new(),
            service_label: None,
            says_instance: false,
            metrics: vec![
                MetricHead::counter("calls", "Spans"),
                MetricHead::histogram("took", "How long", &bounds()),
            ],
        }),
        time_ns,
        series: vec![
            Values::Counters(counts.iter().map(counter).collect()),
            Values::Histograms(match durations_ns {
                [] => Vec::new(),
                _ => vec![Series {
                    labels: "a=\"1\"".into(),
                    began_ns: SECOND,
                    value: histogram,
                }],
            }),
        ],
    }
}

fn desk(is_delta: bool) -> Arc<Desk> {
    Desk::new(&[is_delta], Tally::new("x".to_owned(), "y".to_owned()))
}

/// collected, sent, superseded, rejected, in flight; checked.
fn account(desk: &Desk) -> [u64; 5] {
    let account = desk.snapshot();
    let rejected = account.rejected.values().sum();
    let out = account.sent + account.superseded + rejected;
    assert_eq!(account.collected, out + account.in_flight);
    [
        account.collected,
        account.sent,
        account.superseded,
        rejected,
        account.in_flight,
    ]
}

/// By label, from when on and how many; of what was added, where it is sent so.
fn shown(points: &[Point]) -> Vec<(String, u64, f64)> {
    let shown = points.iter().map(|point| {
        let (start_ns, value) = match &point.since {
            Some((start_ns, earlier)) => (*start_ns, point.total.since(earlier)),
            None => (point.key.began_ns, point.total.clone()),
        };
        let count = match value {
            Value::Counter(counter) => counter.count,
            Value::Histogram(histogram) => histogram.buckets.iter().sum(),
        };
        (point.key.labels.to_string(), start_ns, count)
    });
    shown.collect()
}

fn line(labels: &str, start_ns: u64, count: f64) -> (String, u64, f64) {
    (labels.to_owned(), start_ns, count)
}

#[test]
fn the_newest_value_of_a_series_waits() {
    let desk = desk(false);
    desk.put(0, &counted(2 * SECOND, &[("a", 1.0), ("b", 1.0)], &[5]));
    desk.put(0, &counted(3 * SECOND, &[("a", 4.0)], &[5, 15]));
    assert_eq!(account(&desk), [5, 0, 2, 0, 3]);
    let points = desk.take();
    // One that has ended is still sent.
    let values = [
        line("a", SECOND, 4.0),
        line("b", SECOND, 1.0),
        line("a=\"1\"", SECOND, 2.0),
    ];
    assert_eq!(shown(&points), values);
    assert_eq!(account(&desk), [5, 0, 2, 0, 3]);
    // On its way it is as old as it is: what comes meanwhile takes its place.
    desk.put(0, &counted(4 * SECOND, &[("a", 5.0)], &[]));
    desk.give_back(points);
    desk.end_taking();
    assert_eq!(account(&desk), [6, 0, 3, 0, 3]);
    let points = desk.take();
    assert_eq!(shown(&points)[0], line("a", SECOND, 5.0));
    desk.sent(points, 1);
    desk.end_taking();
    assert_eq!(account(&desk), [6, 2, 3, 1, 0]);
    assert!(desk.take().is_empty());
}

#[test]
fn what_was_added_and_not_delivered_is_in_the_next_message() {
    let desk = desk(true);
    desk.put(0, &counted(2 * SECOND, &[("a", 3.0)], &[5]));
    let points = desk.take();
    let values = [line("a", SECOND, 3.0), line("a=\"1\"", SECOND, 1.0)];
    assert_eq!(shown(&points), values);
    desk.sent(points, 0);
    desk.end_taking();
    // Nothing was added to the histogram.
    desk.put(0, &counted(3 * SECOND, &[("a", 5.0)], &[5]));
    let points = desk.take();
    assert_eq!(shown(&points), [line("a", 2 * SECOND, 2.0)]);
    desk.give_back(points);
    desk.end_taking();
    desk.put(0, &counted(4 * SECOND, &[("a", 6.0)], &[5, 15, 25]));
    let points = desk.take();
    let values = [line("a", 2 * SECOND, 3.0), line("a=\"1\"", 2 * SECOND, 2.0)];
    assert_eq!(shown(&points), values);
    // A peer that will not have it does not have it.
    desk.refused("refused_by_peer", 1);
    desk.sent(points.into_iter().skip(1).collect(), 0);
    desk.end_taking();
    desk.put(0, &counted(5 * SECOND, &[("a", 6.0)], &[5, 15, 25]));
    let points = desk.take();
    assert_eq!(shown(&points), [line("a", 2 * SECOND, 3.0)]);
    assert_eq!(account(&desk)[4], 1);
}

#[test]
fn a_series_that_came_again_is_another_one() {
    let desk = desk(true);
    desk.put(0, &counted(2 * SECOND, &[("a", 3.0)], &[]));
    desk.sent(desk.take(), 0);
    desk.end_taking();
    desk.put(0, &counted(3 * SECOND, &[("a", 4.0)], &[]));
    let mut again = counted(9 * SECOND, &[("a", 1.0)], &[]);
    if let Values::Counters(series) = &mut again.series[0] {
        series[0].began_ns = 8 * SECOND;
    }
    desk.put(0, &again);
    let points = desk.take();
    let values = [line("a", 2 * SECOND, 1.0), line("a", 8 * SECOND, 1.0)];
    assert_eq!(shown(&points), values);
}

#[test]
fn of_series_that_end_while_the_peer_is_away_some_are_kept_and_all_counted() {
    const ENDED: usize = 10_000;
    let names: Vec<String> = (0..ENDED + 3).map(|n| format!("n=\"{n}\"")).collect();
    let counts: Vec<(&str, f64)> = names.iter().map(|name| (&**name, 2.0)).collect();
    for is_delta in [true, false] {
        let desk = desk(is_delta);
        desk.put(0, &counted(2 * SECOND, &counts, &[]));
        desk.put(0, &counted(3 * SECOND, &[("a", 1.0)], &[]));
        let points = desk.take();
        let sum: f64 = shown(&points).iter().map(|(_, _, count)| count).sum();
        let all = (ENDED + 3) as f64 * 2.0 + 1.0;
        if is_delta {
            assert_eq!(points.len(), ENDED + 2);
            assert_eq!(sum, all);
            assert_eq!(account(&desk)[3], 0);
        } else {
            assert_eq!(points.len(), ENDED + 1);
            assert_eq!(account(&desk)[3], 3);
        }
    }
}

#[test]
fn labels_of_remote_write_are_in_order_and_those_of_the_file_go_first() {
    let desk = desk(false);
    desk.put(
        0,
        &counted(2 * SECOND, &[("zone=\"a\",Service=\"x\"", 3.0)], &[]),
    );
    let write = RemoteWrite {
        naming: Naming {
            namespace: "red".to_owned(),
            labels: "zone=\"b\",cluster=\"c\"".to_owned(),
            has_suffixes: true,
        },
        message_bytes_max: 1_000,
        says_metadata: false,
    };
    let messages = write.messages(desk.take());
    let body = snap::raw::Decoder::new()
        .decompress_vec(&messages[0].body)
        .unwrap();
    let text = String::from_utf8_lossy(&body);
    let places = ["Service", "__name__", "red_calls_total", "cluster", "zone"];
    let places = places.map(|part| text.find(part).unwrap());
    assert!(places.is_sorted(), "{text}");
    assert_eq!(text.matches("zone").count(), 1);
}

#[test]
fn messages_are_as_large_as_they_may_be() {
    let desk = desk(false);
    let names: Vec<String> = (0..50).map(|n| format!("n=\"{n}\"")).collect();
    let counts: Vec<(&str, f64)> = names.iter().map(|name| (&**name, 2.0)).collect();
    desk.put(0, &counted(2 * SECOND, &counts, &[5]));
    let write = RemoteWrite {
        naming: Naming::default(),
        message_bytes_max: 500,
        says_metadata: false,
    };
    let messages = write.messages(desk.take());
    let mut points = 0;
    for message in &messages {
        let body = snap::raw::Decoder::new()
            .decompress_vec(&message.body)
            .unwrap();
        assert!(body.len() <= 500 || message.points.len() == 1);
        points += message.points.len();
    }
    assert_eq!(points, 51);
    assert!(messages.len() > 3, "{}", messages.len());
}
