"""Waiting for something to become true, never for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far beyond what anything takes, so that a busy machine does not fail a test; nothing waits this long when all is well.
PATIENCE = 20.0


def eventually(question: Callable[[], T], what: str, within: float = PATIENCE, every: float = 0.02) -> T:
    """Asks until the answer is true and returns it. An assertion inside the question counts as "not yet"."""
    deadline = time.monotonic() + within
    while True:
        problem = None
        try:
            answer = question()
            if answer:
                return answer
        except AssertionError as error:
            problem = error
        if time.monotonic() > deadline:
            detail = problem if problem is not None else f"the last answer was {answer!r:.500}"
            raise AssertionError(f"after {within} s still not so: {what}; {detail}")
        time.sleep(every)
