"""The client for asyncio: the verbs of the blocking one.

    async with await cafbus.aio.connect() as bus:
        await bus.publish("im.message", {"text": "hi"})
        async with await bus.subscribe("im.message") as events:
            async for event in events:
                print(event.payload)
"""
from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import (Any, AsyncIterator, Callable, Deque, Dict, Iterable, Optional, Sequence, Tuple, Type, TypeVar,
                    Union)

from ._events import MISSING, Event, EventFields, encode_publish, make_event
from ._machines import (BATCH, Condition, ConsumerMachine, ProducerMachine, SourceStatus, StatusMachine, Subscription,
                        Totals, judged)
from ._options import check_call, check_connect, check_events, check_flag, known_options, past
from ._places import Backoff, Place, check_peer, may_come_back
from .errors import BusStopping, BusUnavailable, CafbusError, no_answer

_READ = 65_536
_Self = TypeVar("_Self", bound="_Closing")
_Stream = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _dial(place: Place, timeout: float, may_start: bool = True) -> _Stream:
    """A connection to the bus, which is started if need be."""
    for is_second in (False, True):
        try:
            stream = await asyncio.wait_for(asyncio.open_unix_connection(place.socket, limit=_READ), timeout)
        except (FileNotFoundError, ConnectionRefusedError):
            if is_second or not may_start:
                break
            await _start(place)
            continue
        except (OSError, asyncio.TimeoutError) as why:
            raise BusUnavailable("unreachable", f"cannot connect to {place.socket}: {why}") from why
        try:
            check_peer(stream[1].get_extra_info("socket"))
            return stream
        except CafbusError:
            stream[1].close()
            raise
    raise BusUnavailable("not_running", f"no bus is running at {place.socket}")


async def _start(place: Place) -> None:
    command = place.start_command()
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL,
                                                       stdout=asyncio.subprocess.DEVNULL,
                                                       stderr=asyncio.subprocess.PIPE)
    except OSError as why:
        raise place.start_failed(f"{place.program}: {why.strerror}") from why
    _, said = await process.communicate()
    if process.returncode:
        raise place.start_failed(said.decode("utf-8", "replace"))


async def _receive(stream: _Stream) -> bytes:
    try:
        return await stream[0].read(_READ)
    except ConnectionError:
        return b""


async def _send(stream: _Stream, data: bytes) -> None:
    with suppress(ConnectionError):  # what the bus said before it closed is read next
        stream[1].write(data)
        await stream[1].drain()


class _Closing:
    _stream: Optional[_Stream] = None

    async def close(self) -> None:
        raise NotImplementedError

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()

    async def _say_bye(self) -> None:
        if self._stream is not None:
            await _send(self._stream, b'{"type":"bye"}\n')

    def _drop_stream(self) -> None:
        if self._stream is not None:
            self._stream[1].close()
            self._stream = None


