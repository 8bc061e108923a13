"""The first frame must be complete in time and be one of four."""
import os
import time

from harness import SLOWDOWN, check, equal, main, matches, scenario


def refused(t, line, code="bad_first_frame"):
    peer = t.connect()
    peer.send_line(line)
    frame = peer.expect_error(code)
    peer.expect_eof()
    return frame


@scenario
def garbage_is_refused(t):
    t.start_bus()
    for line in (b"hello", b"{", b"[]", b"null", b'"hello"', b"\x00\xff\xfe", b'{"type":"hello"', b'{"type":"hello"}}'):
        refused(t, line)


@scenario
def an_empty_line_is_refused(t):
    t.start_bus()
    refused(t, b"")
    refused(t, b"\r")


@scenario
def an_unknown_type_is_refused_with_the_types_that_may_be(t):
    t.start_bus()
    matches("hello, publish, status_query, reload or shutdown", refused(t, {"type": "greeting"})["message"])
    refused(t, {"no": "type"})
    refused(t, {"type": 7})


@scenario
def frames_of_the_bus_are_refused(t):
    t.start_bus()
    for frame_type in ("event", "hello_ack", "bye", "pre_shutdown_check", "source_status", "publish_ack"):
        refused(t, {"type": frame_type, "event_type": "k", "event_key": "k", "payload": 1, "seq": 1})


@scenario
def a_field_of_the_wrong_type_is_refused(t):
    t.start_bus()
    refused(t, {"type": "hello", "pid": "7", "event_key": "k"})
    refused(t, {"type": "hello", "pid": 7, "event_key": 9})
    refused(t, {"type": "hello", "pid": 7, "event_key": "k", "event_types": "k"})


@scenario
def silence_is_ended_after_the_hello_timeout(t):
    t.start_bus("--hello-timeout", "300ms")
    start = time.monotonic()
    peer = t.connect()
    peer.expect_error("hello_timeout")
    peer.expect_eof()
    took = time.monotonic() - start
    check(0.25 <= took < 2 * SLOWDOWN, f"ended after {took:.2f} s")


@scenario
def half_a_first_frame_does_not_extend_the_hello_timeout(t):
    t.start_bus("--hello-timeout", "300ms")
    peer = t.connect()
    peer.send(b'{"type":"hello",')
    peer.expect_error("hello_timeout")
    peer.expect_eof()


@scenario
def the_hello_timeout_does_not_end_those_who_said_hello(t):
    t.start_bus("--hello-timeout", "100ms")
    early = t.join("k")
    silent = t.connect()
    silent.expect_error("hello_timeout")
    t.connect().expect_error("hello_timeout")
    early.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    early.expect_frame("pre_shutdown_ack", last_for_key=True)


@scenario
def refused_connections_leave_nothing_behind(t):
    bus = t.start_bus()
    t.status()
    before = open_descriptors(bus)
    for _ in range(200):
        refused(t, b"garbage")
    t.await_status(lambda _: open_descriptors(bus) <= before + 1, "all descriptors are closed")
    equal(t.status()["active_conns"], 0, "consumers")


def open_descriptors(bus):
    return len(os.listdir(f"/proc/{bus.pid}/fd"))


main()
