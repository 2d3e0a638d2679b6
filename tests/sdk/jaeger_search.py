"""One search, asked as each of Jaeger's three kinds of client asks it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from query_api import QueryApi


@dataclass
class Conditions:
    """What one span must be; durations in µs, starts in µs since 1970."""

    service: str
    operation: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    min_duration_us: int | None = None
    max_duration_us: int | None = None
    start_us: tuple[int, int] | None = None
    limit: int | None = None


class Asked(Enum):
    """The endpoint that is asked, and by whom."""

    CLASSIC = "/api/traces"  # Grafana, scripts
    OTLP = "/api/v3/traces"  # Grafana's v3 mode
    SUMMARIES = "/api/v3/trace-summaries"  # Jaeger UI


def search(api: QueryApi, asked: Asked, wanted: Conditions) -> dict[str, int]:
    """Spans of each trace found, in the order in which the traces came."""
    found: dict[str, int] = {}
    if asked is Asked.CLASSIC:
        for trace in api.search(**classic_parameters(wanted)):
            assert trace["traceID"] not in found
            found[trace["traceID"]] = len(trace["spans"])
        return found
    response = api.get(asked.value, **v3_parameters(wanted))
    if asked is Asked.OTLP and response.status_code == 404:
        assert response.json() == {"error": {"httpCode": 404, "message": "No traces found"}}
        return found
    assert response.status_code == 200, response.text
    if asked is Asked.SUMMARIES:
        return {s["traceId"]: s["spanCount"] for s in response.json()["summaries"]}
    for group in response.json()["result"]["resourceSpans"]:
        for scope_group in group["scopeSpans"]:
            for span in scope_group["spans"]:
                found[span["traceId"]] = found.get(span["traceId"], 0) + 1
    return found


def classic_parameters(wanted: Conditions) -> dict[str, str]:
    """As Grafana builds them: tags as one JSON object, times in µs."""
    start, end = wanted.start_us or (None, None)
    return without_missing(
        service=wanted.service,
        operation=wanted.operation,
        tags=json.dumps(wanted.tags) if wanted.tags else None,
        minDuration=duration(wanted.min_duration_us),
        maxDuration=duration(wanted.max_duration_us),
        start=start,
        end=end,
        limit=wanted.limit,
    )


def v3_parameters(wanted: Conditions) -> dict[str, str]:
    """As Jaeger UI builds them; there, a time range is required."""
    now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
    start, end = wanted.start_us or (now_us - 3_600_000_000, now_us + 60_000_000)
    parameters = without_missing(
        serviceName=wanted.service,
        operationName=wanted.operation,
        attributes=json.dumps(wanted.tags) if wanted.tags else None,
        durationMin=duration(wanted.min_duration_us),
        durationMax=duration(wanted.max_duration_us),
        startTimeMin=rfc3339(start),
        startTimeMax=rfc3339(end),
        searchDepth=wanted.limit,
    )
    return {f"query.{name}": value for name, value in parameters.items()}


def without_missing(**parameters: str | int | None) -> dict[str, str]:
    """The parameters that are there, as text."""
    return {name: str(value) for name, value in parameters.items() if value is not None}


def duration(us: int | None) -> str | None:
    """A duration as Go writes it."""
    return None if us is None else f"{us}us"


def rfc3339(us: int) -> str:
    """µs since 1970 as RFC 3339 in UTC, nothing lost."""
    time = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
