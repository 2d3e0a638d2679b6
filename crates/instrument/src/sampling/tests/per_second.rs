//! Samplers that count, in virtual time.

use super::*;

fn kept(sampler: &dyn Sampler, questions: impl Iterator<Item = u64>, name: &str) -> u32 {
    let is_kept = |random| {
        sampler
            .decide(&SamplingQuestion {
                name,
                ..root(random)
            })
            .is_sampled
    };
    questions.map(|random| u32::from(is_kept(random))).sum()
}

#[test]
fn a_rate_is_never_passed_and_a_second_of_it_may_come_at_once() {
    for (per_second, at_once, in_ten_seconds) in [
        (10.0, 10, 100),
        (1.0, 1, 10),
        (0.5, 1, 5),
        (0.0, 0, 0),
        (-1.0, 0, 0),
        (f64::NAN, 0, 0),
    ] {
        let clock = Arc::new(SetClock::default());
        clock.advance_ms(1000);
        let sampler = RateLimited::with_clock(per_second, Arc::clone(&clock) as _);
        assert_eq!(
            kept(&sampler, 0..1000, "a"),
            at_once,
            "{per_second} at once"
        );
        let mut later = 0;
        for _ in 0..1000 {
            clock.advance_ms(10);
            later += kept(&sampler, 0..5, "a");
        }
        assert_eq!(later, in_ten_seconds, "{per_second} in ten seconds");
    }
}

#[test]
fn a_rate_holds_with_many_threads() {
    let sampler = RateLimited::with_clock(100.0, Arc::new(SetClock::default()));
    let total: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| kept(&sampler, 0..1000, "a")))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(total, 100);
}

/// Runs an operation for a while: what was kept in the last half, and how many
/// spans the thresholds say there were in it.
fn run(
    sampler: &Dynamic,
    clock: &SetClock,
    per_second: u64,
    seconds: u64,
    name: &str,
) -> (u32, f64) {
    let (mut kept, mut estimate) = (0, 0.0);
    let mut randoms = randoms();
    for tick in 0..seconds * 100 {
        clock.advance_ms(10);
        for random in randoms.by_ref().take((per_second / 100) as usize) {
            let decision = sampler.decide(&SamplingQuestion {
                name,
                ..root(random)
            });
            if decision.is_sampled && tick >= seconds * 50 {
                kept += 1;
                let state = decision.trace_state.unwrap();
                let threshold = threshold::Threshold::parse(&state["ot=th:".len()..]).unwrap();
                let digits =
                    u64::from_str_radix(&format!("{:0<14}", threshold.digits()), 16).unwrap();
                let one = (1u64 << 56) as f64;
                estimate += one / (one - digits as f64);
            }
        }
    }
    (kept, estimate)
}

fn targets(per_operation: f64, per_service: Option<f64>) -> DynamicTargets {
    DynamicTargets {
        per_operation,
        per_service,
        ..DynamicTargets::default()
    }
}

#[test]
fn a_busy_operation_is_kept_at_its_target_and_counts_scale_up() {
    let clock = Arc::new(SetClock::default());
    let sampler = Dynamic::with_clock(targets(5.0, None), Arc::clone(&clock) as _);
    let (kept, estimate) = run(&sampler, &clock, 10_000, 120, "busy");
    assert!((200..=400).contains(&kept), "{kept} in 60 s, 300 aimed at");
    assert!(
        (450_000.0..750_000.0).contains(&estimate),
        "{estimate} of 600,000"
    );
    // Traffic falls: the rate follows.
    let (kept, estimate) = run(&sampler, &clock, 100, 120, "busy");
    assert!((200..=400).contains(&kept), "{kept} in 60 s, 300 aimed at");
    assert!(
        (4_500.0..7_500.0).contains(&estimate),
        "{estimate} of 6,000"
    );
}

#[test]
fn a_rare_operation_is_kept_beside_a_busy_one() {
    let clock = Arc::new(SetClock::default());
    let sampler = Dynamic::with_clock(targets(5.0, None), Arc::clone(&clock) as _);
    run(&sampler, &clock, 10_000, 30, "busy");
    clock.advance_ms(10);
    assert_eq!(kept(&sampler, randoms().take(5), "rare"), 5);
}

#[test]
fn a_burst_of_something_new_is_held_back_while_it_comes() {
    let clock = Arc::new(SetClock::default());
    let sampler = Dynamic::with_clock(targets(1.0, None), clock);
    let kept = kept(&sampler, randoms().take(100_000), "new");
    assert!(
        (10..=300).contains(&kept),
        "{kept} of 100,000 at one moment"
    );
}

#[test]
fn a_service_has_a_limit_of_its_own_and_operations_their_targets() {
    let clock = Arc::new(SetClock::default());
    let mut targets = targets(5.0, Some(10.0));
    targets.operations.insert("important".to_owned(), 1000.0);
    let sampler = Dynamic::with_clock(targets.clone(), Arc::clone(&clock) as _);
    let names: Vec<_> = (0..20).map(|i| format!("operation {i}")).collect();
    let (mut randoms, mut total) = (randoms(), 0);
    for tick in 0..6000 {
        clock.advance_ms(10);
        for name in &names {
            let kept = kept(&sampler, randoms.by_ref().take(2), name);
            total += if tick >= 3000 { kept } else { 0 };
        }
    }
    assert!(
        (200..=400).contains(&total),
        "{total} in 30 s, 300 aimed at"
    );

    targets.per_service = None;
    let sampler = Dynamic::with_clock(targets, Arc::clone(&clock) as _);
    let (kept, _) = run(&sampler, &clock, 500, 20, "important");
    assert_eq!(kept, 5000, "below its target it is kept whole");
}

#[test]
fn names_without_end_share_a_rate() {
    let clock = Arc::new(SetClock::default());
    let sampler = Dynamic::with_clock(targets(1.0, None), Arc::clone(&clock) as _);
    let mut randoms = randoms();
    let mut kept_late = 0;
    for i in 0..100_000 {
        clock.advance_ms(1);
        let count = kept(
            &sampler,
            randoms.by_ref().take(1),
            &format!("GET /user/{i}"),
        );
        kept_late += if i >= 50_000 { count } else { 0 };
    }
    assert!(kept_late < 200, "{kept_late} of 50,000 in 50 s");
}
