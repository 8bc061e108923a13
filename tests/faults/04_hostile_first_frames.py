"""First frames of every hostile kind, one connection each, while eight good consumers stream."""
import os
import random
import time

from faults import Readers, Stream, Vitals, figure, in_full, raw, settled
from harness import SLOWDOWN, check, equal, main, scenario

FRAMES = in_full(100_000, 2_000)


def hostile(rng):
    kind = rng.randrange(10)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 200)) + b"\n"
    if kind == 1:
        return b"[" * rng.randrange(1, 20_000) + b"\n"
    if kind == 2:
        return b'{"type":"hello","event_key":' + b'"' + b"k" * rng.randrange(1_025, 3_000) + b'"}\n'
    if kind == 3:
        return b'{"type":"hello","event_key":"k","event_types":[' + b",".join([b'"t"'] * 1_025) + b"]}\n"
    if kind == 4:
        return b'{"type":"' + rng.choice([b"event", b"bye", b"hello_ack", b"status_response", b"x" * 500]) + b'"}\n'
    if kind == 5:
        return b'{"type":"hello","version":"v2","event_key":"k","pid":99999999999999999999}\n'
    if kind == 6:
        return b'{"type":"publish","event_type":"k","payload":' + b'{"a":' * rng.randrange(2_000) + b"\n"
    if kind == 7:
        return b"\x00" * rng.randrange(1, 4_096)
    if kind == 8:
        return b'{"type":"shutdown","force":false,"drain_ms":-9223372036854775808}\n'
    return b'{"type":"hello","event_key":"\xff\xfe"}\n'


@scenario
def they_disturb_nobody(t):
    bus = t.start_bus()
    readers = Readers(t, 8)
    stream = Stream(t, 200)
    start = Vitals(bus.pid)
    rng = random.Random(4)
    begun = time.monotonic()
    for n in range(FRAMES):
        sock = raw(bus.socket_path)
        try:
            frame = hostile(rng)
            sock.sendall(frame)
            if n % 4 and frame.endswith(b"\n"):
                sock.recv(100)
        except OSError:
            pass
        sock.close()
    rate = FRAMES / (time.monotonic() - begun)
    sent = stream.stop()
    readers.await_events(8 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who read")
    end = settled(t, start)
    log = sum(os.path.getsize(os.path.join(bus.app_dir, x)) for x in os.listdir(bus.app_dir) if x.startswith("bus.log"))
    figure(f"{FRAMES} hostile first frames at {rate:.0f}/s: 8 consumers lost 0 of {sent}; descriptors {start.descriptors} -> "
           f"{end.descriptors}, memory {start.rss_kib} -> {end.rss_kib} KiB, log {log // 1024} KiB")
    check(end.rss_kib - start.rss_kib < 16 * 1024 * SLOWDOWN, "memory does not grow with them")


main()
