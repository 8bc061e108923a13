"""The frames of the wire as data: which fields each has, and of which kind. messages/vectors has the same as a schema, and
what must come of each line."""
from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Union

from . import _json
from .errors import ProtocolError

#: "string", "bool", "int" (64 bits, signed), "uint" (unsigned), "uint32", "json" (any value, null as well), "raw" (the same,
#: not looked into), a table of fields, or a list of one of these.
Kind = Union[str, Dict[str, Any], List[Any]]

_LIMITS = {
    name: "uint" for name in (
        "connections max_connections half_open max_half_open refused queued_bytes max_queued_bytes queue_capacity "
        "queue_bytes max_event_types max_key_bytes max_json_depth log_lines idle_timeout_ms drain_ms write_timeout_ms "
        "hello_timeout_ms dedup_ttl_ms cleanup_wait_ms cleanup_lease_ms hook_timeout_ms hooks waiting_hooks max_hooks "
        "history_events history_bytes history_age_ms").split()
}
_FILTER = {"filter": [{"pointer": "string", "op": "string", "value": "json"}], "on_filter_error": "string"}
_STATS = {name: "uint" for name in ("handled", "failed", "lost")}
_STATUS: Dict[str, Any] = {
    "pid": "int", "uptime_sec": "int", "active_conns": "int",
    "consumers": [{"pid": "int", "event_key": "string", "subscription_id": "string", "received": "uint",
                   "dropped": "uint", "delivered": "uint", "queued": "uint", "queued_bytes": "uint",
                   "event_types": ["string"], "patterns": ["string"], "policy": "string",
                   "queue_capacity": "uint", "queue_bytes": "uint", "block_ms": "uint", "blocks": ["int"], **_FILTER,
                   "filtered": "uint", "filter_errors": "uint", "group": "string", "in_flight": "uint",
                   "stats": _STATS}],
    "version": "string", "app": "string", "state": "string", "socket": "string", "last_event_at": "string",
    "certificate_expires": "string",
    "counters": {name: "uint" for name in ("ingress", "duplicates", "unmatched", "matched", "rejected")},
    "unmatched_types": [{"event_type": "string", "count": "uint"}],
    "sources": [{"source": "string", "state": "string", "detail": "string", "since": "string"}],
    "links": [{"peer": "string", "direction": "string", "state": "string", "node": "string", "types": "uint",
               "received": "uint", "dropped": "uint", "missed": "uint", "queued": "uint",
               "detail": "string"}],
    "groups": [{"name": "string", "members": "uint", "ack": "bool", "received": "uint", "waiting": "uint",
                "in_flight": "uint", "done": "uint", "redelivered": "uint", "dead": "uint", "lost": "uint",
                "ignored": "uint"}],
    "limits": {**_LIMITS, "paused": "bool"},
}
_CHANGES = [{name: "string" for name in ("option", "from", "to")}]
_NAMES = {"event_types": ["string"], "patterns": ["string"]}
_EVENT = {name: "string" for name in ("event_type", "event_id", "source_time", "app_id", "tenant_key")}

FRAMES: Dict[str, Dict[str, Any]] = {
    "hello": {"pid": "int", "event_key": "string", **_NAMES, "version": "string",
              "subscription_id": "string", "capabilities": ["string"], "exclusive": "bool", "on_first": "string",
              "on_last": "string", "hook_env": {"*": "string"}, "hook_dir": "string", "hook_umask": "uint32",
              "policy": "string", "queue_capacity": "uint", "queue_bytes": "uint", "block_ms": "uint", **_FILTER,
              "replay": {"last": "uint", "since": "string", "latest": "bool", "cursor": "string"},
              "group": "string", "ack": "bool", "max_in_flight": "uint32", "max_attempts": "uint32"},
    "hello_ack": {"bus_version": "string", "first_for_key": "bool", "rejected": "bool", "reject_reason": "string",
                  "reject_code": "string", "capabilities": ["string"]},
    "subscribe": _NAMES,
    "unsubscribe": _NAMES,
    "subscribed": _NAMES,
    "ack": {"seq": "uint"},
    "nack": {"seq": "uint", "delay_ms": "uint"},
    "stats": _STATS,
    "event": {**_EVENT, "observed_at": "string", "seq": "uint", "cursor": "string", "attempt": "uint",
              "payload": "raw"},
    "source_status": {"source": "string", "state": "string", "detail": "string"},
    "gap": {"from_seq": "uint", "to_seq": "uint", "count": "uint", "reason": "string"},
    "pre_shutdown_check": {"event_key": "string", "subscription_id": "string"},
    "pre_shutdown_ack": {"last_for_key": "bool"},
    "bye": {"reason": "string"},
    "publish": {**_EVENT, "payload": "raw"},
    "wait_for_room": {"wait_ms": "uint"},
    "publish_ack": {"accepted": "uint", "duplicates": "uint", "rejected": "uint", "unmatched": "uint",
                    "consumers": "uint"},
    "status_query": {},
    "status_response": _STATUS,
    "shutdown": {"force": "bool", "drain_ms": "int"},
    "reload": {},
    "reload_result": {"file": "string", "changed": _CHANGES, "need_restart": _CHANGES, "error": "string",
                      "warnings": ["string"]},
    "error": {"code": "string", "message": "string"},
}

