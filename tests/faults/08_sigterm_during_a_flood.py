"""SIGTERM while publishers flood and one consumer is stuck: everyone gets a bye, what was acknowledged and not dropped has
been delivered, and the end comes in time."""
import re
import signal
import threading
import time

from faults import Readers, figure, hello, in_full, raw
from harness import SLOWDOWN, check, equal, event, main, matches, scenario

ROUNDS = in_full(20, 2)


class Flood:
    """Publishes as fast as it is let, and reads every answer."""

    def __init__(self, t):
        self.peer = t.connect()
        self.peer.sock.setblocking(True)
        self.peer.sock.settimeout(20)
        self.answers = b""
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.write, self.read)]
        for x in self.threads:
            x.start()

    def write(self):
        lines = b"".join(event("k", {"pad": "x" * 200}) + b"\n" for _ in range(50))
        try:
            while True:
                self.peer.sock.sendall(lines)
        except OSError:
            pass

    def read(self):
        try:
            while data := self.peer.sock.recv(1 << 16):
                self.answers = (self.answers + data)[-4096:]
        except OSError:
            pass

    def accepted(self):
        for x in self.threads:
            x.join()
        found = re.findall(rb'"accepted":(\d+)', self.answers)
        return int(found[-1]) if found else 0


@scenario
def everyone_hears_of_it(t):
    ends = []
    for n in range(ROUNDS):
        bus = t.start_bus(app=f"a{n}")
        readers = Readers(t, 4)
        stuck = raw(bus.socket_path)
        stuck.sendall(hello())
        floods = [Flood(t) for _ in range(4)]
        readers.await_events(2_000)
        begun = time.monotonic()
        bus.signal(signal.SIGTERM)
        bus.expect_exit(0)
        ends.append(time.monotonic() - begun)
        deadline = time.monotonic() + 5 * SLOWDOWN
        while len(readers.ended) < 4 and time.monotonic() < deadline:
            readers.thread.join(0.01)
        readers.stop()
        equal(readers.byes, 4, "consumers told")
        accepted = sum(x.accepted() for x in floods)
        for peer, seen in readers.sequences.items():
            check(seen.last >= accepted, f"a consumer saw up to {seen.last} of {accepted} that were acknowledged")
            equal(seen.events + seen.holes, seen.last, "seen and dropped")
        stuck.close()
        t.peers.clear()
    figure(f"{ROUNDS} stops under a flood with a stuck consumer: every bye came; ended after {max(ends):.2f} s at most; last one: "
           f"{accepted} acknowledged, each consumer saw or was told of all of them")
    check(max(ends) < 4 * SLOWDOWN, "it ends in time")


main()
