#!/usr/bin/env python3
"""Time from `cafbus consume` to its ready line, with no daemon there (cold) and with one (warm).

  python3 tests/bench/start.py [ROUNDS]        prints the medians; CAFBUS_BINARY names the program
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BINARY = os.environ.get("CAFBUS_BINARY", os.path.join(os.path.dirname(__file__), "../../build/cafbus"))


def consume(base):
    """A consumer that is ready, and how many milliseconds that took."""
    start = time.monotonic()
    process = subprocess.Popen([BINARY, "consume", "k", "--quiet", "--dir", base], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for line in process.stderr:
        if line.startswith(b"[cafbus] ready"):
            return process, (time.monotonic() - start) * 1000
    sys.exit(f"cafbus consume did not get ready: exit {process.wait()}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    cold, warm = [], []
    for _ in range(rounds):
        base = tempfile.mkdtemp(prefix="cb")
        try:
            first, ms = consume(base)
            cold.append(ms)
            second, ms = consume(base)
            warm.append(ms)
            for process in (first, second):
                process.terminate()
                process.wait()
            subprocess.run([BINARY, "stop", "--force", "--dir", base], check=True, stdout=subprocess.DEVNULL)
        finally:
            shutil.rmtree(base)
    for name, times in (("cold", cold), ("warm", warm)):
        times.sort()
        print(f"{name}: median {statistics.median(times):.1f} ms, worst {times[-1]:.1f} ms, {rounds} rounds")


main()
