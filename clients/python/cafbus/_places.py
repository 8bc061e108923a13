"""Where a bus listens, how to start one, and how long to wait before the next try."""
from __future__ import annotations

import os
import pwd
import random
import re
import socket
import struct
from dataclasses import dataclass
from typing import List, Optional

from ._options import must_be
from .errors import BusStopping, BusUnavailable, CafbusError, ConnectionLost, Rejected

_APP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def base_dir(directory: Optional[str] = None) -> str:
    """The folder of all apps, as the program chooses it."""
    chosen = directory or os.environ.get("CAFBUS_DIR")
    if chosen:
        return os.path.abspath(chosen)
    for runtime in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.geteuid()}"):
        if runtime.startswith("/") and os.path.isdir(runtime) and os.stat(runtime).st_uid == os.geteuid():
            return os.path.join(os.path.abspath(runtime), "cafbus")
    home = os.environ.get("HOME", "")
    if not (os.path.isdir(home) and os.stat(home).st_uid in (os.geteuid(), 0)):  # as under sudo
        home = pwd.getpwuid(os.getuid()).pw_dir
    return os.path.join(os.path.abspath(home), ".cafbus")


@dataclass(frozen=True)
class Place:
    """One app's bus, and the program that starts it."""

    app: str = "default"
    directory: Optional[str] = None
    program: str = "cafbus"
    start: bool = True

    def __post_init__(self) -> None:
        must_be(isinstance(self.app, str) and _APP.fullmatch(self.app) is not None, "app",
                "1 to 64 letters, digits, '_', '-' and '.', with neither of the last two in front", self.app)

    @property
    def folder(self) -> str:
        return os.path.join(base_dir(self.directory), self.app)

    @property
    def socket(self) -> str:
        return os.path.join(self.folder, "bus.sock")

    def start_command(self) -> List[str]:
        """The command that starts the bus. Raises BusUnavailable if none is to be started."""
        if not self.start:
            raise BusUnavailable("not_running", f"no bus is running at {self.socket}")
        if os.path.exists(os.path.join(self.folder, "bus.hold")):  # `start` would clear it: that is for people to do
            raise BusUnavailable("held_back", f"the bus is held back by {self.folder}/bus.hold; `cafbus start` clears it")
        return [self.program, "start", "--app", self.app, "--dir", base_dir(self.directory)]

    def start_failed(self, why: str) -> BusUnavailable:
        return BusUnavailable("start_failed", f"the bus could not be started: {why.strip()}")


def check_peer(sock: socket.socket) -> None:
    """By the kernel's word the bus runs as us or as root."""
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    if uid not in (os.geteuid(), 0):
        raise BusUnavailable("untrusted", f"the bus runs as user {uid}, which is neither us nor root")


def may_come_back(why: CafbusError) -> bool:
    """Whether another try may find a bus that serves us."""
    if isinstance(why, BusUnavailable):
        return why.code in ("not_running", "held_back", "no_answer", "unreachable")
    if isinstance(why, Rejected):
        return why.is_temporary
    return isinstance(why, (BusStopping, ConnectionLost)) or why.code in ("shutting_down", "too_many_half_open",
                                                                          "too_many_connections", "hello_timeout")


class Backoff:
    """Pauses that double from the shortest to the longest, each changed by up to a fifth."""

    def __init__(self, shortest: float = 0.1, longest: float = 5.0) -> None:
        self._shortest, self._longest = shortest, longest
        self._next = shortest

    def pause(self) -> float:
        now, self._next = self._next, min(2 * self._next, self._longest)
        return now * random.uniform(0.8, 1.2)

    def reset(self) -> None:
        self._next = self._shortest
