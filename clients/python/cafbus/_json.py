"""Fields of a JSON object as the bytes that they are, so that a payload is never decoded on the way. Iterative: nesting
costs no stack."""
from __future__ import annotations

import json
import re
from typing import Any, Dict, List, NoReturn, Optional

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,\]\[{}:\"]+")
_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(text: bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what is none, and for nesting that Python cannot follow."""
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deep for Python's json") from None


def _space(text: bytes, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value_end(text: bytes, at: int) -> int:
    """Behind the value that begins there, -1 if there is none. Brackets must pair up; scalars are not looked into."""
    first = text[at:at + 1]
    if first not in (b"{", b"["):
        found = (_STRING if first == b'"' else _SCALAR).match(text, at)
        return found.end() if found else -1
    closing = bytearray()
    for token in _NESTING.finditer(text, at):
        what = token[0]
        if what in (b"{", b"["):
            closing.append(0x7D if what == b"{" else 0x5D)
        elif what in (b"}", b"]"):
            if closing.pop() != what[0]:
                return -1
            if not closing:
                return token.end()
    return -1


def _items(text: bytes, opening: bytes) -> Optional[List[bytes]]:
    """The raw values of an array, or keys and values of an object in turn; None if its structure breaks."""
    at = _space(text, 0)
    if text[at:at + 1] != opening:
        return None
    found: List[bytes] = []
    closing = b"}" if opening == b"{" else b"]"
    at = _space(text, at + 1)
    if text[at:at + 1] == closing:
        return found if _space(text, at + 1) == len(text) else None
    while True:
        end = _value_end(text, at)
        if end < 0:
            return None
        found.append(text[at:end])
        at = _space(text, end)
        mark = text[at:at + 1]
        at = _space(text, at + 1)
        if mark == closing:
            return found if at == len(text) else None
        if mark != (b":" if opening == b"{" and len(found) % 2 else b","):
            return None


def fields(text: bytes) -> Optional[Dict[str, bytes]]:
    """The raw values of an object by key; of several with one key the last. None if it is no object or breaks."""
    items = _items(text, b"{")
    if items is None or len(items) % 2:
        return None
    found: Dict[str, bytes] = {}
    for raw_key, value in zip(items[::2], items[1::2]):
        try:
            key = parse(raw_key)
        except ValueError:
            continue
        if not isinstance(key, str):
            return None
        found[key] = value
    return found


def elements(text: bytes) -> Optional[List[bytes]]:
    """The raw values of an array; None if it is none."""
    return _items(text, b"[")
