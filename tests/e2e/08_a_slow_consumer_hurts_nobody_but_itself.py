"""Consumers that do not read: their neighbours, their own losses, and the daemon's memory."""
import time

from harness import SLOWDOWN, check, equal, event, main, scenario
from watching import await_log


def flood(t, neighbour, events, payload_bytes, at_once=20):
    """Publishes in portions that the neighbour reads at once."""
    payload = "x" * payload_bytes
    first = neighbour.seqs.last
    for start in range(0, events, at_once):
        t.publish(*[event("k", payload) for _ in range(at_once)])
        for _ in range(at_once):
            neighbour.expect_event()
    equal(neighbour.seqs.last, first + events, "last seq of the neighbour")
    equal(neighbour.seqs.holes, 0, "events that the neighbour lost")


def stuck_consumer(t):
    peer = t.join("k")
    peer.stuck = True
    return peer


def entry(status, peer):
    return next(x for x in status["consumers"] if x["pid"] == peer.pid)


@scenario
def its_neighbour_loses_nothing(t):
    t.start_bus("--queue-capacity", "64", "--write-timeout", "1min")
    stuck, neighbour = stuck_consumer(t), t.join("k")
    flood(t, neighbour, 2000, 2000)
    x = entry(t.status(), stuck)
    check(x["dropped"] > 0, f"the stuck one was to lose events: {x}")
    check(x["queued"] >= 64, f"its queue was to be full: {x}")
    equal(x["received"], 2000, "events meant for it")


@scenario
def it_is_closed_when_it_takes_nothing_for_the_write_timeout(t):
    t.start_bus("--write-timeout", "300ms", "--queue-capacity", "64")
    stuck, neighbour = stuck_consumer(t), t.join("k")
    start = time.monotonic()
    flood(t, neighbour, 500, 5000)
    t.await_status(lambda x: x["active_conns"] == 1, "the stuck one is gone")
    took = time.monotonic() - start
    check(took < 3 * SLOWDOWN, f"closed after {took:.1f} s")
    while not stuck.at_end:  # what the kernel had already taken, then the end
        stuck.fill()
    await_log(t, "reason=stalled")
    flood(t, neighbour, 20, 10)


@scenario
def an_idle_consumer_is_not_closed_by_the_write_timeout(t):
    t.start_bus("--write-timeout", "50ms", "--queue-capacity", "64")
    idle = t.join("idle")
    stuck, neighbour = stuck_consumer(t), t.join("k")
    flood(t, neighbour, 500, 5000)
    t.await_status(lambda x: x["active_conns"] == 2, "only the stuck one is gone")
    check(not stuck.seqs.events, "the stuck one has read nothing")
    t.publish(event("idle", 1))
    idle.expect_event(seq=1)


@scenario
def the_memory_of_the_daemon_is_bounded(t):
    bus = t.start_bus("--write-timeout", "1min")
    for _ in range(3):
        stuck_consumer(t)
    neighbour = t.join("k")
    flood(t, neighbour, 400, 60_000)  # 24 MB: all queues are full
    full = bus.rss_kib()
    flood(t, neighbour, 1600, 60_000)  # and 96 MB more
    grown = bus.rss_kib() - full
    check(grown < 8 * 1024 * SLOWDOWN, f"grown by {grown} KiB after all queues were full")
    check(full < (128 if SLOWDOWN == 1 else 600) * 1024, f"{full} KiB with three full queues of 8 MiB")
    for x in t.status()["consumers"]:
        check(x["queued_bytes"] <= 9 * 1024 * 1024, f"beyond the bound of its queue: {x}")


@scenario
def what_it_missed_is_a_hole_in_its_numbers_and_the_oldest(t):
    t.start_bus("--write-timeout", "1min", "--queue-capacity", "100")
    slow, neighbour = t.join("k"), t.join("k")
    flood(t, neighbour, 3000, 2000)
    x = entry(t.status(), slow)
    check(x["dropped"] > 0, f"it was to lose events: {x}")
    seqs = []
    while slow.seqs.last < 3000:
        seqs.append(slow.expect_event()["seq"])
    equal(len(seqs) + slow.seqs.holes, 3000, "events and holes")
    equal(slow.seqs.holes, x["dropped"], "holes")
    equal(seqs[-100:], list(range(2901, 3001)), "the newest, which were kept")
    equal(seqs[0], 1, "the first, which the kernel took")


@scenario
def it_loses_nothing_that_fits_its_queue(t):
    t.start_bus("--write-timeout", "1min")
    slow, neighbour = t.join("k"), t.join("k")
    flood(t, neighbour, 4000, 500)
    for seq in range(1, 4001):
        slow.expect_event(seq=seq)


@scenario
def a_producer_that_does_not_read_its_acks_loses_nothing(t):
    t.start_bus()
    peer = t.join("k")
    producer = t.connect()
    for i in range(200):
        producer.send_line(event("k", i), read_meanwhile=False)
    for i in range(200):
        peer.expect_event(payload=i, seq=i + 1)
    producer.published = 200
    equal(producer.publish()["accepted"], 200, "accepted")


main()
