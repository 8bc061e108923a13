"""200 GitHub webhooks through `cafbus publish` and `cafbus consume`. CAFBUS_TEST_EVENTS names a file of at least 200."""
import json
import os

from harness import ROOT, check, equal, main, matches, raw_payload, scenario

COUNT = 200


def webhooks():
    """200 lines with distinct ids."""
    path = os.environ.get("CAFBUS_TEST_EVENTS") or os.path.join(ROOT, "tests", "data", "github-webhooks.ndjson")
    with open(path, "rb") as f:
        lines = [x for x in f.read().split(b"\n") if x]
    rounds = [lines]
    while sum(map(len, rounds)) < COUNT:
        mark = b'{"event_id":"'  # each line begins so
        rounds.append([mark + b"round-%d-" % len(rounds) + x[len(mark):] for x in lines])
    lines = [x for some in rounds for x in some][:COUNT]
    equal(len({json.loads(x)["event_id"] for x in lines}), COUNT, "distinct ids")
    return lines


def types(lines):
    return sorted({json.loads(x)["event_type"] for x in lines})


def publish(t, lines, **how):
    process = t.run_cli("publish", input=b"\n".join(lines) + b"\n", **how)
    matches(rf"published: accepted={len(lines)} duplicates=0 rejected=0", process.err)


@scenario
def payloads_arrive_in_order_and_byte_for_byte(t):
    t.start_bus()
    lines = webhooks()
    consumer = t.consume("github", "--types", ",".join(types(lines)), "--max-events", str(COUNT))
    publish(t, lines)
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b"".join(raw_payload(x) + b"\n" for x in lines), "standard output")
    matches(rf"exited: received={COUNT} handled={COUNT} failed=0 dropped=0 left=0 reason=limit\n$", consumer.err)


@scenario
def whole_events_say_which_they_are(t):
    t.start_bus()
    lines = webhooks()
    consumer = t.consume("github", "--types", ",".join(types(lines)), "--max-events", str(COUNT), "--envelope")
    publish(t, lines)
    consumer.expect_exit(0)
    out = bytes(consumer.out).splitlines()
    equal(len(out), COUNT, "lines")
    for seq, (line, sent) in enumerate(zip(out, lines), 1):
        frame, original = json.loads(line), json.loads(sent)
        equal((frame["seq"], frame["event_id"], frame["event_type"]),
              (seq, original["event_id"], original["event_type"]))
        equal(raw_payload(line), raw_payload(sent), "payload")


@scenario
def each_consumer_gets_its_own_types_only(t):
    t.start_bus()
    lines = webhooks()
    by_type = {}
    for x in lines:
        by_type.setdefault(json.loads(x)["event_type"], []).append(raw_payload(x))
    consumers = {name: t.consume(name, "--max-events", str(len(sent))) for name, sent in list(by_type.items())[:5]}
    publish(t, lines)
    for name, consumer in consumers.items():
        consumer.expect_exit(0)
        equal(bytes(consumer.out), b"".join(x + b"\n" for x in by_type[name]), f"output for {name}")


@scenario
def a_second_publication_is_nothing_but_duplicates(t):
    t.start_bus()
    lines = webhooks()
    consumer = t.consume("github", "--types", ",".join(types(lines)))
    publish(t, lines)
    process = t.run_cli("publish", input=b"\n".join(lines) + b"\n")
    matches(rf"published: accepted=0 duplicates={COUNT} rejected=0", process.err)
    consumer.expect_output([raw_payload(x) for x in lines])
    check(consumer.running, "the consumer runs")
    equal(t.status()["consumers"][0]["received"], COUNT, "received")


main()
