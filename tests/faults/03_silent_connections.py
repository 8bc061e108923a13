"""A thousand connections that say nothing: the others are served as ever, and the silent ones go."""
import socket
import time

from faults import Readers, Stream, Vitals, figure, raw, settled
from harness import SLOWDOWN, check, equal, main, scenario

SILENT = 1_000


@scenario
def they_keep_nobody_out_and_do_not_stay(t):
    bus = t.start_bus("--hello-timeout", f"{2 * SLOWDOWN:g}s")
    readers = Readers(t, 8)
    stream = Stream(t, 200)
    start = Vitals(bus.pid)
    begun = time.monotonic()
    silent = [raw(bus.socket_path) for _ in range(SILENT)]
    opened = time.monotonic()
    status = t.status()
    answered = time.monotonic() - opened
    held = status["limits"]["half_open"]
    newcomer = t.join("k")
    newcomer.stuck = True
    joined = time.monotonic() - opened - answered
    for sock in silent:
        sock.settimeout(20 * SLOWDOWN)
        try:
            while sock.recv(4096):
                pass
        except (ConnectionResetError, socket.timeout) as error:
            check(not isinstance(error, socket.timeout), "a silent connection is closed")
        sock.close()
    gone = time.monotonic() - begun
    sent = stream.stop()
    readers.await_events(8 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who read")
    end = settled(t, start)
    figure(f"{SILENT} silent, {held} held at once; status in {answered * 1e3:.1f} ms, a consumer in {joined * 1e3:.1f} ms meanwhile; "
           f"all gone after {gone:.1f} s; descriptors {start.descriptors} -> {end.descriptors}; 8 consumers lost 0 of {sent}")


@scenario
def beyond_the_limit_the_oldest_goes_at_once(t):
    bus = t.start_bus("--max-half-open", "100")
    silent = [raw(bus.socket_path) for _ in range(300)]
    closed = 0
    for sock in silent[:200]:
        data = b""
        while chunk := sock.recv(4096):
            data += chunk
        closed += b"too_many_half_open" in data
    limits = t.status()["limits"]
    figure(f"300 silent with --max-half-open 100: the {closed} oldest were told and closed, {limits['half_open']} stay")
    equal(closed, 200, "closed")
    check(limits["refused"] in (200, 201), f"{limits['refused']} refused: the one that asks is half-open for a moment, too")
    for sock in silent:
        sock.close()


main()
