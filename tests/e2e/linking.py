"""Verbs for scenarios with several buses that are linked."""
import os
import re
import socket

from harness import WAIT, Deadline, shorten
from peer import Peer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def next_event(peer):
    """The next event's line; what the bus says of its links meanwhile is left out."""
    while True:
        line = peer.expect_line("an event")
        if not line.startswith(b'{"type":"source_status"'):
            return line


def next_state(peer, state):
    """The next word of the bus that a source is in that state."""
    while True:
        frame = peer.expect_frame("source_status")
        if frame["state"] == state:
            return frame


INSECURE = ("--insecure-network",)


class Node:
    """A daemon in a folder of its own, and its place in the network; its links are not encrypted unless `flags` say."""

    def __init__(self, t, name, sources=(), flags=INSECURE, port=None, place=None, **how):
        self.t, self.name, self.sources, self.flags = t, name, list(sources), list(flags)
        self.port, self.how = port or free_port(), how
        self.place = place or f"127.0.0.1:{self.port}"
        self.start()

    def called(self, name):
        """Its place, for who expects a certificate of that name there."""
        return f"{name}@{self.place}"

    def start(self):
        links = [x for source in self.sources for x in ("--source", f"node:{source}")]
        self.bus = self.t.start_bus("--node-listen", self.place, *links, *self.flags, base=self.t.path(self.name),
                                    **self.how)
        return self

    def freeze(self):
        self.bus.freeze()

    def join(self, key, types=(), **fields):
        peer = self.t.connect(self.bus).hello(key, types, **fields)
        peer.expect_ack()
        return peer

    def producer(self):
        return self.t.connect(self.bus)

    def status(self):
        peer = Peer(self.bus.socket_path)
        try:
            peer.send_line({"type": "status_query"})
            return {"links": [], **peer.expect_frame("status_response")}
        finally:
            peer.close()

    def await_status(self, holds, what, limit=WAIT):
        last = None
        deadline = Deadline(limit, lambda: f"{self.name}: {what}; the last status: {shorten(last)}")
        while True:
            last = self.status()
            if holds(last):
                return last
            deadline.left_ms()

    def links(self, direction):
        return [x for x in self.status()["links"] if x["direction"] == direction]

    def await_asked(self, types, count=1):
        """Until so many links that are there ask this bus for so many event types each."""
        def holds(x):
            asked = [y["types"] for y in x["links"] if y["direction"] == "out" and y["state"] == "connected"]
            return len(asked) == count and all(y == types for y in asked)

        return self.await_status(holds, f"{count} link(s) ask for {types} type(s)")

    def log(self):
        with open(self.bus.app_dir + "/bus.log", encoding="utf-8") as f:
            return f.read()

    def await_log(self, pattern, count=1):
        """Until so many lines of the log match."""
        deadline = Deadline(WAIT, lambda: f"{self.name}: {count} of /{pattern}/ in its log: {shorten(self.log(), 2000)}")
        while len(re.findall(pattern, self.log())) < count:
            deadline.left_ms()
            os.sched_yield()
