"""Past events and cursors, over the wire and from the command line."""
import os

from harness import WAIT, Deadline, check, equal, event, main, scenario


def numbered(first, last, key="k"):
    return [event(key, {"n": n}) for n in range(first, last + 1)]


def printed(first, last):
    return b"".join(b'{"n":%d}\n' % n for n in range(first, last + 1))


@scenario
def the_last_events_come_first_and_then_what_comes(t):
    t.start_bus()
    t.publish(*numbered(1, 5))  # nobody is there
    peer = t.join("k", replay={"last": 3})
    t.publish(*numbered(6, 6))
    for seq, n in enumerate((3, 4, 5, 6), 1):
        check(peer.expect_event(seq=seq, payload={"n": n}).get("cursor"), "it has a cursor")
    row = next(x for x in t.status()["consumers"] if x["pid"] == peer.pid)
    equal([row["received"], row["dropped"], row["delivered"]], [4, 0, 4], "counts")


@scenario
def who_does_not_ask_sees_no_difference(t):
    t.start_bus()
    t.publish(*numbered(1, 3))
    peer = t.join("k")
    t.publish(*numbered(4, 4))
    equal(sorted(peer.expect_event(seq=1)), ["event_type", "observed_at", "payload", "seq", "type"], "fields")


@scenario
def a_cursor_continues_without_a_hole_or_says_what_is_missing(t):
    t.start_bus("--history-events", "4")
    first = t.join("k", capabilities=["cursor"])
    t.publish(*numbered(1, 2))
    cursor = first.expect_event(seq=1)["cursor"]
    first.close()
    t.publish(*numbered(3, 4))
    peer = t.join("k", replay={"cursor": cursor})
    for seq, n in enumerate((2, 3, 4), 1):
        peer.expect_event(seq=seq, payload={"n": n})
    t.publish(*numbered(5, 6))
    peer = t.join("k", replay={"cursor": cursor})
    peer.expect_frame("gap", from_seq=1, to_seq=0, count=1, reason="expired")
    peer.expect_event(seq=1, payload={"n": 3})
    t.start_bus(base=t.path("another"))
    t.publish(*numbered(9, 9))
    peer = t.join("k", replay={"cursor": cursor})
    peer.expect_frame("gap", from_seq=1, to_seq=0, count=0, reason="restart")
    peer.expect_event(seq=1, payload={"n": 9})


@scenario
def a_replay_may_be_larger_than_the_queue(t):
    t.start_bus("--queue-capacity", "10")
    t.publish(*numbered(1, 3_000))
    peer = t.join("k", replay={"last": 3_000}, policy="drop_newest", queue_capacity=1)
    for n in range(1, 3_001):
        peer.expect_event(seq=n, payload={"n": n})


@scenario
def what_cannot_be_is_refused_with_a_reason(t):
    t.start_bus()
    for replay, why in (({}, "exactly one of"), ({"last": 0}, "exactly one of"), ({"last": 1, "latest": True}, "exactly one of"),
                        ({"since": "yesterday"}, "neither a duration"), ({"since": "x" * 900_000}, "neither a duration"),
                        ({"cursor": "0" * 900_000}, "no cursor"), ({"cursor": "1-2"}, "no cursor")):
        ack = t.connect().hello("k", replay=replay).expect_ack(rejected=True, reject_code="bad_hello")
        check(why in ack["reject_reason"] and len(ack["reject_reason"]) < 300, f"{ack['reject_reason']} says {why}")
    t.start_bus("--history-bytes", "0", base=t.path("another"))
    ack = t.connect().hello("k", replay={"last": 1}).expect_ack(rejected=True, reject_code="bad_hello")
    check("history-bytes" in ack["reject_reason"], "how to turn it on")


@scenario
def consume_prints_past_events(t):
    t.start_bus()
    t.publish(*numbered(1, 4), event("other", 1))
    for flags, first in ((("--last", "2"), 3), (("--since", "1h"), 1), (("--latest",), 4)):
        done = t.run_cli("consume", "k", *flags, "--max-events", str(5 - first))
        equal(done.out, printed(first, 4), f"{flags} prints")
    done = t.run_cli("consume", "k", "--since", "2100-01-01T00:00:00Z", "--timeout", "50ms")
    equal(done.out, b"", "nothing is in the future")


@scenario
def consume_continues_where_its_cursor_file_says(t):
    t.start_bus("--history-events", "6")
    cursor = t.path("cursor")
    flags = ("--cursor-file", cursor, "--last", "2")
    t.publish(*numbered(1, 4))
    equal(t.run_cli("consume", "k", *flags, "--max-events", "1").out, printed(3, 3), "the first run")
    equal(t.run_cli("consume", "k", *flags, "--max-events", "1").out, printed(4, 4), "the second run")
    t.publish(*numbered(5, 6))
    failing = t.run_cli("consume", "k", *flags, "--exec", "sh -c 'grep -q 5'", code=1)
    check(b"handled=1 failed=1" in failing.err, "it has handled one of two")
    equal(t.run_cli("consume", "k", *flags, "--max-events", "1").out, printed(6, 6), "what failed comes again")
    t.publish(*numbered(7, 14))
    late = t.run_cli("consume", "k", *flags, "--max-events", "6", "--fail-on-loss", code=5)
    equal(late.out, printed(9, 14), "what the bus still has")
    check(b"gap: up to 2 events after the cursor are no longer kept by the bus: expired" in late.err, "what is missing")
    equal(os.listdir(os.path.dirname(cursor)).count("cursor.new"), 0, "files left over")


@scenario
def a_killed_consumer_misses_nothing(t):
    t.start_bus()
    flags = ("--cursor-file", t.path("cursor"), "--last", "1000")
    t.publish(*numbered(1, 10))
    consumer = t.consume("k", *flags)
    consumer.expect_output([{"n": n} for n in range(1, 11)])
    deadline = Deadline(WAIT, lambda: "the cursor is kept")
    while not os.path.exists(flags[1]):
        deadline.left_ms()
        os.sched_yield()
    t.publish(*numbered(11, 12))
    consumer.kill()
    t.publish(*numbered(13, 14))
    out = t.run_cli("consume", "k", *flags, "--timeout", "300ms").out
    check(out.endswith(printed(13, 14)), f"{out} has what came after the kill")
    first = int(out.split(b"}")[0].rsplit(b":")[-1])
    equal(out, printed(first, 14), "no hole")
    check(first <= 13, "nothing is missed")


@scenario
def consume_refuses_nonsense(t):
    broken = t.path("broken")
    with open(broken, "w", encoding="utf-8") as file:
        file.write("no cursor\n")
    for wrong, what in ((["--last", "0"], b"--last: it must be at least 1"), (["--last", "x"], b"--last: "),
                        (["--last", "1", "--latest"], b"leave all but one out"), (["--since", "10"], b"--since: "),
                        (["--cursor-file", broken], b"holds no cursor; remove it"),
                        (["--cursor-file", t.path("no/where")], b"--cursor-file: cannot create")):
        check(what in t.run_cli("consume", "k", *wrong, code=2).err, f"{wrong} is refused")


main()
