"""Scenario verbs for black-box tests: the real program, real sockets, one temporary directory a scenario.

A test file defines functions marked with @scenario, named as claims, and ends with main(). Every wait is for the thing
itself, with a hard limit; nothing sleeps. Processes die with the test, however it ends. A scenario that leaves a bus
running has the laws checked on it (laws.py), and the bus must then end by SIGTERM with exit code 0: a crash or a report
of a sanitizer fails the scenario.
"""
import ctypes
import itertools
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import laws

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("CAFBUS_BINARY") or os.path.join(ROOT, "build", "cafbus")
SLOWDOWN = float(os.environ.get("CAFBUS_TEST_SLOWDOWN", "1"))  # for builds with sanitizers
WAIT = 10 * SLOWDOWN  # the longest wait for one thing, in seconds
SCENARIO_LIMIT = 60 * SLOWDOWN
MAX_FRAME = 1_048_576
MAX_PAYLOAD = MAX_FRAME - 65_536
SANITIZER_REPORT = re.compile(rb"ERROR: (Address|Leak)Sanitizer|runtime error:")


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


def wait_for(fds, deadline):
    """Waits for one of {fd: poll events}. Returns {fd: what happened}."""
    poller = select.poll()
    for fd, events in fds.items():
        poller.register(fd, events)
    while True:
        ready = poller.poll(deadline.left_ms())
        if ready:
            return dict(ready)


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


class Process:
    """A program with its output collected line by line."""

    def __init__(self, arguments, env, cwd, stdin, stdout, user, umask):
        libc = ctypes.CDLL(None)

        def die_with_the_test():
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG

        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            arguments, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, umask=umask,
            start_new_session=True, preexec_fn=die_with_the_test, **identity)
        self.pid = self.process.pid
        self.name = " ".join(os.path.basename(x) if i == 0 else x for i, x in enumerate(arguments))
        self.out, self.err = bytearray(), bytearray()
        self.pipes = {}
        for pipe, buffer in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self.pipes[pipe.fileno()] = (pipe, buffer)
        self.shown = {"out": 0, "err": 0}  # what expect_* has consumed

    def describe(self):
        return f"{shorten(self.name, 200)}; stderr: {shorten(self.err.decode('utf-8', 'replace'))}"

    def pump(self, deadline, and_stdin=b""):
        """Waits until one of its pipes has something. Returns what is left to be written to its standard input."""
        fds = {fd: select.POLLIN for fd in self.pipes}
        if and_stdin:
            fds[self.process.stdin.fileno()] = select.POLLOUT
        for fd in wait_for(fds, deadline):
            if fd in self.pipes:
                pipe, buffer = self.pipes[fd]
                data = os.read(fd, 1 << 20)
                buffer += data
                if not data:
                    del self.pipes[fd]
                    pipe.close()
            else:
                try:
                    and_stdin = and_stdin[os.write(fd, and_stdin[:65_536]):]
                except BrokenPipeError:
                    and_stdin = b""
        return and_stdin

    def expect_line(self, pattern, stream="err", limit=None):
        """The next line of a stream that matches; those before it are passed over."""
        buffer = self.err if stream == "err" else self.out
        deadline = Deadline(limit or WAIT, lambda: f"/{pattern}/ on std{stream} of {self.describe()}")
        while True:
            while (end := buffer.find(b"\n", self.shown[stream])) >= 0:
                line = buffer[self.shown[stream]:end].decode("utf-8", "surrogateescape")
                self.shown[stream] = end + 1
                if found := re.search(pattern, line):
                    return found
            check(self.pipes, f"no line /{pattern}/ on std{stream} of {self.describe()}")
            self.pump(deadline)

    def expect_output(self, lines):
        """The next lines of standard output, byte for byte."""
        for number, expected in enumerate(lines):
            deadline = Deadline(WAIT, lambda: f"line {number} on stdout of {self.describe()}")
            while (end := self.out.find(b"\n", self.shown["out"])) < 0:
                check(self.pipes, f"no line {number} on stdout of {self.describe()}")
                self.pump(deadline)
            equal(bytes(self.out[self.shown["out"]:end]), encode(expected), f"line {number} on stdout")
            self.shown["out"] = end + 1

    def write(self, data):
        deadline = Deadline(WAIT, lambda: f"stdin of {self.describe()}")
        os.set_blocking(self.process.stdin.fileno(), False)
        while data:
            data = self.pump(deadline, data)

    def close_stdin(self):
        self.process.stdin.close()

    def signal(self, number):
        self.process.send_signal(number)

    def expect_exit(self, code=0, limit=None):
        self.wait(limit)
        check(self.process.returncode == code,
              f"exit code {self.process.returncode} instead of {code} of {self.describe()}")
        return self

    def wait(self, limit=None):
        """Until it has ended and its output is read."""
        deadline = Deadline(limit or WAIT, lambda: f"the end of {self.describe()}")
        while self.pipes:
            self.pump(deadline)
        if self.process.returncode is None:
            fd = os.pidfd_open(self.pid)
            try:
                wait_for({fd: select.POLLIN}, deadline)
            finally:
                os.close(fd)
            self.process.wait()
        check(not SANITIZER_REPORT.search(bytes(self.err)), f"a sanitizer reports: {self.err.decode(errors='replace')}")

    @property
    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running:
            try:
                os.killpg(self.pid, signal.SIGKILL)  # its own session, hence its own group
            except (ProcessLookupError, PermissionError):
                self.process.kill()
        self.process.wait()
        for pipe, _ in self.pipes.values():
            pipe.close()
        self.pipes = {}
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass


