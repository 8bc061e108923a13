"""Smoke: many connections."""
import os
import re
import resource

from harness import SLOWDOWN, WAIT, Deadline, Skip, check, equal, event, main, scenario
from watching import read_log

CONSUMERS = 1000


def allow_descriptors(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n:
        raise Skip(f"{hard} descriptors allowed, {n} needed")
    if soft != resource.RLIM_INFINITY and soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


@scenario
def a_thousand_consumers_get_every_event(t):
    allow_descriptors(2 * CONSUMERS)
    t.start_bus()
    peers = [t.connect() for _ in range(CONSUMERS)]
    for i, peer in enumerate(peers):
        peer.hello("k", ["k", f"own.{i}"])
    equal([p.expect_ack()["first_for_key"] for p in peers].count(True), 1, "firsts")
    t.publish(*[event("k", i) for i in range(10)], *[event(f"own.{i}", i) for i in range(CONSUMERS)])
    for i, peer in enumerate(peers):
        equal([peer.expect_event()["payload"] for _ in range(11)], [*range(10), i], f"payloads of consumer {i}")
    x = t.status()
    equal(x["counters"]["matched"], 10 + CONSUMERS, "matched")
    equal(sum(c["delivered"] for c in x["consumers"]), 11 * CONSUMERS, "delivered")


@scenario
def a_thousand_that_leave_at_once_leave_nothing_behind(t):
    allow_descriptors(2 * CONSUMERS)
    bus = t.start_bus()
    for _ in range(2):
        peers = [t.connect() for _ in range(CONSUMERS)]
        for peer in peers:
            peer.hello("k")
        for peer in peers:
            peer.expect_ack()
        for peer in peers:
            peer.close()
        t.await_status(lambda x: x["active_conns"] == 0, "all have gone")

    t.await_status(lambda _: len(os.listdir(f"/proc/{bus.pid}/fd")) < 100, "their descriptors are closed")
    equal(t.join("k").ack["first_for_key"], True, "first")
    log = read_log(t)
    for name in ("consumer-joined", "consumer-left", "connection-closed"):
        times = [int(x) for x in re.findall(f" {name} .* times=(\\d+)", log)]
        check(20 <= len(times) < CONSUMERS, f"{len(times)} lines of {name}")
        check(len(times) <= sum(times) <= 2 * CONSUMERS + 1, f"{name}: {sum(times)} in all")
    check(bus.running, "the bus runs")


@scenario
def memory_does_not_grow_with_those_who_have_come_and_gone(t):
    bus = t.start_bus()

    def come_and_go(times):
        for _ in range(times):
            t.join("k").close()
            t.peers.clear()
        t.await_status(lambda x: x["active_conns"] == 0, "all have gone")
        return bus.rss_kib()

    before = come_and_go(500)
    grown = come_and_go(2500) - before
    check(grown < 3 * 1024 * SLOWDOWN, f"grown by {grown} KiB with 2500 consumers that are gone")


@scenario
def a_bus_and_consumers_that_wait_take_little_memory(t):
    if SLOWDOWN != 1:
        raise Skip("sanitizers take more")
    allow_descriptors(2 * CONSUMERS)
    bus = t.start_bus()
    deadline = Deadline(WAIT, lambda: f"the bus holds {bus.rss_kib()} KiB, to be at most 6 MiB once it has started")
    while bus.rss_kib() > 6 * 1024:
        deadline.left_ms()
        os.sched_yield()
    t.join("k")
    before = bus.rss_kib()
    for _ in range(CONSUMERS):
        t.join("k")
    each = (bus.rss_kib() - before) / CONSUMERS
    check(each <= 10, f"{each:.1f} KiB for each consumer")


main()
