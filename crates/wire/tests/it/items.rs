//! What is thrown away is counted in the unit of those who lose it.

use tracewell_wire::otlp::Items;

use crate::field;

#[test]
fn data_points_of_every_kind_of_metric_are_counted() {
    let metric = |kind, points: usize| {
        let points = field(1, b"\x19\0\0\0\0\0\0\0\0").repeat(points);
        field(2, &[field(1, b"requests"), field(kind, &points)].concat())
    };
    let metrics = [
        metric(5, 2),
        metric(7, 3),
        metric(9, 4),
        metric(10, 5),
        metric(11, 6),
    ];
    let scope = [field(1, &field(1, b"meter")), metrics.concat()].concat();
    let body = field(1, &field(2, &scope)).repeat(2);
    assert_eq!(Items::DataPoints.count_protobuf(&body), Some(40));

    let body = br#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[
        {"name":"a","gauge":{"dataPoints":[{"asInt":"1"},{}]}},
        {"name":"b","exponential_histogram":{"data_points":[{}]}}]}]}]}"#;
    assert_eq!(Items::DataPoints.count_json(body), Some(3));
}

#[test]
fn log_records_and_profiles_are_counted() {
    let body = field(1, &field(2, &field(2, b"").repeat(7)));
    for items in [Items::LogRecords, Items::Profiles] {
        assert_eq!(items.count_protobuf(&body), Some(7));
    }
    let body = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"body":[]}]},{}]}]}"#;
    assert_eq!(Items::LogRecords.count_json(body), Some(2));
    assert_eq!(Items::Profiles.count_json(body), Some(0));
}

#[test]
fn what_cannot_be_read_is_not_counted() {
    assert_eq!(Items::LogRecords.count_protobuf(b"\x0a\xff"), None);
    assert_eq!(Items::LogRecords.count_json(b"[{"), None);
    assert_eq!(Items::LogRecords.count_json(b"{\"resourceLogs\":7}"), None);
}
