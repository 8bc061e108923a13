"""The idle exit."""
import json
import os
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario

IDLE = f"{int(500 * SLOWDOWN)}ms"
LONGER = f"{int(1200 * SLOWDOWN)}ms"


def ends_idle(bus):
    bus.expect_exit(0)
    matches("stopped: idle", bus.err)
    check(not os.path.exists(bus.socket_path), "the socket is gone")


@scenario
def a_bus_that_nobody_uses_ends(t):
    start = time.monotonic()
    ends_idle(t.start_bus(idle="300ms"))
    took = time.monotonic() - start
    check(0.3 <= took < 3 * SLOWDOWN, f"ended after {took:.2f} s")


@scenario
def it_ends_after_its_last_consumer_has_gone(t):
    bus = t.start_bus(idle=IDLE)
    peers = [t.join("k"), t.join("k")]
    for peer in peers:
        peer.close()
    ends_idle(bus)


@scenario
def a_consumer_keeps_it_alive(t):
    bus = t.start_bus("--hello-timeout", LONGER, idle=IDLE)
    peer = t.join("k")
    t.connect().expect_error("hello_timeout")
    t.publish(event("k", 1))
    peer.expect_event(seq=1)
    check(bus.running, "the bus runs")


@scenario
def a_producer_that_is_connected_keeps_it_alive_until_it_goes(t):
    bus = t.start_bus("--hello-timeout", LONGER, idle=IDLE)
    t.publish(event("k", 1))
    t.connect().expect_error("hello_timeout")
    equal(t.publish(event("k", 2))["accepted"], 2, "accepted")
    t.producer.close()
    ends_idle(bus)


@scenario
def publications_and_status_queries_of_the_past_do_not_keep_it_alive(t):
    bus = t.start_bus(idle=IDLE)
    t.publish(event("k", 1))
    t.producer.close()
    t.status()
    ends_idle(bus)


@scenario
def who_comes_at_the_last_moment_is_served_or_refused_cleanly(t):
    """Hellos around the moment at which the bus makes up its mind; until then round trips pass the time."""
    outcomes = {"served": 0, "refused": 0}
    for millisecond in range(94, 106):
        bus = t.start_bus(idle="100ms")
        outcomes[come_after(t, millisecond / 1000)] += 1
        ends_idle(bus)
    equal(sum(outcomes.values()), 12, f"hellos: {outcomes}")


def come_after(t, seconds):
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        os.stat(t.bus.app_dir)
    try:
        peer = t.connect()
    except (ConnectionRefusedError, FileNotFoundError):
        return "refused"
    peer.hello("k")
    line = peer.next_line()
    if line is None or json.loads(line)["type"] == "error" or json.loads(line).get("rejected"):
        return "refused"
    equal(json.loads(line)["type"], "hello_ack", "first frame")
    t.publish(event("k", 1))
    peer.expect_event(payload=1)
    t.producer.close()
    peer.close()
    return "served"


@scenario
def never_means_never(t):
    bus = t.start_bus("--hello-timeout", "500ms", idle="0")
    t.connect().expect_error("hello_timeout")
    check(bus.running, "the bus runs")


main()
