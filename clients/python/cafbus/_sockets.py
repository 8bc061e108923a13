"""The blocking client's sockets."""
from __future__ import annotations

import socket
import subprocess
from typing import Union

from ._places import Place, check_peer
from .errors import BusUnavailable, CafbusError, no_answer

_READ = 65_536


def dial(place: Place, timeout: float, may_start: bool = True) -> socket.socket:
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


def receive(sock: socket.socket) -> bytes:
    try:
        return sock.recv(_READ)
    except ConnectionError:
        return b""


def send_all(sock: socket.socket, data: Union[bytes, bytearray]) -> None:
    try:
        sock.sendall(data)
    except TimeoutError:
        raise no_answer() from None
    except ConnectionError:
        pass  # what the bus said before it closed is read next
