"""Scenario verbs for black-box tests: the real program, real sockets, one temporary directory a scenario.

A test file defines functions marked with @scenario, named as claims, and ends with main(). Every wait is for the thing
itself, with a hard limit; nothing sleeps. Processes die with the test, however it ends. A scenario that leaves a bus
running has the laws checked on it (laws.py), and the bus must then end by SIGTERM with exit code 0: a crash or a report
of a sanitizer fails the scenario.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import laws
from checks import SLOWDOWN, WAIT, Deadline, Failure, Skip, check, equal, matches, rounds, shorten  # noqa: F401  for tests
from peer import Peer, encode, event, raw_payload  # noqa: F401
from process import SANITIZER_REPORT, Bus, Process

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("CAFBUS_BINARY") or os.path.join(ROOT, "build", "cafbus")
SCENARIO_LIMIT = 60 * SLOWDOWN
MAX_FRAME = 1_048_576
MAX_PAYLOAD = MAX_FRAME - 65_536


def usual_base(t):
    """The folder that commands take when neither a flag nor a variable names one."""
    run = f"/run/user/{os.geteuid()}"
    own = os.path.isdir(run) and os.stat(run).st_uid == os.geteuid()
    return os.path.join(run, "cafbus") if own else t.path(".cafbus")


class Scenario:
    """The verbs, and everything that is to be cleaned up."""

    def __init__(self):
        base = tempfile.gettempdir()
        self.dir = tempfile.mkdtemp(prefix="cb", dir=base if len(base) < 40 else "/tmp")  # sun_path is short
        self.processes, self.peers, self.cleanups = [], [], []
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

    def start_cli(self, command, *arguments, app="default", base=None, wrap=(), **how):
        """@param wrap words before it, of a program that becomes it"""
        return self.start([*wrap, BINARY, command, *arguments, "--dir", base or self.path("bus"), "--app", app], **how)

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
        if "--source" in flags and "--start-sources" not in flags:
            flags += ("--start-sources", "at-once")
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
        for clean_up in self.cleanups:
            clean_up()
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
