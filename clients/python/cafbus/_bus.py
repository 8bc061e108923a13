"""The blocking client."""
from __future__ import annotations

import socket
import subprocess
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, Optional, Sequence, Type, TypeVar, Union

from ._events import Event, EventFields, encode_publish, make_event
from ._machines import (BATCH, Condition, ConsumerMachine, ProducerMachine, SourceStatus, StatusMachine, Subscription,
                        Totals, judged, past)
from ._places import Backoff, Place, check_peer, may_come_back
from .errors import BusStopping, BusUnavailable, CafbusError

_READ = 65_536
_Self = TypeVar("_Self", bound="_Closing")


def _dial(place: Place, timeout: float, may_start: bool = True) -> socket.socket:
    """A connection to the bus, which is started if need be."""
    for is_second in (False, True):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(timeout)
            sock.connect(place.socket)
            check_peer(sock)
            return sock
        except (FileNotFoundError, ConnectionRefusedError):
            sock.close()
            if is_second or not may_start:
                break
        except OSError as why:
            sock.close()
            raise BusUnavailable("unreachable", f"cannot connect to {place.socket}: {why}") from why
        except CafbusError:
            sock.close()
            raise
        _start(place)
    raise BusUnavailable("not_running", f"no bus is running at {place.socket}")


def _start(place: Place) -> None:
    command = place.start_command()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as why:
        raise place.start_failed(f"{place.program}: {why.strerror}") from why
    if done.returncode:
        raise place.start_failed(done.stderr)


def _receive(sock: socket.socket) -> bytes:
    try:
        return sock.recv(_READ)
    except ConnectionError:
        return b""


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

    def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None once this object is closed. TimeoutError if none comes in time (seconds): call again if you
        like. A connection that is lost is made anew meanwhile, unless `reconnect` is False."""
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

    def subscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These as well from now on. Raises BusError and changes nothing if the bus does not take them."""
        self._ask(self._machine.change("subscribe", types, patterns))
        self._subscription = self._machine.changed()

    def unsubscribe(self, types: Sequence[str] = (), patterns: Sequence[str] = ()) -> None:
        """These no longer; what the bus has queued of them still comes."""
        self._ask(self._machine.change("unsubscribe", types, patterns))
        self._subscription = self._machine.changed()

    def ack(self, event: Event) -> None:
        """This member of a group has handled the event. Does nothing if its connection was lost: others get it then."""
        data = self._machine.confirm(event)
        if data and self._sock is not None:
            self._send(data)

    def nack(self, event: Event, delay: float = 0.0) -> None:
        """It has not: it goes to a member again, `event.attempt` counts on, after `delay` seconds at the earliest."""
        data = self._machine.give_back(event, delay)
        if data and self._sock is not None:
            self._send(data)

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
        while self._machine.answer is None:
            self._step(time.monotonic() + self._timeout)
        return self._machine.answer

    def _send(self, data: bytes) -> None:
        assert self._sock is not None
        self._sock.settimeout(self._timeout)
        with suppress(ConnectionError):  # what the bus said before it closed is read next
            self._sock.sendall(data)

    def _open(self, machine: ConsumerMachine) -> None:
        """Connects and subscribes, within `timeout` each."""
        self._sock = _dial(self._place, self._timeout, self._may_start)
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
        data = _receive(self._sock)
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

    def subscribe(self, key: str, types: Sequence[str] = (), *, subscription_id: str = "", exclusive: bool = False,
                  on_first: str = "", on_last: str = "", require: Sequence[str] = (),
                  patterns: Sequence[str] = (), filter: Sequence[Condition] = (),
                  on_filter_error: str = "", last: int = 0, since: Union[str, datetime] = "", latest: bool = False,
                  cursor: str = "", group: str = "", ack: bool = False, max_in_flight: int = 0,
                  max_attempts: int = 0, reconnect: bool = True,
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
        subscription = Subscription(key, types, subscription_id, exclusive, on_first, on_last, require, patterns, filter,
                                    on_filter_error, past(last, since, latest, cursor), keeps_cursor=reconnect and not group,
                                    group=group, ack=ack, max_in_flight=max_in_flight, max_attempts=max_attempts)
        return Consumer(self._place, subscription, reconnect, self._timeout, on_source)

    def publish(self, event_type: str, payload: Any = None, **fields: Any) -> Totals:
        """Publishes one event and returns when the bus has answered. Keywords: `id`, `source_time`, `app_id`,
        `tenant_key`, and `raw`, JSON text that travels byte for byte in place of `payload`."""
        return self.publish_many([make_event(event_type, payload, **fields)])

    def publish_many(self, events: Iterable[EventFields]) -> Totals:
        """Publishes events (see `make_event`, `from_cloudevent`); returns what became of them when the bus has answered
        for all. ConnectionLost says how many of those sent are in doubt."""
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

    def status(self) -> Dict[str, Any]:
        """What the bus says of itself: the `status_response` frame."""
        machine = StatusMachine()
        with _dial(self._place, self._timeout) as sock:
            sock.sendall(machine.question)
            while True:
                try:
                    data = _receive(sock)
                except TimeoutError:
                    raise BusUnavailable("no_answer", "the bus has not answered in time") from None
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
            self._sock = _dial(self._place, self._timeout)
            self._machine = ProducerMachine()
        self._sock.settimeout(self._timeout)

    def _send(self, data: bytearray) -> None:
        assert self._sock is not None
        with suppress(ConnectionError):  # what the bus said before it closed is read next
            self._sock.sendall(data)

    def _read(self) -> None:
        assert self._sock is not None
        try:
            self._machine.read(_receive(self._sock))
        except CafbusError:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def connect(app: str = "default", *, directory: Optional[str] = None, program: str = "cafbus", start: bool = True,
            timeout: float = 15.0) -> Bus:
    """The bus of an app. It is started if none runs, unless `start` is False or somebody holds it back.
    `directory` is the folder of all apps, `program` what starts a bus, `timeout` the longest wait for an answer."""
    bus = Bus(Place(app, directory, program, start), timeout)
    bus.status()
    return bus
