"""first_for_key, pre_shutdown_check and the cleanup lock behind them."""
import json
import select
import signal
import subprocess
import sys
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario

# A consumer in a process of its own: takes the lock of `k`, says so, and waits for the end of its input.
LOCK_HOLDER = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'{"type":"hello","pid":1,"event_key":"k"}\\n{"type":"pre_shutdown_check","event_key":"k"}\\n')
f = s.makefile()
print(f.readline() + f.readline(), end="", flush=True)
sys.stdin.read()
"""


def ask(peer, key="k", **fields):
    peer.send_line({"type": "pre_shutdown_check", "event_key": key, **fields})
    return peer.expect_frame("pre_shutdown_ack")["last_for_key"]


def locked(t, key="k", **fields):
    peer = t.join(key, **fields)
    equal(ask(peer, key, **fields), True, "the lock is granted")
    return peer


def waiting(t, key="k", **fields):
    """A hello that the bus has read and not answered."""
    peer = t.connect().hello(key, **fields)
    t.status()
    t.status()
    poller = select.poll()
    poller.register(peer.sock.fileno(), select.POLLIN)
    check(not poller.poll(0), "the hello was to wait")
    return peer


@scenario
def the_first_of_an_id_is_told_so_and_nobody_else(t):
    t.start_bus()
    first = t.join("k")
    equal([first.ack["first_for_key"], t.join("k").ack["first_for_key"], t.join("other").ack["first_for_key"]],
          [True, False, True], "first")


@scenario
def of_two_hundred_at_once_one_is_first(t):
    t.start_bus()
    peers = [t.connect() for _ in range(200)]
    for peer in peers:
        peer.hello("k")
    equal([peer.expect_ack()["first_for_key"] for peer in peers].count(True), 1, "firsts")


@scenario
def first_comes_again_after_the_last_has_gone(t):
    t.start_bus()
    for _ in range(20):
        peer = t.join("k")
        equal(peer.ack["first_for_key"], True, "first")
        equal(ask(peer), True, "last")
        peer.send_line({"type": "bye"})
        peer.expect_eof()


@scenario
def a_subscription_id_is_an_identity_of_its_own(t):
    t.start_bus()
    peers = [t.join("k"), t.join("k", subscription_id="k:1"), t.join("k", subscription_id="k:2")]
    equal([p.ack["first_for_key"] for p in peers], [True] * 3, "first")
    equal(t.join("other", subscription_id="k:1").ack["first_for_key"], False, "first of an id that is there")
    equal(t.join("x", subscription_id="k").ack["first_for_key"], False, "an empty id is the key itself")
    equal(ask(peers[2], subscription_id="k:2"), True, "last of its own id")


@scenario
def with_two_there_nobody_is_last(t):
    t.start_bus()
    one, two = t.join("k"), t.join("k")
    equal([ask(one), ask(two)], [False, False], "last")
    two.send_line({"type": "bye"})
    two.expect_eof()
    t.await_status(lambda x: x["active_conns"] == 1, "one has gone")
    equal(ask(one), True, "last")


@scenario
def the_holder_is_not_granted_the_lock_twice(t):
    t.start_bus()
    equal(ask(locked(t)), False, "granted again")


@scenario
def nobody_locks_an_id_that_is_not_its_own(t):
    t.start_bus()
    thief, owner = t.join("k"), t.join("victim")
    equal(ask(thief, "victim"), False, "the lock of another")
    equal(ask(thief, "k", subscription_id="victim"), False, "the lock of another by its id")
    equal(ask(thief, "nobody"), False, "the lock of nobody")
    equal(t.join("victim").ack["first_for_key"], False, "a hello that did not wait")
    equal(ask(thief), True, "its own lock")
    check(owner.is_open, "the owner is there")


@scenario
def a_hello_waits_while_the_lock_is_held_and_is_first_then(t):
    t.start_bus("--cleanup-wait", "1min")
    holder = locked(t)
    waiter = waiting(t)
    equal(t.status()["active_conns"], 1, "consumers while one waits")
    holder.send_line({"type": "bye"})
    waiter.expect_ack(first_for_key=True)


@scenario
def other_ids_are_not_affected_by_a_lock(t):
    t.start_bus("--cleanup-wait", "1min")
    holder = locked(t, "k", subscription_id="k:1")
    waiter = waiting(t, "k", subscription_id="k:1")
    equal(t.join("k").ack["first_for_key"], True, "first of the key itself")
    equal(t.join("k", subscription_id="k:2").ack["first_for_key"], True, "first of another id")
    holder.close()
    waiter.expect_ack(first_for_key=True)


@scenario
def of_those_who_wait_one_is_first(t):
    t.start_bus("--cleanup-wait", "1min")
    holder = locked(t)
    waiters = [waiting(t) for _ in range(10)]
    waiters.pop(3).close()
    holder.close()
    equal([x.expect_ack()["first_for_key"] for x in waiters].count(True), 1, "firsts")


@scenario
def a_killed_holder_releases_the_lock(t):
    bus = t.start_bus("--cleanup-wait", "1min")
    holder = t.start([sys.executable, "-c", LOCK_HOLDER, bus.socket_path], stdin=subprocess.PIPE)
    holder.expect_line('"last_for_key":true', "out")
    waiter = waiting(t)
    holder.signal(signal.SIGKILL)
    waiter.expect_ack(first_for_key=True)


@scenario
def waiting_ends_with_a_rejection_that_says_why(t):
    t.start_bus("--cleanup-wait", "200ms")
    holder = locked(t)
    start = time.monotonic()
    waiter = t.connect().hello("k")
    matches("cleaning up", waiter.expect_ack(rejected=True, first_for_key=False)["reject_reason"])
    waiter.expect_eof()
    took = time.monotonic() - start
    check(0.15 <= took < 2 * SLOWDOWN, f"rejected after {took:.2f} s")
    holder.close()
    t.await_status(lambda x: x["active_conns"] == 0, "the holder is gone")
    equal(t.join("k").ack["first_for_key"], True, "first after the holder has gone")


@scenario
def the_lease_ends_a_lock_that_is_held_for_too_long(t):
    t.start_bus("--cleanup-wait", "1min", "--cleanup-lease", "200ms")
    holder = locked(t)
    waiter = t.connect().hello("k")
    waiter.expect_ack(first_for_key=False)  # the holder is still subscribed
    check(holder.is_open, "the holder stays connected")
    equal(ask(holder), False, "two are there")


@scenario
def a_consumer_waits_for_as_long_as_this_bus_makes_it_wait(t):
    t.start_bus("--cleanup-wait", "1min", "--cleanup-lease", "5500ms")  # beyond what usual options need
    holder = locked(t)
    consumer = t.start_cli("consume", "k", "--max-events", "1")
    consumer.expect_line(r"\[cafbus\] ready event_key=k")
    check(holder.is_open, "the holder stays connected")
    t.publish(event("k", 1))
    consumer.expect_exit(0)


@scenario
def a_consumer_that_dies_while_it_waits_is_never_in(t):
    t.start_bus("--cleanup-wait", "1min")
    holder = locked(t)
    waiting(t).close()
    t.status()
    holder.close()
    t.await_status(lambda x: x["active_conns"] == 0, "nobody is there")
    equal(t.join("k").ack["first_for_key"], True, "first")


@scenario
def a_check_behind_a_waiting_hello_is_answered_after_its_ack(t):
    t.start_bus("--cleanup-wait", "1min")
    holder = locked(t)
    waiter = waiting(t)
    waiter.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    holder.close()
    equal([json.loads(waiter.expect_line())["type"] for _ in range(2)], ["hello_ack", "pre_shutdown_ack"], "frames")


main()
