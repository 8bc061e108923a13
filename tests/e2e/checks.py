"""Expectations, and waiting with a hard limit."""
import os
import re
import select
import time

SLOWDOWN = float(os.environ.get("CAFBUS_TEST_SLOWDOWN", "1"))  # for builds with sanitizers
WAIT = 10 * SLOWDOWN  # the longest wait for one thing, in seconds


class Failure(AssertionError):
    """An expectation that was not met."""


class Skip(Exception):
    """This machine or user cannot run the scenario."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def equal(actual, expected, what="value"):
    if actual != expected:
        raise Failure(f"{what}: expected {shorten(expected)}, got {shorten(actual)}")


def matches(pattern, text, what="text"):
    if isinstance(text, (bytes, bytearray)):
        text = text.decode("utf-8", "replace")
    found = re.search(pattern, text)
    check(found, f"{what}: expected /{pattern}/, got {shorten(text)}")
    return found


def shorten(x, limit=600):
    text = x if isinstance(x, str) else repr(x)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


class Deadline:
    def __init__(self, seconds, what):
        self.end = time.monotonic() + seconds
        self.what = what

    def left_ms(self):
        left = self.end - time.monotonic()
        if left <= 0:
            raise Failure(f"timed out waiting for {self.what() if callable(self.what) else self.what}")
        return int(left * 1000) + 1


def rounds(n):
    """So many; fewer with sanitizers, which take their time and see in any of them what is wrong."""
    return n if SLOWDOWN == 1 else max(3, n // 4)


def wait_for(fds, deadline):
    """Waits for one of {fd: poll events}. Returns {fd: what happened}."""
    poller = select.poll()
    for fd, events in fds.items():
        poller.register(fd, events)
    while True:
        ready = poller.poll(deadline.left_ms())
        if ready:
            return dict(ready)
