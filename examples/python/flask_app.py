"""Automatic instrumentation of Flask: the request, and what it does in the database.

python flask_app.py         (DATABASE_URL: a PostgreSQL)
"""

import os
from threading import Thread

import httpx
import psycopg
from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from werkzeug.serving import make_server

from sdk import link, start

start()
HTTPXClientInstrumentor().instrument()
PsycopgInstrumentor().instrument()

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)


@app.get("/api/users/<int:user_id>")
def user(user_id: int) -> dict:
    print(link(trace.get_current_span()))
    with psycopg.connect(os.environ.get("DATABASE_URL", "")) as db:
        [name] = db.execute("SELECT %s::text", ("Ada",)).fetchone()
    return {"id": user_id, "name": name}


server = make_server("127.0.0.1", 0, app)
Thread(target=server.serve_forever).start()
print(httpx.get(f"http://127.0.0.1:{server.port}/api/users/7").json())
server.shutdown()
