"""received + dropped + left of the last line are all events that the bus had for a run, however it ended."""
import json
import os
import signal
import subprocess

from fake_bus import FakeBus
from harness import check, equal, event, main, matches, scenario
from totals import ended, last_line


def flood(t, number, size=1000):
    """Publishes that many events of `size` bytes."""
    for _ in range(number // 100):
        t.publish(*[event("k", "x" * size) for _ in range(100)])


def accounted(totals):
    return totals["received"] + totals["dropped"] + totals["left"]


def stuck_in_a_command(t, *flags, **how):
    """A consumer whose command works on each event until the pipe is written to."""
    os.mkfifo(t.path("gate"))
    t.gate = os.open(t.path("gate"), os.O_RDWR)  # for all commands: the end of a writer would let the next pass as well
    t.cleanups.append(lambda: os.close(t.gate))
    consumer = t.consume("k", "--exec", f"sh -c 'echo begun; cat >/dev/null; read x <{t.path('gate')}'", *flags, **how)
    t.publish(event("k", 0))
    consumer.expect_output([b"begun"])
    return consumer


def release(t):
    os.write(t.gate, b"go\n")


@scenario
def a_file_is_published_while_the_consumer_gets_no_processor(t):
    number = 30_000  # of 150 bytes: within the bytes of a queue
    t.start_bus("--write-timeout", "1min")
    with open(t.path("events"), "w", encoding="utf-8") as f:
        f.writelines(f'{{"event_type":"k","payload":{i}}}\n' for i in range(number))
    with open(t.path("printed"), "wb") as printed:
        consumer = t.consume("k", "--max-events", str(number), stdout=printed.fileno())
    consumer.freeze()
    t.run_cli("publish", t.path("events"))
    consumer.signal(signal.SIGCONT)
    consumer.expect_exit(0)
    totals = last_line(consumer)
    equal((totals["received"], totals["dropped"], totals["left"]), (number, 0, 0))
    with open(t.path("printed"), "rb") as printed:
        equal(printed.read(), b"".join(b"%d\n" % i for i in range(number)), "what it has printed")


@scenario
def a_slow_command_and_a_limit(t):
    t.start_bus("--queue-capacity", "50")
    consumer = stuck_in_a_command(t, "--max-events", "1")
    flood(t, 2000)
    release(t)
    consumer.expect_exit(0)
    totals = last_line(consumer)
    equal((totals["received"], totals["handled"], accounted(totals)), (1, 1, 2001))
    check(totals["dropped"] > 0 and totals["left"] >= 50, f"dropped and left: {totals}")
    matches(r"dropped: the bus dropped \d+ events", consumer.err)


@scenario
def a_slow_command_and_a_signal(t):
    t.start_bus("--queue-capacity", "50")
    consumer = stuck_in_a_command(t)
    flood(t, 1000)
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(1)  # the command was ended with the run
    totals = last_line(consumer)
    equal((totals["received"], totals["failed"], accounted(totals), totals["reason"]), (1, 1, 1001, "signal"))


@scenario
def a_slow_command_and_a_timeout(t):
    t.start_bus("--queue-capacity", "50")
    consumer = stuck_in_a_command(t, "--timeout", "3s")
    flood(t, 1000)
    consumer.expect_exit(1)
    totals = last_line(consumer)
    equal((accounted(totals), totals["reason"]), (1001, "timeout"))


@scenario
def a_slow_reader_and_a_closed_input(t):
    t.start_bus("--queue-capacity", "50")
    reading, writing = os.pipe()
    consumer = t.consume("k", stdin=subprocess.PIPE, stdout=writing)
    os.close(writing)
    flood(t, 3000)
    consumer.close_stdin()
    with open(reading, "rb") as f:  # it still wants what was taken
        lines = sum(1 for _ in f)
    consumer.expect_exit(0)
    totals = last_line(consumer)
    equal((totals["handled"], accounted(totals), totals["reason"]), (lines, 3000, "stdin_eof"))


@scenario
def a_reader_that_goes_away(t):
    t.start_bus("--queue-capacity", "50")
    reading, writing = os.pipe()
    consumer = t.consume("k", stdout=writing)
    os.close(writing)
    flood(t, 2000)
    os.close(reading)
    consumer.expect_exit(0)
    totals = last_line(consumer)
    equal((accounted(totals), totals["reason"]), (2000, "output_closed"))


@scenario
def files_and_a_limit(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "10")
    t.publish(*[event("k", n) for n in range(100)])
    ended(consumer, "limit", 10, handled=10, left=90)


@scenario
def a_bus_that_does_not_answer_leaves_what_was_seen(t):
    bus = FakeBus(t)
    consumer = t.consume("k", "--max-events", "1", ready=False)
    peer = bus.accept_consumer()
    peer.send_line({"type": "event", "event_type": "k", "seq": 4, "payload": 1})
    peer.send_line({"type": "event", "event_type": "k", "seq": 5, "payload": 1})
    peer.expect_frame("pre_shutdown_check")
    ended(consumer, "limit", 1, dropped=3, left=1)
    matches("the bus did not report its totals", consumer.err)


@scenario
def totals_as_json(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "1", "--json")
    t.publish(event("k", 1), event("k", 2))
    consumer.expect_exit(0)
    equal(json.loads(consumer.err.splitlines()[-1]),
          {"received": 1, "handled": 1, "failed": 0, "dropped": 0, "left": 1, "confirmed": True, "reason": "limit",
           "exit_code": 0}, "last line")


@scenario
def a_loss_has_an_exit_code_for_those_who_ask(t):
    t.start_bus("--queue-capacity", "50")
    consumer = stuck_in_a_command(t, "--max-events", "2", "--fail-on-loss", "--on-exec-error", "skip")
    flood(t, 1000)
    for last in (False, True):
        release(t)
        consumer.expect_output([] if last else [b"begun"])
    consumer.expect_exit(5)


@scenario
def what_a_limit_leaves_is_no_loss(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "1", "--fail-on-loss")
    t.publish(event("k", 1), event("k", 2))
    ended(consumer, "limit", 1, left=1)


@scenario
def what_a_timeout_leaves_is_a_loss(t):
    t.start_bus()
    consumer = stuck_in_a_command(t, "--timeout", "2s", "--fail-on-loss", "--on-exec-error", "skip")
    t.publish(event("k", 1))
    consumer.expect_exit(6)  # its command failed, which is worse
    equal(last_line(consumer)["left"], 1, "left")


@scenario
def a_command_is_told_what_was_lost_before_its_event(t):
    bus = FakeBus(t)
    show = "sh -c 'cat >/dev/null; echo $CAFBUS_SEQ $CAFBUS_MISSED $CAFBUS_DROPPED'"
    consumer = t.consume("k", "--exec", show, "--max-events", "3", ready=False)
    peer = bus.accept_consumer()
    for seq in (1, 5, 10):
        peer.send_line({"type": "event", "event_type": "k", "seq": seq, "payload": 1})
    peer.expect_frame("pre_shutdown_check")
    bus.answer_status()
    peer.send_line({"type": "pre_shutdown_ack", "last_for_key": True})
    ended(consumer, "limit", 3, dropped=7)
    equal(bytes(consumer.out), b"1 0 0\n5 3 3\n10 4 7\n", "stdout")


@scenario
def a_run_whose_every_command_failed_has_failed(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "false", "--on-exec-error", "skip", "--max-events", "2")
    t.publish(event("k", 1), event("k", 2))
    ended(consumer, "limit", 2, code=6, handled=0, failed=2)


main()
