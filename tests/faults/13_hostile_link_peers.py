"""The port for other buses, and a bus that is called, meet peers that are silent, slow, lying, flooding or half-closed:
each loses its own connection and nothing else, while eight consumers stream."""
import os
import random
import socket
import struct
import threading
import time

from faults import FULL, Readers, Stream, Vitals, figure, settled
from harness import SLOWDOWN, check, equal, event, main, raw_payload, scenario
from linking import Node, next_event, next_state

GREETING, SECOND, THIRD = (b"cafbus-link\n" + struct.pack("<HH", x, x) for x in (1, 2, 3))  # its protocols
LINE = (b'{"type":"event","event_type":"k","observed_at":"2026-01-01T00:00:00Z","seq":0,"payload":{"n":1}}\n')
ME = 7


def frame(kind, body=b""):
    return struct.pack("<IB", len(body), kind) + body


def text(x):
    return struct.pack("<H", len(x)) + x


HELLO = frame(1, struct.pack("<Q", ME) + text(b"made up"))
WELCOME = frame(2, struct.pack("<Q", ME) + text(b""))
INTEREST = frame(3, struct.pack("<I", 1) + text(b"k") + b"\1" + struct.pack("<Q", ME))
TAKEN, EVENTS_TAKEN, PING, BYE = frame(4), frame(6), frame(7), frame(9, text(b"so long"))


def events(node=ME, number=1, hops=1, line=LINE, count=1):
    return frame(5, struct.pack("<QI", 0, count) + struct.pack("<QQBI", node, number, hops, len(line)) + line)


def streams(node=ME, number=1, hops=1, kind=b"k", answered=1, complete=1, count=1):
    return frame(5, struct.pack("<QIIBI", 0, 0, answered, complete, count) + struct.pack("<QQB", node, number, hops) + text(kind))


def basp(operation, payload=0, message_id=0):
    """A header of CAF's own protocol, which the port once spoke."""
    return struct.pack(">BBBBIQQQ", operation, 0, 0, 0, payload, message_id, 0, 0)


def lies(side):
    """Everything that a peer of that side can say wrong. @param side whose place the lie takes: caller or answerer"""
    start = GREETING + (HELLO if side == "caller" else WELCOME)
    yield from (b"", b"\0", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, os.urandom(4096))
    for operation in range(8):
        for payload in (0, 1, 1 << 28, (1 << 32) - 1):
            for message_id in (0, 1 << 59, 1 << 61, (1 << 64) - 1):
                yield basp(operation, payload, message_id)
    for versions in ((0, 0), (5, 9), (9, 1), (65535, 65535)):
        yield b"cafbus-link\n" + struct.pack("<HH", *versions)
    for kind in range(12):
        for length in (0, 1, 1 << 16, 1 << 22, 1 << 28, 1 << 31, (1 << 32) - 1):
            for before in (GREETING, start):
                yield before + struct.pack("<IB", length, kind)
                yield before + struct.pack("<IB", length, kind) + b"\xff" * 100
    yield from (start + x for x in (
        HELLO, WELCOME, INTEREST * 3, TAKEN, events(), EVENTS_TAKEN, PING * 1000, frame(8), BYE, events(count=1 << 31),
        frame(3, struct.pack("<I", 65536) + b"\0" * 4096), frame(3, struct.pack("<I", (1 << 32) - 1)),
        frame(3, struct.pack("<I", 1) + text(b"\xff") + b"\1" + bytes(8)),
        events(node=0), events(node=ME, hops=2), events(node=9, hops=1), events(hops=200), events(line=b"{}" * 40),
        events(line=LINE[:-3] + b"\n}\n"), events(line=b'{"type":"hello"}' + b" " * 80)))
    start = SECOND + (HELLO if side == "caller" else WELCOME)
    yield from (start + x for x in (
        events(), streams(), streams(node=0), streams(number=1 << 63), streams(hops=2), streams(node=9),
        streams(hops=200), streams(kind=b"\xff"), streams(kind=b""), streams(count=1 << 31), streams(answered=1 << 31),
        streams(complete=2), streams(kind=b"x" * 2000)))
    resume = struct.pack("<Q", ME) + text(b"x") + struct.pack("<QQQ", ME, 1, 1 << 63)  # of a link that never was
    yield from (THIRD + x for x in (HELLO, WELCOME, frame(1, resume), frame(1, resume) + INTEREST,
                                    frame(2, struct.pack("<Q", ME) + text(b"") + struct.pack("<QB", 1, 1)),
                                    frame(2, struct.pack("<Q", ME) + text(b"") + struct.pack("<QB", 1, 2))))