class Bus(Process):
    socket_path = None
    app_dir = None

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Scenario:
    """The verbs, and everything that is to be cleaned up."""

    def __init__(self):
        base = tempfile.gettempdir()
        self.dir = tempfile.mkdtemp(prefix="cb", dir=base if len(base) < 40 else "/tmp")  # sun_path is short
        self.processes, self.peers = [], []
        self.bus = None
        self.producer = None
        self.env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": self.dir, "CAFBUS_CONFIG": "/dev/null",
                    "LANG": "C.UTF-8"}
        self.env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    # -- processes ------------------------------------------------------------------------------------------------
    def start(self, arguments, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, user=None, kind=Process,
              umask=-1, cwd=None):
        process = kind(arguments, {**self.env, **(env or {})}, cwd or self.dir, stdin, stdout, user, umask)
        self.processes.append(process)
        return process

    def start_cli(self, command, *arguments, app="default", base=None, **how):
        return self.start([BINARY, command, "--dir", base or self.path("bus"), "--app", app, *arguments], **how)

    def run_cli(self, command, *arguments, code=0, input=None, **how):
        """Runs a command to its end. Returns it, with .out and .err."""
        process = self.start_cli(command, *arguments, **({"stdin": subprocess.PIPE} if input is not None else {}), **how)
        if input is not None:
            process.write(input)
            process.close_stdin()
        return process.expect_exit(code)

    def start_bus(self, *flags, app="default", idle="never", base=None, **how):
        """A daemon that listens. The last one started is the one that the other verbs mean."""
        base = base or self.path("bus")
        bus = self.start_cli("serve", "--idle-timeout", idle, *flags, app=app, base=base, kind=Bus, **how)
        bus.app_dir = os.path.join(base, app)
        bus.socket_path = os.path.join(bus.app_dir, "bus.sock")
        bus.expect_line(r"serving socket=")
        self.bus, self.producer = bus, None
        return bus

    def consume(self, key, *flags, ready=True, **how):
        """`cafbus consume` that is subscribed."""
        process = self.start_cli("consume", key, *flags, **how)
        if ready:
            process.expect_line(r"\[cafbus\] ready event_key=")
        return process

    # -- connections ----------------------------------------------------------------------------------------------
    def connect(self, bus=None):
        peer = Peer((bus or self.bus).socket_path)
        self.peers.append(peer)
        return peer

    def join(self, key, types=(), **fields):
        """A consumer whose hello has been acknowledged."""
        peer = self.connect().hello(key, types, **fields)
        ack = peer.expect_ack()
        check(not ack.get("rejected"), f"hello rejected: {ack}")
        return peer

    def publish(self, *lines):
        if self.producer is None or not self.producer.is_open:
            self.producer = self.connect()
        return self.producer.publish(*lines)

    def status(self):
        peer = Peer(self.bus.socket_path)
        try:
            peer.send_line({"type": "status_query"})
            frame = peer.expect_frame("status_response")
            peer.expect_eof()
            return frame
        finally:
            peer.close()

    def await_status(self, holds, what):
        """The first status for which `holds` is true."""
        deadline = Deadline(WAIT, lambda: f"status in which {what}; the last one: {shorten(last)}")
        last = None
        while True:
            last = self.status()  # a round trip through the bus: no busy loop
            if holds(last):
                return last
            deadline.left_ms()

    # -- the end --------------------------------------------------------------------------------------------------
    def finish(self):
        """What every scenario checks when all went well."""
        for bus in [x for x in self.processes if isinstance(x, Bus) and x.running]:
            self.bus = bus
            laws.check_bus(self.status, [p for p in self.peers if p.is_open])
            bus.signal(signal.SIGTERM)
            for peer in self.peers:
                peer.close()
            bus.expect_exit(0)
        for process in self.processes:
            check(not SANITIZER_REPORT.search(bytes(process.err)), f"a sanitizer reports: {process.describe()}")

    def clean_up(self):
        for peer in self.peers:
            peer.close()
        for process in self.processes:
            process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


def run_one(function):
    def too_long(*_):
        raise Failure(f"the scenario takes longer than {SCENARIO_LIMIT:g} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, SCENARIO_LIMIT)
    t = Scenario()
    try:
        function(t)
        t.finish()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        t.clean_up()


def main():
    """Runs the scenarios of the file, or those whose names contain an argument."""
    wanted = sys.argv[1:]
    failed = ran = 0
    for function in scenarios:
        name = function.__name__.replace("_", " ")
        if wanted and not any(x.replace("_", " ") in name for x in wanted):
            continue
        start = time.monotonic()
        try:
            run_one(function)
            ran += 1
            result = "ok  "
        except Skip as why:
            result, name = "skip", f"{name}: {why}"
        except Exception as error:  # noqa: BLE001  whatever it is, the next scenario is to run
            failed += 1
            result = "FAIL"
            frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == sys.argv[0]]
            place = f" (line {frames[-1].lineno})" if frames else ""
            name += f"{place}: {error}" if isinstance(error, Failure) else f"\n{traceback.format_exc()}"
        print(f"{result} {time.monotonic() - start:6.2f} s  {name}", flush=True)
    if not failed and not ran:
        sys.exit(77 if not wanted else 2)  # 77: ctest counts the file as skipped
    sys.exit(1 if failed else 0)
