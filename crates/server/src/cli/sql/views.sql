-- Tables over the blocks of Tracewell, for DuckDB 1.1 and later. `tracewell sql` runs
-- this by itself. By hand, with the server stopped or on a backup:
--
--   SET VARIABLE files = '/var/lib/tracewell/blocks/*.parquet';
--   .read views.sql
--
-- Attributes with a column of their own have it by name: "span.http.route".

CREATE OR REPLACE TEMP VIEW spans AS
SELECT
    lower(hex(trace_id)) AS trace_id,
    lower(hex(span_id)) AS span_id,
    lower(hex(parent_span_id)) AS parent_span_id,
    coalesce(service_name, '') AS service,
    name,
    ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][kind + 1] AS kind,
    ['unset', 'ok', 'error'][status_code + 1] AS status,
    coalesce(status_message, '') AS status_message,
    failed,
    make_timestamp_ns(start_ns) AS start,
    start_ns,
    duration_ns,
    duration_ns / 1e6 AS duration_ms,
    trace_state,
    flags,
    * EXCLUDE (
        trace_id, span_id, parent_span_id, trace_state, flags, name, kind, start_ns, duration_ns,
        status_code, status_message, failed, dropped_attributes, dropped_events, dropped_links,
        service_name, resource, scope, attributes, events, links, parent_row, depth,
        subtree_spans, self_ns, critical_ns, root_service, root_name, trace_duration_ns
    )
FROM read_parquet(getvariable('files'), union_by_name = true);
