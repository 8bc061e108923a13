"""`cafbus publish`: input, totals, faults, exit codes."""
import json
import os
import signal
import subprocess

from harness import BINARY, MAX_PAYLOAD, check, equal, event, main, matches, raw_payload, scenario


def published(process, accepted, duplicates=0, rejected=0):
    matches(rf"\[cafbus\] published: accepted={accepted} duplicates={duplicates} rejected={rejected}( unmatched=\d+ consumers=\d+)?\n", process.err)


@scenario
def a_folder_is_no_input_and_starts_no_bus(t):
    for process in (t.run_cli("publish", t.dir, code=2),
                    t.start(["sh", "-c", f'"$0" publish --dir bus < {t.dir}', BINARY]).expect_exit(2)):
        matches(f"error: cannot read ({t.dir}|standard input): it is a folder; name a file", process.err)
    check(not os.path.exists(t.path("bus")), "no bus was started")


@scenario
def a_faulty_line_is_told_with_its_field_and_its_limit(t):
    t.start_bus()
    deep = b'{"event_type":"k","payload":' + b"[" * 1100 + b"]" * 1100 + b"}"
    lines = [b'{"event_type":1,"payload":1}', b'{"event_type":"k","event_id":"' + b"x" * 1025 + b'","payload":1}', deep]
    process = t.run_cli("publish", input=b"\n".join(lines), code=1)
    matches("line 1: bad_name: event_type is not a string", process.err)
    matches("line 2: name_too_long: event_id is longer than 1024 bytes", process.err)
    matches("line 3: too_deep: its JSON is nested deeper than 1024 levels", process.err)


@scenario
def lines_with_and_without_type_are_events(t):
    t.start_bus()
    peer = t.join("k")
    process = t.run_cli("publish", input=event("k", 1) + b'\n\n{"event_type":"k","payload":2}\r\n{"event_type":"k","payload":3}')
    published(process, 3)
    equal([peer.expect_event()["payload"] for _ in range(3)], [1, 2, 3], "payloads")
    equal(bytes(process.out), b"", "stdout")


@scenario
def with_a_type_each_line_is_a_payload(t):
    t.start_bus()
    peer = t.join("im.message")
    sent = [b'{"type":"anything","event_type":"x"}', b"1e400", rb'"\ud800"', b"[1, 2]"]
    published(t.run_cli("publish", "--type", "im.message", input=b"\n".join(sent)), 4)
    equal([raw_payload(peer.expect_line()) for _ in sent], sent, "payloads")


@scenario
def a_file_is_read(t):
    t.start_bus()
    peer = t.join("k")
    with open(t.path("events"), "wb") as f:
        f.write(event("k", 1) + b"\n" + event("k", 2) + b"\n")
    published(t.run_cli("publish", t.path("events")), 2)
    equal([peer.expect_event()["payload"] for _ in range(2)], [1, 2], "payloads")


@scenario
def a_file_that_is_not_there_is_named(t):
    t.start_bus()
    matches("nothing-here", t.run_cli("publish", t.path("nothing-here"), code=2).err)


@scenario
def wrong_lines_are_named_and_the_others_are_published(t):
    t.start_bus()
    peer = t.join("k")
    too_large = b'{"event_type":"k","payload":"' + b"x" * MAX_PAYLOAD + b'"}'
    lines = [event("k", 1), b"garbage", event("k", 2), b'{"event_type":"k"}', b'{"event_type":"","payload":1}', too_large,
             b"x" * 2_000_000, event("k", 3)]
    process = t.run_cli("publish", input=b"\n".join(lines), code=1)
    published(process, 3, rejected=5)
    for number in (2, 4, 5, 6, 7):
        matches(rf"(?m)^\[cafbus\] line {number}: .", process.err)
    for number in (1, 3, 8):
        check(b"line %d:" % number not in process.err, f"line {number} is right")
    equal([peer.expect_event()["payload"] for _ in range(3)], [1, 2, 3], "payloads")


@scenario
def many_wrong_lines_are_told_in_few_words(t):
    t.start_bus()
    process = t.run_cli("publish", input=b"garbage\n" * 10_000, code=1)
    published(process, 0, rejected=10_000)
    check(process.err.count(b"\n") < 40, f"{process.err.count(b'%c' % 10)} lines on standard error")


