"""Waiting for conditions, never for time."""

import time


class Timeout(AssertionError):
    """A condition did not come true in time; the message says which, and what was seen last."""


def wait_until(condition, what, seconds=30.0, every=0.05):
    """The first true value of `condition`; what it raises meanwhile counts as false.

    Raises `Timeout` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            last = condition()
            if last:
                return last
        except Exception as error:  # noqa: BLE001 - an element that is not there yet, a server that does not answer yet
            last = error
        if time.monotonic() > deadline:
            raise Timeout(f"after {seconds:g} s still not: {what} (last: {last!r})")
        time.sleep(every)
