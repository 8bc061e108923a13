"""What each call may be asked for: names, kinds and bounds. An option that would have no effect is refused: a misspelt `last`
is not to give a consumer without a past."""
from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Callable, Optional, Sequence, TypeVar, Union, cast

from .errors import InvalidOption

MAX_TIME = 2_147_483.0  #: Seconds; of a wait for an answer or an event.
MAX_DELAY = 3_600.0  #: Seconds; of `nack`, as the bus has it.
MAX_IN_FLIGHT = 1_024
MAX_ATTEMPTS = 1_000
_OPS = ("==", "!=", "<", ">", "in", "exists")
_Call = TypeVar("_Call", bound=Callable[..., Any])


def known_options(call: _Call) -> _Call:
    """Refuses a keyword that `call` does not have with the names of those that it has."""
    known = [name for name in inspect.signature(call).parameters if name != "self"]

    def check(options: Mapping[str, Any]) -> None:
        for name in options:
            if name not in known:
                raise InvalidOption(f"{call.__name__} has no option {name!r}; it has {', '.join(known) or 'none'}")

    @functools.wraps(call)
    async def run_later(*arguments: Any, **options: Any) -> Any:
        check(options)
        return await call(*arguments, **options)

    @functools.wraps(call)
    def run(*arguments: Any, **options: Any) -> Any:
        check(options)
        return call(*arguments, **options)

    return cast(_Call, run_later if inspect.iscoroutinefunction(call) else run)


def must_be(is_right: bool, name: str, says: str, value: Any) -> None:
    """InvalidOption unless it is right."""
    if not is_right:
        shown = repr(value)
        raise InvalidOption(f"{name} must be {says}, not {shown if len(shown) <= 60 else shown[:60] + '...'}")


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def check_count(name: str, value: Any, low: int, high: int, says: str = "") -> None:
    is_right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    must_be(is_right, name, says or f"a whole number from {low} to {high}", value)


def check_text(name: str, value: Any, may_be_empty: bool = True) -> None:
    says = "text" if may_be_empty else "text that is not empty"
    must_be(isinstance(value, str) and (may_be_empty or value != ""), name, says, value)


def check_flag(name: str, value: Any) -> None:
    must_be(isinstance(value, bool), name, "True or False", value)


def check_call(name: str, value: Any) -> None:
    must_be(value is None or callable(value), name, "a function", value)


def check_names(name: str, value: Any) -> None:
    """One text is a collection of its letters, which nobody means."""
    is_right = isinstance(value, Collection) and not isinstance(value, (str, bytes, Mapping)) and \
        all(isinstance(x, str) and x for x in value)
    must_be(is_right, name, "a list of names", value)


def check_filter(value: Any) -> None:
    says = 'a list of conditions ("/pointer", "op", value) or ("/pointer", "exists")'
    must_be(isinstance(value, Sequence) and not isinstance(value, (str, bytes)), "filter", says, value)
    for x in value:
        must_be(isinstance(x, (tuple, list)) and 2 <= len(x) <= 3 and isinstance(x[0], str), "filter", says, x)
        must_be(x[1] in _OPS, "the operator of a condition of filter", "one of " + ", ".join(_OPS), x[1])
        must_be(len(x) == 2 or _is_comparable(x[2]), "the value of a condition of filter",
                "text, a finite number, a bool, None or a list of these", x[-1])


def _is_comparable(value: Any) -> bool:
    def is_scalar(x: Any) -> bool:
        return x is None or isinstance(x, (str, int)) or (isinstance(x, float) and math.isfinite(x))

    return is_scalar(value) or (isinstance(value, (list, tuple)) and all(is_scalar(x) for x in value))


def check_time(name: str, value: Any, may_be_zero: bool = False) -> None:
    says = f"a number of seconds, {'0 or more' if may_be_zero else 'above 0'} and at most {MAX_TIME:.0f}"
    must_be(_is_number(value, 0, MAX_TIME) and (may_be_zero or value > 0), name, says, value)


def check_delay(value: Any) -> None:
    must_be(_is_number(value, 0, MAX_DELAY), "delay", f"a number of seconds from 0 to {MAX_DELAY:.0f}", value)


def check_events(value: Any) -> None:
    is_right = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    must_be(is_right, "what publish_many takes", "a list of events, or what iterates over them", value)


def check_connect(directory: Any, program: Any, start: Any, timeout: Any) -> None:
    if directory is not None:
        check_text("directory", directory, may_be_empty=False)
    check_text("program", program, may_be_empty=False)
    check_flag("start", start)
    check_time("timeout", timeout)


def past(last: Optional[int] = None, since: Union[str, datetime, None] = None, latest: bool = False,
         cursor: str = "") -> Optional[Mapping[str, Any]]:
    """The `replay` of a hello; None if nothing is asked for. InvalidOption for more than one wish."""
    if last is not None:
        check_count("last", last, 1, 2**64 - 1, "a number of events, 1 or more")
    if isinstance(since, datetime):
        since = since.astimezone().isoformat()
    elif since is not None:
        must_be(isinstance(since, str) and since != "", "since", 'a duration before now ("10m"), a time or a datetime', since)
    check_flag("latest", latest)
    check_text("cursor", cursor)
    wishes = {name: value for name, value in (("last", last), ("since", since), ("latest", latest), ("cursor", cursor))
              if value}
    if len(wishes) > 1:
        raise InvalidOption("a subscription begins at one of last, since, latest and cursor")
    return wishes or None
