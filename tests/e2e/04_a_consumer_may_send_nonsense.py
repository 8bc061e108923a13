"""Lines of a consumer that make no sense are skipped; the connection goes on."""
import socket

from harness import encode, equal, event, main, scenario
from watching import await_log


def still_served(t, peer):
    """The consumer's next line is the answer to its question, then an event."""
    peer.send_line({"type": "pre_shutdown_check", "event_key": "other"})
    peer.expect_frame("pre_shutdown_ack", last_for_key=False)
    t.publish(event("k", "still here"))
    peer.expect_event(payload="still here")


@scenario
def garbage_is_skipped_and_counted_in_the_log(t):
    t.start_bus()
    peer = t.join("k")
    for line in (b"garbage", b"{", b"[1,2]", b"\xff\xfe", b"\x00", b'{"type":3}'):
        peer.send_line(line)
    still_served(t, peer)
    peer.send_line({"type": "bye"})
    peer.expect_eof()
    await_log(t, "skipped_lines=6")


@scenario
def blank_lines_are_skipped(t):
    t.start_bus()
    peer = t.join("k")
    peer.send(b"\n\r\n\n\n")
    still_served(t, peer)


@scenario
def unknown_types_and_frames_of_others_are_skipped(t):
    t.start_bus()
    peer = t.join("k")
    for frame_type in ("ping", "status_query", "shutdown", "event", "hello_ack", "publish_ack", "status_response"):
        peer.send_line({"type": frame_type, "payload": 1, "event_type": "k"})
    still_served(t, peer)


@scenario
def a_second_hello_is_answered_with_an_error_and_ignored(t):
    t.start_bus()
    peer = t.join("k")
    peer.send_line({"type": "hello", "pid": 1, "event_key": "other", "event_types": ["other"], "version": "v1"})
    peer.expect_error("unexpected_frame")
    t.publish(event("other", "not wanted"))
    still_served(t, peer)
    equal(t.status()["active_conns"], 1, "consumers")


@scenario
def a_publish_of_a_consumer_is_answered_with_an_error_and_ignored(t):
    t.start_bus()
    peer = t.join("k")
    peer.send_line(event("k", "lost"))
    peer.expect_error("unexpected_frame")
    still_served(t, peer)


@scenario
def a_hello_of_a_producer_is_answered_with_an_error_and_ignored(t):
    t.start_bus()
    producer = t.connect()
    producer.publish(event("k", 1))
    producer.send_line({"type": "hello", "pid": 1, "event_key": "k"})
    producer.expect_error("unexpected_frame")
    equal(producer.publish(event("k", 2))["accepted"], 2, "accepted")
    equal(t.status()["active_conns"], 0, "consumers")


@scenario
def a_bye_closes_the_connection(t):
    t.start_bus()
    peer = t.join("k")
    peer.send_line({"type": "bye", "reason": "done"})
    peer.expect_eof()
    t.await_status(lambda x: x["active_conns"] == 0, "the consumer is gone")


@scenario
def what_follows_a_bye_is_not_looked_at(t):
    t.start_bus()
    peer = t.join("k")
    peer.send(b'{"type":"bye"}\n' + encode({"type": "hello", "pid": 1, "event_key": "k"}) + b"\n")
    peer.expect_eof()


@scenario
def a_half_close_counts_as_a_close(t):
    t.start_bus()
    peer = t.join("k")
    peer.sock.shutdown(socket.SHUT_WR)
    peer.expect_eof()
    t.await_status(lambda x: x["active_conns"] == 0, "the consumer is gone")


@scenario
def a_peer_that_asks_without_reading_is_given_up(t):
    t.start_bus()
    peer, other = t.join("k"), t.join("other")
    peer.stuck = True
    question = encode({"type": "pre_shutdown_check", "event_key": "other"}) + b"\n"
    while peer.send(question * 2_000, read_meanwhile=False):
        pass
    t.await_status(lambda x: x["active_conns"] == 1, "the flooding consumer is gone")
    t.publish(event("other", 1))
    other.expect_event(seq=1)


main()
