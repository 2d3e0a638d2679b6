//! The real algorithm in virtual time, with clients that do what clients do.

use std::time::Duration;

use serde_json::Value;
use tracewell_testkit::{Random, TestSpan, batch};

use crate::sampling::{Sampling, Strategies, json};

const MINUTE: Duration = Duration::from_secs(60);

fn sampling(target: f64) -> Sampling {
    let sampling = Sampling::default();
    let file = format!(r#"{{"default_strategy": {{"type": "adaptive", "param": {target}}}}}"#);
    sampling.set(Strategies::parse(file.as_bytes()).unwrap().0);
    sampling
}

/// The share that a client works out of an answer.
fn share(sampling: &Sampling, operation: &str) -> f64 {
    let answer: Value = serde_json::from_slice(&json(sampling, "shop")).unwrap();
    let by_operation = &answer["operationSampling"];
    let mut named = by_operation["perOperationStrategies"]
        .as_array()
        .unwrap()
        .iter();
    let named = named.find(|one| one["operation"] == operation);
    let share = named.map(|one| &one["probabilisticSampling"]["samplingRate"]);
    let share = share.unwrap_or(&by_operation["defaultSamplingProbability"]);
    share.as_f64().unwrap()
}

/// Clients of one operation that ask once a minute, each at another second.
struct Clients {
    shares: Vec<f64>,
    random: Random,
}

impl Clients {
    fn new(count: usize) -> Self {
        Self {
            shares: vec![0.001; count],
            random: Random::new(7),
        }
    }

    /// A minute in which each begins so many traces a second; how many were
    /// recorded. `says` writes what a span says of its sampling.
    fn minute(
        &mut self,
        sampling: &Sampling,
        per_second: u64,
        says: impl Fn(&mut TestSpan, f64),
    ) -> usize {
        let (mut recorded, clients) = (Vec::new(), self.shares.len());
        let mut is_silent = vec![true; clients];
        for second in 0..60 {
            for (client, (held, is_silent)) in
                self.shares.iter_mut().zip(&mut is_silent).enumerate()
            {
                if second == client * 60 / clients {
                    *held = share(sampling, "GET /");
                }
                for _ in 0..per_second {
                    let chance = self.random.below(1 << 53) as f64 / (1u64 << 53) as f64;
                    if chance < *held {
                        let mut span = TestSpan::new(1, 1, "shop", "GET /", 5);
                        says(&mut span, *held);
                        recorded.push(span);
                        *is_silent = false;
                    }
                }
            }
        }
        // Of each operation a client records one a minute at least, and most do
        // not say that this was why.
        for _ in is_silent.iter().filter(|is_silent| **is_silent) {
            recorded.push(TestSpan::new(1, 1, "shop", "GET /", 5));
        }
        sampling.count_roots(&batch(&recorded), 0);
        sampling.adjust(MINUTE);
        recorded.len()
    }
}

fn nothing(_: &mut TestSpan, _: f64) {}

/// A thousand root spans a second come to their target within a tenth in a few
/// minutes and stay there, whether spans say how they were sampled or not.
#[test]
fn a_thousand_a_second_come_to_the_target() {
    let says_so = |span: &mut TestSpan, share: f64| {
        span.trace_state = format!(
            "ot=th:{:014x}",
            ((1.0 - share) * (1u64 << 56) as f64) as u64
        );
    };
    for (target, says) in [
        (10.0, None),
        (50.0, None),
        (10.0, Some(says_so)),
        (50.0, Some(says_so)),
    ] {
        let (sampling, mut clients) = (sampling(target), Clients::new(10));
        let mut recorded = Vec::new();
        for _ in 0..12 {
            let came = match says {
                Some(says) => clients.minute(&sampling, 100, says),
                None => clients.minute(&sampling, 100, nothing),
            };
            recorded.push(came as f64 / 60.0);
        }
        // A minute of 600 traces is off by 4 % for chance alone.
        let rates = &recorded[4..];
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        assert!((mean / target - 1.0).abs() < 0.05, "{target}: {recorded:?}");
        let is_near = |rate: &f64| (rate / target - 1.0).abs() < 0.2;
        assert!(rates.iter().all(is_near), "{target}: {recorded:?}");
        let told = &sampling.adapted(9).1[0];
        assert!(
            (told.offered_per_second / 1_000.0 - 1.0).abs() < 0.1,
            "{told:?}"
        );
        assert_eq!(told.reason.text(), "makes the target of what begins");
    }
}

#[test]
fn a_jump_of_the_traffic_is_followed_and_a_silence_is_not_forgotten_at_once() {
    let (sampling, mut clients) = (sampling(10.0), Clients::new(10));
    for _ in 0..5 {
        clients.minute(&sampling, 10, nothing);
    }
    // Ten times as much.
    let rates: Vec<f64> = (0..6)
        .map(|_| clients.minute(&sampling, 100, nothing) as f64 / 60.0)
        .collect();
    assert!((rates[5] / 10.0 - 1.0).abs() < 0.1, "{rates:?}");
    // A tenth of that: all that is wanted is still got.
    let rates: Vec<f64> = (0..8)
        .map(|_| clients.minute(&sampling, 10, nothing) as f64 / 60.0)
        .collect();
    assert!((rates[7] / 10.0 - 1.0).abs() < 0.15, "{rates:?}");
    let before = share(&sampling, "GET /");
    sampling.adjust(MINUTE);
    assert_eq!(share(&sampling, "GET /"), before * 2.0);
    for _ in 0..20 {
        sampling.adjust(MINUTE);
    }
    assert_eq!(
        share(&sampling, "GET /"),
        1.0,
        "whatever comes next is seen"
    );
    let told = sampling.adapted(9).1.remove(0);
    assert!(told.reason.text().starts_with("nothing came"), "{told:?}");
    for _ in 0..60 * 24 {
        sampling.adjust(MINUTE);
    }
    assert!(
        sampling.adapted(9).1.is_empty(),
        "after a day it is forgotten"
    );
}

/// A client that says how it samples beside many that say nothing.
#[test]
fn a_mixed_fleet_does_not_swing() {
    let (sampling, mut clients) = (sampling(20.0), Clients::new(10));
    let always: Vec<TestSpan> = (0..600)
        .map(|id| {
            let mut span = TestSpan::new(1, id + 1, "shop", "GET /", 5);
            span.trace_state = "ot=th:0".to_owned();
            span
        })
        .collect();
    let rates: Vec<usize> = (0..10)
        .map(|_| {
            sampling.count_roots(&batch(&always), 0);
            clients.minute(&sampling, 99, nothing) / 60
        })
        .collect();
    // A thousand begin a second, of which ten are recorded whatever the share.
    for rate in &rates[4..] {
        assert!((12..30).contains(rate), "{rates:?}");
    }
}

#[test]
fn few_traces_are_all_recorded() {
    let (sampling, mut clients) = (sampling(5.0), Clients::new(1));
    for _ in 0..20 {
        clients.minute(&sampling, 1, nothing);
    }
    assert_eq!(share(&sampling, "GET /"), 1.0);
    assert_eq!(
        sampling.adapted(9).1[0].reason.text(),
        "fewer traces begin than are wanted; all are recorded"
    );
}

#[test]
fn what_was_let_through_by_a_floor_stands_for_nothing() {
    let sampling = sampling(5.0);
    let floor = |span: &mut TestSpan| {
        let value = tracewell_model::AnyValue::String("lowerbound".to_owned());
        span.attributes.push(("sampler.type".to_owned(), value));
    };
    let mut spans: Vec<TestSpan> = (0..40)
        .map(|id| TestSpan::new(1, id + 1, "shop", "GET /", 5))
        .collect();
    spans.iter_mut().for_each(floor);
    sampling.count_roots(&batch(&spans), 0);
    sampling.adjust(MINUTE);
    let told = sampling.adapted(9).1.remove(0);
    assert_eq!((told.offered_per_second, told.probability), (0.0, 0.002));
}

#[test]
fn children_and_operations_without_a_target_are_not_counted() {
    let sampling = Sampling::default();
    let file = br#"{"service_strategies": [{"service": "shop", "type": "probabilistic",
        "param": 0.5, "operation_strategies": [{"operation": "op", "type": "adaptive", "param": 1}]}]}"#;
    sampling.set(Strategies::parse(file).unwrap().0);
    assert_eq!(
        (share(&sampling, "op"), share(&sampling, "other")),
        (0.001, 0.5)
    );
    sampling.count_roots(
        &batch(&[
            TestSpan::new(1, 1, "shop", "other", 5),
            TestSpan::new(1, 2, "shop", "op", 5).child_of(1),
            TestSpan::new(2, 1, "elsewhere", "op", 5),
        ]),
        0,
    );
    assert!(sampling.adapted(9).1.is_empty());
    sampling.count_roots(&batch(&[TestSpan::new(1, 1, "shop", "op", 5)]), 0);
    assert_eq!(sampling.adapted(0).0, 1);
    sampling.set(Strategies::default());
    sampling.adjust(MINUTE);
    assert!(sampling.adapted(9).1.is_empty(), "its target is gone");
}

