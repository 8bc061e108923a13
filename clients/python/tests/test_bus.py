"""The blocking client against the real daemon."""
import datetime
import os
import signal
import socket
import threading
import unittest
import unittest.mock

import cafbus

from .support import BusTest


#: Of the bus that a test starts: it drops soon, and takes long to give up on a consumer that does not read.
SHORT_QUEUE = {"CAFBUS_QUEUE_CAPACITY": "100", "CAFBUS_WRITE_TIMEOUT": "60s"}


class Publishing(BusTest):
    def test_a_bus_is_started_on_demand(self):
        with cafbus.connect(**self.where) as bus:
            self.assertEqual(bus.status()["state"], "running")

    def test_no_bus_is_started_against_the_will_of_its_owner(self):
        with self.assertRaises(cafbus.BusUnavailable) as caught:
            cafbus.connect(**self.where, start=False)
        self.assertEqual(caught.exception.code, "not_running")
        cafbus.connect(**self.where)
        self.stop("--hold")
        with self.assertRaises(cafbus.BusUnavailable) as caught:
            cafbus.connect(**self.where)
        self.assertEqual(caught.exception.code, "held_back")

    def test_a_program_that_is_not_there_is_told(self):
        with self.assertRaises(cafbus.BusUnavailable) as caught:
            cafbus.connect(**{**self.where, "program": self.folder + "/none"})
        self.assertEqual(caught.exception.code, "start_failed")

    def test_every_event_is_answered_for(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a"):
            self.assertEqual(bus.publish("a", 1, id="x"), cafbus.Totals(1, 0, 0, 0, 1))
            self.assertEqual(bus.publish("a", 1, id="x").duplicates, 1)
            self.assertEqual(bus.publish("b", 1).unmatched, 1)
            self.assertEqual(bus.publish("a", raw=b"{1}").rejected, 1)
            many = bus.publish_many(cafbus.make_event("b", {"n": n, "text": "x" * 100}) for n in range(5_000))
            self.assertEqual((many.accepted, many.unmatched), (5_000, 5_000))

    def test_what_cannot_be_an_event_is_not_sent(self):
        with cafbus.connect(**self.where) as bus:
            for wrong in ({"event_type": ""}, {"event_type": "x" * 1_025}, {"event_type": "t", "id": "\ud800"},
                          {"event_type": "t", "payload": object()}, {"event_type": "t", "payload": float("nan")},
                          {"event_type": "t", "raw": b""}, {"event_type": "t", "payload": "x" * 983_040}):
                with self.subTest(wrong.keys()), self.assertRaises(cafbus.InvalidEvent):
                    bus.publish(**wrong)
            self.assertEqual(bus.publish("t", "x" * 983_038).accepted, 1)

    def test_publishing_goes_on_with_the_next_bus(self):
        with cafbus.connect(**self.where) as bus:
            self.assertEqual(bus.publish("a", None).accepted, 1)
            self.stop()
            self.assertEqual(bus.publish("a", None).accepted, 1)


class Consuming(BusTest):
    def test_payloads_arrive_byte_for_byte(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k", ["a", "b"]) as events:
            for raw in (b"1.10", b"1e400", b'{"b": [1 , 2],"a":1,"b":2}', b'"\\ud800"', b"[" * 1000 + b"]" * 1000):
                bus.publish("a", raw=raw)
                self.assertEqual(events.next(20).raw, raw)
            bus.publish("b", {"n": [1, "ä"]}, id="e", source_time="17", app_id="app", tenant_key="t")
            event = events.next(20)
            self.assertEqual((event.payload, event.id, event.source_time, event.app_id, event.tenant_key, event.type),
                             ({"n": [1, "ä"]}, "e", "17", "app", "t", "b"))
            self.assertEqual((event.seq, event.missed, event.reconnected), (6, 0, False))

    def test_a_payload_that_python_cannot_read_is_told_when_it_is_asked_for(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            bus.publish("a", raw=b"[" * 1000 + b"]" * 1000)
            event = events.next(20)
            with self.assertRaises(ValueError):
                event.payload

    def test_a_wait_has_an_end(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            with self.assertRaises(TimeoutError):
                events.next(0.01)
            bus.publish("a", 1)
            self.assertEqual(next(events).payload, 1)

    @unittest.mock.patch.dict(os.environ, SHORT_QUEUE)
    def test_losses_are_counted(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            bus.publish_many(cafbus.make_event("a", "x" * 1_000) for _ in range(3_000))
            bus.publish("a", "last")
            missed = seen = 0
            while (event := events.next(20)).payload != "last":
                missed, seen = missed + event.missed, seen + 1
            missed += event.missed
            self.assertGreater(missed, 0)
            self.assertEqual((missed + seen + 1, events.dropped), (event.seq, missed))

    def test_a_rejection_has_its_code(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", exclusive=True) as events:
            self.assertTrue(events.first)
            with self.assertRaises(cafbus.Rejected) as caught:
                bus.subscribe("a")
            self.assertEqual((caught.exception.code, caught.exception.is_temporary), ("exclusive", True))
            with self.assertRaises(cafbus.Rejected) as caught:
                bus.subscribe("")
            self.assertEqual((caught.exception.code, caught.exception.is_temporary), ("bad_hello", False))

    def test_a_pattern_chooses_types_and_not_the_key(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k", patterns=["a.*"]) as events:
            for event_type in ("k", "a.b.c", "a.b"):
                bus.publish(event_type, 1)
            self.assertEqual(next(iter(events)).type, "a.b")
            with self.assertRaises(cafbus.Rejected) as caught:
                bus.subscribe("k", patterns=["a*"])
            self.assertEqual(caught.exception.code, "bad_hello")

    def test_a_filter_chooses_by_payload(self):
        where = [("/action", "==", "opened"), ("/draft", "exists")]
        with cafbus.connect(**self.where) as bus, bus.subscribe("k", filter=where) as events:
            for payload in ({"action": "closed", "draft": None}, {"action": "opened"}, {"action": "opened", "draft": None}):
                bus.publish("k", payload)
            self.assertEqual(next(iter(events)).payload, {"action": "opened", "draft": None})
            self.assertEqual(events.dropped, 0)
            with self.assertRaises(cafbus.Rejected) as caught:
                bus.subscribe("k", filter=[("action", "exists")])
            self.assertEqual(caught.exception.code, "bad_hello")

    def test_a_filter_that_is_to_fail_ends_its_consumer_with_an_error(self):
        with cafbus.connect(**self.where) as bus, \
                bus.subscribe("k", filter=[("/n", ">", 1)], on_filter_error="fail") as events:
            bus.publish("k", {"n": 2})
            bus.publish("k", {"n": "3"})
            self.assertEqual(events.next(20).payload, {"n": 2})
            with self.assertRaises(cafbus.BusError) as caught:
                events.next(20)
            self.assertEqual(caught.exception.code, "filter_failed")

    def test_a_bus_must_be_able_to_do_what_is_required(self):
        with cafbus.connect(**self.where) as bus:
            with bus.subscribe("a", require=["exclusive"]) as events:
                self.assertIn("exclusive", events.capabilities)
            with self.assertRaises(cafbus.Unsupported) as caught:
                bus.subscribe("a", require=["time_travel"])
            self.assertEqual(caught.exception.code, "time_travel")

    def test_a_subscription_is_changed(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k", patterns=["a.*"]) as events:
            bus.publish("a.x", 1)
            bus.publish("b", 2)
            events.subscribe(["b"])
            bus.publish("b", 3)
            events.unsubscribe(patterns=["a.*"])
            bus.publish("a.x", 4)
            bus.publish("b", 5)
            self.assertEqual([events.next(20).payload for _ in range(3)], [1, 3, 5])
            with self.assertRaises(cafbus.BusError) as caught:
                events.subscribe(patterns=["a.>.b"])
            self.assertEqual(caught.exception.code, "bad_subscription")

    def test_what_was_changed_holds_on_the_next_bus(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k") as events:
            events.subscribe(patterns=["a.>"])
            first = bus.status()["pid"]
            os.kill(first, signal.SIGKILL)
            self.assertEqual(self.await_consumer(events, but_not_of=first)["patterns"], ["a.>"])

    def test_the_last_one_is_told(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            with bus.subscribe("a") as other:
                self.assertFalse(other.first)
                self.assertFalse(events.is_last())
            while not events.is_last():  # until the bus has read the other's bye
                pass

    def test_the_bus_runs_hooks(self):
        mark = self.folder + "/mark"
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", on_first=f"echo $HOME >{mark}"):
            with open(mark, encoding="utf-8") as file:
                self.assertEqual(file.read().strip(), os.environ.get("HOME", ""))

    def test_closing_ends_an_iteration(self):
        with cafbus.connect(**self.where) as bus:
            events = bus.subscribe("a")
            bus.publish("a", 1)
            seen = []
            for event in events:
                seen.append(event.payload)
                events.close()
            self.assertEqual(seen, [1])


class Endings(BusTest):
    def test_a_stop_is_told_after_the_last_event(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", reconnect=False) as events:
            bus.publish("a", 1)
            self.stop()
            self.assertEqual(next(events).payload, 1)
            with self.assertRaises(cafbus.BusStopping):
                next(events)

    def test_a_bus_that_was_killed_is_told(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", reconnect=False) as events:
            os.kill(bus.status()["pid"], signal.SIGKILL)
            with self.assertRaises(cafbus.ConnectionLost):
                next(events)

    def test_a_consumer_waits_for_the_next_bus_after_a_stop(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            self.stop()
            with self.assertRaises(TimeoutError):
                events.next(0.5)
            self.assertEqual(self.run_program("status", check=False).returncode, 1)  # it has started none
            self.run_program("start")
            self.await_consumer(events)
            bus.publish("a", 2)
            event = events.next(20)
            self.assertEqual((event.payload, event.reconnected, event.seq), (2, True, 1))

    def test_a_consumer_starts_the_next_bus_after_a_crash(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            first = bus.status()["pid"]
            os.kill(first, signal.SIGKILL)
            self.await_consumer(events, but_not_of=first)


class Past(BusTest):
    """Events from before a consumer came, and from while it was away."""

    def publish(self, bus, *payloads):
        self.assertEqual(bus.publish_many(cafbus.make_event("a", x) for x in payloads).accepted, len(payloads))

    def expect(self, events, *payloads):
        self.assertEqual([events.next(20).payload for _ in payloads], list(payloads))

    def test_past_events_come_first(self):
        with cafbus.connect(**self.where) as bus:
            self.publish(bus, 1, 2, 3)
            for wish, found in (({"last": 2}, [2, 3]), ({"since": "1h"}, [1, 2, 3]), ({"latest": True}, [3]), ({}, []),
                                ({"since": datetime.datetime.now() - datetime.timedelta(hours=1)}, [1, 2, 3])):
                with self.subTest(wish), bus.subscribe("a", reconnect=False, **wish) as events:
                    self.publish(bus, "live")
                    self.expect(events, *found, "live")
                self.stop()
                self.publish(bus, 1, 2, 3)

    def test_whoever_stores_the_cursor_continues_behind_it(self):
        with cafbus.connect(**self.where) as bus:
            with bus.subscribe("a", last=1) as events:
                self.assertEqual(events.cursor, "")
                self.publish(bus, 1, 2, 3)
                self.assertEqual(events.next(20).cursor, events.cursor)
            with bus.subscribe("a", cursor=events.cursor) as again:
                self.assertEqual(again.cursor, events.cursor)
                self.expect(again, 2, 3)

    def test_a_wrong_wish_is_an_error(self):
        with cafbus.connect(**self.where) as bus:
            for wish in ({"last": 1, "latest": True}, {"last": -1}):
                with self.subTest(wish), self.assertRaises(ValueError):
                    bus.subscribe("a", **wish)
            for wish in ({"since": "soon"}, {"cursor": "x"}):
                with self.subTest(wish), self.assertRaises(cafbus.Rejected) as caught:
                    bus.subscribe("a", **wish)
                self.assertEqual(caught.exception.code, "bad_hello")

    def test_what_was_forgotten_is_counted(self):
        with unittest.mock.patch.dict(os.environ, {"CAFBUS_HISTORY_EVENTS": "2"}), cafbus.connect(**self.where) as bus:
            with bus.subscribe("a") as events:
                self.publish(bus, 1)
                self.expect(events, 1)
            self.publish(bus, 2, 3, 4, 5)
            with bus.subscribe("a", cursor=events.cursor) as again:
                event = again.next(20)
                self.assertEqual((event.payload, event.missed, event.missed_reason), (4, 2, "expired"))
                self.assertEqual(again.next(20).missed_reason, None)

    def cut(self, events):
        """Ends the connection as a fault would; what is published next comes too late for it."""
        events._sock.shutdown(socket.SHUT_RDWR)

    def test_a_connection_that_is_lost_continues_behind_its_last_event(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            self.publish(bus, 1)
            self.expect(events, 1)
            self.cut(events)
            self.publish(bus, 2, 3)
            event = events.next(20)
            self.assertEqual((event.payload, event.reconnected, event.missed_reason), (2, True, None))
            self.expect(events, 3)

    def test_one_that_has_got_nothing_yet_continues_from_when_it_came(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            self.cut(events)
            self.publish(bus, 1)
            self.expect(events, 1)

    def test_another_bus_is_told_and_all_that_it_has_comes(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            self.publish(bus, 1)
            self.expect(events, 1)
            self.stop()
            self.publish(bus, 2)  # starts the next one
            event = events.next(20)
            self.assertEqual((event.payload, event.missed, event.missed_reason), (2, 0, "restart"))

    def test_a_bus_without_a_past_is_told(self):
        with unittest.mock.patch.dict(os.environ, {"CAFBUS_HISTORY_BYTES": "0"}), \
                cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            self.publish(bus, 1)
            self.expect(events, 1)
            self.cut(events)
            while True:
                with self.assertRaises(TimeoutError):
                    events.next(0.05)
                if events.capabilities:  # it is subscribed again
                    break
            self.publish(bus, 2)
            event = events.next(20)
            self.assertEqual((event.payload, event.reconnected, event.missed_reason), (2, True, "no_history"))
            with self.assertRaises(cafbus.Rejected):
                bus.subscribe("a", last=1)


class StrangeBuses(BusTest):
    """A bus of the test's, which says what no bus says."""

    def answer(self, data, timeout=20.0, silent=False):
        """A bus that says that and then hangs up, or says nothing more."""
        os.makedirs(self.folder + "/default")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.folder + "/default/bus.sock")
        listener.listen()

        def serve():
            peer = listener.accept()[0]
            with peer:
                peer.recv(65_536)
                try:
                    peer.sendall(data)
                    while silent and peer.recv(65_536):
                        pass
                except OSError:
                    pass  # the client has had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 20)
        place = cafbus._places.Place("default", self.folder, start=False)
        return cafbus.Bus(place, timeout)

    def expect(self, error, code, data):
        with self.assertRaises(error) as caught:
            self.answer(data).subscribe("a").next(20)
        self.assertEqual(caught.exception.code, code)

    def test_a_bus_that_does_not_answer_is_told_with_a_code(self):
        os.makedirs(self.folder + "/default")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.folder + "/default/bus.sock")
            listener.listen()
            mute = cafbus.Bus(cafbus._places.Place("default", self.folder, start=False), 0.05)
            for ask in (lambda: mute.publish("a", 1), mute.status, lambda: mute.subscribe("a")):
                with self.assertRaises(cafbus.BusUnavailable) as caught:
                    ask()
                self.assertEqual(caught.exception.code, "no_answer")

    def test_a_bus_that_falls_silent_ends_a_consumer_that_does_not_reconnect(self):
        bus = self.answer(b'{"type":"hello_ack","bus_version":"x","first_for_key":true}\n', timeout=0.2, silent=True)
        events = bus.subscribe("a", reconnect=False)
        with self.assertRaises(cafbus.BusUnavailable) as caught:
            events.is_last()
        self.assertEqual(caught.exception.code, "no_answer")
        self.assertIsNone(events.next(20))

    def test_a_line_without_an_end_is_bounded(self):
        self.expect(cafbus.LineTooLong, "frame_too_large", b"x" * 17_000_000)

    def test_a_line_that_is_no_frame_is_told(self):
        self.expect(cafbus.FrameError, "not_json", b"hello\n")

    def test_an_event_before_the_ack_is_told(self):
        self.expect(cafbus.ProtocolError, "no_hello_ack", b'{"type":"event","event_type":"a","seq":1,"payload":1}\n')

    def test_an_error_frame_has_its_code(self):
        self.expect(cafbus.BusError, "foreign_uid", b'{"type":"error","code":"foreign_uid","message":"no"}\n')

    def test_an_end_within_a_frame_is_told(self):
        self.expect(cafbus.ConnectionLost, "connection_lost", b'{"type":"hello_ack"')


if __name__ == "__main__":
    unittest.main()