_RANGES = {"int": (-2**63, 2**63 - 1), "uint": (0, 2**64 - 1), "uint32": (0, 2**32 - 1)}


class FrameError(ProtocolError):
    """A line that is no frame: `not_json`, `not_an_object`, `missing_type` or `bad_field`."""

    def __init__(self, code: str, line: bytes) -> None:
        super().__init__(code, f"{code}: {line[:80]!r}")


def _is_text(x: Any) -> bool:
    return isinstance(x, str) and (x.isascii() or not any("\ud800" <= c <= "\udfff" for c in x))


def _table(found: Optional[Dict[str, bytes]], table: Mapping[str, Any]) -> Dict[str, Any]:
    if found is None:
        raise ValueError
    if "*" in table:  # a map: any key, and null is no value
        return {key: _read(value, table["*"]) for key, value in found.items()}
    return {key: _read(value, table[key]) for key, value in found.items()
            if key in table and (value != b"null" or table[key] in ("raw", "json"))}


def _read(raw: bytes, kind: Kind) -> Any:
    """The value of a field of that kind, or ValueError."""
    if isinstance(kind, dict):
        return _table(_json.fields(raw), kind)
    if isinstance(kind, list):
        items = _json.elements(raw)
        if items is None:
            raise ValueError
        return [_read(item, kind[0]) for item in items]
    if kind == "raw":
        return raw
    value = _json.parse(raw)
    if kind == "json" or (kind == "string" and _is_text(value)):
        return value
    if kind == "bool" and isinstance(value, bool):
        return value
    low, high = _RANGES.get(kind, (1, 0))
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise ValueError


def decode(line: bytes) -> Dict[str, Any]:
    """The known fields of one line, `type` among them; `null` ones and unknown ones are left out. The payload of an event
    or publish frame stays the bytes that it is, unchecked. A frame of an unknown type has nothing but its type."""
    found = _json.fields(line)
    try:
        frame_type = _json.parse(found["type"]) if found and "type" in found else None
    except ValueError:
        frame_type = None
    carries_payload = frame_type in ("event", "publish")
    if not carries_payload:
        try:
            whole = _json.parse(line)
        except ValueError:
            raise FrameError("not_json", line) from None
        if not isinstance(whole, dict):
            raise FrameError("not_an_object", line)
    if not _is_text(frame_type):
        raise FrameError("missing_type", line)
    assert isinstance(frame_type, str)
    try:
        return {"type": frame_type, **_table(found, FRAMES.get(frame_type, {}))}
    except ValueError:
        raise FrameError("bad_field", line) from None


def encode(frame: Mapping[str, Any]) -> bytes:
    """A frame as one line with its end. Fields in the order given; a payload of bytes goes in as it is."""
    parts = []
    for key, value in frame.items():
        raw = value if key == "payload" and isinstance(value, bytes) else dump(value)
        parts.append(dump(key) + b":" + raw)
    return b"{" + b",".join(parts) + b"}\n"


def dump(x: Any) -> bytes:
    """JSON on one line. Half surrogate pairs stay escapes, which is the only way to write them."""
    text = json.dumps(x, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(x, separators=(",", ":"), allow_nan=False).encode("ascii")
