"""What the fault cases share. Each case is a file with scenarios (tests/e2e/harness.py), prints its figures, and ends with
the laws checked by way of the status; it runs in seconds, or in full with --full, as `./dev faults` does."""
import os
import re
import selectors
import socket
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness  # noqa: E402
import laws  # noqa: E402
from harness import WAIT, Deadline, check, encode, equal  # noqa: E402

FULL = "--full" in sys.argv
if FULL:
    sys.argv.remove("--full")
    harness.SCENARIO_LIMIT = 1800

SENT_AT = re.compile(rb'"payload":\{"at":(\d+)')
HELLO = {"type": "hello", "pid": 0, "event_key": "k", "event_types": [], "version": "v1"}


def figure(text):
    print(f"     {text}", flush=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Vitals:
    """What a process holds and has used."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        self.cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            text = f.read()
        self.rss_kib = int(re.search(r"VmRSS:\s+(\d+)", text).group(1))
        self.peak_kib = int(re.search(r"VmHWM:\s+(\d+)", text).group(1))
        self.threads = int(re.search(r"Threads:\s+(\d+)", text).group(1))
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        self.at = time.monotonic()


class Readers:
    """Consumers that keep up: read by a thread, each event checked for its number, its age noted."""

    def __init__(self, t, count, key="k"):
        self.selector = selectors.DefaultSelector()
        self.sequences, self.ages, self.ended = {}, [], []
        self.byes = 0
        self.peers = [t.join(key) for _ in range(count)]
        for peer in self.peers:
            peer.stuck = True  # the thread reads, the laws' own reading must not
            self.sequences[peer] = laws.Sequence()
            self.selector.register(peer.sock, selectors.EVENT_READ, (peer, bytearray(peer.buffer)))
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.05):
                self.read(*key.data)

    def read(self, peer, buffer):
        try:
            data = peer.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(peer.sock)
            self.ended.append(peer)
            return
        buffer += data
        lines = buffer.split(b"\n")
        now = time.monotonic_ns()
        for line in lines[:-1]:
            self.sequences[peer].on_line(bytes(line))
            if found := SENT_AT.search(line):
                self.ages.append((now - int(found.group(1))) / 1e6)
            self.byes += line.startswith(b'{"type":"bye"')
        buffer[:] = lines[-1]

    @property
    def events(self):
        return sum(x.events for x in self.sequences.values())

    @property
    def lost(self):
        return sum(x.holes for x in self.sequences.values())

    def await_events(self, count, limit=60):
        deadline = Deadline(limit * harness.SLOWDOWN, lambda: f"{count} events, {self.events} came, {self.lost} lost")
        while self.events < count:
            check(not self.ended, f"{len(self.ended)} consumers lost their bus")
            time.sleep(0.01)  # the thread reads meanwhile
            deadline.left_ms()

    def stop(self):
        self.stopping = True
        self.thread.join()


class Stream:
    """Publishes at a steady rate from a thread of its own, each event with the time at which it was sent."""

    def __init__(self, t, rate, pad=0, key="k"):
        self.peer, self.rate, self.sent, self.key = t.connect(), rate, 0, key
        self.pad = "x" * pad
        self.stopping, self.failure = False, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        begun = time.monotonic()
        try:
            while not self.stopping:
                due = int((time.monotonic() - begun) * self.rate) - self.sent
                if due > 0:
                    text = b"".join(
                        b'{"type":"publish","event_type":"%s","payload":{"at":%d,"pad":"%s"}}\n'
                        % (self.key.encode(), time.monotonic_ns(), self.pad.encode()) for _ in range(due))
                    self.peer.send(text)
                    self.sent += due
                time.sleep(0.002)
        except (OSError, AssertionError) as error:
            self.failure = error

    def stop(self):
        self.stopping = True
        self.thread.join()
        if self.failure:
            raise self.failure
        accepted = 0
        while accepted < self.sent:
            ack = self.peer.expect_frame("publish_ack")
            accepted = ack["accepted"] + ack["duplicates"] + ack["rejected"]
        return self.sent


def hello(key="k", pid=1):
    return encode({**HELLO, "pid": pid, "event_key": key}) + b"\n"


def raw(path):
    """A plain socket, connected."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(WAIT)
    sock.connect(path)
    return sock


def settled(t, start, what="what it held at the start"):
    """Waits until the daemon holds no more descriptors and threads than at the start."""
    def holds(_):
        now = Vitals(t.bus.pid)
        return now.descriptors <= start.descriptors + 1 and now.threads <= start.threads
    t.await_status(holds, f"it holds {what}")
    return Vitals(t.bus.pid)


def in_full(full, short):
    return full if FULL else short
