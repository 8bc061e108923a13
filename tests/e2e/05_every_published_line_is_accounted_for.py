"""publish and publish_ack: totals, duplicates, lines that are no event."""
import json

from harness import encode, equal, event, main, scenario


def totals(ack):
    return ack["accepted"], ack["duplicates"], ack["rejected"]


@scenario
def the_totals_run_over_the_whole_connection(t):
    t.start_bus()
    producer = t.connect()
    equal(totals(producer.publish(event("k", 1), event("k", 2))), (2, 0, 0))
    equal(totals(producer.publish(event("k", 3))), (3, 0, 0))
    equal(totals(t.connect().publish(event("k", 4))), (1, 0, 0), "totals of another connection")


@scenario
def the_fields_of_the_ack_stand_in_the_documented_order(t):
    t.start_bus()
    producer = t.connect()
    producer.send_line(event("k", 1))
    equal(producer.expect_line(), b'{"type":"publish_ack","accepted":1,"duplicates":0,"rejected":0,'
                                  b'"unmatched":1,"consumers":0}')


@scenario
def the_ack_says_how_many_events_nobody_wanted_and_how_many_consumers_wanted_the_last(t):
    t.start_bus()
    t.join("k"), t.join("k"), t.join("other")
    producer = t.connect()
    for line, unmatched, consumers in ((event("k", 1), 0, 2), (event("nobody", 2), 1, 0), (event("nobody", 3), 2, 0),
                                       (event("other", 4), 2, 1), (b"no event", 2, 0)):
        ack = producer.publish(line)
        equal((ack["unmatched"], ack["consumers"]), (unmatched, consumers), f"counts after {line}")


@scenario
def an_id_seen_twice_is_delivered_once_and_takes_no_seq(t):
    t.start_bus()
    peer = t.join("k")
    equal(totals(t.publish(event("k", 1, event_id="a"), event("k", 2, event_id="a"), event("k", 3, event_id="b"))),
          (2, 1, 0))
    peer.expect_event(payload=1, seq=1, event_id="a")
    peer.expect_event(payload=3, seq=2, event_id="b")
    equal(totals(t.connect().publish(event("k", 4, event_id="a"))), (0, 1, 0), "from another connection")


@scenario
def an_event_without_id_is_never_a_duplicate(t):
    t.start_bus()
    peer = t.join("k")
    line = event("k", 1)
    equal(totals(t.publish(line, line, event("k", 1, event_id=""), event("k", 1, event_id=""))), (4, 0, 0))
    for seq in range(1, 5):
        equal("event_id" in peer.expect_event(seq=seq), False, "event_id is there")


@scenario
def an_event_that_reaches_nobody_does_not_claim_its_id(t):
    t.start_bus()
    equal(totals(t.publish(event("k", 1, event_id="a"))), (1, 0, 0))
    equal(t.status()["counters"]["unmatched"], 1, "unmatched")
    peer = t.join("k")
    equal(totals(t.publish(event("k", 2, event_id="a"))), (2, 0, 0))
    peer.expect_event(payload=2, event_id="a")
    equal(totals(t.publish(event("k", 3, event_id="a"))), (2, 1, 0))


@scenario
def an_id_may_come_again_after_its_time(t):
    t.start_bus("--dedup-ttl", "50ms")
    peer = t.join("k")
    t.publish(event("k", 0, event_id="a"))
    peer.expect_event()
    t.await_status(lambda _: t.publish(event("k", 1, event_id="a"))["accepted"] == 2, "the id is forgotten")
    peer.expect_event(seq=2, event_id="a")


@scenario
def the_oldest_id_is_forgotten_when_the_window_is_full(t):
    t.start_bus("--dedup-capacity", "2")
    t.join("k")
    ids = [event("k", 1, event_id=x) for x in ("a", "b", "c", "a", "c")]
    equal(totals(t.publish(*ids)), (4, 1, 0))


@scenario
def lines_that_are_no_event_are_counted_and_disconnect_nobody(t):
    t.start_bus()
    peer = t.join("k")
    wrong = [
        b'{"type":"publish","event_type":"","payload":1}',
        b'{"type":"publish","payload":1}',
        b'{"type":"publish","event_type":"k"}',
        b'{"type":"publish","event_type":7,"payload":1}',
        b'{"type":"publish","event_type":"k","event_id":7,"payload":1}',
        b'{"type":"publish","event_type":"k","payload":}',
        b'{"type":"publish","event_type":"k","payload":01}',
        b'{"type":"publish","event_type":"k","payload":{"a":1,}}',
        b'{"type":"publish","event_type":"k","payload":"\xff"}',
        b'{"type":"publish","event_type":"k","payload":"a\tb"}',
        b'{"type":"publish","event_type":"k","payload":1} x',
        b'{"type":"publish","event_type":"k","payload":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b"garbage",
    ]
    right = event("k", "fine")
    lines = [right] + [x for line in wrong for x in (line, right)]
    equal(totals(t.publish(*lines)), (len(wrong) + 1, 0, len(wrong)))
    for seq in range(1, len(wrong) + 2):
        peer.expect_event(seq=seq, payload="fine")
    equal(t.status()["counters"]["rejected"], len(wrong), "rejected in the status")


@scenario
def a_first_publish_that_is_no_event_is_counted(t):
    t.start_bus()
    producer = t.connect()
    equal(totals(producer.publish(b'{"type":"publish","event_type":"k"}')), (0, 0, 1))
    equal(totals(producer.publish(event("k", 1))), (1, 0, 1))


@scenario
def a_bye_ends_the_connection_after_the_last_ack(t):
    t.start_bus()
    producer = t.connect()
    producer.send(event("k", 1) + b"\n" + event("k", 2) + b"\n" + encode({"type": "bye"}) + b"\n")
    accepted = [json.loads(x)["accepted"] for x in producer.read_to_eof()]
    equal(accepted[-1], 2, "accepted in the last ack")


@scenario
def what_was_sent_before_a_crash_of_the_producer_is_published(t):
    t.start_bus()
    peer = t.join("k")
    producer = t.connect()
    producer.send(b"".join(event("k", i) + b"\n" for i in range(1000)) + b'{"type":"publish","event_ty')
    producer.close()
    for i in range(1000):
        peer.expect_event(payload=i, seq=i + 1)


@scenario
def many_producers_at_once_lose_nothing(t):
    t.start_bus()
    peer = t.join("k")
    producers = [t.connect() for _ in range(20)]
    for n, producer in enumerate(producers):
        producer.send(b"".join(event("k", [n, i]) + b"\n" for i in range(100)))
        producer.published = 100
    for producer in producers:
        equal(totals(producer.publish()), (100, 0, 0))
    latest = [-1] * 20
    for _ in range(2000):
        n, i = peer.expect_event()["payload"]
        equal(i, latest[n] + 1, f"event of producer {n}")
        latest[n] = i


main()
