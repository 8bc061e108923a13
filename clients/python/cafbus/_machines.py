"""What a connection makes of the lines that come, without any input or output: bytes in, words out. The blocking client and
that of asyncio are thin shells around these."""
from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._events import Event
from ._frames import decode, encode
from ._lines import MAX_ANSWER, LineSplitter
from ._options import (MAX_ATTEMPTS, MAX_IN_FLIGHT, check_count, check_delay, check_filter, check_flag, check_names, check_text,
                       must_be)
from .errors import BusError, BusStopping, CafbusError, ConnectionLost, InvalidOption, ProtocolError, Rejected, Unsupported

#: Bytes of publish frames that are sent at once.
BATCH = 65_536
#: Errors of the bus after which the connection goes on.
_HARMLESS = ("unexpected_frame", "bad_subscription")

#: A condition of a filter: pointer, operator and, but for `exists`, a value.
Condition = Union[Tuple[str, str], Tuple[str, str, Any]]


@dataclass(frozen=True)
class SourceStatus:
    """The state of one source of the bus has changed."""

    source: str
    state: str
    detail: str = ""


@dataclass(frozen=True)
class Totals:
    """What became of published events. `unmatched` and `consumers` are None on a bus without `publish_counts`."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    unmatched: Optional[int] = None  #: Of those accepted: wanted by no consumer at that moment.
    consumers: Optional[int] = None  #: That wanted something of what was answered for last.

    @property
    def settled(self) -> int:
        return self.accepted + self.duplicates + self.rejected

    def since(self, before: "Totals") -> "Totals":
        unmatched = None if self.unmatched is None else self.unmatched - (before.unmatched or 0)
        return Totals(self.accepted - before.accepted, self.duplicates - before.duplicates,
                      self.rejected - before.rejected, unmatched, self.consumers)


@dataclass(frozen=True)
class Subscription:
    key: str
    types: Sequence[str] = ()
    subscription_id: str = ""
    exclusive: bool = False
    on_first: Optional[str] = None
    on_last: Optional[str] = None
    require: Sequence[str] = ()  #: Capabilities that the bus must name.
    patterns: Sequence[str] = ()
    filter: Sequence[Condition] = ()
    on_filter_error: Optional[str] = None
    replay: Optional[Mapping[str, Any]] = None  #: What it begins with; see `past`.
    keeps_cursor: bool = True  #: Its events have cursors, so that a later connection can continue.
    group: Optional[str] = None  #: Its events are shared with all who name it.
    ack: bool = False  #: Each event is confirmed, see `Consumer.ack`.
    max_in_flight: Optional[int] = None
    max_attempts: Optional[int] = None
    resumes: bool = False  #: `replay` is not asked for by the user, but what an earlier connection has left.
    forgotten: bool = False  #: There was an earlier connection, and the bus keeps no past events.

    def check(self) -> "Subscription":
        """Itself; InvalidOption if a user has asked for what cannot be. What the bus alone knows, it says."""
        check_text("key", self.key)
        check_text("subscription_id", self.subscription_id)
        for name in ("types", "patterns", "require"):
            check_names(name, getattr(self, name))
        for name in ("exclusive", "ack"):
            check_flag(name, getattr(self, name))
        for name in ("on_first", "on_last", "group"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name), may_be_empty=False)
        check_filter(self.filter)
        words = ("skip", "pass", "fail")
        must_be(self.on_filter_error in (None, *words), "on_filter_error", "one of " + ", ".join(words), self.on_filter_error)
        for name, most in (("max_in_flight", MAX_IN_FLIGHT), ("max_attempts", MAX_ATTEMPTS)):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name), 1, most)
        return self

    def hello(self) -> bytes:
        frame: Dict[str, Any] = {"type": "hello", "pid": os.getpid(), "event_key": self.key,
                                 "event_types": list(self.types) or ([] if self.patterns else [self.key]),
                                 "version": "v1"}
        asked = {"patterns": list(self.patterns), "subscription_id": self.subscription_id, "exclusive": self.exclusive,
                 "group": self.group, "ack": self.ack, "max_in_flight": self.max_in_flight,
                 "max_attempts": self.max_attempts, "on_first": self.on_first, "on_last": self.on_last, "replay": self.replay,
                 "capabilities": ["gap", "cursor"] if self.keeps_cursor or self.replay else ["gap"],
                 "filter": [dict(zip(("pointer", "op", "value"), x)) for x in self.filter],
                 "on_filter_error": self.on_filter_error}
        if self.on_first or self.on_last:  # as `consume` does: hooks run in the surroundings of who asked for them
            asked.update(hook_env=dict(os.environ), hook_dir=os.getcwd())
        return encode({**frame, **{key: value for key, value in asked.items() if value}})

    def needed(self) -> List[str]:
        hooks = ["hooks"] if self.on_first or self.on_last else []
        patterns = ["patterns"] if self.patterns else []
        filters = ["filter"] if self.filter else []
        groups = ["group"] if self.group else []
        cursors = ["cursor"] if self.replay and not self.resumes else []
        return [*self.require, *(["exclusive"] if self.exclusive else []), *patterns, *filters, *groups, *cursors,
                *hooks]

    def after_refusal(self, why: CafbusError) -> Optional["Subscription"]:
        """The same from now on, if the bus has refused it because it keeps no past events."""
        if not self.resumes or not isinstance(why, Rejected) or why.code != "bad_hello":
            return None
        return replace(self, replay=None, resumes=False, forgotten=True)


Word = Union[Event, SourceStatus]


class _Machine:
    def __init__(self) -> None:
        self._lines = LineSplitter(MAX_ANSWER)

    def feed(self, data: bytes) -> None:
        self._lines.feed(data)

    def _frames(self) -> Iterator[Dict[str, Any]]:
        """Frames as they come; the bus's last words are raised as errors."""
        for line in self._lines:
            if not line:
                continue
            frame = decode(line)
            if frame["type"] == "bye" and frame.get("reason", "").startswith("filter_failed"):
                raise BusError("filter_failed", frame["reason"])
            if frame["type"] == "bye":
                raise BusStopping("bye", frame.get("reason", "the bus has said bye"))
            if frame["type"] == "error" and frame.get("code") not in _HARMLESS:
                raise BusError(frame.get("code", ""), frame.get("message", ""))
            yield frame


