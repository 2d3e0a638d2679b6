"""Automatic instrumentation of FastAPI: nothing in the application knows of tracing
but the line that prints the link. Recorded are the call by httpx, the request, and
the SQL statement.

    python fastapi_app.py       (DATABASE_URL: a PostgreSQL)

Without a line of code: `opentelemetry-instrument python app.py`.
"""

import asyncio
import os

import httpx
import psycopg
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor

from sdk import link, start

start()
HTTPXClientInstrumentor().instrument()
PsycopgInstrumentor().instrument()

app = FastAPI()
# FastAPI also records spans of its own as soon as there is an SDK; with the
# instrumentation it leaves that to it.
FastAPIInstrumentor.instrument_app(app)


@app.get("/api/users")
async def users() -> list[dict]:
    print(link(trace.get_current_span()))
    sql = "SELECT id, name FROM (VALUES (1, %s::text)) AS users (id, name)"
    async with await psycopg.AsyncConnection.connect(os.environ.get("DATABASE_URL", "")) as db:
        cursor = await db.execute(sql, ("Ada",))
        return [{"id": id, "name": name} for id, name in await cursor.fetchall()]


async def main() -> None:
    transport = httpx.ASGITransport(app)  # the application without a socket
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        print((await client.get("/api/users")).json())


asyncio.run(main())
