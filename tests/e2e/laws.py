"""The laws of the bus as its status and its connections show them: conservation and order."""
import json
import re

EVENT = re.compile(rb'^\{"type":"event",.*?"seq":(\d+),(?:"cursor":"[^"]*",)?(?:"attempt":\d+,)?"payload":', re.DOTALL)


class Broken(AssertionError):
    """A law does not hold."""


class Sequence:
    """The sequence numbers that one connection has seen: from 1, growing, with holes where events were dropped."""

    def __init__(self):
        self.last = 0
        self.holes = 0
        self.events = 0

    def on_line(self, line):
        if found := EVENT.match(line):
            seq = int(found.group(1))
            if seq <= self.last:
                raise Broken(f"seq {seq} after {self.last}: {line[:200]!r}")
            self.holes += seq - self.last - 1
            self.last = seq
            self.events += 1
        elif line.startswith(b'{"type":"gap"'):
            gap = json.loads(line)
            self.holes += gap["to_seq"] - self.last
            self.last = gap["to_seq"]


def check_status(status):
    """Conservation: nothing that came in is unaccounted for."""
    counters = status["counters"]
    parts = counters["duplicates"] + counters["unmatched"] + counters["matched"]
    if counters["ingress"] != parts:
        raise Broken(f"ingress is not duplicates + unmatched + matched: {json.dumps(counters)}")
    for x in status["consumers"]:
        if x["received"] != x["delivered"] + x["dropped"] + x["queued"]:
            raise Broken(f"received is not delivered + dropped + queued: {json.dumps(x)}")
    if status["active_conns"] != len(status["consumers"]):
        raise Broken(f"{status['active_conns']} connections, {len(status['consumers'])} consumers")


def check_bus(read_status, peers):
    """All laws on a bus to which nothing is published any more. Reads to the end what its consumers still have to read."""
    before = read_status()
    check_status(before)
    by_pid = {x["pid"]: x for x in before["consumers"]}
    reading = [p for p in peers if p.pid in by_pid and not p.stuck]
    for peer in reading:
        x = by_pid[peer.pid]
        events = x["received"] - x["dropped"]  # the last numbers may be a hole, after which nothing has come yet
        while peer.seqs.events < events:
            if peer.next_line(what=f"event {events}, the last one") is None:
                raise Broken(f"the connection ended after {peer.seqs.events} of {events} events")
    after = read_status()
    check_status(after)
    by_pid = {x["pid"]: x for x in after["consumers"]}
    for peer in reading:
        x = by_pid.get(peer.pid)
        if x is None:
            raise Broken(f"the consumer {peer.pid} is connected and not in the status")
        if peer.seqs.last == x["received"] and peer.seqs.holes != x["dropped"]:
            raise Broken(f"{peer.seqs.holes} events missing, {x['dropped']} counted as dropped: {json.dumps(x)}")