@scenario
def duplicates_are_told(t):
    t.start_bus()
    t.join("k")
    published(t.run_cli("publish", input=(event("k", 1, event_id="a") + b"\n") * 3), 1, duplicates=2)


@scenario
def nothing_to_publish_is_done_at_once(t):
    t.start_bus()
    published(t.run_cli("publish", input=b""), 0)
    published(t.run_cli("publish", input=b"\n\n"), 0)


@scenario
def without_a_bus_it_fails_before_it_reads(t):
    process = t.start_cli("publish", "--no-spawn", stdin=subprocess.PIPE)
    process.expect_exit(1)
    matches("no bus is running.*cafbus serve", process.err)


@scenario
def a_first_line_may_take_longer_than_the_hello_timeout(t):
    t.start_bus("--hello-timeout", "100ms")
    peer = t.join("k")
    process = t.start_cli("publish", stdin=subprocess.PIPE)
    t.connect().expect_error("hello_timeout")
    t.connect().expect_error("hello_timeout")
    process.write(event("k", 1) + b"\n")
    peer.expect_event(payload=1)
    process.close_stdin()
    published(process.expect_exit(0), 1)


@scenario
def lines_are_published_as_they_come(t):
    t.start_bus()
    peer = t.join("k")
    process = t.start_cli("publish", stdin=subprocess.PIPE)
    for i in range(5):
        process.write(event("k", i) + b"\n")
        peer.expect_event(payload=i)
    process.close_stdin()
    published(process.expect_exit(0), 5)


@scenario
def a_bus_that_is_killed_meanwhile_is_a_failure(t):
    bus = t.start_bus()
    peer = t.join("k")
    process = t.start_cli("publish", stdin=subprocess.PIPE)
    process.write(event("k", 1) + b"\n")
    peer.expect_event()
    t.status()  # answered after the publisher was
    bus.signal(signal.SIGKILL)
    process.expect_exit(1)
    bus.wait()
    matches(r"published: accepted=1 ", process.err)


@scenario
def a_hundred_thousand_lines_are_published(t):
    t.start_bus()
    process = t.run_cli("publish", "--type", "k", input=b'{"n":1}\n' * 100_000)
    published(process, 100_000)
    equal(t.status()["counters"]["unmatched"], 100_000, "unmatched")


@scenario
def the_file_may_stand_behind_the_options(t):
    t.start_bus()
    with open(t.path("events"), "wb") as f:
        f.write(event("k", 1) + b"\n")
    process = t.start([BINARY, "publish", "--dir", t.path("bus"), "--app", "default", t.path("events")])
    published(process.expect_exit(0), 1)


@scenario
def the_last_line_tells_what_nobody_wanted(t):
    t.start_bus()
    t.join("k")
    process = t.run_cli("publish", "--json", input=event("nobody", 1) + b"\n" + event("k", 2) + b"\n")
    matches(r"published: accepted=2 duplicates=0 rejected=0 unmatched=1 consumers=[01]\n$", process.err)
    totals = json.loads(process.out)
    equal((totals["accepted"], totals["unmatched"]), (2, 1), "totals")
    process = t.run_cli("publish", "--json", input=event("k", 3) + b"\n")
    matches(r"unmatched=0 consumers=1\n$", process.err)
    equal((json.loads(process.out)["unmatched"], json.loads(process.out)["consumers"]), (0, 1), "totals")


@scenario
def an_event_that_nobody_wants_is_lost_where_a_consumer_is_required(t):
    t.start_bus()
    t.join("k")
    lines = event("k", 1) + b"\n" + event("nobody", 2) + b"\n"
    process = t.run_cli("publish", "--require-consumer", input=lines, code=5)
    matches("error: 1 of 2 accepted events reached no consumer", process.err)
    t.run_cli("publish", input=lines)
    t.run_cli("publish", "--require-consumer", input=event("k", 3) + b"\n")
    t.run_cli("publish", "--require-consumer", input=b"")


@scenario
def a_rejected_line_is_worse_than_an_event_that_nobody_wants(t):
    t.start_bus()
    t.run_cli("publish", "--require-consumer", input=event("k", 1) + b"\ngarbage\n", code=1)


main()
