"""Buses that take events from other buses over the network: each event once, in order, and only where it is wanted."""
import json
import os
import signal
import time

from harness import SLOWDOWN, check, equal, event, main, matches, raw_payload, scenario
from linking import INSECURE, Node, free_port, next_event, next_state

MANY = int(100_000 // SLOWDOWN)
PORTION = 500


def publish_numbers(producer, key, first, last):
    for start in range(first, last, PORTION):
        producer.publish(*[event(key, n) for n in range(start, min(start + PORTION, last))])


def stream(t, producer, key, count, *consumers):
    """Publishes numbers in portions that every consumer has read before the next, and checks that each is there once."""
    for start in range(0, count, PORTION):
        publish_numbers(producer, key, start, min(start + PORTION, count))
        for consumer in consumers:
            for n in range(start, min(start + PORTION, count)):
                line = next_event(consumer)
                check(raw_payload(line) == str(n).encode(), f"expected event {n}, got {line[-60:]!r}")


@scenario
def in_a_chain_each_event_arrives_once_and_in_order(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    c = Node(t, "c", [b.place])
    near, far = b.join("t1"), c.join("t1")
    a.await_asked(1)
    b.await_asked(1)
    stream(t, a.producer(), "t1", MANY, near, far)
    for node in (b, c):
        equal(node.status()["counters"]["ingress"], MANY, f"events that came to {node.name}")
        equal(node.status()["counters"]["duplicates"], 0, f"duplicates at {node.name}")


@scenario
def in_a_diamond_each_event_arrives_once_and_in_order(t):
    a = Node(t, "a")
    b, c = Node(t, "b", [a.place]), Node(t, "c", [a.place])
    d = Node(t, "d", [b.place, c.place])
    consumer, other = d.join("t1"), b.join("t1")
    a.await_asked(1, count=2)
    b.await_asked(1)
    c.await_asked(1)
    stream(t, a.producer(), "t1", MANY, consumer, other)
    x = d.await_status(lambda x: x["counters"]["ingress"] == 2 * MANY, "both ways have brought every event")
    equal(x["counters"]["duplicates"], MANY, "events that came the second way")


@scenario
def a_pattern_reaches_over_two_links(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    c = Node(t, "c", [b.place])
    consumer = c.join("k", patterns=["x.*"])
    a.await_asked(1)
    b.await_asked(1)
    producer = a.producer()
    producer.publish(event("k", 0), event("x.y", 1), event("x.y.z", 2), event("x.new", 3))
    for n in (1, 3):
        equal(raw_payload(next_event(consumer)), str(n).encode(), "payload")
    equal(b.status()["counters"]["ingress"], 2, "what is not wanted is not sent")


@scenario
def a_payload_keeps_every_byte(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    consumer = b.join("t1")
    a.await_asked(1)
    payload = b'{"z":1.0,"a":[1e400,-0,"\\u00e9\\/"],  "n":12345678901234567890}'
    a.producer().publish(event("t1", payload, event_id="id-1"))
    line = next_event(consumer)
    equal(raw_payload(line), payload, "payload")
    equal(json.loads(line)["event_id"], "id-1", "event_id")


@scenario
def what_nobody_asks_for_does_not_cross_the_link(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    consumer = b.join("wanted")
    a.await_asked(1)
    producer = a.producer()
    producer.publish(*[event(key, n) for n in range(100) for key in ("wanted", "unwanted")])
    for _ in range(100):
        equal(json.loads(next_event(consumer))["event_type"], "wanted", "type")
    equal(b.links("in")[0]["received"], 100, "events that crossed")
    equal(a.status()["counters"]["unmatched"], 100, "events that nobody wanted")
    more = b.join("more", ["unwanted"])
    a.await_asked(2)
    producer.publish(event("unwanted", 1))
    next_event(more)
    consumer.close()
    more.close()
    a.await_asked(0)
    producer.publish(event("wanted", 2), event("unwanted", 2))
    equal(b.links("in")[0]["received"], 101, "events that crossed in all")
    equal(a.status()["active_conns"], 0, "a link that asks for nothing is no consumer")


@scenario
def in_a_ring_nothing_circulates_and_no_wish_stays(t):
    ports = [free_port() for _ in range(3)]
    nodes = [Node(t, name, [f"127.0.0.1:{ports[(i + 2) % 3]}"], port=ports[i]) for i, name in enumerate("abc")]
    consumers = [node.join("t1") for node in nodes]
    for node in nodes:
        node.await_asked(1)
    for i, node in enumerate(nodes):
        node.producer().publish(*[event("t1", 10 * i + n) for n in range(10)])
        for consumer in consumers:
            got = [int(raw_payload(next_event(consumer))) for _ in range(10)]
            equal(got, list(range(10 * i, 10 * i + 10)), "each consumer gets each event once")
    for consumer in consumers:
        consumer.close()
    for node in nodes:
        node.await_asked(0)


@scenario
def a_bus_that_was_killed_is_found_again(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    c = Node(t, "c", [b.place])
    consumer = c.join("t1")
    a.await_asked(1)
    producer = a.producer()
    stream(t, producer, "t1", PORTION, consumer)
    b.bus.signal(signal.SIGKILL)
    b.bus.expect_exit(-signal.SIGKILL)
    next_state(consumer, "reconnecting")
    producer.publish(*[event("t1", n) for n in range(50)])  # nobody can bring these
    b.start()
    a.await_asked(1)
    state = next_state(consumer, "connected")
    check("lost" in state.get("detail", ""), f"the gap is named: {state}")
    producer.publish(event("t1", 777))
    equal(raw_payload(next_event(consumer)), b"777", "the first event after the gap")
    link = b.links("in")[0]
    equal((link["state"], link["received"]), ("connected", 1), f"the new one's link: {link}")


@scenario
def a_link_that_breaks_says_how_much_passed_meanwhile(t):
    a = Node(t, "a", flags=[*INSECURE, "--write-timeout", f"{int(500 * SLOWDOWN)}ms", "--link-grace", "0"])
    b = Node(t, "b", [a.place])
    consumer = b.join("t1")
    a.await_asked(1)
    producer = a.producer()
    producer.publish(event("t1", 1))
    next_event(consumer)
    b.freeze()
    producer.publish(*[event("t1", n) for n in range(10)])
    a.await_status(lambda x: not [y for y in x["links"] if y["direction"] == "out"], "the stuck link is closed")
    producer.publish(*[event("t1", n) for n in range(20)])
    b.bus.signal(signal.SIGCONT)
    a.await_asked(1)
    producer.publish(event("t1", 2))
    link = b.await_status(lambda x: x["links"][0]["missed"] > 0, "the gap is counted")["links"][0]
    check(20 <= link["missed"] <= 30, f"10 may have been on their way, 20 were not: {link}")


@scenario
def a_stopped_leaf_costs_the_others_nothing(t):
    a = Node(t, "a", flags=[*INSECURE, "--queue-capacity", "20", "--write-timeout", "1min"])
    b = Node(t, "b", [a.place])
    far, near = b.join("t1"), a.join("t1")
    far.stuck = True  # what its bus drops for it is not this scenario's business
    a.await_asked(1)
    b.freeze()
    producer = a.producer()
    for n in range(400):  # a message each: more than a window holds
        producer.publish(event("t1", n))
        near.expect_event()
    link = a.links("out")[0]
    check(link["dropped"] > 0, f"the link was to lose events: {link}")
    check(link["queued"] <= 20 + 10, f"its queue is bounded: {link}")
    b.bus.signal(signal.SIGCONT)
    a.await_status(lambda x: x["links"][0]["queued"] == 0, "the leaf has caught up")
    x = b.await_status(lambda x: x["links"][0]["received"] + x["links"][0]["dropped"] == 400, "it knows what it lost")
    check(x["links"][0]["dropped"] > 0, "it knows what it has lost")


@scenario
def a_bus_that_hangs_is_given_up_by_both_ends(t):
    a = Node(t, "a", flags=[*INSECURE, "--write-timeout", "1min"])
    b = Node(t, "b", [a.place])
    consumer = b.join("t1")
    a.await_asked(1)
    begun = time.monotonic()
    a.freeze()
    check("silent" in next_state(consumer, "reconnecting")["detail"], "b says why")
    check(5 < time.monotonic() - begun < 7 * SLOWDOWN, f"after {time.monotonic() - begun:.1f} s")
    a.bus.signal(signal.SIGCONT)
    next_state(consumer, "connected")
    begun = time.monotonic()
    b.freeze()
    a.await_status(lambda x: x["links"][0]["state"] == "reconnecting", "a has given b up")
    check(5 < time.monotonic() - begun < 7 * SLOWDOWN, f"after {time.monotonic() - begun:.1f} s")
    b.bus.signal(signal.SIGCONT)
    a.await_asked(1)


@scenario
def a_link_over_tcp_needs_tls_or_a_word(t):
    for flags in (("--node-listen", f"127.0.0.1:{free_port()}"), ("--node-listen", f"0.0.0.0:{free_port()}"),
                  ("--source", f"node:127.0.0.1:{free_port()}")):
        bus = t.start_cli("serve", *flags)
        bus.expect_exit(2)
        matches("insecure-network = yes", bus.err)
    bus = t.start_bus("--node-listen", f"0.0.0.0:{free_port()}", "--insecure-network")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    matches("warning: insecure-network = yes: any host or user", bus.err)


@scenario
def buses_of_one_user_are_linked_over_a_unix_socket(t):
    path = t.path("link.sock")
    a = Node(t, "a", flags=(), place=f"unix:{path}")
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the socket")
    b = Node(t, "b", [a.place], flags=(), place=f"unix:{t.path('b.sock')}")
    consumer = b.join("t1")
    a.await_asked(1)
    stream(t, a.producer(), "t1", PORTION, consumer)
    second = t.start_cli("serve", "--node-listen", a.place, base=t.path("second"))
    second.expect_exit(1)
    matches("listens at .*link.sock", second.err)
    a.bus.signal(signal.SIGTERM)
    a.bus.expect_exit(0)
    check(not os.path.exists(path), "the socket file is removed")
    os.unlink(t.path("b.sock"))
    with open(t.path("b.sock"), "w"):
        pass  # somebody else's
    b.bus.signal(signal.SIGTERM)
    b.bus.expect_exit(0)
    check(os.path.exists(t.path("b.sock")), "what has taken its place stays")


@scenario
def wrong_places_are_refused_with_the_way_out(t):
    for flags, words in ((("--node-listen", "4000"), "HOST:PORT"), (("--source", "node:host"), "HOST:PORT"),
                         (("--source", "node:[::1]:99999"), "65535"), (("--source", "node:@h:1"), "NAME@HOST:PORT"),
                         (("--node-listen", "unix:"), "path"), (("--node-listen", "x@127.0.0.1:1"), "only a source"),
                         (("--node-listen", "127.0.0.1:1", "--node-key", os.devnull), "node-certificate")):
        bus = t.start_cli("serve", *flags)
        bus.expect_exit(2)
        matches(words, bus.err)
    taken = Node(t, "a")
    second = t.start_cli("serve", "--node-listen", taken.place, "--insecure-network", base=t.path("second"))
    second.expect_exit(1)
    matches(f"{taken.place}.*in use", second.err)


if __name__ == "__main__":
    main()
