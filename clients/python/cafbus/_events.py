"""Events: as they come, and as they are published."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Union

from . import _json
from ._frames import dump, encode
from ._lines import MAX_FRAME
from ._options import known_options
from .errors import InvalidEvent, UnreadablePayload

MAX_NAME = 1_024
MAX_PAYLOAD = MAX_FRAME - 65_536

_UNREAD = object()
#: Of a call that was given no payload; None is one.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()


@dataclass(frozen=True)
class Event:
    """An event as the bus delivered it."""

    type: str
    raw: bytes  #: The payload, byte for byte as it was published.
    seq: int = 0
    id: Optional[str] = None
    source_time: Optional[str] = None
    app_id: Optional[str] = None
    tenant_key: Optional[str] = None
    observed_at: Optional[str] = None
    missed: int = 0  #: Events that are missing right before this one; 0 with a `missed_reason`: nobody knows how many.
    reconnected: bool = False  #: The first one of a new connection.
    #: Why: `queue_full`, `shed`, `link`: the bus dropped them; None on a bus without `gap`. Of a new connection: `expired`:
    #: the bus has forgotten them, at most so many, of all types; `restart`: it is another bus; `no_history`: it keeps none.
    missed_reason: Optional[str] = None
    cursor: Optional[str] = None  #: Its place, to continue behind it; None on a bus without `cursor`.
    attempt: int = 1  #: How often members of the group have been given it.
    _connection: Any = field(default=None, repr=False, compare=False)  # that it came by: `seq` is of that one
    _payload: Any = field(default=_UNREAD, init=False, repr=False, compare=False)

    @property
    def payload(self) -> Any:
        """The payload as Python has it; numbers become int and float. Raises UnreadablePayload if Python cannot read it."""
        if self._payload is _UNREAD:
            try:
                object.__setattr__(self, "_payload", _json.parse(self.raw))
            except ValueError as why:
                raise UnreadablePayload(f"the payload cannot be read: {why}") from why
        return self._payload


@dataclass(frozen=True)
class EventFields:
    """An event before it is published. `raw` is its payload as JSON text; it goes out as it is."""

    type: str
    raw: bytes
    id: Optional[str] = None
    source_time: Optional[str] = None
    app_id: Optional[str] = None
    tenant_key: Optional[str] = None


@known_options
def make_event(event_type: str, payload: Any = MISSING, *, raw: Optional[bytes] = None, id: Optional[str] = None,
               source_time: Optional[str] = None, app_id: Optional[str] = None,
               tenant_key: Optional[str] = None) -> EventFields:
    """An event of a Python value, or of JSON text given as `raw`, which only the bus checks."""
    if raw is None and payload is MISSING:
        raise InvalidEvent("an event needs a payload, or its JSON as raw; None is a payload")
    if raw is not None and payload is not MISSING:
        raise InvalidEvent("payload and raw exclude each other")
    if raw is None:
        raw = json_of(payload, "the payload")
    return EventFields(event_type, raw, id, source_time, app_id, tenant_key)


def json_of(value: Any, what: str) -> bytes:
    """JSON of a value; InvalidEvent for what JSON cannot say."""
    try:
        return dump(value)
    except (TypeError, ValueError, RecursionError) as why:
        raise InvalidEvent(f"{what} cannot be JSON: {why}") from why


def encode_publish(event: Union[EventFields, Event]) -> bytes:
    """The `publish` frame of an event; InvalidEvent if the bus would reject it for its sizes or its type."""
    if not isinstance(event, (EventFields, Event)):
        raise InvalidEvent(f"an event is what make_event and from_cloudevent return, not {event!r:.60}")
    if not isinstance(event.raw, bytes):
        raise InvalidEvent(f"raw is JSON text in bytes, as of text.encode(), not {event.raw!r:.60}")
    head = {"type": "publish", "event_type": event.type, "event_id": event.id, "source_time": event.source_time,
            "app_id": event.app_id, "tenant_key": event.tenant_key}
    if not event.type:
        raise InvalidEvent("an event needs a type")
    for name, value in head.items():
        if value is not None and not isinstance(value, str):
            raise InvalidEvent(f"{name} is no string")
        try:
            too_long = len((value or "").encode("utf-8")) > MAX_NAME
        except UnicodeEncodeError:
            raise InvalidEvent(f"{name} holds half a surrogate pair") from None
        if too_long:
            raise InvalidEvent(f"{name} is longer than {MAX_NAME} bytes")
    raw = event.raw.strip(b" \t\r\n")
    if b"\n" in raw:  # JSON has line ends between tokens only
        raw = raw.replace(b"\r", b" ").replace(b"\n", b" ")
    if not raw or len(raw) > MAX_PAYLOAD:
        raise InvalidEvent(f"a payload has 1 to {MAX_PAYLOAD} bytes")
    return encode({**{key: value for key, value in head.items() if value}, "payload": raw})
