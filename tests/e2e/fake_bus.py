"""A bus of the test's: listens where the daemon would and answers as the scenario says, so that a client's every word is
seen and the bus can die whenever it wants."""
import json
import os
import select
import socket

from harness import WAIT, check, encode, equal, shorten


class FakePeer:
    """The bus's end of one client's connection."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(WAIT)
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def send_line(self, x):
        self.send(encode(x) + b"\n")

    def next_line(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(1 << 16)
            if not data:
                check(not self.buffer, f"the connection ended within a line: {shorten(self.buffer)}")
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def has_line(self):
        return b"\n" in self.buffer or bool(select.select([self.sock], [], [], 0)[0])

    def expect_frame(self, frame_type, **fields):
        line = self.next_line()
        check(line is not None, f"the connection ended; expected {frame_type}")
        frame = json.loads(line)
        for name, value in {"type": frame_type, **fields}.items():
            equal(frame.get(name), value, f"{name} of {shorten(line)}")
        return frame

    def expect_eof(self):
        equal(self.read_to_eof(), [], "lines before the end")

    def read_to_eof(self):
        return list(iter(self.next_line, None))

    def close(self):
        self.sock.close()


class FakeBus:
    def __init__(self, t):
        folder = t.path("bus", "default")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.path = os.path.join(folder, "bus.sock")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o600)
        self.listener.listen()
        self.listener.settimeout(WAIT)

    def accept(self, *first):
        """The next connection that begins with one of these frames. Those that only ask whether there is a bus, with a
        status query or without a word, are told so. Returns it, with the frame."""
        while True:
            peer = FakePeer(self.listener.accept()[0])
            line = peer.next_line()
            frame = json.loads(line) if line else {}
            if frame.get("type") in first:
                return peer, frame
            if frame.get("type") == "status_query":
                peer.send_line({"type": "status_response", "pid": os.getpid(), "uptime_sec": 1, "active_conns": 0,
                                "consumers": [], "state": "running"})
            peer.close()

    def answer_status(self, **fields):
        """The next connection asks for the status."""
        peer = FakePeer(self.listener.accept()[0])
        peer.expect_frame("status_query")
        peer.send_line({"type": "status_response", "pid": os.getpid(), "uptime_sec": 1, "active_conns": 1,
                        "consumers": [], **fields})
        peer.close()

    def accept_consumer(self):
        peer, _ = self.accept("hello")
        peer.send_line({"type": "hello_ack", "bus_version": "v1", "first_for_key": True})
        return peer
