"""`tracewell search` and `tracewell trace` show what the SDKs sent.

`tracewell status` is compared with the accounts in test_quiet_clients.py.
"""

import json
import re

import pytest

from conftest import Traffic, whole_trace
from query_api import Generation, QueryApi, Span
from tracewell import Tracewell
from trees import size


def printed(server: Tracewell, *words: str) -> str:
    """The output of a command that must succeed and complain about nothing."""
    done = server.run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def has_failed(span: Span) -> bool:
    """Whether a span tells of an error, in any of the three ways in which SDKs do."""
    codes = [
        span.attributes.get(f"http.{key}", 0) for key in ("response.status_code", "status_code")
    ]
    has_exception = any(event.name == "exception" for event in span.events)
    return span.status == "error" or has_exception or any(int(str(code)) >= 500 for code in codes)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--service", "{shop}"], ["shop_not_found", "shop_failure", "checkout"]),
        (["--service", "{shop}", "--limit", "1"], ["shop_not_found"]),
        (["--service", "{shop}", "--operation", "reserve stock"], ["checkout"]),
        (["--service", "{stock}", "--tag", "stock.shelf=-7"], ["checkout"]),
        (["--service", "{stock}", "--min-duration", "0ns", "{{ error }}"], ["stock_failure"]),
        (['{{ resource.service.name = "{shop}" && error }}'], ["shop_failure"]),
        (['resource.service.name = "{shop}" && span.shop.quantity > 2'], ["checkout"]),
    ],
)
def test_search_prints_the_traces_newest_first(
    stored_traffic: Traffic,
    tracewell: Tracewell,
    api: QueryApi,
    words: list[str],
    wanted: list[str],
) -> None:
    services = {role: service for service, role in stored_traffic.roles.items()}
    words = [word.format(**services) for word in words]
    ids = [getattr(stored_traffic, name) for name in wanted]

    json_lines = printed(tracewell, "search", *words, "--json").splitlines()
    lines = [json.loads(line) for line in json_lines]
    assert [line["traceId"] for line in lines] == ids
    for line in lines:
        tree = stored_traffic.trees[line["traceId"]]
        spans = whole_trace(api, line["traceId"], tree, Generation.OTLP)
        assert line["spanCount"] == size(tree)
        assert line["errorCount"] == sum(has_failed(span) for span in spans)

    heading, *rows = printed(tracewell, "search", *words).splitlines()
    assert heading.split() == "START (UTC) DURATION SPANS ERRORS TRACE ID SERVICE OPERATION".split()
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        shown = f"{line['traceId']}  {line['rootService']}"
        assert shown in row and row.endswith(f"  {line['rootName']}")


def test_search_says_when_it_finds_nothing(stored_traffic: Traffic, tracewell: Tracewell) -> None:
    service = stored_traffic.applications.shop_service
    done = tracewell.run("search", "--service", service, "--operation", "refund")
    assert (done.returncode, done.stdout) == (1, "")
    assert '"refund"' in done.stderr


# Lines that lead to a span, its service, its name, its mark, its duration, its bar.
ROW = re.compile(r"([│├└ ]*)(\S+)  (.+?) +(!?) +([\d.]+(?:ns|µs|ms|s))  +█+")


def drawn(output: str, roles: dict[str, str]) -> tuple[str, list[str]]:
    """A printed waterfall as an indented tree, siblings sorted, and its marked names."""
    rows = []
    marked = []
    for line in output.split("\n\n", 1)[1].splitlines():
        row = ROW.fullmatch(line)
        assert row is not None, line
        branches, service, name, mark, _ = row.groups()
        rows.append((len(branches) // 2, f"{roles[service]} {name}"))
        marked += [name] if mark else []
    return sorted_tree(rows), marked


def sorted_tree(rows: list[tuple[int, str]]) -> str:
    """(depth, text) in order of display → one indented line each, siblings sorted."""
    subtrees: list[list[tuple[int, str]]] = []
    for row in rows:
        if row[0] == rows[0][0]:
            subtrees.append([])
        subtrees[-1].append(row)
    drawings = []
    for [(depth, text), *below] in subtrees:
        line = f"{'  ' * depth}{text}"
        drawings.append("\n".join([line, sorted_tree(below)]) if below else line)
    return "\n".join(sorted(drawings))


def without_kinds(tree: str) -> str:
    """An expected drawing as `sorted_tree` gives it; the command line shows no kinds."""
    rows = []
    for line in tree.splitlines():
        role, _kind, name = line.split(maxsplit=2)
        rows.append(((len(line) - len(line.lstrip())) // 2, f"{role} {name}"))
    return sorted_tree(rows)


@pytest.mark.parametrize("name", ["checkout", "shop_failure", "shop_not_found", "stock_failure"])
def test_trace_draws_the_tree(
    stored_traffic: Traffic, tracewell: Tracewell, api: QueryApi, name: str
) -> None:
    trace_id = getattr(stored_traffic, name)
    tree = stored_traffic.trees[trace_id]
    output = printed(tracewell, "trace", trace_id)
    assert output.startswith(f"trace {trace_id}\n")
    assert f" · {size(tree)} spans · " in output
    drawing, marked = drawn(output, stored_traffic.roles)
    assert drawing == without_kinds(tree)
    spans = whole_trace(api, trace_id, tree, Generation.CLASSIC)
    failed = {span.name for span in spans if span.status == "error"}
    assert set(marked) >= failed
    assert bool(marked) == (name in ("shop_failure", "stock_failure"))


def test_trace_prints_jaegers_json(
    stored_traffic: Traffic, tracewell: Tracewell, api: QueryApi
) -> None:
    trace_id = stored_traffic.checkout
    output = printed(tracewell, "trace", trace_id, "--json")
    assert json.loads(output) == api.body(trace_id, Generation.CLASSIC)


def test_trace_says_which_trace_is_not_there(tracewell: Tracewell) -> None:
    trace_id = "f" * 32
    done = tracewell.run("trace", trace_id)
    assert (done.returncode, done.stdout) == (1, "")
    assert trace_id in done.stderr
