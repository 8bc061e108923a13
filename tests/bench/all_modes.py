#!/usr/bin/env python3
"""Runs every mode of cafbus-bench.

  all_modes.py PROGRAM          the standard set: prints it, and writes it as Markdown into WHOLE_RUN.md beside this file;
                                about 20 minutes
  all_modes.py PROGRAM --smoke  each mode as short as can be: that it works and that its laws hold, no times
"""
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
WRITTEN = os.path.join(HERE, "WHOLE_RUN.md")
TITLE = "# One whole run of `./dev bench`\n\nWritten by it; [RESULTS.md](RESULTS.md) says how it measures and what that means.\n\n"

# With a window that bounds neither server: as much as the queue holds.
LONG_WIRE = "--queue-bytes 67108864 --transport plain,tls --round-trip 80 --peer leaf --warm-up 0.5 --seconds 1 --pairs 3"
STANDARD = [
    "ingest --publishers 1,8 --peer redis,nats,zmq",
    "fanout --consumers 1,10,100,1000 --payload 200 --peer redis,zmq",
    "fanout --consumers 1,10,100 --payload 4096,65536 --peer redis,zmq",
    "fanout --consumers 1,10,100 --publishers 8 --payload 100 --ids --peer nats",
    "fanout --consumers 1,10,100 --payload 200,4096 --peer nats,floor --seconds 0.3",
    "latency --consumers 1,10,100 --rate 1000 --peer redis",
    "tools --peer redis --pairs 10",
    "link --payload 200,4096 --transport plain,tls --peer leaf,messages",
    f"link --payload 200 --window 60000 {LONG_WIRE}",
    f"link --payload 4096 --window 14000 {LONG_WIRE}",
    "idle --peer redis,nats,zmq --seconds 20",
    "start --peer redis,nats,zmq",
    "loss-free --seconds 0.4 --steps 3",
    "isolate",
    "scale",
    "embed",
    "filter",
]
SMOKE = [
    "fanout --consumers 3 --peer redis,nats,zmq,floor --pairs 1 --seconds 0.1 --warm-up 0.05",
    "fanout --consumers 4 --types 3 --publishers 2 --peer redis --pairs 1 --seconds 0.1 --warm-up 0.05",
    "fanout --consumers 2 --publishers 8 --ids --payload 100 --peer nats,zmq --pairs 1 --seconds 0.1 --warm-up 0.05",
    "fanout --consumers 2 --payload 4096 --queue-capacity 50 --pairs 1 --seconds 0.1 --warm-up 0.05",
    "latency --consumers 3 --rate 200 --pairs 1 --seconds 0.2 --warm-up 0.05",
    "ingest --publishers 1,8 --pairs 1 --peer redis,nats,zmq --seconds 0.1 --warm-up 0.05",
    "tools --events 2000 --pairs 1 --peer redis",
    "loss-free --consumers 2 --queue-capacity 100 --lowest 200 --highest 400 --steps 1 --seconds 0.1 --warm-up 0.05",
    "idle --consumers 0,5 --peer redis,nats,zmq --seconds 0.2 --settle 0.1",
    "start --pairs 1",
    "isolate --consumers 4 --stuck 1 --slow 1 --rate 500 --pairs 1 --seconds 0.2 --warm-up 0.05",
    "scale --consumers 1,5 --types 1,20 --unwanted 2000 --rounds 1 --seconds 0.1 --warm-up 0.05",
    "embed --batch 1,100 --pairs 1 --seconds 0.1",
    "link --pairs 1 --peer leaf,messages --seconds 0.1 --warm-up 0.05",
    "link --pairs 1 --transport tls --round-trip 20 --payload 4096 --peer leaf --seconds 0.1 --warm-up 0.05",
    "filter --consumers 2 --pairs 1 --seconds 0.02",
]

LONGEST = 40 * 60  # seconds; what is not done then has gone wrong
START = time.monotonic()


def run(program, form, arguments):
    try:
        done = subprocess.run([program, form, *arguments.split()], cwd=ROOT, capture_output=True, text=True, check=False,
                              timeout=START + LONGEST - time.monotonic())
    except subprocess.TimeoutExpired:
        sys.exit(f"cafbus-bench {arguments}: not done {LONGEST} s after the beginning of it all")
    if done.returncode != 0:
        sys.exit(f"cafbus-bench {arguments}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def smoke(program):
    for arguments in SMOKE:
        start = time.monotonic()
        for name, rows in json.loads(run(program, "--json", arguments)).items():
            if not rows:
                sys.exit(f"cafbus-bench {arguments}: {name} has no rows")
        print(f"{time.monotonic() - start:.1f} s  {arguments}", flush=True)


def standard(program):
    found = f"{TITLE}{time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors.\n"
    for arguments in STANDARD:
        text = run(program, "--markdown", arguments)
        print(f"{text}({time.monotonic() - START:.0f} s so far)\n", flush=True)
        found += f"\n`cafbus-bench {arguments}`\n\n{text}"
    with open(WRITTEN, "w", encoding="utf-8") as file:
        file.write(re.sub(r"\n{3,}", "\n\n", found))
    print(f"{time.monotonic() - START:.0f} s; written to tests/bench/WHOLE_RUN.md")


(smoke if "--smoke" in sys.argv else standard)(os.path.abspath(sys.argv[1]))
