"""Log lines that name their trace: JSON with trace_id, span_id and trace_flags, so a
log search leads to the trace and back.

    python logs.py
"""

import json
import logging

from opentelemetry import trace

from sdk import link, start

start()
tracer = trace.get_tracer("accounts", "1.0.0")

LEVELS = {"WARNING": "warn"}
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}


class TraceFilter(logging.Filter):
    """Adds the ids. On the handler, so that the lines of every logger have them."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            # As everyone writes them: hexadecimal, not the integers that they are here.
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
            record.trace_flags = f"{context.trace_flags:02x}"
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = LEVELS.get(record.levelname, record.levelname.lower())
        line = {"level": level, "logger": record.name, "msg": record.getMessage()}
        line |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        return json.dumps(line, default=str)


handler = logging.StreamHandler()
handler.addFilter(TraceFilter())
handler.setFormatter(JsonFormatter())
logging.basicConfig(level=logging.INFO, handlers=[handler])
logger = logging.getLogger("accounts")

logger.info("started")  # outside of a span: no ids
with tracer.start_as_current_span("log in") as span:
    print(link(span))
    logger.info("User logged in", extra={"userId": "123"})
    logging.getLogger("mail").warning("Address not confirmed")
