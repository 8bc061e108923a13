"""Limits of frames and payloads, to the byte."""
from harness import MAX_FRAME, MAX_PAYLOAD, check, encode, equal, event, main, raw_payload, scenario


def padded(head, tail, size):
    """A frame of `size` bytes with its newline."""
    fill = size - len(head) - len(tail) - 1
    return head + b"x" * fill + tail + b"\n"


def hello_of(size):
    return padded(b'{"type":"hello","pid":1,"event_key":"k","x":"', b'"}', size)


def publish_of(size):
    return padded(b'{"type":"publish","event_type":"k","payload":1,"x":"', b'"}', size)


@scenario
def a_hello_of_exactly_the_limit_is_acknowledged(t):
    t.start_bus()
    for size in (MAX_FRAME - 1, MAX_FRAME):
        peer = t.connect()
        equal(len(hello_of(size)), size)
        peer.send(hello_of(size))
        peer.expect_ack()
        peer.close()


@scenario
def a_hello_beyond_the_limit_is_refused(t):
    t.start_bus()
    peer = t.connect()
    peer.send(hello_of(MAX_FRAME + 1))
    peer.expect_error("frame_too_large")
    peer.expect_eof()


@scenario
def a_line_without_end_is_refused_at_the_limit(t):
    t.start_bus()
    peer = t.connect()
    peer.send(b"x" * MAX_FRAME)
    peer.expect_error("frame_too_large")
    peer.expect_eof()


@scenario
def a_consumer_line_up_to_the_limit_is_skipped(t):
    t.start_bus()
    peer = t.join("k")
    for size in (MAX_FRAME - 1, MAX_FRAME):
        peer.send(padded(b'{"type":"unheard_of","x":"', b'"}', size))
        peer.send(padded(b"", b"", size))
    peer.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    peer.expect_frame("pre_shutdown_ack")


@scenario
def a_consumer_line_beyond_the_limit_closes_the_connection(t):
    t.start_bus()
    peer = t.join("k")
    other = t.join("k")
    peer.send(padded(b"", b"", MAX_FRAME + 1))
    peer.expect_error("frame_too_large")
    peer.expect_eof()
    t.publish(event("k", 1))
    other.expect_event(seq=1)


@scenario
def a_publish_up_to_the_limit_is_taken(t):
    t.start_bus()
    peer = t.join("k")
    producer = t.connect()
    for n, size in enumerate((MAX_FRAME - 1, MAX_FRAME), 1):
        equal(producer.publish(publish_of(size)[:-1])["accepted"], n, "accepted")
        peer.expect_event(payload=1)


@scenario
def a_publish_beyond_the_limit_closes_the_connection(t):
    t.start_bus()
    t.join("k")
    producer = t.connect()
    equal(producer.publish(event("k", 1))["accepted"], 1, "accepted")
    producer.send(publish_of(MAX_FRAME + 1))
    producer.expect_error("frame_too_large")
    producer.expect_eof()


@scenario
def the_largest_payload_arrives_and_one_byte_more_is_rejected(t):
    t.start_bus()
    peer = t.join("k")
    producer = t.connect()
    largest = b'"' + b"p" * (MAX_PAYLOAD - 2) + b'"'
    equal(producer.publish(event("k", largest)), {"type": "publish_ack", "accepted": 1, "duplicates": 0, "rejected": 0,
                                                  "unmatched": 0, "consumers": 1})
    equal(raw_payload(peer.expect_line()), largest, "payload")
    too_large = b'"' + b"p" * (MAX_PAYLOAD - 1) + b'"'
    equal(producer.publish(event("k", too_large))["rejected"], 1, "rejected")
    equal(producer.publish(event("k", 2))["accepted"], 2, "accepted by the same connection")
    peer.expect_event(payload=2, seq=2)
    equal(t.status()["counters"]["rejected"], 1, "rejected in the status")


@scenario
def the_largest_event_with_the_longest_names_fits_a_frame(t):
    t.start_bus()
    name = "\u0001" * 1024  # six bytes each when escaped
    peer = t.join("k", [name])
    payload = b'"' + b"p" * (MAX_PAYLOAD - 2) + b'"'
    body = b'"event_type":%s,"event_id":%s,"source_time":%s,"app_id":%s,"tenant_key":%s,"payload":%s}' % (
        (encode({"": name})[4:-1],) * 5 + (payload,))
    ack = t.publish(b'{"type":"publish",' + body)
    equal(ack["accepted"], 1, "accepted")
    line = peer.expect_line()
    check(len(line) + 1 <= MAX_FRAME, f"the event's frame has {len(line) + 1} bytes")
    equal(raw_payload(line), payload, "payload")


@scenario
def names_beyond_their_limit_are_rejected(t):
    t.start_bus()
    long = "n" * 1025
    ack = t.publish(event(long, 1), event("k", 1, event_id=long), event("k", 1, source_time=long), event("k", 1))
    equal((ack["accepted"], ack["rejected"]), (1, 3), "accepted and rejected")


main()
