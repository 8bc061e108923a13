"""How a run ends: the reason and the exit code, and what the bus hears of it (a bus of the test's, so that it is seen)."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess

from fake_bus import FakeBus
from harness import BINARY, SLOWDOWN, Skip, check, encode, equal, main, matches, scenario
from totals import ended


def consume_from_fake(t, *flags, **how):
    bus = FakeBus(t)
    process = t.consume("k", *flags, ready=False, **how)
    peer = bus.accept_consumer()
    process.expect_line("ready event_key=k")
    peer.bus = bus
    return process, peer


def payload(seq, value):
    return {"type": "event", "event_type": "k", "seq": seq, "payload": value}


def leaves(peer, process, reason, received, code=0):
    """The handshake: the consumer asks, waits for the answer, and says bye."""
    peer.expect_frame("pre_shutdown_check", event_key="k")
    peer.bus.answer_status()
    check(process.running, "it waits for the answer")
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    peer.expect_frame("bye", reason="consumer_done")
    peer.expect_eof()
    ended(process, reason, received, code=code)


@scenario
def a_limit_ends_with_the_handshake(t):
    process, peer = consume_from_fake(t, "--max-events", "2")
    peer.send_line(payload(1, 1))
    peer.send_line(payload(2, 2))
    peer.send_line(payload(3, 3))
    leaves(peer, process, "limit", 2)
    equal(bytes(process.out), b"1\n2\n", "stdout")


@scenario
def a_timeout_ends_with_the_handshake(t):
    process, peer = consume_from_fake(t, "--timeout", "50ms")
    leaves(peer, process, "timeout", 0)


@scenario
def an_idle_timeout_ends_with_the_handshake(t):
    process, peer = consume_from_fake(t, "--idle-timeout", "50ms")
    leaves(peer, process, "idle_timeout", 0)


@scenario
def states_of_sources_are_no_events(t):
    process, peer = consume_from_fake(t, "--idle-timeout", "300ms", "--quiet")
    while not peer.has_line():  # as fast as it takes them
        peer.send_line({"type": "source_status", "source": "s", "state": "connected"})
    leaves(peer, process, "idle_timeout", 0)


@scenario
def signals_end_with_the_handshake(t):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process, peer = consume_from_fake(t)
        peer.send_line(payload(1, 1))
        process.expect_output([b"1"])
        process.signal(number)
        leaves(peer, process, "signal", 1)


@scenario
def a_second_signal_ends_at_once(t):
    process, peer = consume_from_fake(t)
    process.signal(signal.SIGTERM)
    peer.expect_frame("pre_shutdown_check")  # and no answer comes
    process.signal(signal.SIGTERM)
    process.expect_exit(0, limit=1 * SLOWDOWN)
    matches("reason=signal\n$", process.err)
    equal(peer.read_to_eof(), [b'{"type":"bye","reason":"consumer_done"}'], "what it still says")


@scenario
def a_bus_that_does_not_answer_is_waited_for_two_seconds(t):
    process, peer = consume_from_fake(t, "--timeout", "1ms")
    peer.expect_frame("pre_shutdown_check")
    peer.expect_frame("bye")
    peer.expect_eof()
    ended(process, "timeout", 0)


@scenario
def a_closed_input_ends_with_the_handshake(t):
    process, peer = consume_from_fake(t, stdin=subprocess.PIPE)
    process.close_stdin()
    leaves(peer, process, "stdin_eof", 0)


@scenario
def input_that_is_only_written_to_ends_nothing(t):
    process, peer = consume_from_fake(t, stdin=subprocess.PIPE)
    process.write(b"whatever\n" * 1000)
    peer.send_line(payload(1, 1))
    process.expect_output([b"1"])
    process.close_stdin()
    leaves(peer, process, "stdin_eof", 1)


@scenario
def a_closed_output_ends_with_the_handshake(t):
    reader, writer = os.pipe()
    process, peer = consume_from_fake(t, stdout=writer)
    os.close(writer)
    peer.send_line(payload(1, 1))
    equal(os.read(reader, 10), b"1\n", "stdout")
    os.close(reader)  # noticed without another event
    leaves(peer, process, "output_closed", 1)


@scenario
def a_closed_socket_as_output_ends_with_the_handshake(t):
    mine, theirs = socket.socketpair()
    process, peer = consume_from_fake(t, stdout=theirs.fileno())
    theirs.close()
    peer.send_line(payload(1, 1))
    equal(mine.recv(10), b"1\n", "stdout")
    mine.close()
    leaves(peer, process, "output_closed", 1)


@scenario
def an_output_that_cannot_be_written_fails(t):
    with open("/dev/full", "wb") as full:
        process, peer = consume_from_fake(t, stdout=full)
    peer.send_line(payload(1, 1))
    leaves(peer, process, "output_closed", 1, code=4)
    matches("error: cannot write to standard output: No space left on device\n", process.err)


@scenario
def a_stuck_reader_does_not_keep_it_from_ending(t):
    reader, writer = os.pipe()
    process, peer = consume_from_fake(t, stdout=writer)
    os.close(writer)
    peer.send_line(payload(1, "x" * 300_000))  # more than the pipe holds
    equal(os.read(reader, 1), b'"', "the first byte")
    process.signal(signal.SIGTERM)
    peer.expect_frame("pre_shutdown_check")
    peer.bus.answer_status()
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    ended(process, "signal", 0, left=1)
    os.close(reader)


@scenario
def a_bye_ends_with_code_three(t):
    process, peer = consume_from_fake(t)
    peer.send_line(payload(1, 1))
    peer.send_line({"type": "bye", "reason": "idle"})
    peer.expect_eof()  # no handshake with a bus that goes
    ended(process, "bus_shutdown", 1, code=3)
    matches("the bus said bye: idle\n.*the bus has stopped; to start a new one and continue, run the same command again", process.err)


@scenario
def a_bye_for_us_alone_is_a_loss(t):
    for why in ("stalled", "control_overflow", "internal_error"):
        process, peer = consume_from_fake(t)
        peer.send_line({"type": "bye", "reason": why})
        ended(process, "connection_lost", 0, code=3)
        matches(f"the bus said bye: {why}\n", process.err)


@scenario
def a_loss_ends_with_code_three_and_says_how_to_go_on(t):
    process, peer = consume_from_fake(t)
    peer.send_line(payload(1, 1))
    process.expect_output([b"1"])
    peer.close()
    ended(process, "connection_lost", 1, code=3)
    matches("lost, and this consumer misses events from now on: `cafbus status --app default` shows .* to continue, run the "
            "same command again\n", process.err)


@scenario
def what_came_before_the_loss_is_printed(t):
    process, peer = consume_from_fake(t)
    peer.send(b"".join(encode(payload(seq, "x" * 1000)) + b"\n" for seq in range(1, 100)) + b'{"type":"event","unfin')
    peer.close()
    ended(process, "connection_lost", 99, code=3)
    equal(len(bytes(process.out).splitlines()), 99, "events")


@scenario
def a_line_beyond_the_limit_is_a_loss(t):
    process, peer = consume_from_fake(t)
    with contextlib.suppress(BrokenPipeError):
        peer.send(b"x" * 17_000_000)
    ended(process, "connection_lost", 0, code=3)
    matches("error: the bus sent a line of more than 16777216 bytes\n", process.err)


@scenario
def holes_are_told_and_counted(t):
    process, peer = consume_from_fake(t, "--max-events", "2")
    peer.send_line(payload(3, 1))
    peer.send_line(payload(10, 2))
    peer.expect_frame("pre_shutdown_check")
    peer.bus.answer_status()
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    ended(process, "limit", 2, dropped=8)
    matches(r"gap: 2 events dropped \(seq 1\.\.2\)\n.*gap: 6 events dropped \(seq 4\.\.9\)\n", process.err)


@scenario
def gaps_that_the_bus_tells_of_are_told_once_and_counted_once(t):
    process, peer = consume_from_fake(t, "--max-events", "2", "--envelope")
    gap = b'{"type":"gap","from_seq":1,"to_seq":2,"count":2,"reason":"shed"}'
    peer.send(gap + b"\n")
    peer.send_line(payload(3, 1))
    peer.send_line(payload(4, 2))
    peer.expect_frame("pre_shutdown_check")
    peer.bus.answer_status()
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    ended(process, "limit", 2, dropped=2)
    matches(r"gap: 2 events dropped \(seq 1\.\.2\): shed\n", process.err)
    equal(bytes(process.err).count(b"gap:"), 1, "times that it is told")
    equal(bytes(process.out).splitlines()[0], gap, "envelope output")


@scenario
def what_the_bus_says_cannot_command_the_terminal(t):
    process, peer = consume_from_fake(t, "--max-events", "1")
    peer.send_line({"type": "source_status", "source": "a\x1b[31m", "state": "\u202eb", "detail": "c\nd"})
    peer.send_line({"type": "unknown", "x": 1})
    peer.send(b"no json\n\n")
    peer.send_line(payload(1, 1))
    leaves(peer, process, "limit", 1)
    check(b"\x1b" not in process.err and "\u202e".encode() not in process.err, f"escaped: {bytes(process.err)}")


@scenario
def many_events_go_out_in_few_writes(t):
    if not shutil.which("strace"):
        raise Skip("there is no strace here")
    if SLOWDOWN > 1:
        raise Skip("a sanitizer writes, too, and does not work under strace")
    bus = FakeBus(t)
    trace = t.path("trace")
    process = t.start(["strace", "-o", trace, "-e", "trace=write,recvfrom", BINARY, "consume", "k", "--dir",
                       t.path("bus"), "--max-events", "5000"])
    peer = bus.accept_consumer()
    process.expect_line("ready event_key=k")
    peer.send(b"".join(encode(payload(seq, {"n": seq})) + b"\n" for seq in range(1, 5001)))
    peer.expect_frame("pre_shutdown_check")
    bus.answer_status()
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    ended(process, "limit", 5000)
    with open(trace) as f:
        calls = [x for x in f if not x.startswith("write(2") and "EAGAIN" not in x]
    reads = sum(x.startswith("recvfrom") for x in calls)
    writes = sum(x.startswith("write(") for x in calls)
    check(writes <= reads < 60, f"{writes} writes for {reads} reads")


main()
