#!/usr/bin/env python3
"""Runs every mode of cafbus-bench.

  all_modes.py PROGRAM          the standard set: prints it, and writes it as Markdown into RESULTS.md beside this file
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
RESULTS = os.path.join(HERE, "RESULTS.md")
BEGIN, END = "<!-- begin of what ./dev bench writes -->\n", "<!-- end of what ./dev bench writes -->\n"

STANDARD = [
    "fanout --consumers 1,10,100 --payload 200,4096,16384,65536 --peer redis,nats,floor --seconds 0.3",
    "latency --consumers 10,100 --seconds 1",
    "ingest --peer redis,nats --seconds 0.5",
    "tools --peer redis",
    "loss-free --seconds 0.4 --steps 3",
    "idle",
    "start --peer redis,nats",
    "isolate",
    "scale",
    "embed",
    "link",
    "filter",
]
SMOKE = [
    "fanout --consumers 3 --peer redis,nats,floor --pairs 1 --seconds 0.1 --warm-up 0.05",
    "fanout --consumers 4 --types 3 --publishers 2 --peer redis --pairs 1 --seconds 0.1 --warm-up 0.05",
    "fanout --consumers 2 --payload 4096 --queue-capacity 50 --pairs 1 --seconds 0.1 --warm-up 0.05",
    "latency --consumers 3 --rate 200 --pairs 1 --seconds 0.2 --warm-up 0.05",
    "ingest --pairs 1 --peer redis --seconds 0.1 --warm-up 0.05",
    "tools --events 2000 --pairs 1 --peer redis",
    "loss-free --consumers 2 --queue-capacity 100 --lowest 200 --highest 400 --steps 1 --seconds 0.1 --warm-up 0.05",
    "idle --consumers 0,5 --seconds 0.2 --settle 0.1",
    "start --pairs 1",
    "isolate --consumers 4 --stuck 1 --slow 1 --rate 500 --pairs 1 --seconds 0.2 --warm-up 0.05",
    "scale --consumers 1,5 --types 1,20 --unwanted 2000 --rounds 1 --seconds 0.1 --warm-up 0.05",
    "embed --batch 1,100 --pairs 1 --seconds 0.1",
    "link --pairs 1 --seconds 0.1 --warm-up 0.05",
    "filter --consumers 2 --pairs 1 --seconds 0.02",
]


def run(program, form, arguments):
    done = subprocess.run([program, form, *arguments.split()], cwd=ROOT, capture_output=True, text=True, check=False)
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
    start = time.monotonic()
    found = f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors.\n"
    for arguments in STANDARD:
        text = run(program, "--markdown", arguments)
        print(text, flush=True)
        found += f"\n`cafbus-bench {arguments}`\n\n{text}"
    with open(RESULTS, encoding="utf-8") as file:
        whole = file.read()
    before, rest = whole.split(BEGIN)
    after = rest.split(END)[1]
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + re.sub(r"\n{3,}", "\n\n", found) + END + after)
    print(f"{time.monotonic() - start:.0f} s; written to tests/bench/RESULTS.md")


(smoke if "--smoke" in sys.argv else standard)(os.path.abspath(sys.argv[1]))