def attack(place, bytes_, patience=0.05):
    with socket.create_connection(("127.0.0.1", place)) as s:
        s.settimeout(patience)
        try:
            s.sendall(bytes_)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass


class FakeBus:
    """Listens as a bus would, and says to each that calls the next of many things."""

    def __init__(self, sayings):
        self.sayings, self.said = sayings, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.stopping = False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.stopping:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.5)
                try:
                    connection.recv(4096)
                    connection.sendall(self.sayings[self.said % len(self.sayings)])
                    self.said += 1
                    connection.recv(4096)
                except OSError:
                    pass

    def stop(self):
        self.stopping = True
        self.listener.close()


def read_frame(s):
    """The next frame of the bus that is no ping. @returns kind and body"""
    def exactly(n):
        data = b""
        while len(data) < n:
            more = s.recv(n - len(data))
            check(more, "the connection ended early")
            data += more
        return data

    while True:
        length, kind = struct.unpack("<IB", exactly(5))
        body = exactly(length)
        if kind != 7:
            return kind, body


def serve_link(listener):
    """Takes a bus in as an honest one would, up to what it asks for. @returns the connection and the bus's node"""
    connection, _ = listener.accept()
    connection.settimeout(20)
    connection.sendall(GREETING)
    equal(connection.recv(16, socket.MSG_WAITALL)[:14], GREETING[:14], "greeting, up to its lowest protocol")
    kind, body = read_frame(connection)
    equal(kind, 1, "a hello")
    connection.sendall(WELCOME)
    equal(read_frame(connection)[0], 3, "an interest")
    connection.sendall(TAKEN)
    return connection, struct.unpack_from("<Q", body)[0]


@scenario
def a_bus_that_lies_about_origins_is_not_believed(t):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(40 * SLOWDOWN)
        a = Node(t, "a", [f"127.0.0.1:{listener.getsockname()[1]}"])
        consumer = a.join("k")
        other = LINE.replace(b'"k"', b'"other"')
        for words, lie in (("cannot speak", lambda own: events(node=own)), ("cannot speak", lambda own: events(node=9)),
                             ("cannot speak", lambda own: events(hops=2)), ("cannot speak", lambda own: events(number=0)),
                             ("not asked for", lambda own: events(line=other)), ("malformed event", lambda own: events(line=LINE[2:])),
                             ("does not fit", lambda own: events(count=2))):
            connection, own = serve_link(listener)
            with connection:
                connection.sendall(lie(own))
                while connection.recv(4096):  # until the bus ends it
                    pass
            state = next_state(consumer, "reconnecting")
            check(words in state["detail"], f"{words}: {state}")
        a.await_log("link-offence .*offence=wrong_origin")
        equal(a.status()["counters"]["ingress"], 0, "events believed")
        connection, own = serve_link(listener)
        with connection:
            connection.sendall(events())
            equal(raw_payload(next_event(consumer)), b'{"n":1}', "the first that is true")


