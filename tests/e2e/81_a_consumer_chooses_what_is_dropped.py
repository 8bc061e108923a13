"""Policies of a consumer's queue, over the wire and from the command line."""
import os
import signal
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario

PAYLOAD = "x" * 10_000


def flood(t, events=600, key="k"):
    neighbour = t.join(key)
    for _ in range(events // 10):
        t.publish(*[event(key, PAYLOAD) for _ in range(10)])
        for _ in range(10):
            neighbour.expect_event()


def file_of_events(t, payloads):
    with open(t.path("events"), "wb") as file:
        file.writelines(event("k", x) + b"\n" for x in payloads)
    return t.path("events")


def expect_all_of(t, consumer, count, *flags):
    """What a publish of a file brings, none lost, however slowly it is taken."""
    publisher = t.start_cli("publish", file_of_events(t, range(count)), *flags)
    for i in range(count):
        consumer.expect_event(seq=i + 1, payload=i)
    publisher.expect_exit(0)
    equal(row(t, consumer.pid)["dropped"], 0, "dropped")


def row(t, pid):
    return next(x for x in t.status()["consumers"] if x["pid"] == pid)


@scenario
def drop_newest_keeps_what_has_waited(t):
    t.start_bus("--write-timeout", "1min")
    peer = t.join("k", policy="drop_newest", queue_capacity=20, capabilities=["gap"])
    flood(t)
    dropped = row(t, peer.pid)["dropped"]
    check(dropped > 0, "it was to lose events")
    for seq in range(1, 600 - dropped + 1):
        peer.expect_event(seq=seq)
    peer.expect_frame("gap", from_seq=600 - dropped + 1, to_seq=600, count=dropped, reason="queue_full")
    t.publish(event("k", "the next"))
    peer.expect_event(seq=601)
    equal(row(t, peer.pid)["policy"], "drop_newest", "policy in status")
    equal(row(t, peer.pid)["queue_capacity"], 20, "capacity in status")


@scenario
def latest_brings_the_newest_of_each_type(t):
    t.start_bus("--write-timeout", "1min")
    peer = t.join("all", patterns=["p.>"], policy="latest")
    neighbour = t.join("all", patterns=["p.>"])
    for i in range(300):
        t.publish(event("p.a", [i, PAYLOAD]), event("p.b", [i, PAYLOAD]))
        neighbour.expect_event()
        neighbour.expect_event()
    seen = {}
    while seen.get("p.b") != 299:
        frame = peer.expect_frame("event")
        check(frame["payload"][0] > seen.get(frame["event_type"], -1), "what comes is newer than what came")
        seen[frame["event_type"]] = frame["payload"][0]
    equal(seen, {"p.a": 299, "p.b": 299}, "the last of each type")
    x = row(t, peer.pid)
    check(x["dropped"] > 0 and x["received"] == 600, f"the older ones are counted: {x}")


@scenario
def disconnect_says_why(t):
    t.start_bus("--write-timeout", "1min")
    peer = t.join("k", policy="disconnect", queue_capacity=20)
    flood(t)
    frames = peer.read_to_eof()
    equal(frames[-1], b'{"type":"bye","reason":"evicted"}', "last frame")
    equal(peer.seqs.holes, 0, "events lost before that")


@scenario
def block_loses_nothing_however_slow_the_consumer(t):
    t.start_bus("--write-timeout", "1min")
    consumer = t.join("k", policy="block", queue_capacity=100, block_ms=60_000)
    expect_all_of(t, consumer, 50_000, "--wait-for-room", "0")  # it waits by the consumer's wish


@scenario
def a_publish_does_not_outrun_a_consumer_of_any_policy(t):
    t.start_bus("--write-timeout", "1min", "--queue-capacity", "1000")
    consumer = t.join("k")
    expect_all_of(t, consumer, 20_000, "--wait-for-room", "1min")


@scenario
def it_waits_for_none_that_does_not_move_for_longer_than_it_was_told(t):
    t.start_bus("--write-timeout", "1min", "--queue-capacity", "1000")
    stopped = t.join("k")
    file_of_events(t, [PAYLOAD] * 3_000)
    for wait in ("0", "100ms"):
        before = row(t, stopped.pid)["dropped"]
        t.run_cli("publish", t.path("events"), "--wait-for-room", wait)
        check(row(t, stopped.pid)["dropped"] > before, f"it goes on with {wait}")
    for wrong, what in (("soon", b"--wait-for-room: "), ("2min", b"--wait-for-room: it must be 0, or 1ms to 1min"),
                        ("1us", b"--wait-for-room: it must be 0, or 1ms to 1min")):
        check(what in t.run_cli("publish", t.path("events"), "--wait-for-room", wrong, code=2).err, f"{wrong} is refused")


@scenario
def a_stopped_one_delays_the_others_once_and_status_says_who(t):
    t.start_bus("--write-timeout", "1min", "--queue-capacity", "100")
    stopped = t.join("k", policy="block", block_ms=1_000)
    neighbour = t.join("k")
    producer = t.connect()
    sent, begun = 0, None
    start = time.monotonic()
    while begun is None:
        producer.send_line(event("k", PAYLOAD))
        sent += 1
        neighbour.expect_event()
        status = t.status()
        blocks = next(x for x in status["consumers"] if x["pid"] == stopped.pid).get("blocks")
        if blocks:
            equal(blocks, [os.getpid()], "who waits for it")
            text = t.run_cli("status")
            matches(rf"consumer {stopped.pid} \(policy block\) delays: publisher {os.getpid()}", text.out)
            begun = time.monotonic()
    for _ in range(200):
        producer.send_line(event("k", "more"))
    for _ in range(200):
        neighbour.expect_event()
    took = time.monotonic() - begun
    check(took < 3 * SLOWDOWN, f"the others waited once, {took:.1f} s in all")
    check(row(t, stopped.pid)["dropped"] == 0 or sent > 50, "what waits is within the bounds of the bus")
    check(start <= begun, "in that order")


@scenario
def consume_takes_policies_and_refuses_nonsense(t):
    t.start_bus()
    consumer = t.consume("k", "--policy", "block", "--block-timeout", "2s", "--queue-capacity", "10", "--queue-bytes", "1MiB")
    x = row(t, consumer.pid)
    equal([x["policy"], x["block_ms"], x["queue_capacity"], x["queue_bytes"]], ["block", 2000, 10, 1 << 20], "wishes")
    matches("queue .*policy block for at most 2000 ms, at most 10 events, at most 1MiB", t.run_cli("status").out)
    for wrong, what in ((["--policy", "keep"], b"--policy: it must be drop-oldest"),
                        (["--block-timeout", "1s"], b"--block-timeout requires --policy block"),
                        (["--queue-capacity", "0"], b"--queue-capacity: it must be at least 1"),
                        (["--policy", "block", "--block-timeout", "2min"], b"--block-timeout: it must be 1ms to 1min")):
        check(what in t.run_cli("consume", "k", *wrong, code=2).err, f"{wrong} is refused")
    rejected = t.connect().hello("k", policy="keep")
    check("is unknown" in rejected.expect_ack(rejected=True, reject_code="bad_hello")["reject_reason"], "why")
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)


main()
