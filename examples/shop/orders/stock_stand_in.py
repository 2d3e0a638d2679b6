"""The contract of the inventory (README.md), for machines on which it is not built.

Whoever sets INVENTORY_URL to the orders service gets these two; with the real
inventory nobody calls them.
"""

from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field


class Reservation(BaseModel):
    sku: str
    quantity: int = Field(gt=0)


def router(connection) -> APIRouter:
    """The two routes, with a dependency that gives a database connection."""
    routes = APIRouter()
    database = Annotated[psycopg.AsyncConnection, Depends(connection)]

    @routes.get("/stock/{sku}")
    async def stock(sku: str, db: database) -> dict:
        cursor = await db.execute("SELECT sku, quantity FROM stock WHERE sku = %s", (sku,))
        found = await cursor.fetchone()
        if found is None:
            raise HTTPException(404, f"there is no {sku}")
        return found

    @routes.post("/reserve")
    async def reserve(wanted: Reservation, db: database) -> dict:
        cursor = await db.execute(
            "UPDATE stock SET quantity = quantity - %s WHERE sku = %s AND quantity >= %s"
            " RETURNING sku, quantity",
            (wanted.quantity, wanted.sku, wanted.quantity),
        )
        left = await cursor.fetchone()
        if left is None:
            raise HTTPException(409, f"{wanted.sku} is sold out")
        return left

    return routes
