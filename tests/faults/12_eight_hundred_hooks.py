"""800 hooks at once, 128 descriptors, 1 GB of address space: nothing ends but hooks; SIGTERM ends the daemon in time."""
import json
import select
import signal
import time

from faults import Vitals, figure, raw
from harness import SLOWDOWN, Deadline, WAIT, check, encode, main, scenario
from watching import is_gone

# a sanitizer's shadow memory needs terabytes of address space
LIMITED = ("prlimit", "--nofile=128:128", *(["--as=1000000000"] if SLOWDOWN == 1 else []), "--")
HOOKS = 800


def hello(number):
    return encode({"type": "hello", "pid": 0, "event_key": f"k{number}", "event_types": [], "version": "v1",
                   "on_first": "sleep 0.05", "on_last": "sleep 0.05"}) + b"\n"


@scenario
def the_daemon_lives_on_and_ends_when_it_is_told_to(t):
    bus = t.start_bus(wrap=LIMITED)
    threads = Vitals(bus.pid).threads
    watcher = t.join("watched")
    sockets = []
    for i in range(HOOKS):
        try:
            sock = raw(bus.socket_path)
        except OSError:  # the listener rests and its backlog is full
            continue
        sock.setblocking(False)
        sock.send(hello(i))
        sockets.append(sock)
    most_threads = most_descriptors = 0
    answers = {}
    until = time.monotonic() + 20 * SLOWDOWN
    waiting = list(sockets)
    while waiting and time.monotonic() < until:
        vitals = Vitals(bus.pid)
        most_threads = max(most_threads, vitals.threads)
        most_descriptors = max(most_descriptors, vitals.descriptors)
        for sock in select.select(waiting, [], [], 0.05)[0]:
            try:
                data = sock.recv(65_536)
            except OSError:
                data = b""
            frame = json.loads(data.split(b"\n")[0]) if data.strip() else {}
            result = frame.get("reject_code") or frame.get("code") or ("in" if frame else "closed")
            answers[result] = answers.get(result, 0) + 1
            waiting.remove(sock)
            sock.close()
    check(answers.get("in", 0) > 0, f"some got in: {answers}")
    check(most_threads <= threads + 2, f"{most_threads} threads, {threads} before")
    check(not is_gone(bus.pid), "the daemon lives")
    t.publish({"type": "publish", "event_type": "watched", "payload": 1})
    watcher.expect_event(payload=1)
    begun = time.monotonic()
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    took = time.monotonic() - begun
    check(took < 8 * SLOWDOWN, f"the stop took {took:.1f} s")
    figure(f"{HOOKS} hellos with hooks: {answers}; at most {most_threads} threads and {most_descriptors} descriptors; "
           f"SIGTERM ended it in {took:.2f} s")


if __name__ == "__main__":
    main()
