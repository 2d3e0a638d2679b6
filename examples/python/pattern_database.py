"""Database operations: the driver's instrumentation records each statement; one span of
one's own says what they are for, and how the transaction ended.

    python pattern_database.py      (DATABASE_URL: a PostgreSQL)
"""

import os
from collections.abc import Callable

import psycopg
from opentelemetry import trace
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor

from sdk import link, start

start()
PsycopgInstrumentor().instrument()
tracer = trace.get_tracer("database", "1.0.0")
# Made after the instrumentation: one that was there before would not be seen.
db = psycopg.connect(os.environ.get("DATABASE_URL", ""))


def transaction(name: str, work: Callable[[trace.Span], None]) -> None:
    with tracer.start_as_current_span(name) as span:
        print(name, link(span))
        try:
            # psycopg itself begins, commits and rolls back; the instrumentation
            # does not see these three statements.
            with db.transaction():
                work(span)
        except psycopg.Error:
            span.set_attribute("db.transaction.outcome", "rolled back")
            raise  # the span records it and sets the status
        span.set_attribute("db.transaction.outcome", "committed")


def create_and_transfer(cents: int) -> Callable[[trace.Span], None]:
    def work(span: trace.Span) -> None:
        cursor = db.cursor()
        cursor.execute(
            "CREATE TEMP TABLE accounts (id int, cents int CHECK (cents >= 0)) ON COMMIT DROP"
        )
        cursor.execute("INSERT INTO accounts VALUES (1, 500), (2, 0)")
        update = "UPDATE accounts SET cents = cents + %s WHERE id = %s"
        cursor.execute(update, (cents, 2))
        cursor.execute(update, (-cents, 1))
        span.set_attribute("transfer.rows", cursor.rowcount)

    return work


transaction("transfer", create_and_transfer(300))
try:
    transaction("overdraw", create_and_transfer(900))
except psycopg.Error as error:
    print(error)
db.close()
