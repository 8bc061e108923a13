"""hello and hello_ack: however the bytes arrive, whatever may be left out."""
from harness import check, encode, equal, event, main, matches, scenario

HELLO = {"type": "hello", "pid": 7, "event_key": "k", "event_types": ["a"], "version": "v1"}


@scenario
def a_hello_that_arrives_byte_by_byte_is_acknowledged(t):
    t.start_bus()
    peer = t.connect()
    for byte in encode(HELLO) + b"\n":
        peer.send(bytes([byte]))
    peer.expect_ack(first_for_key=True)


@scenario
def a_hello_cut_in_two_at_any_byte_is_acknowledged(t):
    """The status round trip between the halves makes sure that the bus has read the first one alone."""
    t.start_bus()
    line = encode(HELLO) + b"\n"
    for cut in range(1, len(line)):
        peer = t.connect()
        peer.send(line[:cut])
        t.status()
        peer.send(line[cut:])
        peer.expect_ack()
        peer.close()


@scenario
def bytes_behind_the_hello_are_processed(t):
    t.start_bus()
    peer = t.connect()
    peer.send(encode(HELLO) + b"\n" + encode({"type": "pre_shutdown_check", "event_key": "k"}) + b"\n")
    peer.expect_ack(first_for_key=True)
    peer.expect_frame("pre_shutdown_ack", last_for_key=True)


@scenario
def a_bye_behind_the_hello_closes_the_connection(t):
    t.start_bus()
    peer = t.connect()
    peer.send(encode(HELLO) + b"\n" + b'{"type":"bye"}\n')
    peer.expect_ack()
    peer.expect_eof()


@scenario
def carriage_returns_are_tolerated(t):
    t.start_bus()
    peer = t.connect()
    peer.send(encode(HELLO) + b"\r\n" + b'{"type":"pre_shutdown_check","event_key":"k"}\r\n')
    peer.expect_ack()
    peer.expect_frame("pre_shutdown_ack", last_for_key=True)


@scenario
def a_hello_without_version_counts_as_v1(t):
    t.start_bus()
    peer = t.connect()
    peer.send_line({"type": "hello", "pid": 1, "event_key": "k", "event_types": []})
    equal(peer.expect_ack().get("rejected"), None, "rejected")


@scenario
def another_version_is_rejected_with_a_reason(t):
    t.start_bus()
    peer = t.connect().hello("k", version="v2")
    matches("v2", peer.expect_ack(rejected=True, first_for_key=False)["reject_reason"])
    peer.expect_eof()
    equal(t.status()["active_conns"], 0, "consumers")


@scenario
def an_empty_key_is_rejected_with_a_reason(t):
    t.start_bus()
    peer = t.connect().hello("")
    matches("event_key", peer.expect_ack(rejected=True)["reject_reason"])
    peer.expect_eof()


@scenario
def too_many_types_and_too_long_names_are_rejected(t):
    t.start_bus()
    for hello in (("k", [f"t{i}" for i in range(1025)]), ("k" * 1025, []), ("k", ["t" * 1025])):
        peer = t.connect().hello(*hello)
        check(peer.expect_ack(rejected=True)["reject_reason"], "a reason is given")
        peer.expect_eof()
    t.join("k" * 1024, [f"t{i}" for i in range(1023)] + ["t" * 1024])


@scenario
def without_event_types_the_key_is_the_type(t):
    t.start_bus()
    absent = t.connect()
    absent.send_line({"type": "hello", "pid": 1, "event_key": "k"})
    absent.expect_ack()
    empty, other = t.join("k"), t.join("k", ["other"])
    t.publish(event("k", 1), event("other", 2))
    for peer, payload in ((absent, 1), (empty, 1), (other, 2)):
        equal(peer.expect_event(seq=1)["payload"], payload, "payload")


@scenario
def a_type_listed_twice_is_delivered_once(t):
    t.start_bus()
    peer = t.join("k", ["a", "b", "a", "a"])
    t.publish(event("a", 1), event("b", 2))
    equal([peer.expect_event()["payload"] for _ in range(2)], [1, 2], "payloads")
    equal(t.status()["consumers"][0]["received"], 2, "received")


@scenario
def unknown_fields_are_ignored_and_null_counts_as_absent(t):
    t.start_bus()
    peer = t.connect()
    peer.send_line('{"x":[{"type":"bye"}],"type":"hello","pid":1,"event_key":"k","event_types":null,"version":null,"y":1}')
    peer.expect_ack(first_for_key=True)
    t.publish(event("k", 1))
    peer.expect_event(event_type="k")


@scenario
def the_fields_of_the_ack_stand_in_the_documented_order(t):
    t.start_bus()
    peer = t.connect().hello("k")
    equal(peer.expect_line(), b'{"type":"hello_ack","bus_version":"v1","first_for_key":true,'
                              b'"capabilities":["canonical_metadata_v1","cursor","exclusive","filter","gap","group","hooks","patterns","payload_last","policy","publish_counts","stats"]}', "ack")


@scenario
def no_event_overtakes_the_ack(t):
    t.start_bus()
    t.join("k")
    producer = t.connect()
    for i in range(50):
        late = t.connect().hello("k")
        producer.send(event("k", i) + b"\n")
        late.expect_ack()
        late.close()
    producer.published = 50
    producer.publish()


main()
