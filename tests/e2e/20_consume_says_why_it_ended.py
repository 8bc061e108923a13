"""The ways in which `cafbus consume` ends, each with its reason and exit code."""
import os
import signal
import subprocess
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario
from totals import ended


def exited(process, reason, code=0, received=0, **more):
    ended(process, reason, received, code=code, **more)


@scenario
def limit(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "2")
    t.publish(event("k", 1), event("k", 2), event("k", 3))
    exited(consumer, "limit", received=2, left=1)
    equal(bytes(consumer.out), b"1\n2\n", "stdout")


@scenario
def timeout(t):
    t.start_bus()
    start = time.monotonic()
    consumer = t.consume("k", "--timeout", "300ms")
    t.publish(event("k", 1))
    exited(consumer, "timeout", received=1)
    took = time.monotonic() - start
    check(0.3 <= took < 3 * SLOWDOWN, f"ended after {took:.2f} s")


@scenario
def sigint_sigterm_and_sighup(t):
    t.start_bus()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        consumer = t.consume("k")
        consumer.signal(number)
        exited(consumer, "signal")


@scenario
def the_end_of_a_pipe_on_standard_input(t):
    t.start_bus()
    consumer = t.consume("k", stdin=subprocess.PIPE)
    t.publish(event("k", 1))
    consumer.expect_output([b"1"])
    consumer.close_stdin()
    exited(consumer, "stdin_eof", received=1)


@scenario
def dev_null_on_standard_input_does_not_end_it(t):
    t.start_bus()
    consumer = t.consume("k", "--timeout", "400ms", stdin=subprocess.DEVNULL)
    unbounded = t.consume("k", stdin=subprocess.DEVNULL)
    exited(consumer, "timeout")
    t.publish(event("k", 1))
    unbounded.expect_output([b"1"])
    check(unbounded.running, "it runs")


@scenario
def with_a_limit_the_end_of_standard_input_does_not_end_it(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "1", stdin=subprocess.PIPE)
    consumer.close_stdin()
    t.status()
    t.publish(event("k", 1))
    exited(consumer, "limit", received=1)


@scenario
def a_reader_that_closes_standard_output(t):
    t.start_bus()
    reading, writing = os.pipe()
    consumer = t.consume("k", stdout=writing)
    os.close(writing)
    os.close(reading)
    exited(consumer, "output_closed")


@scenario
def head_takes_one_line(t):
    t.start_bus()
    reading, writing = os.pipe()
    consumer = t.consume("k", stdout=writing)
    os.close(writing)
    head = t.start(["head", "-n", "1"], stdin=reading)
    os.close(reading)
    t.publish(event("k", 1))
    head.expect_output([b"1"])
    head.expect_exit(0)
    consumer.expect_exit(0)
    matches("reason=output_closed", consumer.err)


@scenario
def a_bus_that_stops(t):
    bus = t.start_bus()
    consumer = t.consume("k")
    bus.signal(signal.SIGTERM)
    exited(consumer, "bus_shutdown", code=3)
    matches("the bus said bye: signal 15", consumer.err)
    bus.expect_exit(0)


@scenario
def a_bus_that_is_killed(t):
    bus = t.start_bus()
    consumer = t.consume("k")
    bus.signal(signal.SIGKILL)
    bus.wait()
    exited(consumer, "connection_lost", code=3)


@scenario
def no_bus_at_all(t):
    process = t.run_cli("consume", "k", "--no-spawn", code=1)
    matches("no bus is running", process.err)


@scenario
def a_rejected_hello(t):
    t.start_bus()
    process = t.run_cli("consume", "k" * 1025, code=2)
    matches("rejected.*longer than 1024 bytes", process.err)
    check(b"ready" not in process.err, "it is not ready")


@scenario
def a_clean_up_of_others_is_waited_for(t):
    t.start_bus("--cleanup-wait", "100ms")
    holder = t.join("k")
    holder.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    holder.expect_frame("pre_shutdown_ack", last_for_key=True)
    process = t.consume("k", ready=False)
    process.expect_line("waiting: the last consumer of subscription 'k', pid [0-9]+, is cleaning up")
    holder.close()
    process.expect_line("ready event_key=k")


@scenario
def whoever_comes_after_it_is_first(t):
    t.start_bus()
    for _ in range(5):
        consumer = t.consume("k")
        consumer.signal(signal.SIGTERM)
        exited(consumer, "signal")
        peer = t.join("k")
        equal(peer.ack["first_for_key"], True, "first")
        peer.close()
        t.await_status(lambda x: x["active_conns"] == 0, "it has gone")


main()
