//! Which spans go where, and who is told.

use std::sync::Mutex;

use tracewell_testkit::{TestSpan, batch, flatten};

use super::*;
use crate::written::section;

fn config(text: &str) -> Result<RoutingConfig, Vec<String>> {
    section::read("r", text, RoutingConfig::read)
}

/// Keeps the names of spans, and answers as it is told.
#[derive(Default)]
struct Recorder {
    names: Mutex<Vec<String>>,
    is_refusing: bool,
}

impl Consumer for Recorder {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let names = flatten(&batch).into_iter().map(|span| span.name);
        self.names.lock().unwrap().extend(names);
        ack(match self.is_refusing {
            true => Err(StoreError::Busy("full".to_owned())),
            false => Ok(()),
        });
    }
}

struct Rig {
    routing: Arc<Routing>,
    account: Arc<ProcessorAccount>,
    pipelines: Vec<Arc<Recorder>>,
}

/// Pipelines `traces/0` to `traces/2`; the last is busy.
fn rig(text: &str) -> Rig {
    let account = ProcessorAccount::new("connectors".to_owned(), "routing".to_owned());
    let recorder = |is_refusing| {
        Arc::new(Recorder {
            names: Mutex::default(),
            is_refusing,
        })
    };
    let pipelines: Vec<_> = [false, false, true].map(recorder).into();
    let begun: Vec<Begun> = pipelines
        .iter()
        .enumerate()
        .map(|(number, recorder)| Begun {
            pipeline: format!("traces/{number}"),
            first: Arc::clone(recorder) as _,
        })
        .collect();
    let config = Arc::new(config(text).unwrap());
    let routing = Routing::new(config, Arc::clone(&account), &begun, &Arc::default());
    Rig {
        routing,
        account,
        pipelines,
    }
}

impl Rig {
    fn send(&self) -> Result<(), StoreError> {
        let span = |number, service: &str, name: &str| {
            TestSpan::new(1, number, service, name, 1_000).with("n", (number as i64).into())
        };
        let spans = [
            span(1, "shop", "buy"),
            span(2, "bank", "pay"),
            span(3, "shop", "sell"),
        ];
        let (told, fate) = std::sync::mpsc::channel();
        let ack: Ack = Box::new(move |result| told.send(result).unwrap());
        self.routing.consume(Arc::new(batch(&spans)), ack);
        fate.recv().unwrap()
    }

    fn names(&self, pipeline: usize) -> Vec<String> {
        self.pipelines[pipeline].names.lock().unwrap().clone()
    }
}

#[test]
fn the_first_route_that_matches_takes_a_span() {
    let rig = rig("
default_pipelines: [traces/1]
table:
- {condition: 'attributes[\"service.name\"] == \"bank\"', pipelines: [traces/0]}
- {context: span, condition: 'attributes[\"n\"] <= 2', pipelines: [traces/0]}
");
    assert_eq!(rig.send(), Ok(()));
    assert_eq!(rig.names(0), ["pay", "buy"]);
    assert_eq!(rig.names(1), ["sell"]);
    let account = rig.account.snapshot();
    assert_eq!(
        (account.received, account.passed, account.in_flight),
        (3, 3, 0)
    );
}

#[test]
fn copies_leave_spans_to_the_routes_behind() {
    let rig = rig("
table:
- {statement: route(), action: copy, pipelines: [traces/0]}
- {statement: 'route() where attributes[\"service.name\"] == \"shop\"', pipelines: [traces/1]}
");
    assert_eq!(rig.send(), Ok(()));
    assert_eq!(rig.names(0), ["buy", "pay", "sell"]);
    assert_eq!(rig.names(1), ["buy", "sell"]);
}

#[test]
fn what_nobody_takes_is_acknowledged_and_counted() {
    let rig = rig("
table: [{context: span, condition: 'name == \"pay\"', pipelines: [traces/0, traces/1]}]
");
    assert_eq!(rig.send(), Ok(()));
    assert_eq!(
        (rig.names(0), rig.names(1)),
        (vec!["pay".to_owned()], vec!["pay".to_owned()])
    );
    let account = rig.account.snapshot();
    assert_eq!((account.passed, account.dropped["not_routed"]), (1, 2));
}

#[test]
fn a_client_hears_of_a_pipeline_that_fails() {
    let rig = rig("
default_pipelines: [traces/0]
table: [{context: span, condition: 'name == \"pay\"', pipelines: [traces/2]}]
");
    assert_eq!(rig.send(), Err(StoreError::Busy("full".to_owned())));
    assert_eq!(rig.names(0), ["buy", "sell"]);
}

#[test]
fn what_is_wrong_or_not_served_is_said() {
    let table = |route: &str| format!("table: [{{{route}}}]");
    for (text, wanted) in [
        (
            "default_pipelines: [traces]".to_owned(),
            "r.table is missing: which spans go to which pipelines",
        ),
        (
            table("condition: 'true'"),
            "r.table[0].pipelines is missing: where spans go for which the condition holds",
        ),
        (
            table("pipelines: [traces]"),
            "r.table[0].condition is missing: write it, or statement, and not both",
        ),
        (
            table("statement: 'delete_key(attributes, \"a\")', pipelines: [traces]"),
            "r.table[0].statement: only `route() where …` is served; change spans in a transform processor",
        ),
        (
            table("context: request, condition: 'true', pipelines: [traces]"),
            "r.table[0].context: headers of a request are not kept; route by resource",
        ),
    ] {
        assert_eq!(config(&text).unwrap_err(), [wanted], "{text}");
    }
}
