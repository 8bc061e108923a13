"""`publish` when the bus fails in the middle, and with input that is no input."""
import json
import random
import subprocess

from fake_bus import FakeBus
from harness import check, equal, main, matches, scenario


def start(t, lines, *flags):
    """Publishes to a bus of the test's. Returns the process, the connection, and the frames that it has sent."""
    bus = FakeBus(t)
    with open(t.path("input"), "wb") as f:
        f.write(b"".join(x + b"\n" for x in lines))
    process = t.start_cli("publish", *flags, t.path("input"))
    peer, frame = bus.accept("publish")
    equal(peer.expect_frame("wait_for_room"), {"type": "wait_for_room", "wait_ms": 1000}, "what follows the first event")
    return process, peer, [frame]


def read_until(peer, frames, number):
    while len(frames) < number:
        frames.append(peer.expect_frame("publish"))


def ack(peer, accepted, duplicates=0, rejected=0):
    peer.send_line({"type": "publish_ack", "accepted": accepted, "duplicates": duplicates, "rejected": rejected})


def published(process, code, accepted, duplicates=0, rejected=0):
    process.expect_exit(code)
    matches(rf"published: accepted={accepted} duplicates={duplicates} rejected={rejected}( unmatched=\d+ consumers=\d+)?\n", process.err)


PAYLOADS = [b"%d" % n for n in range(1, 11)]


@scenario
def a_bus_that_dies_in_the_middle_leaves_a_line_to_go_on_from(t):
    lines = [*PAYLOADS[:3], b"", b"no json", *PAYLOADS[3:]]  # lines 4 and 5 are no events
    process, peer, frames = start(t, lines, "--type", "k")
    read_until(peer, frames, 10)
    ack(peer, 3, 1)
    peer.close()
    published(process, 1, 3, 1, 1)
    matches(r"acknowledged all lines up to 6\n.*unknown .* from line 7 on; publish again from there.*\n.*error: the bus closed",
            process.err)


@scenario
def one_that_dies_before_it_answers_leaves_the_first_line(t):
    process, peer, frames = start(t, [b"", b"{", *PAYLOADS], "--type", "k")
    peer.close()
    published(process, 1, 0, 0, 1)
    check(b"acknowledged all" not in process.err, "nothing was answered")
    matches(r"unknown .* from line 3 on", process.err)


@scenario
def one_that_dies_after_the_last_answer_has_done_its_work(t):
    process, peer, frames = start(t, PAYLOADS, "--type", "k")
    read_until(peer, frames, 10)
    ack(peer, 10)
    peer.close()
    published(process, 0, 10)
    check(b"unknown" not in process.err, "nothing is unknown")


@scenario
def a_bye_in_the_middle_says_why(t):
    process, peer, frames = start(t, PAYLOADS, "--type", "k")
    read_until(peer, frames, 10)
    ack(peer, 5)
    peer.send_line({"type": "bye", "reason": "requested by pid 1"})
    published(process, 1, 5)
    matches(r"up to 5\n.*from line 6 on.*\n.*error: the bus said bye: requested by pid 1", process.err)


@scenario
def an_error_of_the_bus_is_told(t):
    process, peer, frames = start(t, PAYLOADS, "--type", "k")
    peer.send_line({"type": "error", "code": "internal_error", "message": "out of \x1b[31mluck"})
    published(process, 1, 0)
    matches(r"from line 1 on.*\n.*error: the bus reports: out of \\x1b\[31mluck\n", process.err)


@scenario
def what_the_bus_rejects_is_a_partial_failure(t):
    process, peer, frames = start(t, PAYLOADS, "--type", "k")
    read_until(peer, frames, 10)
    ack(peer, 7, 1, 2)
    published(process, 1, 7, 1, 2)
    check(b"unknown" not in process.err, "all was answered")


