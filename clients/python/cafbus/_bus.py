"""The blocking client."""
from __future__ import annotations

import socket
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, Optional, Sequence, Type, TypeVar, Union

from ._events import MISSING, Event, EventFields, encode_publish, make_event
from ._machines import (BATCH, Condition, ConsumerMachine, ProducerMachine, SourceStatus, StatusMachine, Subscription,
                        Totals, judged)
from ._options import check_call, check_connect, check_events, check_flag, check_time, known_options, past
from ._places import Backoff, Place, may_come_back
from ._sockets import dial, receive, send_all
from .errors import BusStopping, BusUnavailable, CafbusError, no_answer

_Self = TypeVar("_Self", bound="_Closing")


class _Closing:
    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()


class Consumer(_Closing):
    """Iterates over the events of a subscription. Read it steadily: the bus drops events for a slow consumer, which
    `missed` tells, and closes the connection of one that does not read at all for 5 seconds. One thread at a time."""

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
        self._sock: Optional[socket.socket] = None
        self._machine = ConsumerMachine(subscription)
        self._open(self._machine)

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

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    @known_options
    def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None once this object is closed. TimeoutError if none comes in time (seconds): call again if you
        like. A connection that is lost is made anew meanwhile, unless `reconnect` is False."""
        if timeout is not None:
            check_time("timeout", timeout, may_be_zero=True)
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._ready:
            if self._closed:
                return None
            try:
                self._step(deadline)
            except CafbusError as why:
                self._recover(why, deadline)
        event = self._ready.popleft()
        self._cursor = event.cursor or self._cursor
        return event

    def is_last(self) -> bool:
        """Asks whether nobody else is subscribed to the subscription id; if so, this one may clean up now."""
        return self._sock is not None and bool(self._ask(self._machine.is_last()).get("last_for_key"))

    @known_options
    def subscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These as well from now on. Raises BusError and changes nothing if the bus does not take them."""
        self._ask(self._machine.change("subscribe", types, patterns))
        self._subscription = self._machine.changed()

    @known_options
    def unsubscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These no longer; what the bus has queued of them still comes."""
        self._ask(self._machine.change("unsubscribe", types, patterns))
        self._subscription = self._machine.changed()

    def ack(self, event: Event) -> None:
        """This member of a group has handled the event. Does nothing if its connection was lost: others get it then."""
        data = self._machine.confirm(event)
        if data and self._sock is not None:
            self._send(data)

    @known_options
    def nack(self, event: Event, delay: float = 0.0) -> None:
        """It has not: it goes to a member again, `event.attempt` counts on, after `delay` seconds at the earliest."""
        data = self._machine.give_back(event, delay)
        if data and self._sock is not None:
            self._send(data)

    @known_options
    def report(self, handled: int, failed: int = 0, lost: int = 0) -> None:
        """Tells the bus what became of the events of this connection, in total, for its `status` and `explain`.

        Once a second is enough. A bus that does not know the capability `stats` is not told."""
        data = self._machine.report(handled, failed, lost)
        if data and self._sock is not None:
            self._send(data)

    def close(self) -> None:
        """Says bye. Events that wait are given up."""
        if self._sock is not None:
            with suppress(OSError):
                self._sock.sendall(b'{"type":"bye"}\n')
        self._ready.clear()
        self._hang_up()
        self._closed = True

    def _ask(self, question: bytes) -> Dict[str, Any]:
        self._send(question)
        try:
            while self._machine.answer is None:
                self._step(time.monotonic() + self._timeout)
        except TimeoutError:
            self._hang_up()  # a late answer would be taken for that of the next question
            self._closed = not self._reconnect
            raise no_answer() from None
        return self._machine.answer

    def _send(self, data: bytes) -> None:
        assert self._sock is not None
        self._sock.settimeout(self._timeout)
        send_all(self._sock, data)

    def _open(self, machine: ConsumerMachine) -> None:
        """Connects and subscribes, within `timeout` each."""
        self._sock = dial(self._place, self._timeout, self._may_start)
        self._machine = machine
        try:
            self._send(self._subscription.hello())
            while self._machine.ack is None:
                self._step(time.monotonic() + self._timeout)
        except TimeoutError:
            self._hang_up()
            raise BusUnavailable("no_answer", "the bus has not answered the hello in time") from None
        except CafbusError:
            self._hang_up()
            raise

    def _step(self, deadline: Optional[float]) -> None:
        """Reads once, on a connection that is made if there is none. What the bus said last is raised after the events
        before it have been handed out."""
        if self._failure is not None:
            raise self._failure
        if self._sock is None:
            self._open(ConsumerMachine(self._subscription, reconnected=True))
            self._backoff.reset()
            return
        left = None if deadline is None else max(deadline - time.monotonic(), 1e-6)
        self._sock.settimeout(left)
        data = receive(self._sock)
        words, self._failure = judged(self._machine, data)
        for word in words:
            if isinstance(word, Event):
                self._ready.append(word)
            elif self._on_source is not None:
                self._on_source(word)
        if self._failure is not None and not self._ready:
            raise self._failure

    def _recover(self, why: CafbusError, deadline: Optional[float]) -> None:
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
        pause = self._backoff.pause()
        if deadline is not None and time.monotonic() + pause >= deadline:
            time.sleep(max(deadline - time.monotonic(), 0))
            raise TimeoutError(f"no event in time: {why}") from why
        time.sleep(pause)

    def _hang_up(self) -> None:
        self._dropped_before += self._machine.gaps.dropped
        self._subscription = self._machine.left()
        self._machine = ConsumerMachine(self._subscription)
        self._failure = None
        if self._sock is not None:
            self._sock.close()
            self._sock = None


class Bus(_Closing):
    """One app's bus. Its connections are made when they are needed. One thread at a time; a consumer may have its own."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._place, self._timeout = place, timeout
        self._sock: Optional[socket.socket] = None
        self._machine = ProducerMachine()

    @known_options
    def subscribe(self, key: str, types: Sequence[str] = (), *, subscription_id: str = "", exclusive: bool = False,
                  on_first: Optional[str] = None, on_last: Optional[str] = None, require: Sequence[str] = (),
                  patterns: Sequence[str] = (), filter: Sequence[Condition] = (),
                  on_filter_error: Optional[str] = None, last: Optional[int] = None,
                  since: Union[str, datetime, None] = None, latest: bool = False,
                  cursor: str = "", group: Optional[str] = None, ack: bool = False, max_in_flight: Optional[int] = None,
                  max_attempts: Optional[int] = None, reconnect: bool = True,
                  on_source: Optional[Callable[[SourceStatus], None]] = None) -> Consumer:
        """Subscribes to `types` and `patterns`, or to the type that the key names; returns when the bus has the subscription.
        `on_first` and `on_last` are shell commands that the bus runs; `require` names capabilities without which the bus
        is of no use. `filter` is of conditions on the payload that must all hold, ("/action", "==", "opened") or
        ("/coupon", "exists"), and `on_filter_error` ("skip", "pass", "fail") says what becomes of an event that it cannot
        judge. `last=N`, `since="10m"` (or a time), `latest=True` (of each type) or `cursor` (of an event: those after it)
        names past events that come first. With `reconnect` a later connection continues behind the last event.
        With `group` the events are shared with all who name it; with `ack=True` each must be confirmed by `Consumer.ack`, at
        most `max_in_flight` are not yet, and after `max_attempts` an event of type T is published as `dead.T`.
        Raises Rejected, Unsupported, BusUnavailable."""
        check_flag("reconnect", reconnect)
        check_call("on_source", on_source)
        subscription = Subscription(key, types, subscription_id, exclusive, on_first, on_last, require, patterns, filter,
                                    on_filter_error, past(last, since, latest, cursor), keeps_cursor=reconnect and not group,
                                    group=group, ack=ack, max_in_flight=max_in_flight, max_attempts=max_attempts).check()
        return Consumer(self._place, subscription, reconnect, self._timeout, on_source)

    @known_options
    def publish(self, event_type: str, payload: Any = MISSING, *, raw: Optional[bytes] = None, id: Optional[str] = None,
                source_time: Optional[str] = None, app_id: Optional[str] = None,
                tenant_key: Optional[str] = None) -> Totals:
        """Publishes one event and returns when the bus has answered. Keywords: `id`, `source_time`, `app_id`,
        `tenant_key`, and `raw`, JSON text that travels byte for byte in place of `payload`."""
        return self.publish_many([make_event(event_type, payload, raw=raw, id=id, source_time=source_time, app_id=app_id,
                                             tenant_key=tenant_key)])

    def publish_many(self, events: Iterable[Union[EventFields, Event]]) -> Totals:
        """Publishes events (see `make_event`, `from_cloudevent`); returns what became of them when the bus has answered
        for all. ConnectionLost says how many of those sent are in doubt."""
        check_events(events)
        try:
            return self._publish(events)
        except BaseException:  # the totals would not be those of the next call
            self._hang_up()
            raise

    def _publish(self, events: Iterable[Union[EventFields, Event]]) -> Totals:
        self._connect()
        before = self._machine.totals
        waiting = bytearray()
        for event in events:
            waiting += encode_publish(event)
            self._machine.sent += 1
            if len(waiting) >= BATCH:
                self._send(waiting)
                waiting.clear()
        self._send(waiting)
        while self._machine.unsettled:
            self._read()
        return self._machine.totals.since(before)

    @known_options
    def status(self) -> Dict[str, Any]:
        """What the bus says of itself: the `status_response` frame."""
        machine = StatusMachine()
        with dial(self._place, self._timeout) as sock:
            sock.sendall(machine.question)
            while True:
                try:
                    data = receive(sock)
                except TimeoutError:
                    raise no_answer() from None
                answer = machine.answer(data)
                if answer is not None:
                    return answer

    def close(self) -> None:
        if self._sock is not None:
            with suppress(OSError):
                self._sock.sendall(b'{"type":"bye"}\n')
            self._hang_up()

    def _connect(self) -> None:
        """A connection for publishing; one that the bus has ended while nobody looked is replaced."""
        if self._sock is not None:
            try:
                self._sock.setblocking(False)
                self._read()
            except BlockingIOError:
                pass
            except CafbusError:
                self._hang_up()
        if self._sock is None:
            self._sock = dial(self._place, self._timeout)
            self._machine = ProducerMachine()
        self._sock.settimeout(self._timeout)

    def _send(self, data: bytearray) -> None:
        assert self._sock is not None
        send_all(self._sock, data)

    def _read(self) -> None:
        assert self._sock is not None
        try:
            self._machine.read(receive(self._sock))
        except TimeoutError:
            raise no_answer() from None
        except CafbusError:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


@known_options
def connect(app: str = "default", *, directory: Optional[str] = None, program: str = "cafbus", start: bool = True,
            timeout: float = 15.0) -> Bus:
    """The bus of an app. It is started if none runs, unless `start` is False or somebody holds it back.
    `directory` is the folder of all apps, `program` what starts a bus, `timeout` the longest wait for an answer."""
    check_connect(directory, program, start, timeout)
    bus = Bus(Place(app, directory, program, start), timeout)
    bus.status()
    return bus