#[test]
fn what_ended_long_ago_is_no_traffic() {
    let sampling = sampling(5.0);
    let spans = [
        TestSpan::new(1, 1, "shop", "imported", 100).lasting_ns(50),
        TestSpan::new(1, 2, "shop", "slow", 100).lasting_ns(900),
    ];
    sampling.count_roots(&batch(&spans), 1_000);
    let told = sampling.adapted(9).1;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].operation, "slow");
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let (before, mut clients) = (sampling(10.0), Clients::new(10));
    for _ in 0..5 {
        clients.minute(&before, 100, nothing);
    }
    let after = sampling(10.0);
    after.restore(&before.state()).unwrap();
    let (was, is) = (share(&before, "GET /"), share(&after, "GET /"));
    assert!((is / was - 1.0).abs() < 1e-9 && was > 0.005, "{was} {is}");
    after.adjust(MINUTE);
    let known = after.adapted(9).1[0].offered_per_second;
    assert!(known > 100.0, "what came before counts on: {known}");
    assert!(after.restore(b"{}").is_err());
    // A state that somebody changed by hand costs no panic and no sense.
    let wild =
        br#"[{"service":"shop","operation":"wild","probability":-3,"offered_per_second":[-1]}]"#;
    after.restore(wild).unwrap();
    assert_eq!(share(&after, "wild"), 0.001);
}

#[test]
fn names_without_end_cost_no_memory_without_end() {
    let sampling = sampling(1.0);
    let count = |service: &str, names: std::ops::Range<u64>| {
        let spans: Vec<TestSpan> = names
            .map(|id| TestSpan::new(1, id + 1, service, &format!("GET /{id}"), 5))
            .collect();
        sampling.count_roots(&batch(&spans), 0);
        sampling.adapted(0).0
    };
    assert_eq!(count("shop", 0..3_000), super::MAX_OF_SERVICE);
    let long = "x".repeat(super::MAX_NAME_BYTES + 1);
    assert_eq!(count(&long, 0..1), super::MAX_OF_SERVICE);
    for service in 0..30 {
        count(&format!("service {service}"), 0..2_000);
    }
    assert_eq!(sampling.adapted(0).0, super::MAX_OPERATIONS);
    // What is known goes on being counted.
    count("shop", 0..100);
    sampling.adjust(MINUTE);
    assert!(sampling.adapted(9).1[0].recorded_per_second > 0.0);
}
