"""The shutdown frame, `cafbus stop`, and signals."""
import json
import os
import signal
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario


def gone(bus):
    bus.expect_exit(0)
    equal([x for x in ("bus.sock", "bus.pid") if os.path.exists(os.path.join(bus.app_dir, x))], [], "files left")


@scenario
def a_shutdown_without_consumers_is_answered_by_the_end(t):
    bus = t.start_bus()
    peer = t.connect()
    peer.send_line({"type": "shutdown"})
    peer.expect_eof()
    gone(bus)


@scenario
def a_shutdown_with_consumers_is_refused_and_names_them(t):
    t.start_bus()
    consumer = t.join("im.message", pid=4711)
    peer = t.connect()
    peer.send_line({"type": "shutdown", "force": False})
    matches(r"1 consumer .*4711 \(im\.message\)", peer.expect_error("consumers_connected")["message"])
    peer.expect_eof()
    t.publish(event("im.message", 1))
    consumer.expect_event(seq=1)


@scenario
def a_shutdown_that_says_nothing_of_force_stops_the_bus_as_the_original_means_it(t):
    bus = t.start_bus()
    consumer = t.join("k")
    peer = t.connect()
    peer.send_line({"type": "shutdown"})
    peer.expect_eof()
    consumer.expect_frame("bye")
    consumer.expect_eof()
    gone(bus)


@scenario
def a_forced_shutdown_says_bye_to_everybody(t):
    bus = t.start_bus()
    consumer, producer, silent = t.join("k"), t.connect(), t.connect()
    producer.publish(event("k", 1))
    t.status()
    peer = t.connect()
    peer.send_line({"type": "shutdown", "force": True})
    peer.expect_eof()
    consumer.expect_event(seq=1)
    for x in (consumer, producer):
        matches(f"requested by pid {os.getpid()}", x.expect_frame("bye")["reason"])
        x.expect_eof()
    silent.expect_error("shutting_down")
    silent.expect_eof()
    gone(bus)


@scenario
def what_was_acknowledged_is_delivered_before_the_bye(t):
    bus = t.start_bus()
    consumer = t.join("k")
    t.publish(*[event("k", "x" * 1000) for _ in range(3000)])
    bus.signal(signal.SIGTERM)
    for seq in range(1, 3001):
        consumer.expect_event(seq=seq)
    matches("signal 15", consumer.expect_frame("bye")["reason"])
    consumer.expect_eof()
    gone(bus)


@scenario
def sigint_and_sigterm_end_it_with_success(t):
    for number in (signal.SIGINT, signal.SIGTERM):
        bus = t.start_bus()
        consumer = t.join("k")
        bus.signal(number)
        consumer.expect_frame("bye")
        consumer.expect_eof()
        gone(bus)
        matches("stopped: signal", bus.err)


@scenario
def a_stuck_consumer_delays_the_end_no_longer_than_the_drain_time(t):
    bus = t.start_bus("--drain", "300ms", "--write-timeout", "1min")
    stuck = t.join("k")
    t.publish(*[event("k", "x" * 10_000) for _ in range(500)])
    start = time.monotonic()
    bus.signal(signal.SIGTERM)
    gone(bus)
    took = time.monotonic() - start
    check(took < 2 * SLOWDOWN, f"ended after {took:.1f} s")
    check(stuck.seqs.events == 0, "it has read nothing")


@scenario
def stop_is_refused_while_consumers_are_connected(t):
    t.start_bus()
    consumer = t.join("im.message", pid=4711)
    matches("4711", t.run_cli("stop", code=2).err)
    equal(json.loads(t.run_cli("stop", "--json", code=2).out)["state"], "refused", "state")
    t.publish(event("im.message", 1))
    consumer.expect_event(seq=1)


@scenario
def stop_returns_when_the_bus_is_gone(t):
    for _ in range(5):
        bus = t.start_bus()
        equal(t.run_cli("stop").out, b"stopped\n", "stdout")
        check(not os.path.exists(bus.socket_path), "the socket is gone when stop returns")
        gone(bus)


@scenario
def a_new_bus_can_be_started_as_soon_as_stop_has_returned(t):
    t.start_bus()
    t.run_cli("stop")
    t.start_bus()


@scenario
def a_forced_stop_ends_consumers_with_their_own_exit_code(t):
    bus = t.start_bus()
    consumer = t.consume("k")
    t.publish(event("k", {"n": 1}))
    consumer.expect_output([b'{"n":1}'])
    t.run_cli("stop", "--force")
    consumer.expect_exit(3)
    matches(r"\[cafbus\] exited: received=1 handled=1 failed=0 dropped=0 left=0 reason=bus_shutdown\n$", consumer.err)
    gone(bus)


@scenario
def stop_without_a_bus_has_nothing_to_do(t):
    equal(t.run_cli("stop").out, b"not running\n", "stdout")
    equal(json.loads(t.run_cli("stop", "--json").out)["state"], "not_running", "state")


@scenario
def a_hello_that_waits_is_rejected_when_the_bus_stops(t):
    bus = t.start_bus("--cleanup-wait", "1min")
    holder = t.join("k")
    holder.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    holder.expect_frame("pre_shutdown_ack", last_for_key=True)
    waiter = t.connect().hello("k")
    t.status()
    t.status()
    bus.signal(signal.SIGTERM)
    matches("stopping", waiter.expect_ack(rejected=True)["reject_reason"])
    waiter.expect_eof()
    gone(bus)


@scenario
def a_producer_at_full_speed_does_not_delay_the_end(t):
    bus = t.start_bus()
    t.join("other")
    producer = t.connect()
    lines = (event("k", "x" * 1000) + b"\n") * 500
    producer.send(lines)
    start = time.monotonic()
    bus.signal(signal.SIGTERM)
    while producer.send(lines):
        pass
    gone(bus)
    took = time.monotonic() - start
    check(took < 1.5 * SLOWDOWN, f"ended after {took:.1f} s")


main()
