"""Hostile HTTP: who is slow, too big, forged, replayed or does not read costs itself, and local consumers nothing."""
import os
import resource
import sys
import time

from faults import ROOT, Readers, Stream, Vitals, figure, in_full

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from gateway import SECRET, Gateway, write_secret  # noqa: E402
from harness import SLOWDOWN, WAIT, Deadline, Skip, check, equal, main, scenario  # noqa: E402


def is_closed(sock, limit=WAIT):
    sock.settimeout(limit)
    try:
        while sock.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return True


@scenario
def slow_headers_keep_nobody_out_and_do_not_stay(t):
    t.start_bus()
    gateway = Gateway(t)
    begun = time.monotonic()
    slow = [gateway.raw() for _ in range(in_full(1_000, 200))]
    for sock in slow:
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: local")
    asked = time.monotonic()
    equal(gateway.ask("/status")[0], 200)
    answered = time.monotonic() - asked
    for sock in slow[:50]:
        sock.sendall(b"h")  # one byte is no header
    for sock in slow:
        is_closed(sock, 30 * SLOWDOWN)
        sock.close()
    figure(f"{len(slow)} slow headers: /status in {answered * 1e3:.1f} ms meanwhile, all closed after {time.monotonic() - begun:.1f} s")


def status_over(sock):
    """The first line of the answer to one more request over a connection."""
    sock.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.endswith(b"}\n"):
        data = sock.recv(1 << 16)
        check(data, f"the connection has ended after {answer}")
        answer += data
    return answer.split(b"\r\n")[0]


