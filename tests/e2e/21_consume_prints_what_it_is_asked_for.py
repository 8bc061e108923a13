"""Standard output, standard error and files of `cafbus consume`."""
import json
import os
import signal
import subprocess

from harness import check, equal, event, main, matches, raw_payload, scenario


@scenario
def one_payload_a_line_and_nothing_else_on_standard_output(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "3")
    t.publish(event("k", b'{ "b":1,  "a":1e400}'), event("k", rb'"\ud800"'), event("k", None))
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b'{ "b":1,  "a":1e400}\n"\\ud800"\nnull\n', "stdout")


@scenario
def it_is_ready_when_it_says_so(t):
    t.start_bus()
    consumer = t.start_cli("consume", "im.message", "--max-events", "1")
    consumer.expect_line(r"^\[cafbus\] ready event_key=im\.message$")
    t.publish(event("im.message", 1))
    consumer.expect_exit(0)


@scenario
def envelope_prints_the_whole_event(t):
    t.start_bus()
    consumer, peer = t.consume("k", "--envelope", "--max-events", "1"), t.join("k")
    t.publish(event("k", {"n": 1}, event_id="a"))
    consumer.expect_exit(0)
    equal(bytes(consumer.out), peer.expect_line() + b"\n", "stdout")


@scenario
def types_and_subscription_id_are_passed_on(t):
    t.start_bus()
    consumer = t.consume("k", "--types", "a,b", "--subscription-id", "k:1")
    x = t.status()["consumers"][0]
    equal((x["pid"], x["event_key"], x["subscription_id"], x["event_types"]), (consumer.pid, "k", "k:1", ["a", "b"]))
    t.publish(event("b", 2), event("k", 0), event("a", 1))
    consumer.expect_output([b"2", b"1"])


@scenario
def a_list_of_types_with_a_blank_or_nothing_between_two_commas_is_refused(t):
    for types, why in (("a, b", "--types: the event type ' b' begins or ends with a blank; write A,B"),
                       ("a,,b", "--types: an event type in the list is empty; write A,B"),
                       ("a,", "--types: an event type in the list is empty")):
        matches(f"error: {why}", t.run_cli("consume", "k", "--types", types, code=2).err)


@scenario
def output_dir_gets_a_file_for_each_event(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "3", "--types", "k,../../etc/x")
    t.publish(event("k", {"n": 1}, event_id="id/1"), event("../../etc/x", 2), event("k", b'"\xc3\xa9"'))
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b"", "stdout")
    names = sorted(os.listdir(t.path("out")))
    equal(names, ["000000000001_k_id-1.json", "000000000002_..-..-etc-x_.json", "000000000003_k_.json"], "files")
    contents = []
    for name in names:
        with open(t.path("out", name), "rb") as f:
            contents.append(f.read())
    equal(contents, [b'{"n":1}\n', b"2\n", b'"\xc3\xa9"\n'], "contents")


@scenario
def output_dir_with_envelope_holds_whole_events(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--envelope", "--max-events", "1")
    t.publish(event("k", {"n": 1}))
    consumer.expect_exit(0)
    with open(t.path("out", os.listdir(t.path("out"))[0]), "rb") as f:
        line = f.read()
    equal((json.loads(line)["type"], raw_payload(line[:-1])), ("event", b'{"n":1}'))


@scenario
def an_output_dir_that_cannot_be_made_is_an_error_before_the_first_event(t):
    t.start_bus()
    process = t.run_cli("consume", "k", "--output-dir", t.path("no", "such"), code=4)
    matches("no/such", process.err)
    check(b"ready" not in process.err, "it is not ready")


@scenario
def states_of_sources_are_told_unless_it_is_to_be_quiet(t):
    t.start_bus("--source", "stdin", stdin=subprocess.PIPE)
    t.await_status(lambda x: x["sources"], "the source is there")
    told, quiet = t.consume("k", "--max-events", "1"), t.consume("k", "--max-events", "1", "--quiet")
    t.publish(event("k", 1))
    told.expect_exit(0)
    quiet.expect_exit(0)
    matches("source stdin: connected", told.err)
    check(b"source stdin" not in quiet.err, "nothing of sources")


@scenario
def events_that_were_dropped_are_told_with_their_numbers(t):
    """Its reader does not read, so it stops reading the bus; then its reader goes on."""
    t.start_bus("--queue-capacity", "20", "--write-timeout", "1min")
    consumer = t.consume("k")
    neighbour = t.join("k")
    payload = "x" * 10_000
    for _ in range(120):
        t.publish(*[event("k", payload) for _ in range(10)])
        for _ in range(10):
            neighbour.expect_event()
    x = next(x for x in t.status()["consumers"] if x["pid"] == consumer.pid)
    check(x["dropped"] > 0, f"it was to lose events: {x}")
    consumer.expect_output([b'"' + payload.encode() + b'"'] * (1200 - x["dropped"]))
    gap = consumer.expect_line(r"\[cafbus\] gap: (\d+) events dropped \(seq (\d+)\.\.(\d+)\)")
    equal(int(gap.group(1)), x["dropped"], "dropped in one gap")
    equal(int(gap.group(3)) - int(gap.group(2)) + 1, x["dropped"], "numbers of the gap")
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)
    matches(rf"exited: received={1200 - x['dropped']} handled={1200 - x['dropped']} failed=0 dropped={x['dropped']} left=0 reason=signal\n$", consumer.err)


@scenario
def text_of_the_bus_cannot_play_tricks_on_the_terminal(t):
    os.mkfifo(t.path("pipe"))
    script = f"cat {t.path('pipe')}; printf '\\033[2Jred' >&2; exit 1"
    bus = t.start_bus("--source", f"exec:{script}", "--source-retries", "0")
    consumer = t.consume("k")
    with open(t.path("pipe"), "wb"):
        pass
    consumer.expect_exit(3)
    bus.expect_exit(1)
    matches(r"\[2Jred", consumer.err)
    check(b"\x1b" not in consumer.err, f"an escape as it came: {bytes(consumer.err)!r}")


main()