@scenario
def whatever_calls_loses_its_own_connection_only(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    far = b.join("far")
    a.await_asked(1)
    readers = Readers(t_of(t, a), 8)
    stream = Stream(t, 500)
    a.status()  # by now its connection has been accepted
    start = Vitals(a.bus.pid)
    inputs = list(lies("caller"))
    if not FULL:
        inputs = random.Random(1).sample(inputs, 150)
    for x in inputs:
        attack(a.port, x)
    sent = stream.stop()
    readers.await_events(8 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who read")
    a.producer().publish(event("far", 1))
    equal(raw_payload(next_event(far)), b"1", "the honest link works")
    end = settled(t, start)
    figure(f"{len(inputs)} wrong inputs; 8 consumers lost 0 of {sent}; descriptors {start.descriptors} -> {end.descriptors}, "
           f"threads {start.threads} -> {end.threads}, {start.rss_kib} -> {end.rss_kib} KiB")


@scenario
def whatever_is_called_loses_its_own_connection_only(t):
    sayings = list(lies("answerer"))
    random.Random(2).shuffle(sayings)
    fakes = [FakeBus(sayings[i::4]) for i in range(4)]
    a = Node(t, "a", [x.place for x in fakes])
    readers = Readers(t, 8)
    stream = Stream(t, 500)
    time.sleep(20 if FULL else 4)  # each is called again and again, after growing pauses
    sent = stream.stop()
    readers.await_events(8 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who read")
    equal({x["received"] for x in a.links("in")}, {0}, "events believed")
    figure(f"{sum(x.said for x in fakes)} wrong answers; 8 consumers lost 0 of {sent}")
    for x in fakes:
        x.stop()


@scenario
def announced_bytes_take_no_memory(t):
    a = Node(t, "a")
    start = Vitals(a.bus.pid)
    held = []
    for node in range(ME, ME + 8):
        hello = frame(1, struct.pack("<Q", node) + text(b"made up"))
        s = socket.create_connection(("127.0.0.1", a.port))
        s.sendall(GREETING + hello)
        welcome = b""
        while len(welcome) < len(GREETING + WELCOME):
            welcome += s.recv(4096)
        s.sendall(struct.pack("<IB", 4 << 20, 3) + b"x" * 100)
        held.append(s)
    a.await_status(lambda x: len(x["links"]) == 8, "they are links")
    during = Vitals(a.bus.pid)
    check(during.rss_kib - start.rss_kib < 16 * 1024, f"{start.rss_kib} -> {during.rss_kib} KiB")
    figure(f"8 times 4 MiB announced: {during.rss_kib - start.rss_kib} KiB more")
    for s in held:
        s.close()


@scenario
def a_thousand_silent_connections_at_256_descriptors(t):
    a = Node(t, "a", wrap=("prlimit", "--nofile=256:256"))
    b = Node(t, "b", [a.place])
    far = b.join("far")
    a.await_asked(1)
    readers = Readers(t_of(t, a), 8)
    stream = Stream(t, 200)
    start = Vitals(a.bus.pid)
    stopping, held, opened = threading.Event(), [], [0]

    def flood():
        while not stopping.is_set():
            try:
                s = socket.create_connection(("127.0.0.1", a.port), timeout=1)
                opened[0] += 1
                held.append(s)
                if len(held) > 1000:
                    held.pop(0).close()
            except OSError:
                time.sleep(0.01)

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    producer = a.producer()
    slowest, n = 0, 0
    while n < 20 or opened[0] < 1000:
        n += 1
        before = time.monotonic()
        check(a.status()["pid"] == a.bus.pid, "status is answered")
        producer.publish(event("far", n))
        equal(raw_payload(next_event(far)), str(n).encode(), "the honest link works")
        slowest = max(slowest, time.monotonic() - before)
        time.sleep(0.1)
    used = Vitals(a.bus.pid)
    check(used.cpu - start.cpu < 0.9 * (used.at - start.at), "the accept loop does not spin")
    c = Node(t, "c", [a.place])
    c.await_status(lambda x: x["links"][0]["state"] == "connected", "an honest bus gets in meanwhile", 30 * SLOWDOWN)
    stopping.set()
    thread.join()
    sent = stream.stop()
    readers.await_events(8 * sent)
    readers.stop()
    for s in held:
        s.close()
    equal(readers.lost, 0, "events lost by those who read")
    figure(f"{opened[0]} silent connections, {used.descriptors} descriptors; status and an event over a link in at most "
           f"{slowest * 1e3:.0f} ms; 8 consumers lost 0 of {sent}")


def t_of(t, node):
    """The scenario, with that bus as the one that its verbs mean."""
    t.bus, t.producer = node.bus, None
    return t


if __name__ == "__main__":
    main()
