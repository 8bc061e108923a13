"""Cuts a stream of bytes into lines, however it is split, and holds at most one line too many."""
from __future__ import annotations

from typing import Iterator

from .errors import ProtocolError

#: Longest frame in bytes, the newline included.
MAX_FRAME = 1_048_576
#: Longest line taken from a bus in bytes: its status can be longer than a frame.
MAX_ANSWER = 16 * MAX_FRAME


class LineTooLong(ProtocolError):
    def __init__(self, limit: int) -> None:
        super().__init__("frame_too_large", f"a frame is longer than {limit} bytes")


class LineSplitter:
    """`feed` what was read; iterate over the lines, without their ends. A line beyond the limit raises LineTooLong behind
    the lines before it, as soon as so many bytes are there."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._begin = 0
        self._scanned = 0  # no newline before this position
        self._too_long = False

    def feed(self, data: bytes) -> None:
        if not self._too_long:
            del self._buffer[:self._begin]
            self._scanned -= self._begin
            self._begin = 0
            self._buffer += data

    @property
    def pending(self) -> int:
        """Bytes that belong to no line yet."""
        return len(self._buffer) - self._begin

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        end = -1 if self._too_long else self._buffer.find(b"\n", self._scanned)
        self._scanned = end + 1 if end >= 0 else len(self._buffer)
        size = self._scanned - self._begin
        if self._too_long or size > self._limit or (end < 0 and size == self._limit):
            self._too_long = True
            self._buffer.clear()
            self._begin = self._scanned = 0
            raise LineTooLong(self._limit)
        if end < 0:
            raise StopIteration
        line = bytes(self._buffer[self._begin:end])
        self._begin = end + 1
        return line[:-1] if line.endswith(b"\r") else line
