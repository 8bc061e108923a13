"""Why no events arrive: prepared situations, and the stage at which each is found."""
import json
import signal

from harness import check, equal, event, main, matches, scenario


def findings(t, key, code=0):
    answer = json.loads(bytes(t.run_cli("explain", key, "--json", code=code).out))
    equal(answer["key"], key, "key")
    return [(x["stage"], x["text"]) for x in answer["findings"]]


def expect_first(t, key, stage, text, code=0):
    found = findings(t, key, code)
    equal(found[0][0], stage, f"stage of {found}")
    matches(text, found[0][1].encode())
    return found


@scenario
def no_bus_runs(t):
    expect_first(t, "k", "source", "no bus answers", code=1)


@scenario
def nothing_was_published_and_there_is_no_source(t):
    t.start_bus()
    found = expect_first(t, "k", "source", "the bus has no source, and nothing was published")
    equal(found[-1][0], "consumer", "nobody asks for it, either")


@scenario
def the_source_is_down(t):
    t.start_bus("--source", "exec:exit 1")
    t.await_status(lambda x: x["sources"] and x["sources"][0]["state"] == "reconnecting", "the source is down")
    expect_first(t, "k", "source", "the source exec:exit 1 is reconnecting since ")


@scenario
def the_source_is_silent(t):
    t.start_bus("--source", "exec:sleep 1000")
    t.consume("k")
    t.await_status(lambda x: x["sources"] and x["sources"][0]["state"] == "connected", "the source runs")
    expect_first(t, "k", "source", "no event has come since the bus started")


@scenario
def what_comes_is_no_event(t):
    t.start_bus()
    t.publish(b'{"type":"publish"}')
    expect_first(t, "k", "source", "1 lines came in and none of them was an event")


@scenario
def the_name_is_misspelt(t):
    t.start_bus()
    t.consume("github.isues.opened")
    t.publish(event("github.issues.opened", 1))
    expect_first(t, "github.isues.opened", "type", r"1 events came.*did you mean github\.issues\.opened\?.*\(1\)")


@scenario
def it_came_before_anybody_asked(t):
    t.start_bus()
    t.publish(event("k", 1), event("k", 2))
    found = expect_first(t, "k", "type", "2 events of type k came while no consumer was subscribed to them")
    matches("no consumer asks for k", found[1][1].encode())


@scenario
def a_pattern_finds_what_nobody_asked_for(t):
    t.start_bus()
    t.publish(event("a.b", 1))
    expect_first(t, "a.*", "type", r"1 events of type a\.b came")


@scenario
def the_consumer_is_too_slow_or_does_not_read(t):
    t.start_bus("--queue-capacity", "20", "--write-timeout", "1min")
    stuck, neighbour = t.join("k", policy="latest"), t.join("k")
    for _ in range(60):
        t.publish(*[event("k", "x" * 10_000) for _ in range(10)])
        for _ in range(10):
            neighbour.expect_event()
    found = [x for x in findings(t, "k") if f"consumer {stuck.pid}" in x[1]]
    equal([x[0] for x in found], ["queue", "queue"], "stages")
    matches("was too slow: .* were dropped, by its policy latest", found[0][1].encode())
    matches("does not read: .* are queued for it", found[1][1].encode())


@scenario
def the_consumer_has_got_everything(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(event("k", 1))
    peer.expect_event()
    expect_first(t, "k", "handler", f"consumer {peer.pid} has received all of its 1 events")


@scenario
def the_command_of_the_consumer_fails(t):
    t.start_bus()
    t.consume("k", "--exec", "false", "--on-exec-error", "skip")
    t.publish(event("k", 1), event("k", 2), event("k", 3))
    t.await_status(lambda x: x["consumers"][0].get("stats") == {"handled": 0, "failed": 3, "lost": 0}, "it has said so")
    expect_first(t, "k", "handler", r"consumer \d+ has received all of its 3 events, and says that it has "
                                    "handled 0, failed on 3")


@scenario
def the_consumer_has_the_events_and_works_on_one(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sleep 1000")
    t.publish(*[event("k", n) for n in range(4)])
    t.await_status(lambda x: x["consumers"][0]["delivered"] == 4, "it has them")
    expect_first(t, "k", "handler", r"consumer \d+ has received all of its 4 events, and says that it has "
                                    "handled 0, and works on 4")
    consumer.signal(signal.SIGKILL)


@scenario
def the_consumer_came_after_the_last_one(t):
    t.start_bus()
    first = t.join("k")
    t.publish(event("k", 1))
    first.expect_event()
    late = t.join("k")
    found = [x for x in findings(t, "k") if f"consumer {late.pid}" in x[1]]
    equal(found[0][0], "consumer", "stage")
    matches("no event for it has come since", found[0][1].encode())


@scenario
def consume_explains_its_silence_once(t):
    t.start_bus()
    consumer = t.consume("k", "--explain", "50ms")
    consumer.expect_line(r"\[cafbus\] why: source: the bus has no source, and nothing was published")
    t.publish(event("k", 1))
    consumer.expect_line(r"\[cafbus\] why: handler: consumer \d+ has received all of its 1 events")
    equal(bytes(consumer.err).count(b"why: source: the bus has no source"), 1, "times that it is said")
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)


@scenario
def people_read_one_line_per_finding(t):
    t.start_bus()
    text = t.run_cli("explain", "k").out
    matches(r"^source: the bus has no source, and nothing was published\nconsumer: no consumer asks for k; ", text)
    check(b"KEY must not be empty" in t.run_cli("explain", "", code=2).err, "an empty key is refused")


main()
