"""Connect, hello, and an end at a random byte, over and over: everything that was held is given back."""
import random
import time

from faults import HELLO, Vitals, figure, hello, in_full, raw, settled
from harness import SLOWDOWN, check, encode, equal, main, scenario

CYCLES = in_full(20_000, 500)
WARM_UP = 300


def cycle(path, rng, n):
    sock = raw(path)
    line = encode({**HELLO, "pid": n, "event_key": f"k{n % 7}"}) + b"\n"
    line += encode({"type": "pre_shutdown_check", "event_key": f"k{n % 7}"}) + b"\n"
    sock.sendall(line[:rng.randrange(len(line) + 1)])
    if rng.randrange(2):
        sock.settimeout(0.0005)
        try:
            sock.recv(rng.randrange(1, 60))
        except OSError:
            pass
    sock.close()  # as the kernel closes it for one that was killed


@scenario
def nothing_is_left_behind(t):
    bus = t.start_bus("--log-level", "warn")
    rng = random.Random(17)
    start = Vitals(bus.pid)
    for n in range(WARM_UP):
        cycle(bus.socket_path, rng, n)
    t.await_status(lambda x: x["active_conns"] == 0 and x["limits"]["half_open"] <= 1, "all have gone")
    warm = Vitals(bus.pid)
    begun = time.monotonic()
    for n in range(CYCLES):
        cycle(bus.socket_path, rng, n)
    rate = CYCLES / (time.monotonic() - begun)
    t.await_status(lambda x: x["active_conns"] == 0 and x["limits"]["half_open"] <= 1, "all have gone")
    end = settled(t, start)
    equal(t.join("k1").ack["first_for_key"], True, "first")
    figure(f"{CYCLES} cycles at {rate:.0f}/s: descriptors {start.descriptors} -> {end.descriptors}, "
           f"threads {start.threads} -> {end.threads}, memory {warm.rss_kib} -> {end.rss_kib} KiB")
    check(end.rss_kib - warm.rss_kib < 3 * 1024 * SLOWDOWN, "memory is back where it was")


main()
