"""`serve --source stdin`."""
import json
import signal
import subprocess

from harness import check, encode, equal, event, main, matches, scenario
from watching import expect_state


def start(t, *flags):
    return t.start_bus("--source", "stdin", *flags, stdin=subprocess.PIPE)


def line(event_type, payload, **fields):
    return encode({"event_type": event_type, **fields, "payload": payload}) + b"\n"


@scenario
def its_lines_are_events(t):
    bus = start(t)
    peer = t.join("k")
    expect_state(peer, "connected", source="stdin")
    bus.write(line("k", {"n": 1}, event_id="a", source_time="12"))
    peer.expect_event(payload={"n": 1}, seq=1, event_id="a", source_time="12")
    bus.write(b"".join(line("k", i) for i in range(1000)))
    for i in range(1000):
        peer.expect_event(payload=i, seq=i + 2)


@scenario
def a_late_joiner_is_told_the_state_right_after_its_ack(t):
    start(t)
    t.await_status(lambda x: [s["state"] for s in x["sources"]] == ["connected"], "the source is connected")
    peer = t.connect().hello("k")
    peer.expect_ack()
    expect_state(peer, "connected", source="stdin")
    t.publish(event("k", 1))
    peer.expect_event(seq=1)


@scenario
def its_end_stops_the_bus_and_the_bye_says_so(t):
    bus = start(t)
    peer = t.join("k")
    bus.write(line("k", "last words")[:-1])  # a last line need not have an end
    bus.close_stdin()
    frames = []
    while not frames or frames[-1]["type"] != "bye":
        frames.append(json.loads(peer.expect_line()))
    equal([x["payload"] for x in frames if x["type"] == "event"], ["last words"], "events")
    matches("stdin.*end of input", frames[-1]["reason"])
    peer.expect_eof()
    bus.expect_exit(0)
    matches("stopped: source stdin ended", bus.err)


@scenario
def an_empty_input_ends_the_bus(t):
    bus = start(t)
    bus.close_stdin()
    bus.expect_exit(0)


@scenario
def wrong_lines_are_counted_and_passed_over(t):
    bus = start(t)
    peer = t.join("k")
    expect_state(peer, "connected")
    bus.write(b"garbage\n\n{}\n" + line("", 1) + b'{"event_type":"k"}\n' + b"x" * 2_000_000 + b"\n" + line("k", "right"))
    peer.expect_event(payload="right", seq=1)
    equal(t.status()["counters"]["rejected"], 5, "rejected")


@scenario
def lines_split_anywhere_are_put_together(t):
    bus = start(t)
    peer = t.join("k")
    expect_state(peer, "connected")
    whole = line("k", {"n": 1})
    for cut in range(1, len(whole)):
        bus.write(whole[:cut])
        t.status()
        bus.write(whole[cut:])
        peer.expect_event(seq=cut)


@scenario
def it_is_slowed_down_and_not_buffered_when_the_bus_is_busy(t):
    bus = start(t, "--write-timeout", "1min")
    peer = t.join("k")
    expect_state(peer, "connected")
    portion = line("k", "x" * 10_000) * 20
    for _ in range(100):  # 20 MB
        bus.write(portion)
        for _ in range(20):
            peer.expect_event()
    equal(peer.seqs.holes, 0, "events lost")


@scenario
def a_signal_ends_the_bus_while_the_input_is_open(t):
    bus = start(t)
    t.await_status(lambda x: x["sources"], "the source is there")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    check(not bus.running, "it has ended")


main()
