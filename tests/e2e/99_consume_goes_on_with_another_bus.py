"""consume --reconnect: a run that outlives its bus."""
import signal

from harness import check, equal, event, main, matches, scenario


def numbered(first, last):
    return [event("k", {"n": n}) for n in range(first, last + 1)]


def lines(first, last):
    return [{"n": n} for n in range(first, last + 1)]


@scenario
def it_goes_on_when_a_bus_that_was_killed_is_back(t):
    bus = t.start_bus()
    consumer = t.consume("k", "--reconnect", "--no-spawn", "--max-events", "5")
    t.publish(*numbered(1, 2))
    consumer.expect_output(lines(1, 2))
    bus.kill()
    consumer.expect_line(r"reconnecting")
    t.start_bus()
    t.publish(*numbered(3, 4))
    consumer.expect_line(r"gap: the cursor is of another bus.*restart")
    t.publish(*numbered(5, 5))
    done = consumer.expect_exit(0)
    equal([x for x in done.out.decode().split()], [f'{{"n":{n}}}' for n in range(1, 6)], "events")
    matches(r"exited: received=5 handled=5 failed=0 dropped=0 left=0 reason=limit", done.err)


@scenario
def what_came_before_it_was_back_is_not_missed_even_if_it_had_seen_nothing(t):
    bus = t.start_bus()
    consumer = t.consume("k", "--reconnect", "--no-spawn", "--max-events", "2")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    consumer.expect_line(r"reconnecting")
    t.start_bus()
    t.publish(*numbered(1, 2))
    done = consumer.expect_exit(0)
    equal(done.out, b'{"n":1}\n{"n":2}\n', "events")


@scenario
def a_bus_that_was_lost_is_started_again_and_one_that_was_stopped_is_not(t):
    bus = t.start_bus()
    consumer = t.consume("k", "--reconnect", "--timeout", "1min")
    bus.kill()
    consumer.expect_line(r"reconnected")
    t.run_cli("stop", "--force")
    consumer.expect_line(r"reconnecting")
    check(b"not running" in t.run_cli("status", code=1).out + t.run_cli("status", code=1).err, "no bus is started")
    consumer.signal(signal.SIGTERM)
    done = consumer.expect_exit(0)
    matches(r"exited: received=0 .* reason=signal", done.err)


main()