@dataclass
class SequenceGaps:
    """Holes in the numbers of one connection, which begin at 1; 0 and what came before say nothing."""

    last: int = 0
    dropped: int = 0

    def missed_before(self, seq: int) -> int:
        if seq <= self.last:
            return 0
        missed = seq - self.last - 1
        self.last = seq
        self.dropped += missed
        return missed


class ConsumerMachine(_Machine):
    """One connection of a consumer. `words` yields what came: first the capabilities of the bus have been checked."""

    def __init__(self, subscription: Subscription, reconnected: bool = False) -> None:
        super().__init__()
        self.subscription = subscription
        self.ack: Optional[Dict[str, Any]] = None
        self.gaps = SequenceGaps()
        self.answer: Optional[Dict[str, Any]] = None  #: To the question that was asked last.
        self.cursor = ""  #: Of the last event.
        self._began = datetime.now(timezone.utc).isoformat()
        self._reconnected = reconnected
        self._gap: Dict[str, Any] = {}  # the last that the bus has told of
        # of what came before this connection: how many events it no longer has, and why
        self._expired = 0
        self._expired_reason = "no_history" if subscription.forgotten else None

    def words(self) -> Iterator[Word]:
        for frame in self._frames():
            if frame["type"] == "hello_ack":
                self._on_ack(frame)
            elif frame["type"] == "event":
                if self.ack is None:
                    raise ProtocolError("no_hello_ack", "the bus sent an event before its hello_ack")
                yield self._event(frame)
            elif frame["type"] == "gap" and frame.get("reason") in ("expired", "restart"):
                self._expired, self._expired_reason = frame.get("count", 0), frame["reason"]
            elif frame["type"] == "gap":
                self._gap = frame
            elif frame["type"] in ("pre_shutdown_ack", "subscribed", "error"):
                self.answer = frame
            elif frame["type"] == "source_status":
                yield SourceStatus(frame.get("source", ""), frame.get("state", ""), frame.get("detail", ""))

    def _on_ack(self, frame: Dict[str, Any]) -> None:
        if frame.get("rejected"):
            raise Rejected(frame.get("reject_code", ""), frame.get("reject_reason", "the bus gave no reason"))
        for capability in self.subscription.needed():
            if capability not in frame.get("capabilities", []):
                raise Unsupported(capability, f"the bus does not know of {capability}")
        self.ack = frame

    def _event(self, frame: Mapping[str, Any]) -> Event:
        seq = frame.get("seq", 0)
        missed = self.gaps.missed_before(seq)
        reason = self._gap.get("reason") if missed and self._gap.get("to_seq") == seq - 1 else None
        self.cursor = frame.get("cursor", "")
        event = Event(frame.get("event_type", ""), frame.get("payload", b"null"), seq, frame.get("event_id"),
                      frame.get("source_time"), frame.get("app_id"), frame.get("tenant_key"), frame.get("observed_at"),
                      missed + self._expired, self._reconnected, self._expired_reason or reason, self.cursor or None,
                      frame.get("attempt", 1), self)
        self._reconnected, self._expired, self._expired_reason = False, 0, None
        return event

    def left(self) -> Subscription:
        """What the next connection subscribes to: the same, behind the last event of this one."""
        old = self.subscription
        if self.ack is None or "cursor" not in self.ack.get("capabilities", []) or not old.keeps_cursor:
            return old
        if self.cursor:
            return replace(old, replay={"cursor": self.cursor}, resumes=True, forgotten=False)
        if old.replay is None:
            return replace(old, replay={"since": self._began}, resumes=True)
        return old

    def confirm(self, event: Event) -> bytes:
        """That it has been handled. Nothing for an event of an earlier connection: others have been given that."""
        return self._settle(event, "ack", {})

    def give_back(self, event: Event, delay: float) -> bytes:
        """That it has not been, and not before `delay` seconds shall be."""
        check_delay(delay)
        wait = {"delay_ms": round(delay * 1_000)} if delay else {}
        return self._settle(event, "nack", wait)

    def _settle(self, event: Event, verb: str, more: Dict[str, Any]) -> bytes:
        if not self.subscription.ack:
            raise InvalidOption("only a subscription with a group and ack=True confirms events")
        must_be(isinstance(event, Event), verb, "called with an event of this consumer", event)
        return encode({"type": verb, "seq": event.seq, **more}) if event._connection is self else b""

    def report(self, handled: int, failed: int, lost: int) -> bytes:
        """What became of the events of this connection. Nothing for a bus that does not take it."""
        for name, value in (("handled", handled), ("failed", failed), ("lost", lost)):
            check_count(name, value, 0, 2**64 - 1, "a whole number, 0 or more")
        if "stats" not in (self.ack or {}).get("capabilities", []):
            return b""
        return encode({"type": "stats", "handled": handled, "failed": failed, "lost": lost})

    def is_last(self) -> bytes:
        """Asks whether it is the last consumer of its subscription."""
        self.answer = None
        asked = {"type": "pre_shutdown_check", "event_key": self.subscription.key}
        if self.subscription.subscription_id:
            asked["subscription_id"] = self.subscription.subscription_id
        return encode(asked)

    def change(self, verb: str, types: Sequence[str], patterns: Sequence[str]) -> bytes:
        """Asks for other events: `verb` is subscribe or unsubscribe."""
        check_names("types", types)
        check_names("patterns", patterns)
        if "patterns" not in (self.ack or {}).get("capabilities", []):
            raise Unsupported("patterns", "the bus cannot change a subscription")
        self.answer = None
        return encode({"type": verb, "event_types": list(types), "patterns": list(patterns)})

    def changed(self) -> Subscription:
        """What the answer to `change` leaves it subscribed to."""
        answer = self.answer or {}
        if answer.get("type") == "error":
            raise BusError(answer.get("code", ""), answer.get("message", ""))
        self.subscription = replace(self.subscription, types=answer.get("event_types", ()),
                                    patterns=answer.get("patterns", ()))
        return self.subscription

    def at_eof(self) -> CafbusError:
        cut = " within a frame" if self._lines.pending else ""
        return ConnectionLost(f"the bus has closed the connection{cut} without a word")


