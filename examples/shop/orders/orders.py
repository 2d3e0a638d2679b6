"""Orders: products, reviews and orders of the shop, in FastAPI.

python orders.py        (PORT, DATABASE_URL, INVENTORY_URL)
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import psycopg
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from opentelemetry import trace
from psycopg.rows import dict_row
from pydantic import BaseModel, Field

import stock_stand_in
import tracing

app = FastAPI()
provider = tracing.start(app)
tracer = trace.get_tracer("orders", "1.0.0")


async def connection() -> AsyncIterator[psycopg.AsyncConnection]:
    database = os.environ["DATABASE_URL"]
    async with await psycopg.AsyncConnection.connect(database, row_factory=dict_row) as db:
        yield db


Database = Annotated[psycopg.AsyncConnection, Depends(connection)]
app.include_router(stock_stand_in.router(connection))


class NewOrder(BaseModel):
    customer: str
    sku: str
    quantity: int = Field(gt=0, le=100)


@app.get("/products")
async def products(db: Database) -> list[dict]:
    return await (
        await db.execute("SELECT sku, name, cents FROM products ORDER BY name")
    ).fetchall()


@app.get("/products/{sku}")
async def product(sku: str, db: Database) -> dict:
    cursor = await db.execute("SELECT sku, name, cents FROM products WHERE sku = %s", (sku,))
    found = await cursor.fetchone()
    if found is None:
        raise HTTPException(404, f"there is no {sku}")
    return found


@app.get("/products/{sku}/reviews")
async def reviews(sku: str, db: Database) -> list[dict]:
    # pg_sleep stands for a table without an index.
    cursor = await db.execute(
        "SELECT stars, body FROM reviews, pg_sleep(0.03) WHERE sku = %s", (sku,)
    )
    return await cursor.fetchall()


@app.get("/customers/{customer}/orders")
async def orders_of(customer: str, db: Database) -> list[dict]:
    """One query for the orders, then one for each of them: the pattern called N+1."""
    cursor = await db.execute(
        "SELECT id, sku, quantity FROM orders WHERE customer = %s", (customer,)
    )
    orders = await cursor.fetchall()
    for order in orders:
        name = await db.execute("SELECT name FROM products WHERE sku = %s", (order["sku"],))
        order |= await name.fetchone()
    return orders


@app.get("/report")
async def report(db: Database) -> list[dict]:
    # Slow on purpose.
    cursor = await db.execute(
        "SELECT sku, count(*), sum(cents) FROM orders, pg_sleep(1.2) GROUP BY sku ORDER BY sku"
    )
    return await cursor.fetchall()


@app.post("/orders", status_code=201)
async def place(order: NewOrder, db: Database) -> dict:
    found = await product(order.sku, db)
    await reserve(order)
    # A shop that is more than a demo gives the goods back if this fails.
    charge(order, found["cents"] * order.quantity)
    cursor = await db.execute(
        "INSERT INTO orders (customer, sku, quantity, cents) VALUES (%s, %s, %s, %s) RETURNING id",
        (order.customer, order.sku, order.quantity, found["cents"]),
    )
    return await cursor.fetchone()


async def reserve(order: NewOrder) -> None:
    """Asks the inventory, which has the last word about what is there."""
    async with httpx.AsyncClient(base_url=os.environ["INVENTORY_URL"]) as inventory:
        wanted = {"sku": order.sku, "quantity": order.quantity}
        answer = await inventory.post("/reserve", json=wanted)
    if answer.status_code == 409:
        raise HTTPException(409, f"{order.sku} is sold out")
    answer.raise_for_status()


def charge(order: NewOrder, cents: int) -> None:
    with tracer.start_as_current_span(
        "charge card", attributes={"shop.customer": order.customer, "shop.cents": cents}
    ):
        if order.sku == "gift-card":
            raise ValueError("gift cards cannot be charged to a card")


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    # uvicorn raises the signal again once it has stopped; leaving by sys.exit
    # instead of dying of it lets the SDK send what is waiting.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    asyncio.run(main())
