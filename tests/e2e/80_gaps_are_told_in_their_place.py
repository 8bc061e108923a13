"""A consumer that names the capability `gap` is told which events were dropped for it, and why, where they are missing."""
import json

from harness import check, equal, event, main, scenario

PAYLOAD = "x" * 10_000


def flood(t, events=600):
    """Publishes in portions that a neighbour reads at once, so that only those who do not read lose anything."""
    neighbour = t.join("k")
    for _ in range(events // 10):
        t.publish(*[event("k", PAYLOAD) for _ in range(10)])
        for _ in range(10):
            neighbour.expect_event()


def frames_up_to(peer, seq):
    while True:
        frame = json.loads(peer.expect_line("an event or a gap"))
        yield frame
        if frame.get("seq") == seq:
            return


@scenario
def every_hole_has_its_gap_right_before_the_next_event(t):
    t.start_bus("--queue-capacity", "20", "--write-timeout", "1min")
    told, untold = t.join("k", capabilities=["gap"]), t.join("k")
    flood(t)
    last, missing, gaps = 0, 0, 0
    for frame in frames_up_to(told, 600):
        if frame["type"] == "gap":
            equal(frame["from_seq"], last + 1, "from_seq")
            equal(frame["count"], frame["to_seq"] - frame["from_seq"] + 1, "count")
            equal(frame["reason"], "queue_full", "reason")
            missing, gaps, last = missing + frame["count"], gaps + 1, frame["to_seq"]
        else:
            equal(frame["seq"], last + 1, "seq behind an event or a gap")
            last = frame["seq"]
    check(gaps > 0, "something was to be dropped")
    rows = {x["pid"]: x for x in t.status()["consumers"]}
    equal(rows[told.pid]["dropped"], missing, "dropped")
    check(all(x["type"] == "event" for x in frames_up_to(untold, 600)), "who does not ask sees what it always saw")


@scenario
def what_all_queues_together_cannot_hold_is_shed(t):
    t.start_bus("--max-queued-bytes", "1MiB", "--write-timeout", "1min")
    peer = t.join("k", capabilities=["gap"])
    flood(t)
    reasons = {x["reason"] for x in frames_up_to(peer, 600) if x["type"] == "gap"}
    equal(reasons, {"shed"}, "reasons")


@scenario
def consume_prints_the_reason_and_gives_it_to_commands(t):
    t.start_bus("--queue-capacity", "20", "--write-timeout", "1min")
    consumer = t.consume("k", "--envelope", "--idle-timeout", "5s")
    flood(t)
    dropped = next(x["dropped"] for x in t.status()["consumers"] if x["pid"] == consumer.pid)
    check(dropped > 0, "its output is not read, so it was to lose events")
    consumer.expect_exit(0)
    told = [json.loads(x) for x in bytes(consumer.out).splitlines()]
    equal(sum(x["count"] for x in told if x["type"] == "gap"), dropped, "events in gaps")
    equal(sum(x["type"] == "event" for x in told), 600 - dropped, "events")
    check(b"): queue_full\n" in consumer.err, f"the reason is printed: {bytes(consumer.err)[-500:]}")


@scenario
def a_command_finds_the_reason(t):
    t.start_bus("--queue-capacity", "20", "--write-timeout", "1min")
    gate = t.path("gate")
    script = f"while ! test -e {gate}; do sleep 0.05; done; echo $CAFBUS_MISSED $CAFBUS_MISSED_REASON; cat >/dev/null"
    consumer = t.consume("k", "--exec", f"sh -c '{script}'", "--idle-timeout", "5s")
    flood(t, 3000)
    dropped = next(x["dropped"] for x in t.status()["consumers"] if x["pid"] == consumer.pid)
    check(dropped > 0, "it was to lose events")
    with open(gate, "wb"):
        pass
    told = 0
    while told < dropped:  # one hole, or several if it got on meanwhile
        told += int(consumer.expect_line(r"^(\d+) queue_full$", "out")[1])
    equal(told, dropped, "told to its commands")
    consumer.kill()


main()
