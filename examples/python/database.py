"""A CLIENT span around a database call, by hand: what to write for a driver that has
no instrumentation. (psycopg has one, see pattern_database.py; it is not used here, as
each statement would be told twice.)

    python database.py          (DATABASE_URL: a PostgreSQL)
"""

import os

import psycopg
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from sdk import link, start

start()
tracer = trace.get_tracer("database", "1.0.0")
db = psycopg.connect(os.environ.get("DATABASE_URL", ""), autocommit=True)


def query_database(operation: str, table: str, sql: str, params: tuple) -> list[tuple]:
    # The text holds %s, never the values: those would be personal data in the trace.
    attributes = {
        "db.system.name": "postgresql",
        "db.namespace": db.info.dbname,
        "db.operation.name": operation,
        "db.collection.name": table,
        "db.query.text": sql,
    }
    # set_status_on_exception=False: the code below knows better what the error is.
    with tracer.start_as_current_span(
        f"{operation} {table}",
        kind=SpanKind.CLIENT,
        attributes=attributes,
        set_status_on_exception=False,
    ) as span:
        try:
            rows = db.execute(sql, params).fetchall()
        except psycopg.Error as error:
            code = error.sqlstate or type(error).__name__
            span.set_attributes({"db.response.status_code": code, "error.type": code})
            span.set_status(Status(StatusCode.ERROR, str(error)))
            raise
        span.set_attribute("db.response.returned_rows", len(rows))
        return rows


with tracer.start_as_current_span("list tables") as root:
    print(link(root))
    tables = "SELECT relname FROM pg_class WHERE relname = ANY(%s)"
    query_database("SELECT", "pg_class", tables, (["pg_class", "pg_type"],))
    try:
        query_database("SELECT", "missing", "SELECT * FROM missing", ())
    except psycopg.Error as error:
        print(error)
db.close()
