"""A producer that reads none of its answers: they are running totals, and the newest one is enough."""
from harness import Deadline, WAIT, equal, event, main, scenario

LINES = 20_000


def flood(t, producer, lines):
    for n in range(lines):
        producer.send_line(event("k", n), read_meanwhile=False)
    return t.await_status(lambda x: x["counters"]["ingress"] == lines, "every line came in")


@scenario
def it_is_not_closed_and_reads_the_newest_totals_in_the_end(t):
    t.start_bus("--write-timeout", "100ms")
    producer = t.connect()
    flood(t, producer, LINES)
    deadline = Deadline(WAIT, lambda: "the last totals")
    ack = producer.expect_frame("publish_ack")
    while ack["accepted"] < LINES:
        ack = producer.expect_frame("publish_ack")
        deadline.left_ms()
    equal((ack["accepted"], ack["unmatched"]), (LINES, LINES), "totals")
    producer.published = LINES
    equal(producer.publish(event("k", 1))["accepted"], LINES + 1, "it goes on")


@scenario
def its_last_totals_outlive_its_bye(t):
    t.start_bus()
    producer = t.connect()
    flood(t, producer, LINES)
    producer.send_line({"type": "bye"}, read_meanwhile=False)
    ack = producer.expect_frame("publish_ack")
    while ack["accepted"] < LINES:
        ack = producer.expect_frame("publish_ack")  # an end before the last totals fails here
    producer.expect_eof()


@scenario
def a_bye_with_answers_left_unread_is_not_waited_for_longer_than_the_write_timeout(t):
    t.start_bus("--write-timeout", "100ms")
    producer = t.connect()
    flood(t, producer, LINES)
    producer.send_line({"type": "bye"}, read_meanwhile=False)
    t.await_status(lambda x: x["limits"]["connections"] <= 1, "it is gone")  # who asks is the other one


@scenario
def its_bye_is_not_waited_for_when_the_bus_stops(t):
    bus = t.start_bus("--write-timeout", "100ms")
    producer = t.connect()
    flood(t, producer, LINES)
    bus.signal(15)
    bus.expect_exit(0)


main()