@scenario
def going_on_from_the_line_that_it_named_loses_and_doubles_nothing(t):
    lines = [json.dumps({"event_type": "k", "event_id": f"e{n}", "payload": n}).encode() for n in range(1, 20_001)]
    with open(t.path("input"), "wb") as f:
        f.write(b"".join(x + b"\n" for x in lines))
    bus = t.start_bus("--dedup-capacity", "100000")
    consumer = t.consume("k", "--quiet", stdout=subprocess.DEVNULL)
    process = t.start_cli("publish", t.path("input"))
    t.await_status(lambda s: s["counters"]["ingress"] > 1000, "some have been published")
    bus.kill()
    process.wait()
    consumer.wait()
    found = [x for x in process.err.decode().splitlines() if "it is unknown" in x]
    if not found:  # it was faster than the kill
        process.expect_exit(0)
        return
    first = int(found[0].split("from line ")[1].split()[0])
    accepted = int(process.err.decode().split("accepted=")[1].split()[0])
    equal(first, accepted + 1, "the line to go on from")
    process.expect_exit(1)


@scenario
def crlf_and_a_missing_last_newline_are_fine(t):
    t.start_bus()
    consumer = t.join("k")
    published(t.run_cli("publish", "--type", "k", input=b'{"a":1}\r\n\r\n2\r\n"last"'), 0, 3)
    for payload in ({"a": 1}, 2, "last"):
        equal(consumer.expect_event()["payload"], payload, "payload")


@scenario
def huge_lines_are_named_and_the_others_are_published(t):
    t.start_bus()
    consumer = t.join("k")
    fits = b'"' + b"x" * (983_040 - 2) + b'"'
    lines = [b"1", b'"' + b"x" * 983_040 + b'"', b"2", b"y" * 5_000_000, b"3", fits]
    process = t.run_cli("publish", "--type", "k", input=b"\n".join(lines), code=1)
    published(process, 1, 4, 0, 2)
    matches(r"line 2: .*\n.*line 4: longer than 1048576 bytes\n", process.err)
    for payload in (1, 2, 3, "x" * (983_040 - 2)):
        equal(consumer.expect_event()["payload"], payload, "payload")


@scenario
def garbage_is_counted_line_by_line(t):
    t.start_bus()
    t.join("k")
    garbage = random.Random(5).randbytes(300_000)
    number = sum(1 for x in garbage.split(b"\n") if x.strip(b" \t\r"))
    for flags in ([], ["--type", "k"]):
        process = t.run_cli("publish", *flags, input=garbage, code=1)
        process.expect_exit(1)
        found = matches(r"published: accepted=(\d+) duplicates=0 rejected=(\d+)( unmatched=\d+ consumers=\d+)?\n", process.err)
        equal(int(found.group(1)) + int(found.group(2)), number, "lines accounted for")
        equal(process.err.count(b"line "), 20, "faults told")
        check(all(c == 10 or 32 <= c < 127 for c in process.err), "nothing that a terminal would obey")


@scenario
def nuls_and_blank_lines_are_no_events(t):
    t.start_bus()
    published(t.run_cli("publish", "--type", "k", input=b"\0\n\0\0\0\n", code=1), 1, 0, 0, 2)
    published(t.run_cli("publish", "--type", "k", input=b" \n\t\n\r\n\n", code=0), 0, 0)
    published(t.run_cli("publish", input=b"", code=0), 0, 0)


@scenario
def wrong_usage_is_refused(t):
    t.start_bus()
    for flags, says in ((["--type", "x" * 1025], "--type: "), ([t.path("none")], "cannot read .*/none: No such file"),
                        (["--type", ""], "--type: "), (["a", "b"], "not expected|argument")):
        process = t.run_cli("publish", *flags, code=2, input=b"")
        matches(says, process.err)
    matches(f"cannot read {t.dir}: it is a folder; name a file", t.run_cli("publish", t.dir, code=2).err)


@scenario
def a_bus_that_does_not_count_consumers_cannot_prove_that_there_was_one(t):
    for flags, code in ((["--require-consumer"], 1), ([], 0)):
        process, peer, frames = start(t, PAYLOADS, "--type", "k", *flags)
        read_until(peer, frames, 10)
        ack(peer, 10)
        published(process, code, 10)
        equal(b"does not report whether events reached a consumer" in process.err, code == 1, "why")
        check(b"unmatched=" not in process.err, "what the bus does not tell is left out")
        peer.close()


main()
