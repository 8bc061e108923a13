"""What would have no effect, or another one than was meant, is refused before anything is sent."""
import asyncio
import inspect
import unittest

import cafbus

from .support import BusTest

NAN = float("nan")


class Refusals(BusTest):
    def refused(self, call, *parts, error=cafbus.InvalidOption):
        """It is refused, and the error names all of this."""
        with self.subTest(parts), self.assertRaises(error) as caught:
            call()
        self.assertEqual(caught.exception.code, "invalid_event" if error is cafbus.InvalidEvent else "invalid_option")
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def test_an_event_has_a_payload_or_its_text_and_no_other_field(self):
        circle = []
        circle.append(circle)
        for arguments, part in (((), "None is a payload"), ((NAN,), "cannot be JSON"),
                                (({"a": [1, -float("inf")]},), "cannot be JSON"),
                                (({1},), "set"), ((circle,), "Circular"), ((b"1",), "bytes")):
            self.refused(lambda: cafbus.make_event("t", *arguments), part, error=cafbus.InvalidEvent)
        self.refused(lambda: cafbus.make_event("t", 1, raw=b"1"), "exclude each other", error=cafbus.InvalidEvent)
        self.refused(lambda: cafbus.make_event("t", paylod=1), "'paylod'", "payload, raw, id, source_time")
        for event, part in ((cafbus.EventFields("t", "1"), "text.encode()"), ({"type": "t"}, "make_event"), ("t", "make_event")):
            self.refused(lambda: cafbus.encode_publish(event), part, error=cafbus.InvalidEvent)
        self.assertEqual(cafbus.make_event("t", None).raw, b"null")

    def test_a_cloudevent_is_checked_as_a_payload_is(self):
        given = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
        self.refused(lambda: cafbus.from_cloudevent({**given, "data": NAN}), "a CloudEvent cannot be JSON",
                     error=cafbus.InvalidEvent)
        self.refused(lambda: cafbus.from_cloudevent(given, envelop=True), "'envelop'", "envelope")

    def test_an_option_of_connect_that_is_unknown_or_out_of_bounds_is_refused(self):
        for given, *parts in (({"tiemout": 1}, "'tiemout'", "app, directory, program, start, timeout"),
                              ({"timeout": 0}, "above 0"),
                              ({"timeout": None}, "seconds"), ({"timeout": NAN}, "nan"), ({"timeout": 1e9}, "2147483"),
                              ({"app": "a/b"}, "1 to 64", "a/b"), ({"app": 5}, "1 to 64"), ({"directory": ""}, "not empty"),
                              ({"program": ""}, "program"), ({"start": "no"}, "True or False")):
            self.refused(lambda: cafbus.connect(**given), *parts)
            self.refused(lambda: asyncio.run(cafbus.aio.connect(**given)), *parts)

    SUBSCRIBE = (
        ({"lasst": 1}, "'lasst'", "on_filter_error, last, since"), ({"policy": "foo"}, "'policy'"),
        ({"last": 0}, "1 or more", "0"),
        ({"last": -1}, "1 or more"), ({"last": "5"}, "'5'"), ({"last": True}, "True"), ({"since": ""}, "since"),
        ({"since": 5}, "since"),
        ({"last": 1, "latest": True}, "one of last"), ({"group": ""}, "group", "not empty"),
        ({"max_in_flight": 0}, "from 1 to 1024", "0"),
        ({"max_in_flight": 1_025}, "1025"), ({"max_attempts": 0}, "from 1 to 1000"), ({"types": "a.b"}, "a list of names", "a.b"),
        ({"types": [""]}, "a list of names"), ({"patterns": "a.*"}, "patterns"), ({"require": "group"}, "require"),
        ({"on_filter_error": "foo"}, "skip, pass, fail"), ({"filter": ("/a", "==", 1)}, "a list of conditions"),
        ({"filter": [("/a", "==", 1, 2)]}, "a list of conditions"), ({"filter": [{"pointer": "/a"}]}, "a list of conditions"),
        ({"filter": [("/a", "=", 1)]}, "'='", "exists"), ({"filter": [("/a", "==", NAN)]}, "nan"), ({"cursor": 5}, "cursor"),
        ({"exclusive": "no"}, "exclusive"), ({"reconnect": 1}, "reconnect"), ({"on_first": ""}, "on_first"),
        ({"on_source": 5}, "a function"))

    def test_an_option_of_subscribe_that_is_unknown_or_out_of_bounds_is_refused(self):
        with cafbus.connect(**self.where) as bus:
            for given, *parts in self.SUBSCRIBE:
                self.refused(lambda: bus.subscribe("k", **given), *parts)
            self.refused(lambda: bus.subscribe(5), "key")
            self.refused(lambda: bus.status(timeout=1), "'timeout'", "none")
            self.refused(lambda: bus.publish("k", paylod=1), "'paylod'", "payload, raw")
            self.refused(lambda: bus.publish_many({"type": "k"}), "a list of events")
            self.assertEqual(bus.status().get("consumers", []), [])
            self.assertEqual(bus.status()["counters"]["ingress"], 0)

    def test_the_same_is_refused_for_asyncio(self):
        async def story():
            async with await cafbus.aio.connect(**self.where) as bus:
                for call in [lambda given=given: bus.subscribe("k", **given) for given, *_ in self.SUBSCRIBE] + \
                        [lambda: bus.publish("k", paylod=1), lambda: bus.publish_many(5), lambda: bus.status(x=1)]:
                    with self.assertRaises(cafbus.InvalidOption):
                        await call()
                self.assertEqual((await bus.status()).get("consumers", []), [])

        asyncio.run(story())
        self.assertTrue(inspect.iscoroutinefunction(cafbus.aio.Bus.publish))  # frameworks ask

    def test_a_call_on_a_consumer_that_would_do_nothing_is_refused(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k", group="g", ack=True) as events:
            bus.publish("k", 1)
            event = events.next(20)
            for call, part in ((lambda: events.nack(event, dely=5), "'dely'"), (lambda: events.nack(event, -1), "from 0 to 3600"),
                               (lambda: events.nack(event, 3_601), "3601"), (lambda: events.nack(event, NAN), "nan"),
                               (lambda: events.ack(5), "an event of this consumer"),
                               (lambda: events.report(handeld=1), "'handeld'"),
                               (lambda: events.report(-1), "handled"), (lambda: events.report(1, 1.5), "failed"),
                               (lambda: events.subscribe("ab"), "a list of names"),
                               (lambda: events.unsubscribe(type=["a"]), "'type'"),
                               (lambda: events.next("5"), "timeout")):
                self.refused(call, part)
            events.ack(event)
        with cafbus.connect(**self.where) as bus, bus.subscribe("k") as events:
            bus.publish("k", 1)
            self.refused(lambda: events.ack(events.next(20)), "ack=True")

    def test_a_refusal_is_of_the_kinds_that_python_raises_for_such(self):
        for kind in (ValueError, TypeError, cafbus.CafbusError):
            with self.subTest(kind), self.assertRaises(kind):
                cafbus.connect(tiemout=1)

    def test_a_payload_that_python_cannot_read_has_a_code(self):
        deep = cafbus.Event("t", b"[" * 100_000 + b"]" * 100_000)
        with self.assertRaises(cafbus.UnreadablePayload) as caught:
            deep.payload
        self.assertEqual((caught.exception.code, isinstance(caught.exception, ValueError)), ("unreadable_payload", True))

    def test_publishing_goes_on_behind_an_event_that_was_refused(self):
        with cafbus.connect(**self.where) as bus:
            good = cafbus.make_event("a", 1)
            with self.assertRaises(cafbus.InvalidEvent):
                bus.publish_many([good, cafbus.EventFields("", b"1")])
            self.assertEqual(bus.publish("a", 2).accepted, 1)

    def test_an_event_that_came_goes_on_with_the_bytes_of_its_payload(self):
        with cafbus.connect(**self.where) as bus, bus.subscribe("k") as events:
            bus.publish("k", raw=b"1.10", id="e")
            event = events.next(20)
            self.assertIn(b'"payload":1.10', cafbus.encode_publish(event))
            self.assertEqual(bus.publish_many([event]).duplicates, 1)


if __name__ == "__main__":
    unittest.main()