def judged(machine: ConsumerMachine, data: bytes) -> Tuple[List[Word], Optional[CafbusError]]:
    """What these bytes say, and what ended the connection behind it, if anything did. No bytes are the end."""
    if not data:
        return [], machine.at_eof()
    machine.feed(data)
    found: List[Word] = []
    try:
        found.extend(machine.words())  # keeps what came before an error
    except CafbusError as why:
        return found, why
    return found, None


class ProducerMachine(_Machine):
    """One connection of a producer: counts what was sent, and reads the bus's running totals."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.totals = Totals()

    @property
    def unsettled(self) -> int:
        return self.sent - self.totals.settled

    def read(self, data: bytes) -> None:
        """Takes in what came. Raises what ended the connection; no bytes are the end."""
        if not data:
            raise ConnectionLost(f"the bus has closed the connection; {self.unsettled} events are in doubt",
                                 self.unsettled)
        self.feed(data)
        try:
            for frame in self._frames():
                if frame["type"] == "publish_ack":
                    self.totals = Totals(frame.get("accepted", 0), frame.get("duplicates", 0),
                                         frame.get("rejected", 0), frame.get("unmatched"), frame.get("consumers"))
        except BusStopping as why:
            if self.unsettled == 0:
                raise
            raise ConnectionLost(f"the bus ended ({why}); {self.unsettled} events are in doubt",
                                 self.unsettled) from why


class StatusMachine(_Machine):
    """Asks one question."""

    question = b'{"type":"status_query"}\n'

    def answer(self, data: bytes) -> Optional[Dict[str, Any]]:
        """The answer, once it is complete."""
        if not data:
            raise ConnectionLost("the bus has closed the connection without an answer")
        self.feed(data)
        return next((frame for frame in self._frames() if frame["type"] == "status_response"), None)
