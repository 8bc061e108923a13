"""The wall clock stepped by a day, forth and back: no timer fires for it, nothing is forgotten, events flow."""
import json
import os
import shutil
import subprocess
import time

from faults import ROOT, Readers, Stream, figure
from harness import SLOWDOWN, Skip, check, equal, event, main, scenario

DAY = 86_400


def shim(t):
    if SLOWDOWN > 1:
        raise Skip("a sanitizer must be the first library of a process")
    compiler = shutil.which("cc")
    if not compiler:
        raise Skip("there is no C compiler")
    path = t.path("clock_shim.so")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, os.path.join(ROOT, "tests", "faults", "clock_shim.c")],
                   check=True)
    return {"LD_PRELOAD": path, "CLOCK_SHIFT": t.path("shift")}


def set_clock(t, seconds):
    with open(t.path("shift.new"), "w", encoding="ascii") as f:
        f.write(str(seconds))
    os.rename(t.path("shift.new"), t.path("shift"))


def next_event(peer):
    """What is said about the source before it is passed over."""
    while (frame := json.loads(peer.expect_line("an event")))["type"] != "event":
        equal(frame["type"], "source_status", "type")
    return frame


@scenario
def a_day_forth_and_back(t):
    set_clock(t, 0)
    bus = t.start_bus("--dedup-ttl", "1h", "--cleanup-lease", "1min", "--source-max-silence", "1h",
                      "--source", "exec:exec sleep 1000", env=shim(t))
    bus_watch = t.join("other")
    readers = Readers(t, 4)
    stream = Stream(t, 200)
    t.publish(event("other", 1, "id-1"))
    seen = [next_event(bus_watch)["observed_at"]]
    locker = t.join("locked")
    for shift in (DAY, -DAY, 0):
        set_clock(t, shift)
        readers.await_events(readers.events + 400)
        equal(t.publish(event("other", 2, "id-1"), event("other", shift))["duplicates"] > 0, True, "a known id is known")
        frame = next_event(bus_watch)
        equal(frame["payload"], shift, "payload")
        seen.append(frame["observed_at"])
        status = t.status()
        check(0 <= status["uptime_sec"] < 60 * SLOWDOWN, f"uptime of {status['uptime_sec']} s")
        equal(status["sources"][0]["state"], "connected", "source")
        equal(status["active_conns"], 6, "consumers")
    sent = stream.stop()
    readers.await_events(4 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost")
    check(seen[1] > seen[0] > seen[2], f"arrival is told by the clock as it is: {seen}")
    check(not locker.at_end, "it is still there")
    figure(f"+1 d, -1 d, back: 4 consumers lost 0 of {sent}; ids, uptime, leases and source states unmoved; observed_at "
           f"{seen[0][:10]}, {seen[1][:10]}, {seen[2][:10]}")


@scenario
def a_clock_that_jumps_does_not_end_an_idle_bus(t):
    set_clock(t, 0)
    bus = t.start_bus(idle="1h", env=shim(t))
    set_clock(t, DAY)
    begun = time.monotonic()
    t.await_status(lambda _: time.monotonic() > begun + 1, "a second has passed")
    check(bus.running, "the bus runs")


main()
