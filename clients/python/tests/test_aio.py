"""The client for asyncio against the real daemon."""
import asyncio
import os
import signal
import socket
import unittest.mock

import cafbus

from .support import BusTest


class Aio(BusTest):
    def run_on_a_bus(self, story):
        async def run():
            async with await cafbus.aio.connect(**self.where) as bus:
                await asyncio.wait_for(story(bus), 60)

        asyncio.run(run())

    @staticmethod
    async def consumers(bus):
        try:
            return (await bus.status())["consumers"]
        except cafbus.ConnectionLost:  # the one that is being killed
            return []

    def test_events_come_as_they_were_published(self):
        async def story(bus):
            async with await bus.subscribe("a") as events:
                await bus.publish("a", raw=b"1.10")
                async for event in events:
                    self.assertEqual((event.raw, event.seq), (b"1.10", 1))
                    break

        self.run_on_a_bus(story)

    def test_a_bus_that_does_not_answer_is_told_with_a_code(self):
        async def story():
            os.makedirs(self.folder + "/default")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.folder + "/default/bus.sock")
                listener.listen()
                mute = cafbus.aio.Bus(cafbus._places.Place("default", self.folder, start=False), 0.05)
                for ask in (lambda: mute.publish("a", 1), mute.status, lambda: mute.subscribe("a")):
                    with self.assertRaises(cafbus.BusUnavailable) as caught:
                        await ask()
                    self.assertEqual(caught.exception.code, "no_answer")

        asyncio.run(story())

    def test_many_tasks_publish_on_one_connection(self):
        async def story(bus):
            totals = await asyncio.gather(*(bus.publish("a", n) for n in range(100)))
            self.assertEqual([x.accepted for x in totals], [1] * 100)

        self.run_on_a_bus(story)

    def test_a_wait_can_be_given_up_without_loss(self):
        async def story(bus):
            async with await bus.subscribe("a") as events:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(events.next(), 0.01)
                await bus.publish("a", 1)
                self.assertEqual((await events.next()).payload, 1)

        self.run_on_a_bus(story)

    def test_rejections_and_missing_capabilities_are_errors(self):
        async def story(bus):
            async with await bus.subscribe("a", exclusive=True):
                with self.assertRaises(cafbus.Rejected):
                    await bus.subscribe("a")
            with self.assertRaises(cafbus.Unsupported):
                await bus.subscribe("a", require=["time_travel"])

        self.run_on_a_bus(story)

    def test_a_subscription_is_changed(self):
        async def story(bus):
            async with await bus.subscribe("k", patterns=["a.*"]) as events:
                await events.subscribe(["b"])
                await events.unsubscribe(patterns=["a.*"])
                await bus.publish("a.x", 1)
                await bus.publish("b", 2)
                self.assertEqual((await events.next()).payload, 2)
                self.assertTrue(await events.is_last())

        self.run_on_a_bus(story)

    def test_a_consumer_and_a_producer_outlive_a_crash(self):
        async def story(bus):
            async with await bus.subscribe("a") as events:
                waiting = asyncio.create_task(events.next())
                os.kill((await bus.status())["pid"], signal.SIGKILL)
                while not await self.consumers(bus):
                    await asyncio.sleep(0.02)
                self.assertEqual((await bus.publish("a", 2)).accepted, 1)
                event = await waiting
                self.assertEqual((event.payload, event.reconnected), (2, True))

        self.run_on_a_bus(story)

    def test_past_events_come_first_and_a_lost_connection_continues_behind_its_last(self):
        async def story(bus):
            await bus.publish_many(cafbus.make_event("a", n) for n in (1, 2, 3))
            async with await bus.subscribe("a", last=2) as events:
                self.assertEqual([(await events.next()).payload for _ in range(2)], [2, 3])
                events._stream[1].transport.abort()
                await bus.publish("a", 4)
                event = await events.next()
                self.assertEqual((event.payload, event.reconnected, event.missed_reason), (4, True, None))
                self.assertEqual(event.cursor, events.cursor)
            await bus.publish("a", 5)
            async with await bus.subscribe("a", cursor=events.cursor) as again:
                self.assertEqual((await again.next()).payload, 5)

        self.run_on_a_bus(story)

    def test_a_bus_without_a_past_is_told(self):
        async def story(bus):
            async with await bus.subscribe("a") as events:
                await bus.publish("a", 1)
                await events.next()
                events._stream[1].transport.abort()
                waiting = asyncio.create_task(events.next())
                while not (events._subscription.forgotten and events.capabilities):
                    await asyncio.sleep(0.02)
                await bus.publish("a", 2)
                event = await waiting
                self.assertEqual((event.payload, event.missed_reason), (2, "no_history"))

        with unittest.mock.patch.dict(os.environ, {"CAFBUS_HISTORY_BYTES": "0"}):
            self.run_on_a_bus(story)

    def test_a_stop_is_told(self):
        async def story(bus):
            async with await bus.subscribe("a", reconnect=False) as events:
                await asyncio.to_thread(self.stop)
                with self.assertRaises(cafbus.BusStopping):
                    await events.next()

        self.run_on_a_bus(story)

    def test_what_became_of_the_events_is_told(self):
        async def story(bus):
            async with await bus.subscribe("a") as events:
                await events.report(3, failed=2)
                while (await bus.status())["consumers"][0].get("stats") != {"handled": 3, "failed": 2, "lost": 0}:
                    pass

        self.run_on_a_bus(story)

    def test_a_member_of_a_group_confirms_and_gives_back(self):
        async def story(bus):
            async with await bus.subscribe("a", group="g", ack=True) as events:
                await bus.publish("a", 1)
                await events.nack(await events.next())
                again = await events.next()
                self.assertEqual((again.payload, again.attempt), (1, 2))
                await events.ack(again)
                while (await bus.status())["groups"][0]["done"] != 1:
                    pass

        self.run_on_a_bus(story)
