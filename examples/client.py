"""A client in Python, with the standard library alone: subscribes, publishes, reads back what it has published.

Usage: client.py SOCKET
"""
import json
import os
import socket
import sys

COUNT = 100


class Connection:
    """One connection to the bus: frames out, frames in, each one line of JSON."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(path)
        self.lines = self.sock.makefile("rb")

    def send(self, **frame):
        self.sock.sendall(json.dumps(frame).encode() + b"\n")

    def receive(self, wanted):
        """The next frame of that type; others may come between."""
        for line in self.lines:
            frame = json.loads(line)
            if frame["type"] == wanted:
                return frame
            if frame["type"] in ("bye", "error"):
                break
        sys.exit(f"the bus has ended the connection: {frame}")


def main(path):
    consumer = Connection(path)
    consumer.send(type="hello", pid=os.getpid(), event_key="example.python", version="v1")
    ack = consumer.receive("hello_ack")
    if ack.get("rejected"):
        sys.exit(ack["reject_reason"])
    producer = Connection(path)
    for n in range(COUNT):
        producer.send(type="publish", event_type="example.python", event_id=f"{os.getpid()}-{n}", payload={"n": n})
    accepted = 0
    while accepted < COUNT:  # the connection stays open until the bus has answered for everything
        accepted = producer.receive("publish_ack")["accepted"]
    print(accepted, "accepted")
    missed = last = 0
    while last < COUNT:
        event = consumer.receive("event")
        missed += event["seq"] - last - 1  # a hole is what the bus has dropped for us
        last = event["seq"]
    print("the last one:", event["payload"], "missed:", missed)
    return 0 if event["payload"] == {"n": COUNT - 1} else 1


sys.exit(main(sys.argv[1]))