class Consumer(_Closing):
    """Iterates over the events of a subscription; as `cafbus.Consumer`. One task at a time."""

    def __init__(self, place: Place, subscription: Subscription, reconnect: bool, timeout: float,
                 on_source: Optional[Callable[[SourceStatus], None]]) -> None:
        self._place, self._subscription = place, subscription
        self._reconnect, self._timeout, self._on_source = reconnect, timeout, on_source
        self._ready: Deque[Event] = deque()
        self._failure: Optional[CafbusError] = None
        self._may_start = True
        self._dropped_before = 0
        self._cursor = str((subscription.replay or {}).get("cursor", ""))
        self._backoff = Backoff()
        self._closed = False
        self._machine = ConsumerMachine(subscription)

    @property
    def capabilities(self) -> Sequence[str]:
        """What the bus can do, as it says."""
        return tuple((self._machine.ack or {}).get("capabilities", ()))

    @property
    def first(self) -> bool:
        """Whether nobody else was subscribed to the subscription id."""
        return bool((self._machine.ack or {}).get("first_for_key"))

    @property
    def dropped(self) -> int:
        """Events that the bus has dropped for this consumer, over all its connections."""
        return self._dropped_before + self._machine.gaps.dropped

    @property
    def cursor(self) -> str:
        """Of the last event that was handed out: who stores it can continue behind it, see `subscribe`; empty: none."""
        return self._cursor

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = await self.next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def next(self) -> Optional[Event]:
        """The next event; None once this object is closed. May be cancelled, as by asyncio.wait_for: nothing is lost."""
        while not self._ready:
            if self._closed:
                return None
            try:
                await self._step()
            except CafbusError as why:
                await self._recover(why)
        event = self._ready.popleft()
        self._cursor = event.cursor or self._cursor
        return event

    async def is_last(self) -> bool:
        """Asks whether nobody else is subscribed to the subscription id; if so, this one may clean up now."""
        return self._stream is not None and bool((await self._ask(self._machine.is_last())).get("last_for_key"))

    @known_options
    async def subscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These as well from now on. Raises BusError and changes nothing if the bus does not take them."""
        await self._ask(self._machine.change("subscribe", types, patterns))
        self._subscription = self._machine.changed()

    @known_options
    async def unsubscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These no longer; what the bus has queued of them still comes."""
        await self._ask(self._machine.change("unsubscribe", types, patterns))
        self._subscription = self._machine.changed()

    async def _ask(self, question: bytes) -> Dict[str, Any]:
        if self._stream is not None:
            await _send(self._stream, question)
        try:
            while self._machine.answer is None:
                await asyncio.wait_for(self._step(), self._timeout)
        except asyncio.TimeoutError:
            self._hang_up()  # a late answer would be taken for that of the next question
            self._closed = not self._reconnect
            raise no_answer() from None
        return self._machine.answer

    async def ack(self, event: Event) -> None:
        """This member of a group has handled the event. Does nothing if its connection was lost: others get it then."""
        data = self._machine.confirm(event)
        if data and self._stream is not None:
            await _send(self._stream, data)

    @known_options
    async def nack(self, event: Event, delay: float = 0.0) -> None:
        """It has not: it goes to a member again, `event.attempt` counts on, after `delay` seconds at the earliest."""
        data = self._machine.give_back(event, delay)
        if data and self._stream is not None:
            await _send(self._stream, data)

    @known_options
    async def report(self, handled: int, failed: int = 0, lost: int = 0) -> None:
        """Tells the bus what became of the events of this connection, in total, for its `status` and `explain`.

        Once a second is enough. A bus that does not know the capability `stats` is not told."""
        data = self._machine.report(handled, failed, lost)
        if data and self._stream is not None:
            await _send(self._stream, data)

    async def close(self) -> None:
        """Says bye. Events that wait are given up."""
        await self._say_bye()
        self._ready.clear()
        self._hang_up()
        self._closed = True

    async def _open(self, machine: ConsumerMachine) -> None:
        stream = await _dial(self._place, self._timeout, self._may_start)
        self._stream, self._machine = stream, machine
        try:
            await _send(stream, self._subscription.hello())
            while self._machine.ack is None:
                await asyncio.wait_for(self._step(), self._timeout)
        except asyncio.TimeoutError:
            self._hang_up()
            raise BusUnavailable("no_answer", "the bus has not answered the hello in time") from None
        except BaseException:  # also if it is cancelled: a connection without its ack is none
            self._hang_up()
            raise

    async def _step(self) -> None:
        """Reads once, on a connection that is made if there is none."""
        if self._failure is not None:
            raise self._failure
        if self._stream is None:
            await self._open(ConsumerMachine(self._subscription, reconnected=True))
            self._backoff.reset()
            return
        data = await _receive(self._stream)
        words, self._failure = judged(self._machine, data)
        for word in words:
            if isinstance(word, Event):
                self._ready.append(word)
            elif self._on_source is not None:
                self._on_source(word)
        if self._failure is not None and not self._ready:
            raise self._failure

    async def _recover(self, why: CafbusError) -> None:
        """Gets ready for another connection, or raises."""
        self._hang_up()
        from_now_on = self._subscription.after_refusal(why)
        if self._reconnect and from_now_on is not None:
            self._subscription = from_now_on
            return
        if not self._reconnect or not may_come_back(why):
            self._closed = True
            raise why
        # who stopped the bus meant it: wait for another one, and start none
        self._may_start = not isinstance(why, BusStopping) and self._may_start
        await asyncio.sleep(self._backoff.pause())

    def _hang_up(self) -> None:
        self._dropped_before += self._machine.gaps.dropped
        self._subscription = self._machine.left()
        self._machine = ConsumerMachine(self._subscription)
        self._failure = None
        self._drop_stream()


