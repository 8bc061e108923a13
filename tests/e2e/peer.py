"""A connection to the bus, by lines, and the lines that go over it."""
import itertools
import json
import select
import socket

import laws
from checks import WAIT, Deadline, check, equal, shorten, wait_for


def encode(x):
    """A line: bytes and text as they are, anything else as JSON."""
    if isinstance(x, bytes):
        return x
    return x.encode() if isinstance(x, str) else json.dumps(x, separators=(",", ":")).encode()


def event(event_type, payload=None, event_id=None, **fields):
    """A publish line whose payload goes in as it stands when it is bytes."""
    head = {"type": "publish", "event_type": event_type, **fields}
    if event_id is not None:
        head["event_id"] = event_id
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    return encode(head)[:-1] + b',"payload":' + raw + b"}"


def raw_payload(line):
    """The payload's bytes of an event line, in which it is the last field."""
    mark = b',"payload":'  # cannot stand in a string: its quotes would be escaped there
    check(mark in line, f"no payload in {shorten(line)}")
    return line[line.index(mark) + len(mark):-1]


class Peer:
    """One connection, by lines. Remembers the sequence numbers of the events that it has read."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT)
        self.sock.connect(path)
        self.sock.setblocking(False)
        self.buffer = bytearray()
        self.at_end = False
        self.pid = None  # as it introduced itself; finds it again in the status
        self.ack = None
        self.seqs = laws.Sequence()
        self.stuck = False  # set by scenarios in which it stops reading
        self.published = 0

    # -- bytes ----------------------------------------------------------------------------------------------------
    def fill(self):
        """Reads what is there."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except (ConnectionResetError, BrokenPipeError):
            data = b""  # the bus closed while something of ours was unread
        self.buffer += data
        self.at_end = self.at_end or not data

    def send(self, data, read_meanwhile=True):
        view = memoryview(data)
        deadline = Deadline(WAIT, lambda: f"the bus to take {len(view)} more bytes")
        while view:
            events = select.POLLOUT | (select.POLLIN if read_meanwhile and not self.at_end else 0)
            happened = wait_for({self.sock.fileno(): events}, deadline)[self.sock.fileno()]
            if happened & select.POLLIN and read_meanwhile:
                self.fill()
            if happened & (select.POLLOUT | select.POLLERR | select.POLLHUP):
                try:
                    view = view[self.sock.send(view):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    self.at_end = True
                    return False
        return True

    def send_line(self, x, read_meanwhile=True):
        return self.send(encode(x) + b"\n", read_meanwhile)

    def next_line(self, limit=None, what="a line"):
        """The next line without its end, or None at the end of the connection."""
        deadline = Deadline(limit or WAIT, lambda: f"{what}; unread: {shorten(bytes(self.buffer))}")
        start = 0
        while True:
            end = self.buffer.find(b"\n", start)
            if end >= 0:
                line = bytes(self.buffer[:end])
                del self.buffer[:end + 1]
                self.seqs.on_line(line)
                return line
            if self.at_end:
                check(not self.buffer, f"the connection ended within a line: {shorten(bytes(self.buffer))}")
                return None
            start = len(self.buffer)
            wait_for({self.sock.fileno(): select.POLLIN}, deadline)
            self.fill()

    # -- frames ---------------------------------------------------------------------------------------------------
    def expect_line(self, what="a line"):
        line = self.next_line(what=what)
        check(line is not None, f"the connection ended; expected {what}")
        return line

    def expect_frame(self, frame_type, **fields):
        line = self.expect_line(f"frame {frame_type}")
        frame = json.loads(line)
        equal(frame.get("type"), frame_type, f"type of {shorten(line)}")
        for name, value in fields.items():
            equal(frame.get(name), value, f"{name} of {shorten(line)}")
        return frame

    def expect_event(self, **fields):
        return self.expect_frame("event", **fields)

    def expect_error(self, code):
        frame = self.expect_frame("error", code=code)
        check(frame.get("message"), "an error frame says why")
        return frame

    def expect_eof(self):
        line = self.next_line(what="the end of the connection")
        check(line is None, f"expected the end of the connection, got {shorten(line or b'')}")

    def read_to_eof(self):
        return list(iter(self.next_line, None))

    # -- verbs ----------------------------------------------------------------------------------------------------
    def hello(self, key, types=(), pid=None, **fields):
        self.pid = pid or next(fresh_pids)
        frame = {"type": "hello", "pid": self.pid, "event_key": key, "event_types": list(types), "version": "v1"}
        self.send_line({**frame, **fields})
        return self

    def expect_ack(self, **fields):
        self.ack = self.expect_frame("hello_ack", bus_version="v1", **fields)
        return self.ack

    def publish(self, *lines):
        """Sends publish lines and waits until the bus has answered for all that this connection has sent."""
        self.send(b"".join(encode(x) + b"\n" for x in lines))
        self.published += len(lines)
        while True:
            ack = self.expect_frame("publish_ack")
            total = ack["accepted"] + ack["duplicates"] + ack["rejected"]
            check(total <= self.published, f"more answered than sent: {ack}")
            if total == self.published:
                return ack

    def close(self):
        self.sock.close()

    @property
    def is_open(self):
        return self.sock.fileno() >= 0 and not self.at_end


fresh_pids = itertools.count(1_000_001)  # beyond real ones, so that nobody takes them for his own
