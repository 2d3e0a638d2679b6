//! What explaining costs; printed, for machines differ.

use std::fmt::Write;
use std::time::Instant;

use crate::bounds::bounded;
use crate::drawn::drawn;
use tracewell_explain::{Explanation, Kind};
use tracewell_model::TraceTree;

#[test]
fn a_trace_of_a_thousand_spans() {
    let mut text = "shop server 0-1000 GET /cart\n".to_owned();
    for call in 0..333 {
        let from = call * 3;
        write!(
            text,
            "  shop client {from}-{} GET | http.request.method=GET | url.full=http://stock/item/{call}\n    \
             stock server {from}.5-{} GET /item/{{id}} | http.route=/item/{{id}}\n      \
             stock client {}-{from}.9 SELECT | db.system=pg | db.query.text=SELECT n FROM t WHERE id = {call}\n",
            from + 2,
            from + 1,
            format_args!("{from}.6"),
        )
        .unwrap();
    }
    let batch = drawn(&text);
    let tree = TraceTree::new(&batch);
    let began = Instant::now();
    let found = Explanation::new(&batch, &tree);
    eprintln!(
        "explaining {} spans took {:?}",
        batch.len(),
        began.elapsed()
    );
    assert_eq!(bounded(&batch), found);
    assert!(found.findings.iter().any(|one| one.kind == Kind::NPlusOne));
}
