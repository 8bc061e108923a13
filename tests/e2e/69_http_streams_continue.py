"""`cafbus http`: a stream begins in the past, and continues where it ended."""
import signal

from gateway import Gateway, has_stream
from harness import equal, main, matches, scenario


def publish(gateway, *numbers):
    equal(gateway.ask("/publish?type=k", "".join(f"{n}\n" for n in numbers))[1]["accepted"], len(numbers))


@scenario
def whoever_comes_back_misses_nothing(t):
    t.start_bus()
    gateway = Gateway(t)
    stays, goes = gateway.stream("k"), gateway.stream("k")
    publish(gateway, 1)
    equal((stays.event(), goes.event()), (1, 1))
    goes.close()
    publish(gateway, 2, 3)
    equal([stays.event() for _ in range(2)], [2, 3])
    again = gateway.stream("k", Last_Event_ID=goes.place)
    equal([again.event() for _ in range(2)], [2, 3])
    has_stream(t, 1)
    publish(gateway, 4)
    equal((stays.event(), again.event()), (4, 4), "once each")
    by_query = gateway.stream(f"k&cursor={goes.place}")
    equal([by_query.event() for _ in range(3)], [2, 3, 4])


@scenario
def one_that_has_missed_nothing_costs_no_connection(t):
    t.start_bus()
    gateway = Gateway(t)
    stays = gateway.stream("k")
    publish(gateway, 1)
    equal(stays.event(), 1)
    same = gateway.stream("k", subscribed=False, Last_Event_ID=stays.place)
    equal(same.next()[:2], ("state", {"state": "subscribed"}), "what comes first")
    equal(gateway.ask("/status")[1]["gateway"]["replays"], 0)
    foreign = gateway.stream("k", subscribed=False, Last_Event_ID="1f-7")
    equal(foreign.next()[:2], ("gap", {"missed": None, "reason": "unknown_cursor"}))


@scenario
def a_stream_that_waits_in_the_past_shares_the_connection_from_the_next_event_on(t):
    t.start_bus()
    gateway = Gateway(t)
    publish(gateway, 1, 2, 3)
    streams = [gateway.stream("k&" + x) for x in ("last=2", "since=1h", "latest=1")]
    equal([x.event() for x in (streams[0], *streams[1:2] * 3, streams[2])], [2, 1, 2, 3, 3])
    equal(streams[0].event(), 3)
    has_stream(t, 4)
    publish(gateway, 4)
    equal([x.event() for x in streams], [4, 4, 4])
    has_stream(t, 1)
    publish(gateway, 5)
    equal([x.event() for x in streams], [5, 5, 5])
    streams[1].close()
    equal(gateway.ask("/status")[1]["gateway"]["replays"], 0)


@scenario
def a_past_that_is_larger_than_the_queue_waits_for_its_stream(t):
    t.start_bus()
    gateway = Gateway(t)
    publish(gateway, *range(5_000))
    equal(gateway.ask("/publish?type=k", ('"' + "x" * 1_000 + '"\n') * 900)[1]["accepted"], 900)
    stream = gateway.stream("k&last=5900")
    publish(gateway, -1)
    equal([stream.event() for _ in range(5_000)], list(range(5_000)))
    equal([len(stream.event()) for _ in range(900)], [1_000] * 900)
    equal(stream.event(), -1)
    has_stream(t, 1)


@scenario
def another_bus_is_told_and_all_that_it_has_comes(t):
    bus = t.start_bus()
    gateway = Gateway(t)
    stays = gateway.stream("k")
    publish(gateway, 1)
    equal(stays.event(), 1)
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal(stays.next()[1]["state"], "waiting")
    t.start_bus()
    publish(gateway, 2)
    while (told := stays.next())[0] == "state":
        pass
    equal(told[:2], ("gap", {"missed": None, "reason": "restart"}))
    equal(stays.event(), 2)
    old = gateway.stream("k", Last_Event_ID=f"{'1' * 16}-7")
    equal(old.next()[:2], ("gap", {"missed": None, "reason": "restart"}))
    equal(old.event(), 2)


@scenario
def what_the_bus_has_forgotten_is_counted(t):
    t.start_bus("--history-events", "2")
    gateway = Gateway(t)
    stream = gateway.stream("k")
    publish(gateway, 1)
    equal(stream.event(), 1)
    publish(gateway, 2, 3, 4, 5)
    again = gateway.stream("k", Last_Event_ID=stream.place)
    equal(again.next()[:2], ("gap", {"missed": 2, "reason": "expired"}))
    equal([again.event() for _ in range(2)], [4, 5])


@scenario
def a_bus_without_a_past_is_told_and_the_stream_begins_now(t):
    bus = t.start_bus("--history-bytes", "0")
    gateway = Gateway(t)
    stream = gateway.stream("k&last=5", subscribed=False)
    while (told := stream.next())[0] == "state":
        pass
    equal(told[:2], ("gap", {"missed": None, "reason": "no_history"}))
    while stream.next()[1] != {"state": "subscribed"}:
        pass
    publish(gateway, 1)
    equal(stream.event(), 1)
    bus.kill()
    t.start_bus("--history-bytes", "0")
    while (told := stream.next())[0] == "state":
        pass
    equal(told[:2], ("gap", {"missed": None, "reason": "no_history"}))
    while stream.next()[1] != {"state": "subscribed"}:
        pass
    publish(gateway, 2)
    equal(stream.event(), 2)
    status, answer = gateway.ask("/events?types=k&since=soon")
    equal((status, answer["error"]["code"]), (400, "bad_start"))
    matches("soon", answer["error"]["message"])


main()