def small_gateway(t):
    """One with few places for connections, and how many."""
    places = in_full(1_280, 64)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 3 * places:
        raise Skip(f"{hard} descriptors allowed, {3 * places} needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return Gateway(t, wrap=("prlimit", f"--nofile={2 * places}:{2 * places}")), places


@scenario
def strangers_that_hold_all_connections_make_room(t):
    t.start_bus()
    gateway, places = small_gateway(t)
    stream, known = gateway.stream("k"), gateway.raw()
    equal(status_over(known), b"HTTP/1.1 200 OK")
    strangers = [gateway.raw() for _ in range(places - 2)]
    for sock in strangers:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    begun = time.monotonic()
    for _ in range(10):
        equal(gateway.ask("/status")[0], 200)
    answered = (time.monotonic() - begun) / 10
    gateway.process.expect_line(f"connections-full connections={places} ")
    check(is_closed(strangers[0], 5), "the stranger that was there first is closed")
    strangers[-1].sendall(b"\r\n")
    check(strangers[-1].recv(4096).startswith(b"HTTP/1.1 200"), "the last one is still there")
    equal(status_over(known), b"HTTP/1.1 200 OK")
    equal(gateway.ask("/publish?type=k", "1")[0], 200)
    equal(stream.event(), 1)
    for sock in (known, *strangers):
        sock.close()
    figure(f"{places} connections held by strangers: /status in {answered * 1e3:.1f} ms")


@scenario
def who_has_shown_a_right_is_not_closed_for_others(t):
    t.start_bus()
    gateway, places = small_gateway(t)
    known = [gateway.raw() for _ in range(places)]
    for sock in known:
        equal(status_over(sock), b"HTTP/1.1 200 OK")
    with gateway.raw() as late:
        check(is_closed(late, 5), "one more is closed")
    for sock in known:
        equal(status_over(sock), b"HTTP/1.1 200 OK")
        sock.close()


@scenario
def strangers_that_hold_all_bodies_make_room(t):
    t.start_bus()
    gateway = Gateway(t, "--github-secret-file", write_secret(t, "secret", SECRET))
    strangers = [gateway.raw() for _ in range(64)]
    for sock in strangers:
        sock.sendall(b"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        check(b" 100 " in sock.recv(4096), "leave to send a body")
    equal(gateway.ask("/publish?type=k", "1")[0], 200)
    check(is_closed(strangers[0], 5), "the stranger that was there first is closed")
    equal(gateway.hook('{"action":"opened"}', delivery="d")[0], 202)
    strangers[-1].sendall(b"x" * 1_000_000)
    check(b" 401 " in strangers[-1].recv(4096), "the last one has lost nothing, but has no signature")
    for sock in strangers:
        sock.close()


@scenario
def what_is_too_big_is_refused_before_it_is_read(t):
    t.start_bus()
    gateway = Gateway(t)
    start = Vitals(gateway.pid)

    def answer(request):
        with gateway.raw() as sock:
            sock.sendall(request)
            return sock.recv(4096).split(b"\r\n")[0]

    head = b"POST /publish?type=k HTTP/1.1\r\nHost: localhost\r\n"
    check(b" 413 " in answer(head + b"Content-Length: 99999999999\r\n\r\n"), "a length beyond the limit")
    check(b" 413 " in answer(head + b"Transfer-Encoding: chunked\r\n\r\n1fffff\r\n" + b"x" * 1_100_000), "a chunk beyond it")
    check(b" 431 " in answer(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"), "a header beyond it")
    check(b" 400 " in answer(b"\x16\x03\x01 this is TLS\r\n\r\n"), "no HTTP")
    check(b" 421 " in answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"), "two hosts")
    bodies = [gateway.raw() for _ in range(70)]
    for sock in bodies:
        sock.sendall(head + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000)
    deadline = Deadline(WAIT, "a refusal of a body too many")
    while gateway.refused("/publish?type=k", "1") != (503, "busy"):
        deadline.left_ms()
    equal(gateway.ask("/status")[0], 200, "without a body")
    for sock in bodies:
        sock.close()
    while gateway.ask("/publish?type=k", "1")[0] != 200:
        deadline.left_ms()
    figure(f"RSS {start.rss_kib >> 10} -> {Vitals(gateway.pid).rss_kib >> 10} MiB")


@scenario
def short_lines_with_a_long_type_take_no_more_memory_than_their_body(t):
    t.start_bus()
    gateway = Gateway(t)
    lines = in_full(524_288, 65_536)
    start = Vitals(gateway.pid)
    status, answer = gateway.ask("/publish?type=" + "t" * 1_000, "0\n" * lines)
    equal((status, answer["accepted"]), (200, lines))
    end = Vitals(gateway.pid)
    check(end.peak_kib - start.rss_kib < 16 * 1024 * SLOWDOWN, f"RSS {start.rss_kib} -> {end.peak_kib} KiB at its peak")
    figure(f"{2 * lines >> 10} KiB that become {lines * 1_050 >> 20} MiB of frames: RSS {start.rss_kib >> 10} -> "
           f"{end.peak_kib >> 10} MiB at its peak, in {end.at - start.at:.1f} s")


@scenario
def forged_and_replayed_deliveries_bring_nothing(t):
    t.start_bus()
    readers = Readers(t, 2, key="github.issues.opened")
    gateway = Gateway(t, "--github-secret-file", write_secret(t, "secret", SECRET))
    count = in_full(500, 100)
    for n in range(count):
        equal(gateway.hook('{"action":"opened"}', delivery=f"d-{n}")[0], 202)
        equal(gateway.hook('{"action":"opened"}', delivery=f"d-{n}")[1]["result"], "duplicate")
        equal(gateway.hook('{"action":"opened"}', delivery=f"f-{n}", secret="a guess, as long as it")[0], 401)
    readers.await_events(2 * count)
    counters = t.status()["counters"]
    readers.stop()
    equal((counters["matched"], counters["duplicates"], readers.events), (count, count, 2 * count))


@scenario
def streams_that_do_not_read_lose_their_own(t):
    bus = t.start_bus()
    readers = Readers(t, 4)
    gateway = Gateway(t)
    count = in_full(1_000, 200)
    streams = [gateway.stream("k", subscribed=False) for _ in range(count)]
    reading, stuck = streams[::2], streams[1::2]
    equal(gateway.ask("/status")[1]["gateway"]["streams"], count)
    start = Vitals(gateway.pid)
    source = Stream(t, 300, pad=2_000)
    begun = time.monotonic()
    while time.monotonic() - begun < in_full(20, 4) * SLOWDOWN:
        for stream in reading:
            stream.sock.settimeout(WAIT)
            stream.next()
    sent = source.stop()
    readers.await_events(4 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by local consumers")
    deadline = Deadline(WAIT, "events dropped for streams that do not read")
    gateway.ask("/publish?type=k", ('{"x":"' + "x" * 4_000 + '"}\n') * 200)
    while not gateway.ask("/status")[1]["gateway"]["stream_dropped"]:
        gateway.ask("/publish?type=k", ('{"x":"' + "x" * 4_000 + '"}\n') * 200)
        deadline.left_ms()
    end = Vitals(gateway.pid)
    check(end.rss_kib - start.rss_kib < 256 << 10, f"RSS {start.rss_kib >> 10} -> {end.rss_kib >> 10} MiB")
    check(end.threads == start.threads == 1, "one thread")
    late = stuck[0]
    while (got := late.next())[0] != "gap":
        pass
    check(got[1]["missed"] > 0 and got[1]["reason"] == "too_slow", f"a gap that is told: {got}")
    figure(f"{count} streams, {len(stuck)} do not read: 4 local consumers lost 0 of {sent}; gateway RSS {start.rss_kib >> 10} -> "
           f"{end.rss_kib >> 10} MiB, 1 thread; bus RSS {Vitals(bus.pid).rss_kib >> 10} MiB")
    for stream in streams:
        stream.close()


main()
