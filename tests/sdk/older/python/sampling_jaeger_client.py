"""jaeger-client's remote sampler: asks again and again what to record.

TARGET is HOST:PORT of the questions, REPORT_TO that of the agent that takes
spans. Prints a line whenever what it decides has changed.
"""

import json
import os
import time

from jaeger_client import Config

from scenario import SHOP, TARGET

ASK_EVERY_S = 0.05

host, port = TARGET.split(":")
reporting_host, reporting_port = os.environ["REPORT_TO"].split(":")
assert host == reporting_host, "this client knows one host"
config = Config(
    {
        "local_agent": {
            "reporting_host": host,
            "reporting_port": reporting_port,
            "sampling_port": port,
        },
        "sampling_refresh_interval": ASK_EVERY_S,
    },
    service_name=SHOP,
    validate=True,
)
tracer = config.new_tracer()

decided = None
while True:
    spans = {name: tracer.start_span(name) for name in ("checkout", "health")}
    decision = {name: span.is_sampled() for name, span in spans.items()}
    for span in spans.values():
        span.finish()
    if decision != decided:
        decided = decision
        print(json.dumps(decision), flush=True)
    time.sleep(ASK_EVERY_S)
