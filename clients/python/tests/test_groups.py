"""Groups against the real daemon."""
import socket
import unittest

import cafbus

from .support import BusTest


class Groups(BusTest):
    def test_members_share_and_what_one_leaves_goes_to_the_other(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", group="g", ack=True) as mine:
            with bus.subscribe("a", group="g", ack=True) as others:
                bus.publish_many([cafbus.make_event("a", n) for n in range(2)])
                event = mine.next(20)
                left = others.next(20)
                self.assertEqual(sorted([event.payload, left.payload]), [0, 1])
                mine.ack(event)
            again = mine.next(20)
            self.assertEqual((again.payload, again.attempt, event.attempt), (left.payload, 2, 1))
            mine.nack(again)
            last = mine.next(20)
            self.assertEqual(last.attempt, 3)
            mine.ack(again)  # it has it no longer
            mine.ack(last)
            while bus.status()["groups"][0]["done"] < 2:
                pass
            group = bus.status()["groups"][0]
            self.assertEqual((group["in_flight"], group["ignored"]), (0, 1))

    def test_what_became_of_the_events_is_told(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a") as events:
            bus.publish("a", 1)
            events.next(20)
            events.report(3, failed=2)
            while "stats" not in bus.status()["consumers"][0]:
                pass
            self.assertEqual(bus.status()["consumers"][0]["stats"], {"handled": 3, "failed": 2, "lost": 0})

    def test_an_event_of_an_earlier_connection_is_not_confirmed_on_another_one(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", group="g", ack=True) as events, \
                bus.subscribe("a", group="g", ack=True) as stays:
            bus.publish_many([cafbus.make_event("a", n) for n in range(2)])
            event, other = events.next(20), stays.next(20)
            stays.ack(other)
            events._sock.shutdown(socket.SHUT_RDWR)
            again = stays.next(20)
            self.assertEqual((again.payload, again.attempt), (event.payload, 2))
            with self.assertRaises(TimeoutError):
                events.next(0.5)  # connects again
            events.ack(event)
            stays.ack(again)
            while bus.status()["groups"][0]["done"] < 2:
                pass
            self.assertNotIn("ignored", bus.status()["groups"][0])

    def test_after_the_last_attempt_an_event_is_a_dead_letter(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("dead", patterns=["dead.>"]) as dead, \
                bus.subscribe("a", group="g", ack=True, max_attempts=1, max_in_flight=1) as events:
            bus.publish("a", raw=b"1.10", id="e-1")
            events.nack(events.next(20))
            letter = dead.next(20)
            self.assertEqual((letter.type, letter.raw, letter.id), ("dead.a", b"1.10", "dead.g.e-1"))

    def test_who_asks_for_something_else_is_refused(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("a", group="g") as events:
            for code, asked in (("group_differs", {"ack": True}), ("bad_hello", {"last": 1})):
                with self.assertRaises(cafbus.Rejected) as caught:
                    bus.subscribe("a", group="g", **asked)
                self.assertEqual(caught.exception.code, code)
            bus.publish("a", 1)
            event = events.next(20)
            with self.assertRaises(ValueError):
                events.ack(event)


if __name__ == "__main__":
    unittest.main()