class Bus(_Closing):
    """One app's bus; as `cafbus.Bus`. Several tasks may publish: one after the other."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._place, self._timeout = place, timeout
        self._machine = ProducerMachine()
        self._turn = asyncio.Lock()

    @known_options
    async def subscribe(self, key: str, types: Sequence[str] = (), *, subscription_id: str = "",
                        exclusive: bool = False, on_first: Optional[str] = None, on_last: Optional[str] = None,
                        require: Sequence[str] = (),
                        patterns: Sequence[str] = (), filter: Sequence[Condition] = (),
                        on_filter_error: Optional[str] = None, last: Optional[int] = None,
                        since: Union[str, datetime, None] = None, latest: bool = False,
                        cursor: str = "", group: Optional[str] = None, ack: bool = False, max_in_flight: Optional[int] = None,
                        max_attempts: Optional[int] = None, reconnect: bool = True,
                        on_source: Optional[Callable[[SourceStatus], None]] = None) -> Consumer:
        """As `cafbus.Bus.subscribe`."""
        check_flag("reconnect", reconnect)
        check_call("on_source", on_source)
        subscription = Subscription(key, types, subscription_id, exclusive, on_first, on_last, require, patterns, filter,
                                    on_filter_error, past(last, since, latest, cursor), keeps_cursor=reconnect and not group,
                                    group=group, ack=ack, max_in_flight=max_in_flight, max_attempts=max_attempts).check()
        consumer = Consumer(self._place, subscription, reconnect, self._timeout, on_source)
        await consumer._open(ConsumerMachine(subscription))
        return consumer

    @known_options
    async def publish(self, event_type: str, payload: Any = MISSING, *, raw: Optional[bytes] = None, id: Optional[str] = None,
                      source_time: Optional[str] = None, app_id: Optional[str] = None,
                      tenant_key: Optional[str] = None) -> Totals:
        """As `cafbus.Bus.publish`."""
        return await self.publish_many([make_event(event_type, payload, raw=raw, id=id, source_time=source_time, app_id=app_id,
                                                   tenant_key=tenant_key)])

    async def publish_many(self, events: Iterable[Union[EventFields, Event]]) -> Totals:
        """As `cafbus.Bus.publish_many`."""
        check_events(events)
        async with self._turn:
            try:
                return await self._publish(events)
            except asyncio.TimeoutError:
                self._drop_stream()
                raise no_answer() from None
            except BaseException:  # also if it is cancelled: the totals would not be ours any more
                self._drop_stream()
                raise

    async def _publish(self, events: Iterable[Union[EventFields, Event]]) -> Totals:
        stream = await self._connect()
        before = self._machine.totals
        waiting = bytearray()
        for event in events:
            waiting += encode_publish(event)
            self._machine.sent += 1
            if len(waiting) >= BATCH:
                await _send(stream, bytes(waiting))
                waiting.clear()
        await _send(stream, bytes(waiting))
        while self._machine.unsettled:
            self._machine.read(await asyncio.wait_for(_receive(stream), self._timeout))
        return self._machine.totals.since(before)

    @known_options
    async def status(self) -> Dict[str, Any]:
        """What the bus says of itself: the `status_response` frame."""
        machine = StatusMachine()
        stream = await _dial(self._place, self._timeout)
        try:
            await _send(stream, machine.question)
            while True:
                answer = machine.answer(await asyncio.wait_for(_receive(stream), self._timeout))
                if answer is not None:
                    return answer
        except asyncio.TimeoutError:
            raise no_answer() from None
        finally:
            stream[1].close()

    async def close(self) -> None:
        await self._say_bye()
        self._drop_stream()

    async def _connect(self) -> _Stream:
        """A connection for publishing; one that the bus has ended while nobody looked is replaced."""
        if self._stream is not None:
            try:
                self._machine.read(await asyncio.wait_for(_receive(self._stream), 0.001))
            except asyncio.TimeoutError:
                pass
            except CafbusError:
                self._drop_stream()
        if self._stream is None:
            self._stream = await _dial(self._place, self._timeout)
            self._machine = ProducerMachine()
        return self._stream


@known_options
async def connect(app: str = "default", *, directory: Optional[str] = None, program: str = "cafbus", start: bool = True,
                  timeout: float = 15.0) -> Bus:
    """As `cafbus.connect`."""
    check_connect(directory, program, start, timeout)
    bus = Bus(Place(app, directory, program, start), timeout)
    await bus.status()
    return bus
