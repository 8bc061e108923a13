"""Events: as they come, and as they are published."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from . import _json
from ._frames import dump, encode
from ._lines import MAX_FRAME
from .errors import InvalidEvent

MAX_NAME = 1_024
MAX_PAYLOAD = MAX_FRAME - 65_536

_UNREAD = object()


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
        """The payload as Python has it; numbers become int and float. Raises ValueError if Python cannot read it."""
        if self._payload is _UNREAD:
            object.__setattr__(self, "_payload", _json.parse(self.raw))
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


def make_event(event_type: str, payload: Any = None, *, raw: Optional[bytes] = None, id: Optional[str] = None,
               source_time: Optional[str] = None, app_id: Optional[str] = None,
               tenant_key: Optional[str] = None) -> EventFields:
    """An event of a Python value, or of JSON text given as `raw`."""
    if raw is None:
        try:
            raw = dump(payload)
        except (TypeError, ValueError, RecursionError) as why:
            raise InvalidEvent(f"the payload cannot be JSON: {why}") from why
    return EventFields(event_type, raw, id, source_time, app_id, tenant_key)


def encode_publish(event: EventFields) -> bytes:
    """The `publish` frame of an event; InvalidEvent if the bus would reject it for its sizes or its type."""
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
