"""Patterns of event types, from the command line and over the wire."""
from harness import check, equal, main, scenario


def publish(t, *types):
    t.publish(*({"type": "publish", "event_type": x, "payload": i} for i, x in enumerate(types)))


@scenario
def a_key_or_a_type_with_wildcards_is_a_pattern(t):
    t.start_bus()
    opened = t.consume("github.*.opened", "--envelope", "--max-events", "2")
    both = t.consume("all", "--types", "github.>,order.paid", "--max-events", "3")
    publish(t, "github.push", "github.issues.opened", "order.paid", "order.sent", "github.pull.opened")
    opened.expect_exit(0)
    both.expect_exit(0)
    equal([line.split(b'"event_type":"')[1].split(b'"')[0] for line in bytes(opened.out).splitlines()],
          [b"github.issues.opened", b"github.pull.opened"], "types")
    equal(bytes(both.out), b"0\n1\n2\n", "payloads")


@scenario
def literal_takes_a_name_as_it_is(t):
    t.start_bus()
    consumer = t.consume("a.*", "--literal", "--max-events", "1")
    publish(t, "a.b", "a.*")
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b"1\n", "payloads")
    check(b"warning" not in consumer.err, "it was meant")


@scenario
def status_lists_patterns_and_publish_finds_them(t):
    t.start_bus()
    t.consume("a.*")
    row = t.run_cli("status")
    check(b"a.*" in row.out, "the pattern is listed")
    t.run_cli("publish", "--type", "a.b", "--wait-for-consumer", "5s", input=b"1\n")


@scenario
def a_consumer_changes_what_it_gets(t):
    t.start_bus()
    peer = t.join("k", patterns=["a.*"])
    publish(t, "a.1", "b.1", "k")
    peer.expect_event(event_type="a.1", seq=1)
    peer.send_line({"type": "subscribe", "patterns": ["b.>"]})
    equal(peer.expect_frame("subscribed")["patterns"], ["a.*", "b.>"], "patterns")
    peer.send_line({"type": "unsubscribe", "patterns": ["a.*"]})
    equal(peer.expect_frame("subscribed")["patterns"], ["b.>"], "patterns")
    publish(t, "a.2", "b.2")
    peer.expect_event(event_type="b.2", seq=2)


main()
