//! Each kind of finding beside its near misses: what looks like it and is
//! healthy must stay silent.

use tracewell_explain::{Explanation, Kind};

use crate::bounds::bounded;
use crate::drawn::drawn;

fn explain(text: &str) -> Explanation {
    bounded(&drawn(text))
}

/// The findings, with the spans they mean and the ms they cost.
fn found(text: &str) -> Vec<(Kind, Vec<u32>, u64)> {
    let found = explain(text).findings.into_iter();
    found
        .map(|one| (one.kind, one.spans, one.cost_ns / 1_000_000))
        .collect()
}

/// A request of 100 ms with a statement in each of these times.
fn statements(times: &[(u32, u32)], text: impl Fn(usize) -> String) -> String {
    let mut trace = "shop server 0-100 GET /orders\n".to_owned();
    for (index, (from, to)) in times.iter().enumerate() {
        trace += &format!(
            "  shop client {from}-{to} SELECT | db.system.name=postgresql | db.query.text={}\n",
            text(index)
        );
    }
    trace
}

const FIVE_IN_A_ROW: [(u32, u32); 5] = [(0, 10), (10, 20), (20, 30), (30, 40), (40, 60)];

#[test]
fn the_same_statement_many_times_below_one_span() {
    let prepared = |_: usize| "SELECT name FROM products WHERE sku = $1".to_owned();
    let with_values = |index: usize| format!("SELECT name FROM products WHERE sku = 'm{index}'");
    let expected = vec![(Kind::NPlusOne, vec![1, 2, 3, 4, 5], 40)];
    assert_eq!(found(&statements(&FIVE_IN_A_ROW, prepared)), expected);
    assert_eq!(found(&statements(&FIVE_IN_A_ROW, with_values)), expected);
    let says = &explain(&statements(&FIVE_IN_A_ROW, prepared)).findings[0].says;
    assert_eq!(
        says,
        "“SELECT name FROM products WHERE sku = ?” ran 5 times, one after another, \
         below shop GET /orders."
    );
}

#[test]
fn few_or_side_by_side_or_cheap_or_different_statements_are_no_n_plus_one() {
    let prepared = |_: usize| "SELECT name FROM products WHERE sku = $1".to_owned();
    let different = |index: usize| format!("SELECT a FROM table_{index}x WHERE b = $1");
    let commit = |_: usize| "COMMIT".to_owned();
    assert_eq!(found(&statements(&FIVE_IN_A_ROW[..4], prepared)), []);
    assert_eq!(found(&statements(&[(0, 20); 5], prepared)), []);
    let cheap = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)];
    assert_eq!(found(&statements(&cheap, prepared)), []);
    assert_eq!(found(&statements(&FIVE_IN_A_ROW, different)), []);
    assert_eq!(found(&statements(&FIVE_IN_A_ROW, commit)), []);
}

#[test]
fn the_very_same_read_again() {
    let same = |_: usize| "SELECT rate FROM currencies WHERE code = 'EUR'".to_owned();
    let cases = [(3, Some(20)), (2, None), (5, Some(40))];
    for (times, cost_ms) in cases {
        let trace = statements(&FIVE_IN_A_ROW[..times], same);
        let expected = cost_ms.map(|ms| (Kind::RepeatedCall, (1..=times as u32).collect(), ms));
        assert_eq!(found(&trace), Vec::from_iter(expected), "{times} times");
    }
    let write = |_: usize| "UPDATE stock SET n = n - 1 WHERE sku = 'm'".to_owned();
    assert_eq!(found(&statements(&FIVE_IN_A_ROW[..4], write)), []);
}

#[test]
fn two_instrumentations_of_one_request_are_one_request() {
    let get = "GET | http.request.method=GET | url.full=http://rates/eur";
    let mut trace = "shop server 0-100 GET /\n".to_owned();
    for from in [0, 30] {
        trace += &format!(
            "  shop client {from}-{} {get}\n    shop client {}-{} {get}\n",
            from + 25,
            from + 1,
            from + 24
        );
    }
    assert_eq!(found(&trace), []);
}

/// The page of a product: three calls that need nothing of each other.
const STAIRCASE: &str = "
gateway server 0-100 GET /api/products/:sku | url.path=/api/products/mug-77
  gateway client 2-30 GET | http.request.method=GET | url.full=http://orders/products/mug-77
    orders server 3-29 GET /products/{sku} | http.route=/products/{sku}
  gateway client 31-70 GET | http.request.method=GET | url.full=http://orders/products/mug-77/reviews
    orders server 32-69 GET /products/{sku}/reviews | http.route=/products/{sku}/reviews
  gateway client 71-98 GET | http.request.method=GET | url.full=http://inventory/stock/mug-77
    inventory server 72-97 GET /stock/{sku} | http.route=/stock/{sku}
