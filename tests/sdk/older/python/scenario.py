"""What every program here tells the same story with: names, times, the answer.

Times are multiples of 1/64 s after a whole second, which every client's unit
(seconds as floats, µs, ns) holds exactly.
"""

import json
import os

SHOP = os.environ["SHOP"]
STOCK = os.environ["STOCK"]
TARGET = os.environ["TARGET"]
START_S = int(os.environ["START_S"])


def seconds(tick: float) -> float:
    """The time `tick` 64ths of a second after the start."""
    return START_S + tick / 64


def nanoseconds(tick: int) -> int:
    """The same in nanoseconds."""
    return START_S * 10**9 + tick * 10**9 // 64


def said(trace: str, spans: dict[str, str]) -> None:
    """Prints the ids of what was sent, by the story's name of each span."""
    print(json.dumps({"trace": trace, "spans": spans}), flush=True)
