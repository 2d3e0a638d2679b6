"""Waiting for a condition with a deadline: the only way these tests wait."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_INTERVAL_S = 0.02


def wait_for(what: str, probe: Callable[[], T | None], deadline_s: float = 10.0) -> T:
    """Returns the first answer of `probe` that is neither None nor False.

    Fails the test, naming `what`, once `deadline_s` seconds have passed.
    """
    end = time.monotonic() + deadline_s
    while True:
        answer = probe()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"gave up after {deadline_s:g} s waiting for {what}")
        time.sleep(POLL_INTERVAL_S)