";

#[test]
fn reads_in_a_staircase_could_run_side_by_side() {
    let expected = [(Kind::SequentialCalls, vec![1, 3, 5], 55)];
    assert_eq!(found(STAIRCASE), expected);
    let says = &explain(STAIRCASE).findings[0].says;
    assert!(says.contains("“GET inventory/stock/{sku}”"), "{says}");
}

#[test]
fn calls_that_need_an_answer_or_change_something_are_in_order() {
    // An id that nobody had before came from an answer.
    let new_id = STAIRCASE.replace("/stock/mug-77", "/stock/shelf-1234");
    let write = STAIRCASE.replace(
        "31-70 GET | http.request.method=GET",
        "31-70 POST | http.request.method=POST",
    );
    // A GET below which something is written is none.
    let hidden_write = STAIRCASE.replace(
        "inventory server 72-97",
        "inventory client 73-80 UPDATE | db.system=pg | db.query.text=UPDATE t SET a = 1\n    \
         inventory server 72-97",
    );
    let check = STAIRCASE
        .replace("orders/products/mug-77/reviews", "orders/session")
        .replace("/products/{sku}/reviews", "/session");
    let overlapping = STAIRCASE.replace("client 31-70", "client 20-70");
    let thinking = STAIRCASE
        .replace("0-100", "0-200")
        .replace("71-98", "160-187")
        .replace("72-97", "161-186");
    let failed = STAIRCASE.replace("client 31-70 GET", "client 31-70 !GET");
    for healthy in [new_id, write, hidden_write, check, overlapping, thinking] {
        assert_eq!(found(&healthy), [], "{healthy}");
    }
    let kinds: Vec<_> = found(&failed).into_iter().map(|one| one.0).collect();
    assert_eq!(kinds, [Kind::ErrorSwallowed]);
}

#[test]
fn a_call_that_was_tried_again() {
    let trace = "
shop server 0-100 POST /pay
  shop client 0-20 !POST | http.request.method=POST | url.full=http://pay/charge | http.response.status_code=503
  shop client 50-90 POST | http.request.method=POST | url.full=http://pay/charge | http.response.status_code=200
";
    assert_eq!(found(trace), [(Kind::Retries, vec![1, 2], 50)]);
    let says = &explain(trace).findings[0].says;
    assert!(
        says.contains("tried 2 times") && says.ends_with("succeeded at last."),
        "{says}"
    );
    // Asking for something that is not there yet is no retry, nor is another call.
    let polling = trace.replace("503", "404");
    assert_eq!(found(&polling), []);
    let other = trace.replacen("pay/charge", "pay/reserve", 1);
    let kinds: Vec<_> = found(&other).into_iter().map(|one| one.0).collect();
    assert_eq!(kinds, [Kind::ErrorSwallowed]);
}

#[test]
fn time_of_which_nothing_is_recorded() {
    let trace = "
shop server 0-1000 GET /report
  shop client 100-300 load | db.system=pg | db.query.text=SELECT a FROM b
  shop client 800-900 store | db.system=pg | db.query.text=UPDATE b SET a = 1
";
    assert_eq!(found(trace), [(Kind::IdleGap, vec![0], 500)]);
    let says = &explain(trace).findings[0].says;
    assert_eq!(
        says,
        "For 50 % of the time nothing is recorded in shop GET /report, between load and store."
    );
    // A fast request computes, too; a leaf is what somebody chose to record.
    let fast = "
shop server 0-90 GET /
  shop client 1-2 load | db.system=pg | db.query.text=SELECT a FROM b
";
    assert_eq!(found(fast), []);
    assert_eq!(found("shop server 0-400 GET /"), []);
}

#[test]
fn one_slow_call_is_most_of_a_slow_trace() {
    let trace = "
shop server 0-1300 GET /report
  shop client 10-1250 SELECT | db.system=pg | db.query.text=SELECT sum(a) FROM orders, pg_sleep(1.2)
";
    assert_eq!(found(trace), [(Kind::SlowCall, vec![1], 1240)]);
    let says = &explain(trace).findings[0].says;
    assert!(
        says.starts_with("95 % of the time is in one call of shop: “SELECT sum(a) FROM orders"),
        "{says}"
    );
    assert_eq!(
        found(&trace.replace("1300", "130").replace("1250", "125")),
        []
    );
}

