"""Log lines and metrics that lead to the trace."""

import re

from programs import Programs, only


def test_log_lines_name_the_span_that_they_belong_to(programs: Programs) -> None:
    run = programs.run("logs")
    [span] = run.trace("- internal log in")
    outside, logged_in, not_confirmed = run.json_lines()
    assert "trace_id" not in outside
    for line in (logged_in, not_confirmed):
        assert (line["trace_id"], line["span_id"]) == (run.trace_ids[0], span.span_id)
        # Python's SDK adds the bit that says that the id is random.
        assert int(line["trace_flags"], 16) & 1 and len(line["trace_flags"]) == 2
    fields = logged_in.get("fields", logged_in)  # Rust's have an object of their own
    assert (logged_in["level"].lower(), fields["userId"]) == ("info", "123")
    assert logged_in.get("msg", logged_in.get("message")) == "User logged in"
    assert not_confirmed["level"].lower() == "warn"


BUCKET = re.compile(r'duration_seconds_bucket\{.*le="([^"]+)".*\} \d\S* # \{(.*?)\} (\S+)')


def test_exemplars_lead_to_the_trace_of_a_request(programs: Programs) -> None:
    run = programs.run("metrics")
    exemplars = {}
    for line in run.output.splitlines():
        if found := BUCKET.search(line):
            labels = dict(re.findall(r'(\w+)="(\w+)"', found[2]))
            exemplars[labels["trace_id"]] = (labels["span_id"], float(found[3]))
    # A bucket keeps its newest; on a machine that stalls, both may be in one.
    assert run.trace_ids[1] in exemplars and exemplars.keys() <= set(run.trace_ids)
    for number, trace_id in enumerate(run.trace_ids):
        spans = run.trace("- internal GET /checkout", number)
        if trace_id not in exemplars:
            continue
        span_id, seconds = exemplars[trace_id]
        span = only(spans, "GET /checkout")
        assert span.span_id == span_id
        assert seconds * 1e9 <= span.duration_ns
    assert re.search(r"http_requests_total\{.*\} 2\S* # \{", run.output)
    assert run.output.rstrip().endswith("# EOF")
    # The label that would make a time series of each request.
    assert not re.search(r"\{[^#}]*trace_id", run.output.replace("# {", "# "))
