"""Members of a group are killed with SIGKILL, over and over: each event is handled, and none comes twice without its mark."""
import json
import os
import random
import signal
import time
from collections import defaultdict

from faults import HELLO, figure, in_full, raw
from harness import check, encode, equal, event, main, scenario

ROUNDS = in_full(1_000, 20)
PER_ROUND = 4
MEMBERS = 4


def member(path, log, seed):
    """Notes each event that it sees, then that it has handled it, and only then confirms it."""
    rng = random.Random(seed)
    sock = raw(path)
    sock.settimeout(None)
    sock.sendall(encode({**HELLO, "pid": os.getpid(), "group": "g", "ack": True, "max_in_flight": 4,
                         "max_attempts": 1000}) + b"\n")
    for line in sock.makefile("rb"):
        frame = json.loads(line)
        if frame["type"] != "event":
            continue
        n = frame["payload"]["n"]
        os.write(log, b"seen %d %d\n" % (n, frame.get("attempt", 1)))
        time.sleep(rng.random() * 0.01)
        os.write(log, b"handled %d 0\n" % n)
        sock.sendall(encode({"type": "ack", "seq": frame["seq"]}) + b"\n")


def start(path, log, seed):
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        signal.alarm(0)
        member(path, log, seed)
    finally:
        os._exit(0)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@scenario
def each_event_is_handled_and_comes_again_with_its_mark(t):
    path = t.start_bus("--log-level", "warn").socket_path
    log = os.open(t.path("log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    rng = random.Random(18)
    pids = [start(path, log, n) for n in range(MEMBERS)]
    try:
        t.await_status(lambda x: [y["members"] for y in x.get("groups", [])] == [MEMBERS], "all are in")
        for n in range(ROUNDS):
            t.publish(*[event("k", {"n": n * PER_ROUND + i}) for i in range(PER_ROUND)])
            time.sleep(rng.random() * 0.005)
            i = 1 + rng.randrange(MEMBERS - 1)  # the first one stays, and the group with it
            kill(pids[i])
            pids[i] = start(path, log, MEMBERS + n)
        total = ROUNDS * PER_ROUND
        group = t.await_status(lambda x: x["groups"][0]["done"] == total, "all is done")["groups"][0]
    finally:
        for pid in pids:
            kill(pid)
    seen, handled = defaultdict(list), set()
    with open(t.path("log"), encoding="ascii") as file:
        for what, n, attempt in map(str.split, file):
            if what == "seen":
                seen[n].append(attempt)
            else:
                handled.add(n)
    equal(len(handled), total, "events handled")
    check(all(len(set(x)) == len(x) for x in seen.values()), "no event came twice with one attempt")
    equal([group[x] for x in ("received", "dead", "lost", "in_flight", "waiting")], [total, 0, 0, 0, 0], "counts")
    check(group["redelivered"] > 0, "members have left events behind")
    figure(f"{ROUNDS} kills, {total} events, {group['redelivered']} given out once more")


main()