#[test]
fn one_of_many_side_by_side_keeps_the_others_waiting() {
    let mut trace = "shop server 0-100 GET /\n".to_owned();
    for end in [20, 22, 24, 25, 90] {
        trace += &format!("  shop internal 5-{end} render part\n");
    }
    assert_eq!(found(&trace), [(Kind::Straggler, vec![5], 65)]);
    assert_eq!(found(&trace.replace("5-90", "5-30")), []);
}

#[test]
fn services_that_talk_too_often() {
    let mut trace = "shop server 0-1000 GET /\n".to_owned();
    for step in 0..25 {
        let from = step * 40;
        trace += &format!(
            "  shop internal {from}-{} step {step}\n    \
             shop client {from}-{} POST | http.request.method=POST\n      \
             stock server {}-{} GET /a | http.route=/a{step}x\n",
            from + 35,
            from + 20,
            from + 5,
            from + 15,
        );
    }
    let found = found(&trace);
    let [(kind, spans, cost_ms)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (*kind, spans.len(), *cost_ms),
        (Kind::ChattyServices, 25, 250)
    );
}

#[test]
fn the_origin_of_an_error_that_came_up() {
    let trace = "
gateway server 0-100 !POST /orders
  gateway client 5-95 !POST | http.request.method=POST | http.response.status_code=500
    orders server 6-94 !POST /orders | http.response.status_code=500
      orders internal 50-60 !charge card
      orders client 10-20 SELECT | db.system=pg | db.query.text=SELECT a FROM b
";
    assert_eq!(found(trace), [(Kind::ErrorSurfaced, vec![4], 0)]);
    // Layers in between that say nothing do not hide it.
    let silent = trace.replace(
        "!POST | http.request.method=POST | http.response.status_code=500",
        "POST",
    );
    assert_eq!(found(&silent), [(Kind::ErrorSurfaced, vec![4], 0)]);
    let refused = "
shop server 0-100 !POST /checkout
  shop client 5-95 POST | http.request.method=POST | http.response.status_code=402
    pay server 6-94 POST /authorize | http.response.status_code=402
      pay internal 50-60 !charge card
";
    assert_eq!(found(refused), [(Kind::ErrorSurfaced, vec![3], 0)]);
    let answered = refused.replace("402", "200");
    assert_eq!(found(&answered), [(Kind::ErrorSurfaced, vec![0], 0)]);
    assert_eq!(
        found("shop server 0-9 !GET /"),
        [(Kind::ErrorSurfaced, vec![0], 0)]
    );
}

#[test]
fn an_error_that_nobody_above_shows() {
    let trace = "
shop server 0-100 GET /
  shop client 5-20 !GET | http.request.method=GET | http.response.status_code=500
    ads server 6-19 !GET /ads | http.response.status_code=500
";
    assert_eq!(found(trace), [(Kind::ErrorSwallowed, vec![1], 0)]);
    // "There is none" is an answer, and who did not wait cannot know.
    assert_eq!(
        found(&trace.replace("500", "404").replace("!GET /ads", "GET /ads")),
        []
    );
    assert_eq!(found(&trace.replace("0-100", "0-10")), []);
}

#[test]
fn clocks_that_disagree_and_a_server_that_is_missing() {
    let trace = "
shop server 100-200 GET /
  shop client 110-140 GET | http.request.method=GET | url.full=http://stock:80/a
    stock server 80-100 GET /a | http.route=/a
  shop client 150-180 GET | http.request.method=GET | url.full=http://stock:80/b
  shop client 181-190 POST | http.request.method=POST | url.full=https://api.example/c
";
    let mut found = found(trace);
    found.sort();
    let expected = [
        (Kind::ClockSkew, vec![2], 0),
        (Kind::MissingServer, vec![3], 30),
    ];
    assert_eq!(found, expected);
    // Rounding is no skew.
    assert!(
        self::found(&trace.replace("80-100", "109.5-120"))
            .iter()
            .all(|one| one.0 != Kind::ClockSkew)
    );
}

#[test]
fn a_healthy_trace_says_nothing() {
    let trace = "
gateway server 0-60 POST /api/orders
  gateway client 2-58 POST | http.request.method=POST | url.full=http://orders/orders | http.response.status_code=201
    orders server 3-57 POST /orders | http.route=/orders
      orders client 5-8 SELECT | db.system=pg | db.query.text=SELECT a FROM p WHERE sku = $1
      orders client 9-30 POST | http.request.method=POST | url.full=http://stock/reserve
        stock server 10-29 POST /reserve
          stock client 12-20 UPDATE | db.system=pg | db.query.text=UPDATE s SET q = q - $1
      orders internal 31-40 charge card
      orders client 41-50 INSERT | db.system=pg | db.query.text=INSERT INTO o VALUES ($1, $2)
";
    assert_eq!(found(trace), []);
}
