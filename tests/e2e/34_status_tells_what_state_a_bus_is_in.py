"""`cafbus status`: every state, health checks, all apps at once."""
import fcntl
import json
import os
import signal

from fake_bus import FakeBus
from harness import check, equal, event, main, matches, scenario


def state(t, code=None, **how):
    process = t.start_cli("status", "--json", **how)
    process.wait(20)
    found = json.loads(process.out)
    if code is not None:
        equal(process.process.returncode, code, "exit code")
    return found


def expect_state(t, name, code=1):
    found = state(t, code)
    equal(found["state"], name, "state")
    text = t.start_cli("status")
    text.wait(20)
    matches("^" + name.replace("_", " ") + r"|^state +" + name, text.out)
    for flags, expected in (((name,), 2), (("degraded",), 0), ((f"unknown,{name}",), 2)):
        process = t.start_cli("status", "--fail-on", *flags)
        process.wait(20)
        equal(process.process.returncode, expected, f"--fail-on {flags}")
    return found


@scenario
def running_and_not_running(t):
    check("cafbus start" in expect_state(t, "not_running")["message"], "the way out")
    bus = t.start_bus()
    equal(expect_state(t, "running", 0)["pid"], bus.pid, "pid")


@scenario
def stale_files(t):
    bus = t.start_bus()
    bus.signal(signal.SIGKILL)
    bus.wait()
    expect_state(t, "stale")
    check(os.path.exists(bus.socket_path), "a look removes nothing")


@scenario
def starting(t):
    os.makedirs(t.path("bus", "default"), 0o700)
    with open(t.path("bus", "default", "bus.fork.lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        expect_state(t, "starting")


@scenario
def orphan(t):
    bus = t.start_bus()
    bus.freeze()  # or it would notice and end
    os.rename(bus.socket_path, bus.socket_path + ".away")
    found = expect_state(t, "orphan")
    equal(found["pid"], bus.pid, "pid")
    matches("stop --force", found["message"])
    os.rename(bus.socket_path + ".away", bus.socket_path)
    bus.signal(signal.SIGCONT)


@scenario
def unresponsive(t):
    bus = t.start_bus()
    bus.freeze()
    found = state(t, 1)
    bus.signal(signal.SIGCONT)
    equal((found["state"], found["pid"]), ("unresponsive", bus.pid), "state")


@scenario
def stopping(t):
    bus = t.start_bus("--drain", "20s", "--write-timeout", "1min")
    slow = t.join("k")
    t.publish(*[event("k", "x" * 10_000) for _ in range(500)])
    bus.signal(signal.SIGTERM)
    while (found := state(t))["state"] == "running":
        pass
    equal(found["state"], "stopping", "state")
    slow.read_to_eof()
    bus.expect_exit(0)


@scenario
def a_source_that_is_down_is_degraded(t):
    t.start_bus("--source", "exec:sleep 600")
    t.await_status(lambda x: x["sources"] and x["sources"][0]["state"] == "connected", "the source is connected")
    t.run_cli("status", "--fail-on", "degraded,not_running")
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)
    t.start_bus("--source", "exec:exit 3")
    t.await_status(lambda x: x["sources"] and x["sources"][0]["state"] != "connected", "the source is down")
    process = t.start_cli("status", "--fail-on", "degraded")
    process.wait()
    check(process.process.returncode in (0, 2), "it comes and goes")


@scenario
def all_apps_at_once(t):
    equal(json.loads(t.run_cli("status", "--all", "--json").out), {"apps": []}, "none")
    one, two = t.start_bus(app="one"), t.start_bus(app="two")
    two.signal(signal.SIGKILL)
    two.wait()
    os.mkdir(t.path("bus", "no-app"))
    apps = json.loads(t.run_cli("status", "--all", "--json").out)["apps"]
    equal([(x["app"], x["state"]) for x in apps], [("one", "running"), ("two", "stale")])
    text = t.run_cli("status", "--all").out
    matches(rf"one +running +{one.pid}\b", text)
    matches(r"two +stale files +-", text)
    t.run_cli("status", "--all", "--fail-on", "stale", code=2)
    t.bus = one


@scenario
def watch_goes_on_until_a_signal(t):
    t.start_bus()
    process = t.start_cli("status", "--watch", "--json")
    seen = [json.loads(process.expect_line("running", "out").string)["uptime_sec"] for _ in range(3)]
    check(seen == sorted(seen), "time goes on")
    process.signal(signal.SIGTERM)
    process.expect_exit(0)
    check(b"\033" not in process.out, "no escapes where nobody sees them")


@scenario
def a_state_that_does_not_exist_is_refused(t):
    matches("no state 'dead'; allowed: running, not_running", t.run_cli("status", "--fail-on", "dead", code=2).err)


@scenario
def counters_that_add_up_pass_the_check(t):
    t.start_bus()
    t.join("k")
    t.publish(event("k", 1), event("k", 2), event("other", 3))
    matches("every event is accounted for", t.run_cli("status", "--check").err)
    matches("default: every event is accounted for", t.run_cli("status", "--check", "--all").err)
    equal(json.loads(t.run_cli("status", "--check", "--json").out)["state"], "running", "state")


@scenario
def counters_that_do_not_add_up_are_named_with_the_difference(t):
    bus = FakeBus(t)
    consumer = {"pid": 7, "event_key": "k", "received": 10, "dropped": 1, "delivered": 5, "queued": 2,
                "queued_bytes": 0, "event_types": []}
    counters = {"ingress": 10, "duplicates": 1, "unmatched": 2, "matched": 8, "rejected": 0}
    answer = {"type": "status_response", "pid": os.getpid(), "uptime_sec": 1, "active_conns": 1, "state": "running",
              "version": "0.1.0", "consumers": [consumer, {**consumer, "pid": 8, "queued": 4}], "counters": counters}
    asked = t.start_cli("status", "--check")
    peer, _ = bus.accept("status_query")
    peer.send_line(answer)
    peer.close()
    asked.expect_exit(2)
    matches(r"bus: ingress = duplicates \+ unmatched \+ matched does not hold: 10 and 1 \+ 2 \+ 8, 1 too many", asked.err)
    matches(r"consumer 7 \(k\): received = delivered \+ dropped \+ queued .*: 10 and 5 \+ 1 \+ 2, 2 missing", asked.err)
    check(b"consumer 8" not in asked.err, "one that adds up is not named")


@scenario
def without_a_bus_there_is_nothing_to_check(t):
    t.run_cli("status", "--check", code=1)


main()
