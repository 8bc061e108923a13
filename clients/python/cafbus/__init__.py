"""Client of cafbus. `connect` blocks, `cafbus.aio.connect` is for asyncio; both have the same verbs.

    import cafbus

    with cafbus.connect() as bus:                     # starts the daemon if none runs
        bus.publish("im.message", {"text": "hi"})     # returns when the bus has answered
        with bus.subscribe("im.message") as events:
            for event in events:
                print(event.seq, event.missed, event.payload, event.raw)
"""
from . import aio
from ._bus import Bus, Consumer, connect
from ._events import Event, EventFields, encode_publish, make_event
from ._frames import FrameError, decode, encode
from ._lines import MAX_FRAME, LineSplitter, LineTooLong
from ._machines import SourceStatus, Totals
from .cloudevents import from_cloudevent, to_cloudevent, to_cloudevent_json
from .errors import (BusError, BusStopping, BusUnavailable, CafbusError, ConnectionLost, InvalidEvent,
                     InvalidOption, ProtocolError, Rejected, UnreadablePayload, Unsupported)

__all__ = [
    "Bus", "BusError", "BusStopping", "BusUnavailable", "CafbusError", "ConnectionLost", "Consumer", "Event",
    "EventFields", "FrameError", "InvalidEvent", "InvalidOption", "LineSplitter", "LineTooLong", "MAX_FRAME",
    "ProtocolError", "Rejected", "SourceStatus", "Totals", "UnreadablePayload", "Unsupported", "aio", "connect", "decode", "encode",
    "encode_publish", "from_cloudevent", "make_event", "to_cloudevent", "to_cloudevent_json",
]
