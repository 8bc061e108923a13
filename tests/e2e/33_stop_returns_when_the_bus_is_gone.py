"""`cafbus stop`: refused, drained, held, forced; what it says is true when it returns."""
import json
import os
import signal
import time

from daemons import cleaned_up, lock_holders, started
from harness import SLOWDOWN, check, equal, event, main, matches, scenario


def files(bus):
    return [x for x in ("bus.sock", "bus.pid") if os.path.exists(os.path.join(bus.app_dir, x))]


def ended(process, code):
    process.wait(30 * SLOWDOWN)
    check(process.process.returncode == code, f"exit code {process.process.returncode}: {process.err}")
    return process


def stop(t, *flags, code=0):
    return ended(t.start_cli("stop", *flags), code)


def suspended(t, app):
    bus = t.start_bus(app=app)
    bus.freeze()
    return bus


def write_lines(path, lines):
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


@scenario
def its_lock_is_free_and_its_files_are_gone(t):
    bus = t.start_bus()
    equal(lock_holders(os.path.join(bus.app_dir, "bus.alive.lock")), {bus.pid}, "holder")
    equal(json.loads(t.run_cli("stop", "--json").out), {"app": "default", "state": "stopped", "pid": bus.pid}, "json")
    equal(lock_holders(os.path.join(bus.app_dir, "bus.alive.lock")), set(), "holder")
    equal(files(bus), [], "files left")
    bus.expect_exit(0)


@scenario
def what_is_queued_is_drained_no_longer_than_asked(t):
    for drain in ("100ms", "0"):
        bus = t.start_bus("--write-timeout", "1min")
        t.join("k").stuck = True
        t.publish(*[event("k", "x" * 10_000) for _ in range(500)])
        start = time.monotonic()
        stop(t, "--force", "--drain", drain)
        took = time.monotonic() - start
        check(took < 1.9 * SLOWDOWN, f"--drain {drain} took {took:.2f} s")  # without it: two seconds
        bus.expect_exit(0)


@scenario
def a_longer_drain_than_the_set_one_is_granted(t):
    bus = t.start_bus("--drain", "50ms", "--write-timeout", "1min")
    slow = t.join("k")
    t.publish(*[event("k", "x" * 10_000) for _ in range(500)])
    stopping = t.start_cli("stop", "--force", "--drain", "20s")
    bus_log = os.path.join(bus.app_dir, "bus.log")
    t_end = time.monotonic() + 10
    while "bus-stopping" not in open(bus_log, encoding="utf-8").read():
        check(time.monotonic() < t_end, "the bus begins to stop")
    for seq in range(1, 501):
        slow.expect_event(seq=seq)
    slow.expect_frame("bye")
    stopping.expect_exit(0)
    bus.expect_exit(0)


@scenario
def all_stops_every_app(t):
    buses = [t.start_bus(app=x) for x in ("one", "two", "three")]
    t.bus = buses[0]
    t.join("k")
    process = stop(t, "--all", code=2)
    matches("three: stopped\ntwo: stopped\n", process.out)
    matches("one: 1 consumer is connected.*; `cafbus stop --force` stops the bus", process.err)
    found = json.loads(stop(t, "--all", "--force", "--json").out)["apps"]
    equal({x["app"]: x["state"] for x in found}, {"one": "stopped", "three": "not_running", "two": "not_running"})
    for bus in buses:
        bus.expect_exit(0)


@scenario
def nothing_to_stop_is_no_error(t):
    equal(stop(t).out, b"not running\n", "stdout")
    equal(stop(t, "--all").out, b"not running\n", "stdout")
    check(not os.path.exists(t.path("bus")), "nothing was made")


@scenario
def a_refused_stop_leaves_no_marker(t):
    bus = t.start_bus()
    t.join("k")
    stop(t, "--hold", code=2)
    check(not os.path.exists(os.path.join(bus.app_dir, "bus.hold")), "no marker")


@scenario
def a_suspended_bus_is_killed_once_it_is_proved_to_be_the_one(t):
    asked, forced = suspended(t, "asked"), suspended(t, "forced")
    stops = [t.start_cli("stop", app="asked"), t.start_cli("stop", "--force", "--json", app="forced")]
    matches(rf"process {asked.pid}\) has not answered within 5s; `cafbus stop --force`", ended(stops[0], 1).err)
    equal(json.loads(ended(stops[1], 0).out)["state"], "killed", "state")
    forced.expect_exit(-signal.SIGKILL)
    equal(files(forced), [], "files left")
    t.start_bus(app="forced")
    asked.signal(signal.SIGCONT)
    ended(t.start_cli("stop", app="asked"), 0)
    asked.expect_exit(0)


@scenario
def a_process_that_is_not_proved_to_be_the_bus_is_not_killed(t):
    buses = []
    for app, wrong, why in (("other", str(os.getpid()), "does not hold"), ("none", "none", "does not say which process")):
        bus = t.start_bus(app=app)
        pid_file = os.path.join(bus.app_dir, "bus.pid")
        with open(pid_file, encoding="ascii") as f:
            lines = f.read().split()
        bus.freeze()
        write_lines(pid_file, [wrong, lines[1]])
        buses.append((bus, pid_file, lines, why, t.start_cli("stop", "--force", app=app)))
    for bus, pid_file, lines, why, stopping in buses:
        matches(f"is not killed: .*{why}", ended(stopping, 1).err)
        write_lines(pid_file, lines)
        bus.signal(signal.SIGCONT)
    for bus, *_ in buses:
        ended(t.start_cli("stop", "--force", app=os.path.basename(bus.app_dir)), 0)
        bus.expect_exit(0)


@scenario
def a_bus_that_lost_its_socket_is_waited_for(t):
    bus = t.start_bus()
    os.unlink(bus.socket_path)
    equal(stop(t).out, b"stopped\n", "stdout")
    bus.expect_exit(1)


@scenario
def a_hold_lasts_until_somebody_starts_it_by_name(t):
    cleaned_up(t)
    t.run_cli("start")
    stop(t, "--hold")
    for _ in range(2):
        matches("held back by", t.run_cli("consume", "k", code=1).err)
    t.run_cli("start")
    t.consume("k")
    started(t)


main()
