"""One consumer SIGSTOPped and one that reads a byte a second, among 32: the other 30 lose nothing, and no later."""
import signal
import statistics
import threading
import time

from faults import FULL, Readers, Stream, figure, hello, in_full, percentile, raw
from harness import SLOWDOWN, check, equal, main, scenario

RATE = 300  # events a second, each to 30 consumers: well below half of what the test's own readers manage
SECONDS = in_full(10, 2)
PAIRS = in_full(5, 1)


class Trickle:
    """Reads a byte a second."""

    def __init__(self, path):
        self.sock = raw(path)
        self.sock.sendall(hello())
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(1):
            try:
                self.sock.recv(1)
            except OSError:
                return

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.sock.close()


def run(t, disturbed):
    t.start_bus("--write-timeout", "1h", app="disturbed" if disturbed else "quiet")
    readers = Readers(t, 30)
    victim = trickle = None
    if disturbed:
        victim = t.consume("k", "--quiet", app="disturbed")
        victim.signal(signal.SIGSTOP)
        trickle = Trickle(t.bus.socket_path)
        t.await_status(lambda x: x["active_conns"] == 32, "all are there")
    stream = Stream(t, RATE, pad=2_000)
    time.sleep(SECONDS)  # the length of the measurement
    sent = stream.stop()
    readers.await_events(30 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who read")
    if disturbed:
        slow = [x for x in t.status()["consumers"] if x["queued"] > 0]
        check(len(slow) >= 1, "somebody is slow")
        victim.signal(signal.SIGCONT)
        victim.kill()
        trickle.stop()
    t.finish()
    t.processes.clear()
    t.peers.clear()
    return percentile(readers.ages, 0.99), sent


@scenario
def the_others_lose_nothing_and_get_no_slower(t):
    pairs = []
    for _ in range(PAIRS):
        quiet, _ = run(t, False)
        disturbed, sent = run(t, True)
        pairs.append((quiet, disturbed))
    growth = statistics.median(d / q for q, d in pairs) - 1
    figure(f"30 of 32 consumers, {RATE} events/s, {sent} events each: 0 lost; p99 {statistics.median(q for q, _ in pairs):.2f} ms "
           f"without, {statistics.median(d for _, d in pairs):.2f} ms with the two: {growth:+.0%} (median of {PAIRS} pairs)")
    if FULL and SLOWDOWN == 1:
        check(growth < 0.5, "p99 grows by less than a half, even on a busy machine")


main()
