"""The fields of an event beside its payload."""
import calendar
import json
import time

from harness import check, equal, event, main, matches, scenario


@scenario
def seq_counts_from_one_for_each_connection(t):
    t.start_bus()
    early = t.join("a")
    t.publish(event("a", 1))
    late = t.join("k", ["a", "b"])
    t.publish(event("b", 2), event("a", 3))
    equal([early.expect_event()["seq"] for _ in range(2)], [1, 2], "seq of the early one")
    equal([late.expect_event()["seq"] for _ in range(2)], [1, 2], "seq of the late one")


@scenario
def the_fields_stand_in_the_documented_order(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(b'{"payload":{"n":1.10},"tenant_key":"t1","app_id":"cli_1","source_time":"12","event_id":"e-17","event_type":"k",'
              b'"type":"publish"}')
    line = peer.expect_line()
    equal(list(json.loads(line)), ["type", "event_type", "event_id", "source_time", "app_id", "tenant_key", "observed_at",
                                   "seq", "payload"], "order of the fields")
    frame = json.loads(line)
    equal((frame["event_id"], frame["source_time"], frame["app_id"], frame["tenant_key"]), ("e-17", "12", "cli_1", "t1"))


@scenario
def what_was_not_published_is_left_out(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(event("k", 1))
    equal(list(peer.expect_event()), ["type", "event_type", "observed_at", "seq", "payload"], "fields")


@scenario
def observed_at_is_the_time_of_arrival_with_nanoseconds(t):
    t.start_bus()
    peer = t.join("k")
    before = time.time()
    t.publish(event("k", 1))
    frame = peer.expect_event()
    parts = matches(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$", frame["observed_at"], "observed_at")
    seconds = calendar.timegm(time.strptime(parts.group(1), "%Y-%m-%dT%H:%M:%S")) + int(parts.group(2)) / 1e9
    check(before - 0.01 <= seconds <= time.time() + 0.01, f"observed_at {frame['observed_at']} is not now")


@scenario
def a_source_time_is_passed_on_as_it_is(t):
    t.start_bus()
    peer = t.join("k")
    for text in ("0", "1795347038000", "yesterday", "2026-11-22T12:00:00Z", "\u00e9\n\"\\"):
        t.publish(event("k", 1, source_time=text))
        peer.expect_event(source_time=text)


@scenario
def names_survive_whatever_characters_they_have(t):
    t.start_bus()
    for name in ("\u00e9\u4e2d\U0001f600", 'quote"back\\slash', "line\nfeed\ttab\u0001", "a b/c<d>&e", "\u2028"):
        peer = t.join(name)
        t.publish(event(name, 1, event_id=name))
        peer.expect_event(event_type=name, event_id=name)
        equal([x["event_key"] for x in t.status()["consumers"] if x["pid"] == peer.pid], [name], "key in the status")


main()
