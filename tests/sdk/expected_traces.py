"""What one request becomes in each SDK version pinned here, written out whole.

Seen on the wire between these clients and a recording endpoint. When a client
is upgraded and a tree changes, check the new one by eye before replacing it.
"""

CHECKOUT = """
shop server GET /checkout/:sku
  shop internal middleware - patched
    shop internal middleware - <anonymous>
  shop internal middleware - patched
    shop internal request handler
      shop internal request handler - /checkout/:sku
        shop internal reserve stock
          shop client GET
            stock server GET /stock/{sku}
              stock client GET
                shop server GET /price/:sku
                  shop internal middleware - patched
                    shop internal middleware - <anonymous>
                  shop internal middleware - patched
                    shop internal request handler
                      shop internal request handler - /price/:sku
              stock internal GET /stock/{sku} http send
              stock internal GET /stock/{sku} http send
              stock internal count shelves
          shop internal tcp.connect
""".strip()

SHOP_FAILURE = """
shop server GET /fail
  shop internal middleware - <anonymous>
  shop internal middleware - patched
    shop internal middleware - <anonymous>
  shop internal middleware - patched
    shop internal request handler
      shop internal request handler - /fail
        shop internal charge card
""".strip()

SHOP_NOT_FOUND = """
shop server GET
  shop internal middleware - patched
    shop internal middleware - <anonymous>
""".strip()

STOCK_FAILURE = """
stock server GET /fail
  stock internal GET /fail http send
  stock internal GET /fail http send
  stock internal open shelf
""".strip()

# The manual spans' attributes, as the applications set them.
RESERVE_STOCK = {
    "shop.sku": "a-1",
    "shop.quantity": 3,
    "shop.discount": 0.25,
    "shop.express": True,
    "shop.tags": ["red", "größe 42", ""],
    "shop.offsets": [-1, 0, 9007199254740991],
    "shop.weights": [0.5, 1.25],
    "shop.flags": [True, False],
}
COUNT_SHELVES = {
    "stock.sku": "a-1",
    "stock.shelf": -7,
    "stock.fill": 0.5,
    "stock.cold": False,
    "stock.rows": ["a", "b"],
    "stock.counts": [4, 5, 6],
}
