"""What can go wrong. `code` is for programs, `str(error)` for people."""
from __future__ import annotations


class CafbusError(Exception):
    """All errors of this package but TimeoutError, which is Python's own: nothing came in the time that `next` was given."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class BusUnavailable(CafbusError):
    """No bus serves us: `not_running`, `held_back`, `start_failed`, `untrusted`, `unreachable`, `no_answer`."""


class Rejected(CafbusError):
    """The bus refused the hello; `code` is its reject_code, empty from a bus that sends none."""

    @property
    def is_temporary(self) -> bool:
        """Whether the same hello may be let in later."""
        return self.code in ("busy", "exclusive", "too_many_connections", "shutting_down")


class Unsupported(CafbusError):
    """The hello asks for what the bus does not name among its capabilities; `code` is that capability."""


class BusError(CafbusError):
    """The bus sent an `error` frame; `code` is its code."""


class BusStopping(CafbusError):
    """The bus said bye; the text is its reason."""


class ConnectionLost(CafbusError):
    """The connection ended without a word. `unsettled` events were sent to the bus, which has not answered for them."""

    def __init__(self, text: str, unsettled: int = 0) -> None:
        super().__init__("connection_lost", text)
        self.unsettled = unsettled


class ProtocolError(CafbusError):
    """The peer sent what no bus sends: `frame_too_large`, `not_json`, `not_an_object`, `missing_type`, `bad_field`..."""


class InvalidOption(CafbusError, ValueError, TypeError):
    """An option or argument that is unknown, or out of its bounds. The text names it and what there is."""

    def __init__(self, text: str) -> None:
        super().__init__("invalid_option", text)


class UnreadablePayload(CafbusError, ValueError):
    """A payload that Python's json cannot read, as one that is nested very deep; `Event.raw` has it."""

    def __init__(self, text: str) -> None:
        super().__init__("unreadable_payload", text)


class InvalidEvent(CafbusError, ValueError):
    """What is no event, or has a name or payload that no bus would accept; it was not sent."""

    def __init__(self, text: str) -> None:
        super().__init__("invalid_event", text)


def no_answer() -> BusUnavailable:
    return BusUnavailable("no_answer", "the bus has not answered in time")
