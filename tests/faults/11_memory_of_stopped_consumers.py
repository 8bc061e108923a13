"""200 consumers that have stopped reading, payloads of 256 KiB, 200 events a second: what they hold together is one queue,
since they share its events and nothing is copied for one of them."""
import time

from faults import Stream, Vitals, figure, hello, in_full, raw
from harness import SLOWDOWN, check, main, scenario

CONSUMERS, PAYLOAD, RATE = 200, 256 * 1024, 200
SECONDS = in_full(60, 5)
QUEUE = 8 << 20


@scenario
def they_share_what_they_hold(t):
    bus = t.start_bus("--write-timeout", "1h")
    stopped = [raw(bus.socket_path) for _ in range(CONSUMERS)]
    for n, sock in enumerate(stopped):
        sock.sendall(hello(pid=n + 1))
    t.await_status(lambda x: x["active_conns"] == CONSUMERS, "all are there")
    base = Vitals(bus.pid).rss_kib
    stream = Stream(t, RATE, pad=PAYLOAD)
    peak, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        peak = max(peak, Vitals(bus.pid).rss_kib)
        time.sleep(0.05)  # the pace of the measurement
    sent = stream.stop()
    dropped = sum(x["dropped"] for x in t.status()["consumers"])
    bound = (base + (QUEUE + PAYLOAD) // 1024) * 6 // 5  # the queue and the event under way, shared by all, and a fifth
    figure(f"{CONSUMERS} stopped consumers, {PAYLOAD >> 10} KiB payloads, {sent / SECONDS:.0f} events/s for {SECONDS} s: memory {base} -> "
           f"{peak} KiB (bound {bound} KiB), {dropped} events dropped and counted")
    check(peak < bound * SLOWDOWN, "memory stays within the bound")
    for sock in stopped:
        sock.close()


main()
