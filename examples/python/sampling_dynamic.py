"""A rate per operation that follows the traffic: about as many traces a second of each,
so that rare operations are not lost among the frequent ones.

    python sampling_dynamic.py

Per operation, not per service: a sampler never sees the resource, and a process is one
service anyway.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult

from sdk import start


@dataclass
class Operation:
    second: int
    rate: float
    seen: int = 0
    kept: int = 0


class DynamicSampler(Sampler):
    def __init__(
        self,
        per_second: int,
        max_operations: int = 1000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_second, self.max_operations, self.now = per_second, max_operations, now
        self._lock = Lock()
        self._operations: dict[str, Operation] = {}

    def should_sample(
        self,
        parent_context,
        trace_id,
        name,
        kind=None,
        attributes=None,
        links=None,
        trace_state=None,
    ) -> SamplingResult:
        with self._lock:
            operation = self._operation(name)
            operation.seen += 1
            rate = operation.rate
            # 56 random bits of the id: with equal rates, every service decides alike.
            if (trace_id & (2**56 - 1)) / 2**56 >= rate:
                return SamplingResult(Decision.DROP)
            operation.kept += 1
            # More than planned within this second: do not wait for its end.
            if operation.kept % self.per_second == 0:
                operation.rate /= 2
        # One kept span stands for 1 / rate; whoever counts needs to know.
        return SamplingResult(Decision.RECORD_AND_SAMPLE, {"sampling.rate": rate})

    def _operation(self, name: str) -> Operation:
        second = int(self.now())
        # Names come from requests in the worst case; memory must not.
        if name not in self._operations and len(self._operations) >= self.max_operations:
            name = ""
        known = self._operations.get(name)
        if known and known.second == second:
            return known
        rate = min(1.0, self.per_second / known.seen) if known else 1.0
        self._operations[name] = Operation(second, rate)
        return self._operations[name]

    def get_description(self) -> str:
        return f"DynamicSampler{{{self.per_second} per second and operation}}"


clock_s = 0
start(sampler=ParentBased(DynamicSampler(per_second=20, now=lambda: clock_s)))
tracer = trace.get_tracer("sampling", "1.0.0")


def request(name: str) -> bool:
    span = tracer.start_span(name, context=Context())
    is_kept = span.is_recording()
    span.end()
    return is_kept


for clock_s in range(3):
    kept = {
        "GET /list": sum(request("GET /list") for _ in range(1000)),
        "POST /checkout": sum(request("POST /checkout") for _ in range(5)),
    }
    print(json.dumps(kept))
