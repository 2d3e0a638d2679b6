//! Two tiers: load balancers in front of processes that sample tails, each at an address
//! of its own. The file in front is one that people have, and runs as it stands.

use std::path::Path;

use serde_json::Value;
use tracewell_model::StatusCode;
use tracewell_testkit::{TestSpan, batch};
use tracewell_wire::otlp::protobuf;

use crate::network;

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Three that sample, at 127.0.0.2 to 4, and two in front, at ports 4318 and 5318.
const TIERS: &str = r#"
samplers() { printf '127.0.0.1 localhost\n' > hosts; for n; do printf "127.0.0.$n samplers\n" >> hosts; done; }
samplers 2 3 4
OFF="--jaeger-grpc-port off --jaeger-http-port off --jaeger-compact-port off --jaeger-binary-port off
  --jaeger-zipkin-port off --zipkin-port off --tempo-port off"
for n in 2 3 4; do
  sed s/ADDRESS/127.0.0.$n/ sampler.yaml > sampler-$n.yaml
  $TRACEWELL --config sampler-$n.yaml --data-dir sampler-$n --query-http-port 1668$n --query-grpc-port 1669$n \
    --otlp-http-port off $OFF > sampler-$n.out 2>&1 &
  echo $! > sampler-$n.pid
done
for n in 1 2; do
  $TRACEWELL --config $FILE --data-dir front-$n --otlp-http-port $((3318 + n * 1000)) --otlp-grpc-port off $OFF \
    --query-http-port 2668$n --query-grpc-port 2669$n > front-$n.out 2>&1 &
