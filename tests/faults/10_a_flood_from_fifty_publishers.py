"""Fifty publishers as fast as they are let: memory stays flat, each is slowed, none starves."""
import re
import select
import time

from faults import Vitals, figure, in_full
from harness import SLOWDOWN, check, equal, event, main, scenario

PUBLISHERS = 50
SECONDS = in_full(60, 3)


@scenario
def memory_is_flat_and_none_starves(t):
    bus = t.start_bus()
    consumer = t.consume("k", "--quiet", stdout=-3)  # DEVNULL
    lines = b"".join(event("k", {"pad": "x" * 1_000}) + b"\n" for _ in range(20))
    peers = [t.connect() for _ in range(PUBLISHERS)]
    unsent, answers = {}, {}
    poller = select.poll()
    for peer in peers:
        unsent[peer], answers[peer] = memoryview(lines), b""
        poller.register(peer.sock, select.POLLIN | select.POLLOUT)
    by_fd = {peer.sock.fileno(): peer for peer in peers}
    memory, begun, sent = [], time.monotonic(), 0
    while (now := time.monotonic()) < begun + SECONDS:
        for fd, events in poller.poll(100):
            peer = by_fd[fd]
            if events & select.POLLIN:
                answers[peer] = (answers[peer] + peer.sock.recv(1 << 16))[-400:]
            if events & select.POLLOUT:
                n = peer.sock.send(unsent[peer])
                sent += n
                unsent[peer] = unsent[peer][n:] or memoryview(lines)
        if not memory or now - begun > len(memory) * SECONDS / 20:
            memory.append(Vitals(bus.pid).rss_kib)
    accepted = [int(re.findall(rb'"accepted":(\d+)', x)[-1]) if b"accepted" in x else 0 for x in answers.values()]
    memory = memory[len(memory) // 3:]  # first the one slow consumer's queue fills
    grown = max(memory) - min(memory)
    figure(f"{PUBLISHERS} publishers, {SECONDS} s: {sum(accepted) / SECONDS:,.0f} events/s taken; per publisher {min(accepted)} to "
           f"{max(accepted)}; memory {min(memory)} to {max(memory)} KiB")
    check(min(accepted) * 4 > sum(accepted) / PUBLISHERS, "none starves")
    check(grown < 32 * 1024 * SLOWDOWN, f"memory is flat, it grew by {grown} KiB")
    for peer in peers:
        peer.close()
    t.peers.clear()
    consumer.kill()


main()
