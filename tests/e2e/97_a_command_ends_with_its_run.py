"""How `consume --exec` ends: by a signal, with its input, with its reader, with its bus, or because it is too slow."""
import os
import signal
import subprocess
import time

from harness import SLOWDOWN, check, encode, equal, event, main, matches, scenario
from totals import ended, last_line
from watching import expect_gone


@scenario
def a_signal_gives_the_command_two_seconds(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'echo begun; read -r n; sleep 0.5; echo done $n'")
    t.publish(event("k", 1), event("k", 2))
    consumer.expect_output([b"begun"])
    consumer.signal(signal.SIGINT)
    ended(consumer, "signal", 1, handled=1, left=1)
    equal(bytes(consumer.out), b"begun\ndone 1\n", "stdout")


@scenario
def then_it_is_ended_with_the_run(t):
    t.start_bus()
    for how, reason, flags in (("signal", "signal", []), ("time", "timeout", ["--timeout", "1s"])):
        consumer = t.consume("k", "--exec", "sh -c 'echo $$; exec sleep 1000'", *flags)
        t.publish(event("k", 1))
        pid = int(consumer.expect_line(r"^(\d+)$", stream="out").group(1))
        if how == "signal":
            consumer.signal(signal.SIGTERM)
        ended(consumer, reason, 1, code=1)
        matches("failed on seq=1: it was ended with this run\n", consumer.err)
        expect_gone(t, pid)


@scenario
def a_second_signal_ends_the_command_at_once(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'trap \"\" TERM; echo $$; sleep 1000; sleep 1000'", "--exec-timeout", "never")
    t.publish(event("k", 1))
    pid = int(consumer.expect_line(r"^(\d+)$", stream="out").group(1))
    consumer.signal(signal.SIGTERM)
    consumer.signal(signal.SIGINT)
    consumer.expect_exit(1, limit=1.5 * SLOWDOWN)
    equal(last_line(consumer)["failed"], 1, "the command that was killed")
    expect_gone(t, pid)


@scenario
def a_closed_input_gives_the_command_two_seconds_too(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'echo $$; exec sleep 1000'", stdin=subprocess.PIPE)
    t.publish(event("k", 1))
    pid = int(consumer.expect_line(r"^(\d+)$", stream="out").group(1))
    consumer.close_stdin()
    ended(consumer, "stdin_eof", 1, code=1)
    expect_gone(t, pid)


@scenario
def the_end_of_its_reader_ends_the_run(t):
    t.start_bus()
    reader, writer = os.pipe()
    consumer = t.consume("k", "--exec", "cat", stdout=writer)
    os.close(writer)
    t.publish(event("k", 1))
    equal(os.read(reader, 100), b"1\n", "stdout")
    os.close(reader)
    ended(consumer, "output_closed", 1)


@scenario
def the_end_of_the_bus_lets_the_events_that_came_be_handled(t):
    bus = t.start_bus()
    gate = t.path("gate")
    for n in range(5):  # one for each, or the end of a writer could let the next one pass as well
        os.mkfifo(f"{gate}{n}")
    consumer = t.consume("k", "--exec", f"sh -c 'echo begun; read -r n; read x <{gate}$n; echo $n'")
    t.publish(*[event("k", n) for n in range(5)])
    consumer.expect_output([b"begun"])
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    consumer.expect_line("the bus has closed the connection; the events that came before are still handled")
    for n in range(5):
        with open(f"{gate}{n}", "w") as f:
            f.write("go\n")
        consumer.expect_output([encode(str(n)), *([b"begun"] if n < 4 else [])])
    ended(consumer, "bus_shutdown", 5, code=3)


@scenario
def the_death_of_the_bus_lets_them_be_handled_too(t):
    bus = t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'cat; sleep 0.1'")
    t.publish(*[event("k", n) for n in range(5)])
    consumer.expect_output([b"0"])
    bus.kill()
    ended(consumer, "connection_lost", 5, code=3)
    equal(bytes(consumer.out), b"0\n1\n2\n3\n4\n", "stdout")
    matches("is lost, .*`cafbus status --app default`.* run the same command again", consumer.err)


@scenario
def a_slow_command_makes_the_bus_drop_and_count(t):
    t.start_bus("--queue-capacity", "10")
    gate = t.path("gate")
    os.mkfifo(gate)
    consumer = t.consume("k", "--exec", f"sh -c 'echo begun; cat >/dev/null; read x <{gate}'", "--max-events", "2")
    t.publish(event("k", 0))
    consumer.expect_output([b"begun"])
    for n in range(60):  # 6 MB: more than the kernel and a second's read-ahead hold
        t.publish(*[event("k", "x" * 10_000) for _ in range(10)])
    status = t.await_status(lambda s: s["consumers"][0]["dropped"] > 0, "the bus has dropped events")
    equal(status["active_conns"], 1, "connections")
    pass_on = os.open(gate, os.O_RDWR)  # open for both commands: the end of a writer would let the second pass as well
    for last in (False, True):
        os.write(pass_on, b"go\n")
        consumer.expect_output([] if last else [b"begun"])
    consumer.expect_exit(0)
    os.close(pass_on)
    totals = last_line(consumer)
    equal((totals["received"], totals["dropped"] > 0), (2, True), "received; dropped beyond what was handled")


@scenario
def a_consumer_with_a_slow_command_is_not_given_up_as_stuck(t):
    t.start_bus("--write-timeout", "3s", "--queue-capacity", "10")
    gate = t.path("gate")
    os.mkfifo(gate)
    consumer = t.consume("k", "--exec", f"sh -c 'cat >/dev/null; read x <{gate}; echo done'", "--max-events", "1")
    start = time.monotonic()
    while time.monotonic() - start < 7:  # without a pause there is more for it than fits the kernel
        t.publish(*[event("k", "x" * 10_000) for _ in range(10)])
    equal(t.status()["active_conns"], 1, "connections")
    with open(gate, "w") as f:
        f.write("go\n")
    consumer.expect_exit(0)
    totals = last_line(consumer)
    equal((totals["received"], totals["reason"]), (1, "limit"))
    check(totals["dropped"] > 0 and totals["left"] > 0, f"what the bus dropped and had left is told: {totals}")


@scenario
def one_that_is_given_up_all_the_same_is_told_so(t):
    t.start_bus("--write-timeout", "100ms")
    consumer = t.consume("k", "--exec", "sh -c 'cat >/dev/null; sleep 1'")
    for _ in range(20):
        t.publish(*[event("k", "x" * 100_000) for _ in range(10)])
    consumer.expect_line("the bus has closed the connection")
    consumer.signal(signal.SIGTERM)  # what it has would take it minutes
    consumer.expect_exit(0)


main()
