"""CloudEvents 1.0 in their JSON format, to and from events of the bus.

What has a place in both: type, id, source (`app_id`), time (`source_time`), the extension `tenantkey` and the data, which
is the payload. An id counts only together with its source there, and alone here: so it travels as SOURCE#ID, and two
sources may number their events alike. What has no place on the bus, as subject or other extensions, is left out; with
`envelope=True` the whole CloudEvent is the payload, and comes out again as it went in.
"""
from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, Union
from urllib.parse import quote

from . import _json
from ._events import Event, EventFields, json_of, make_event
from ._frames import dump
from ._options import check_flag, known_options
from .errors import InvalidEvent

_NAME = re.compile(r"[a-z0-9]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_JSON_TYPE = re.compile(r"[^/;\s]+/(json|[^/;\s]+\+json)\s*(;.*)?", re.IGNORECASE)
_URI = "!#$%&'()*+,/:;=?@[]~"


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def _attributes(event: Event, source: str) -> Dict[str, Any]:
    event_id = event.id or f"{event.observed_at or ''}#{event.seq}"
    if event.app_id:
        source = quote(event.app_id, safe=_URI)
        if event.id and event.id.startswith(event.app_id + "#"):
            event_id = event.id[len(event.app_id) + 1:] or event.id
    found = {"specversion": "1.0", "id": event_id, "source": source, "type": event.type}
    time = event.source_time if event.source_time and _is_time(event.source_time) else event.observed_at
    if time:
        found["time"] = time
    if event.tenant_key:
        found["tenantkey"] = event.tenant_key
    return {**found, "datacontenttype": "application/json"}


def _is_envelope(event: Event) -> bool:
    if b'"specversion"' not in event.raw:
        return False
    try:
        given = event.payload
        return isinstance(given, dict) and given.get("specversion") == "1.0" and given.get("type") == event.type and \
            event.id == f"{given.get('source')}#{given.get('id')}"
    except ValueError:
        return False


def to_cloudevent_json(event: Event, source: str = "/cafbus/default") -> bytes:
    """The event as JSON text, with the payload byte for byte. `source` is for events without an `app_id`. An event without
    an id gets one of its time of arrival and its number in this connection."""
    if _is_envelope(event):
        return event.raw
    return dump(_attributes(event, source))[:-1] + b',"data":' + event.raw + b"}"


def to_cloudevent(event: Event, source: str = "/cafbus/default") -> Dict[str, Any]:
    """The same as a Python value."""
    given: Dict[str, Any] = _json.parse(to_cloudevent_json(event, source))
    return given


def _check(given: Any) -> None:
    if not isinstance(given, dict):
        raise InvalidEvent("a CloudEvent is a JSON object")
    if given.get("specversion") != "1.0":
        raise InvalidEvent("specversion is not 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise InvalidEvent(f"{name} is no string, or an empty one")
    for name, value in given.items():
        if name in ("data", "data_base64"):
            continue
        if not _NAME.fullmatch(name):
            raise InvalidEvent(f"{name!r} is no name of an attribute: lower-case letters and digits")
        is_number = isinstance(value, int) and -2**31 <= value < 2**31
        if not (value is None or isinstance(value, (str, bool)) or is_number):
            raise InvalidEvent(f"{name} is neither string nor boolean nor an integer of 32 bits")
    if given.get("time") is not None and not (isinstance(given["time"], str) and _is_time(given["time"])):
        raise InvalidEvent("time is not by RFC 3339")
    if given.get("data") is not None and given.get("data_base64") is not None:
        raise InvalidEvent("data and data_base64 exclude each other")


@known_options
def from_cloudevent(given: Union[bytes, str, Dict[str, Any]], envelope: bool = False) -> EventFields:
    """A CloudEvent as an event to be published. Text keeps its data byte for byte. Raises InvalidEvent for what is none, and
    for data that is not JSON unless `envelope` is given."""
    check_flag("envelope", envelope)
    text = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given if isinstance(given, bytes) else \
        json_of(given, "a CloudEvent")
    try:
        value = _json.parse(text)
    except ValueError as why:
        raise InvalidEvent(f"a CloudEvent is a JSON object: {why}") from why
    _check(value)
    raw = text
    if not envelope:
        if value.get("data_base64") is not None or not _JSON_TYPE.fullmatch(
                str(value.get("datacontenttype") or "application/json")):
            raise InvalidEvent("data that is not JSON travels only in an envelope")
        raw = (_json.fields(text) or {}).get("data", b"null")
    tenant = value.get("tenantkey")
    return make_event(value["type"], raw=raw, id=f"{value['source']}#{value['id']}", source_time=value.get("time"),
                      app_id=value["source"], tenant_key=tenant if isinstance(tenant, str) else None)
