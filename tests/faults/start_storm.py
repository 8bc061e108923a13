#!/usr/bin/env python3
"""Acceptance 1 of on-demand start: storms of consumers on an empty directory, with one daemon killed at random.

Each round: a fresh directory; 16 `cafbus consume` at once; the daemon is SIGKILLed at a random moment (before, while or
after they become ready), then 16 more come at once onto what it left. Checked: never two daemons (by processes and by the
holders of the lock), every consumer is ready or ends with the exit code of a lost bus if its bus was the one killed, no
zombies, nothing left that the next round trips over. How long it takes is a figure, not a check: a machine that stands
still is no fault of the bus.

  start_storm.py [ROUNDS]     200 unless said otherwise; CI runs 10
"""
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import daemons  # noqa: E402

BINARY = os.environ.get("CAFBUS_BINARY") or os.path.join(ROOT, "build", "cafbus")
SLOWDOWN = float(os.environ.get("CAFBUS_TEST_SLOWDOWN", "1"))
CROWD = 16
HANGS_AFTER = 20.0 * SLOWDOWN  # longer than a starter waits for anything
SLOW_AFTER = 2.0
BUS_LOST = 3


class Consumer:
    def __init__(self, base, env):
        self.begun = time.monotonic()
        self.ready_after = None
        self.err = b""
        self.process = subprocess.Popen([BINARY, "consume", "k", "--dir", base], env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            if b"ready event_key=" in line and self.ready_after is None:
                self.ready_after = time.monotonic() - self.begun
            self.err += line

    def await_ready(self):
        """Until it is ready, or has ended, or is overdue."""
        until = self.begun + HANGS_AFTER
        while self.ready_after is None and self.reader.is_alive() and time.monotonic() < until:
            self.reader.join(0.001)
        return self.ready_after

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.reader.join(5)


def holders(base):
    path = os.path.join(base, "default", "bus.alive.lock")
    return daemons.lock_holders(path) if os.path.exists(path) else set()


class Storm:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.times, self.killed_early, self.lost, self.failures, self.rounds = [], 0, 0, [], 0

    def fail(self, text):
        self.failures.append(f"round {self.rounds}: {text}")
        print("FAIL", self.failures[-1], flush=True)

    def look(self, base):
        """The laws that hold at every moment."""
        held, running = holders(base), daemons.daemons(base)
        if len(held) > 1:
            self.fail(f"two processes hold the lock: {held}")
        return held, running

    def crowd(self, base, env, kill):
        consumers, killed = [], []
        killer = threading.Thread(target=self.kill, args=(base, consumers, killed))
        if kill:
            killer.start()
        for _ in range(CROWD):
            consumers.append(Consumer(base, env))
        if kill:
            killer.join()
        for x in consumers:
            after = x.await_ready()
            if after is None:
                self.fail(f"a consumer did not become ready: exit {x.process.poll()}, {x.err!r}")
            elif after > SLOW_AFTER:
                print(f"slow: round {self.rounds}, ready after {after:.2f} s; load {os.getloadavg()[0]:.1f}; "
                      f"{self.log(base)}", flush=True)
            if after is not None:
                self.times.append(after)
        return consumers, killed

    @staticmethod
    def log(base):
        with open(os.path.join(base, "default", "bus.log"), encoding="utf-8") as f:
            return "".join(x for x in f if "bus-" in x)

    def kill(self, base, consumers, killed):
        """Kills the daemon at a random moment after the first of them has come."""
        moment = time.monotonic() + self.random.uniform(0, 0.2)
        while not killed:
            held, _ = self.look(base)
            if held and time.monotonic() >= moment:
                killed += held
                try:
                    os.kill(killed[0], signal.SIGKILL)
                except ProcessLookupError:
                    pass
                self.killed_early += len(consumers) < CROWD or any(x.ready_after is None for x in consumers)
            if time.monotonic() > moment + 10:
                self.fail("no daemon came")
                break

    def round(self):
        self.rounds += 1
        base = tempfile.mkdtemp(prefix="cbstorm")
        env = {"PATH": os.defpath, "HOME": base, "CAFBUS_CONFIG": "/dev/null", "CAFBUS_IDLE_TIMEOUT": "10min"}
        try:
            first, killed = self.crowd(base, env, True)
            second, _ = self.crowd(base, env, False)
            self.settle(base, first, second, killed)
        finally:
            for pid in daemons.daemons(base):
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(base, ignore_errors=True)

    def settle(self, base, first, second, killed):
        held, running = self.look(base)
        if len(running) != 1 or held != set(running):
            self.fail(f"daemons {running}, lock holders {held}, killed {killed}")
        status = json.loads(subprocess.run([BINARY, "status", "--json", "--dir", base], capture_output=True,
                                           check=False).stdout)
        alive = [x for x in first + second if x.process.poll() is None]
        if status.get("active_conns") != len(alive):
            self.fail(f"{len(alive)} consumers live, the bus says {status}")
        for x in first + second:
            if x not in alive:
                self.lost += 1
                x.reader.join(5)
                if x.process.returncode != BUS_LOST or b"reason=connection_lost" not in x.err:
                    self.fail(f"a consumer ended with {x.process.returncode}: {x.err!r}")
        for x in alive:
            x.end()
            if x.process.returncode != 0:
                self.fail(f"a consumer ended with {x.process.returncode}: {x.err!r}")
        stopped = subprocess.run([BINARY, "stop", "--dir", base], capture_output=True, check=False)
        if stopped.returncode != 0 or daemons.daemons(base) or holders(base):
            self.fail(f"stop: {stopped}, daemons {daemons.daemons(base)}")
        # what has come to us as subreaper is a daemon that ended; anything else that is ours and dead was not reaped
        ended = daemons.reap()
        if ended > 2:
            self.fail(f"{ended} processes ended in our care, 2 daemons were expected")
        left = sorted(x for x in os.listdir(os.path.join(base, "default")) if x in ("bus.sock", "bus.pid", "bus.pid.new"))
        if left:
            self.fail(f"left behind: {left}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    storm = Storm(seed)
    begun = time.monotonic()
    for i in range(rounds):
        storm.round()
        if (i + 1) % 20 == 0:
            print(f"{i + 1} rounds, {len(storm.failures)} failures", flush=True)
    times = sorted(storm.times)
    print(f"{rounds} rounds of {CROWD} + {CROWD} consumers in {time.monotonic() - begun:.0f} s, seed {seed}: "
          f"{len(times)} ready; median {statistics.median(times) * 1000:.0f} ms, "
          f"p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms; "
          f"{storm.killed_early} daemons killed while consumers were still coming, {storm.lost} consumers lost theirs; "
          f"{len(storm.failures)} failures")
    sys.exit(1 if storm.failures else 0)


main()
