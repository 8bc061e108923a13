"""Our commands against a bus of another make: one that knows nothing of what is ours."""
import json
import os
import socket
import threading

from fake_bus import FakeBus, FakePeer
from harness import check, equal, main, matches, scenario


class OriginalBus(FakeBus):
    """Answers status queries as the original does, in a thread of its own; remembers all other first frames."""

    def __init__(self, t, consumers):
        super().__init__(t)
        self.consumers, self.heard = consumers, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                peer = FakePeer(self.listener.accept()[0])
                threading.Thread(target=self.answer, args=(peer,), daemon=True).start()
        except OSError:
            pass  # it was closed

    def answer(self, peer):
        line = peer.next_line()
        if line:
            frame = json.loads(line)
            self.heard.append(frame)
            if frame["type"] == "status_query":
                peer.send_line({"type": "status_response", "pid": os.getpid(), "uptime_sec": 61,
                                "active_conns": len(self.consumers), "consumers": self.consumers})
            elif frame["type"] == "shutdown":
                os.unlink(self.path)
                self.listener.shutdown(socket.SHUT_RDWR)
        peer.close()


CONSUMER = {"pid": 4711, "event_key": "k", "subscription_id": "k", "received": 7, "dropped": 2}


@scenario
def consume_names_its_types_since_none_never_match_there(t):
    bus = FakeBus(t)
    consumer = t.start_cli("consume", "im.message", "--no-spawn")
    peer, hello = bus.accept("hello")
    equal(hello["event_types"], ["im.message"], "types")
    peer.send_line({"type": "hello_ack", "bus_version": "v1", "first_for_key": True})
    consumer.expect_line(r"\[cafbus\] ready event_key=im.message")


@scenario
def hooks_that_the_bus_would_ignore_are_refused(t):
    for flag in ("--on-first", "--on-last"):
        bus = FakeBus(t)
        consumer = t.start_cli("consume", "k", "--no-spawn", flag, "true")
        peer = bus.accept_consumer()
        consumer.wait()
        check(consumer.process.returncode in (1, 2), "exit code")
        matches("does not know .*--on-first", consumer.err)
        peer.read_to_eof()


@scenario
def an_unforced_stop_is_refused_here_while_consumers_are_connected(t):
    bus = OriginalBus(t, [CONSUMER])
    matches("1 consumer is connected", t.run_cli("stop", code=2).err)
    equal({x["type"] for x in bus.heard}, {"status_query"}, "what the bus heard")


@scenario
def an_unused_one_is_stopped(t):
    bus = OriginalBus(t, [])
    equal(t.run_cli("stop").out, b"stopped\n", "stdout")
    equal(bus.heard[-1], {"type": "shutdown", "force": False}, "last words")


@scenario
def a_forced_stop_asks_nothing(t):
    bus = OriginalBus(t, [CONSUMER])
    equal(t.run_cli("stop", "--force").out, b"stopped\n", "stdout")
    equal([x["type"] for x in bus.heard], ["shutdown"], "what the bus heard")


@scenario
def status_does_not_make_up_what_it_was_not_told(t):
    OriginalBus(t, [CONSUMER])
    text = t.run_cli("status").out.decode()
    matches(r"(?m)^events +unknown$", text)
    matches(r"(?m)^last event +unknown$", text)
    matches(r"(?m)^4711 +k +k +7 +unknown +2 +unknown", text)
    check("is of another make" in text and "published" not in text, f"why: {text}")


@scenario
def nobody_claims_that_its_events_are_accounted_for(t):
    OriginalBus(t, [CONSUMER])
    process = t.run_cli("status", "--check", code=2)
    matches("another make", process.err + process.out)
    check(b"accounted for" not in process.out + process.err, "claim")


main()