done
for port in 16682 16683 16684 26681 26682; do wait_for http://127.0.0.1:$port/health; done
has() { timeout 60 sh -c "until curl -sf http://127.0.0.1:$1/api/status | grep -q '$2'; do sleep 0.05; done"; }
for n in 1 2; do has 2668$n '127.0.0.4:4317'; done
send() { curl -sf --data-binary @$1 -H 'content-type: application/x-protobuf' http://127.0.0.1:$2/v1/traces > /dev/null; }
# Waits until as many spans are stored, at the samplers that are named.
stored() {
  WANTED=$1; shift
  for turn in $(seq 600); do
    SUM=0
    for n; do
      SPANS=$(curl -sf http://127.0.0.1:1668$n/api/status | grep -o '"spans":[0-9]*,' | head -n 1 | tr -dc 0-9)
      SUM=$((SUM + SPANS))
    done
    [ $SUM = $WANTED ] && return
    sleep 0.1
  done
  echo "$SUM spans are stored, and not $WANTED" >&2
  return 1
}
ask() {
  for n in 1 2; do curl -sf http://127.0.0.1:2668$n/api/status > front-$n.json; done
  for n; do curl -sf "http://127.0.0.1:1668$n/api/traces?service=shop&limit=1000&start=1600000000000000&end=1800000000000000" > traces-$n; done
}
"#;

const SAMPLER: &str = "receivers: {otlp: {protocols: {grpc: {endpoint: \"ADDRESS:4317\"}}}}
processors:
  tail_sampling:
    decision_wait: 2s
    policies: [{name: failed, type: status_code, status_code: {status_codes: [ERROR]}}]
exporters: {tracewell: }
service: {pipelines: {traces: {receivers: [otlp], processors: [tail_sampling], exporters: [tracewell]}}}
";

/// Runs it in a directory in which `first` and `second` are what is sent; `None` where
/// there are no networks of one's own.
fn run(script: &str, first: &[TestSpan], second: &[TestSpan]) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, spans: &[TestSpan]| {
        std::fs::write(dir.path().join(name), protobuf::encode(&batch(spans))).unwrap();
    };
    put("first", first);
    put("second", second);
    std::fs::write(dir.path().join("sampler.yaml"), SAMPLER).unwrap();
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/collector/load-balancing.yaml");
    let variables = [("FILE", file.to_str().unwrap())];
    let script = format!("{TIERS}{script}");
    let out = network::run(dir.path(), "samplers", &script, &variables)?;
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    assert!(
        out.status.success(),
        "{}\n{}\n{}\n{}",
        String::from_utf8_lossy(&out.stderr),
        read("front-1.out"),
        read("front-1.json"),
        read("sampler-2.out")
    );
    Some(dir)
}

/// How many spans of each trace a sampler kept.
fn kept(dir: &Path, sampler: u32) -> Vec<usize> {
    let traces = std::fs::read(dir.join(format!("traces-{sampler}"))).unwrap();
    let traces: Value = serde_json::from_slice(&traces).unwrap();
    let traces = traces["data"].as_array().unwrap().iter();
    traces
        .map(|trace| trace["spans"].as_array().unwrap().len())
        .collect()
}

/// The account of the exporter of a front, which adds up.
fn account(dir: &Path, front: u32) -> Value {
    let status = std::fs::read(dir.join(format!("front-{front}.json"))).unwrap();
    let status: Value = serde_json::from_slice(&status).unwrap();
    let account = status["exporters"][0].clone();
    let number = |of: &Value, field: &str| of[field].as_u64().unwrap();
    assert_eq!(number(&account, "received"), number(&account, "sent"));
    let peers = account["peers"].as_array().unwrap();
    let sent: u64 = peers.iter().map(|peer| number(peer, "sent")).sum();
    assert!(sent <= number(&account, "sent"));
    account
}

/// Spans of traces, those of a trace with these ids; in every second trace one failed.
fn spans(traces: u64, ids: std::ops::Range<u64>, can_fail: bool) -> Vec<TestSpan> {
    let of_trace = |trace: u64| {
        ids.clone().map(move |id| {
            let span = TestSpan::new(trace, id + 10 * trace, "shop", "buy", START_NS);
            match can_fail && trace.is_multiple_of(2) && id == 1 {
                true => span.status(StatusCode::Error),
                false => span,
            }
        })
    };
    (1..=traces).flat_map(of_trace).collect()
}

#[test]
fn every_trace_is_whole_at_one_sampler_whichever_balancer_its_spans_came_to() {
    // What failed comes to one of them only: a trace in parts would lose the others.
    let script = "
send first 4318 && send second 5318
stored 225 2 3 4
ask 2 3 4";
    let (first, second) = (spans(90, 1..3, true), spans(90, 3..6, false));
    let Some(dir) = run(script, &first, &second) else {
        return;
    };
    let kept: Vec<Vec<usize>> = (2..5).map(|sampler| kept(dir.path(), sampler)).collect();
    for of_sampler in &kept {
        assert!(of_sampler.iter().all(|spans| *spans == 5), "{kept:?}");
        assert!(!of_sampler.is_empty(), "{kept:?}");
    }
    assert_eq!(kept.iter().map(Vec::len).sum::<usize>(), 45);
    assert_eq!(account(dir.path(), 1)["sent"], 180);
    assert_eq!(account(dir.path(), 2)["sent"], 270);
}

#[test]
fn what_waits_for_a_peer_that_goes_is_given_to_the_others() {
    let script = "
kill -9 $(cat sampler-4.pid)
send first 4318 & SENDING=$!
has 26681 'lastError\":\"[^n]'
samplers 2 3
wait $SENDING
send second 4318
stored 150 2 3
ask 2 3";
    let (first, second) = (spans(60, 1..3, true), spans(60, 3..6, false));
    let Some(dir) = run(script, &first, &second) else {
        return;
    };
    let kept: Vec<usize> = (2..4)
        .flat_map(|sampler| kept(dir.path(), sampler))
        .collect();
    assert_eq!(kept, vec![5; 30]);
    let account = account(dir.path(), 1);
    assert_eq!(account["sent"], 300);
    assert_eq!(account["rejected"], serde_json::json!({}));
    assert_eq!(account["peers"].as_array().unwrap().len(), 2);
}
