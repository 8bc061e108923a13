"""The hooks of a subscription never overlap, alternate, and on_last runs once, however consumers end."""
import os
import signal

from checks import check, equal, matches
from harness import main, scenario


def hooks(t, log, first="true", last="true"):
    """Hooks that write down when they begin and end."""
    return ("--on-first", f"echo on_first >> {log}; {first} && echo on_first-done >> {log}",
            "--on-last", f"echo on_last >> {log}; {last}; echo on_last-done >> {log}")


def lines(log):
    return open(log).read().split() if os.path.exists(log) else []


def alive_in_group(group):
    """Processes of a group that are no zombies; whoever adopted them reaps those in its own time."""
    result = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{number}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[2] == group and fields[0] != "Z":
            result.append(number)
    return result


ROUND = ["on_first", "on_first-done", "on_last", "on_last-done"]


@scenario
def on_first_before_the_first_and_on_last_after_the_last(t):
    log = t.path("log")
    bus = t.start_bus()
    first = t.consume("k", *hooks(t, log))
    equal(lines(log), ROUND[:2], "on_first before it was ready")
    second = t.consume("k", *hooks(t, log))
    first.signal(signal.SIGTERM)
    first.expect_exit(0)
    t.await_status(lambda x: x["active_conns"] == 1, "one has gone")
    equal(lines(log), ROUND[:2], "no on_last while one is there")
    second.signal(signal.SIGTERM)
    second.expect_exit(0)
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal(lines(log), ROUND, "on_last before the bus had ended")


@scenario
def consumers_that_are_killed_or_stopped_have_their_on_last(t):
    log = t.path("log")
    bus = t.start_bus("--write-timeout", "300ms")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        consumer = t.consume("k", *hooks(t, log))
        consumer.signal(number)
        consumer.wait()
    stopped = t.consume("k", *hooks(t, log))
    stopped.freeze()
    big = '{"event_type":"k","payload":"' + "x" * 500_000 + '"}\n'
    t.run_cli("publish", input=(big * 4).encode())
    t.await_status(lambda x: x["active_conns"] == 0, "the stopped one is given up")
    stopped.signal(signal.SIGKILL)
    stopped.wait()
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal(lines(log), ROUND * 4, "hooks")


@scenario
def an_on_first_that_fails_is_told_and_tried_again(t):
    log = t.path("log")
    t.start_bus()
    failing = t.run_cli("consume", "k", *hooks(t, log, first="(echo no network >&2; exit 3)"), code=2)
    matches("rejected.*on_first.*exit status 3; no network", failing.err)
    t.consume("k", *hooks(t, log))
    equal(lines(log), ["on_first", "on_first", "on_first-done"], "no on_last after an on_first that failed")


@scenario
def whoever_waits_for_on_first_is_let_in_after_it(t):
    log = t.path("log")
    gate = t.path("gate")
    os.mkfifo(gate)
    t.start_bus()
    first = t.consume("k", *hooks(t, log, first=f"read line < {gate}"), ready=False)
    with open(gate, "w") as out:  # opens when the hook reads
        second = t.consume("k", *hooks(t, log), ready=False)
        check(b"ready" not in first.err + second.err, "nobody is in before the hook has worked")
        out.write("go\n")
    first.expect_line("ready event_key=k")
    second.expect_line("ready event_key=k")
    equal(lines(log), ROUND[:2], "one on_first")


@scenario
def a_consumer_killed_during_its_on_first_leaves_nothing_behind(t):
    log = t.path("log")
    gate = t.path("gate")
    os.mkfifo(gate)
    bus = t.start_bus()
    first = t.consume("k", *hooks(t, log, first=f"read line < {gate}"), ready=False)
    with open(gate, "w") as out:
        first.signal(signal.SIGKILL)
        first.wait()
        out.write("go\n")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal(lines(log), ROUND, "on_first has its on_last")


@scenario
def a_hung_hook_is_ended_with_its_children(t):
    log = t.path("log")
    t.start_bus("--hook-timeout", "300ms")
    failing = t.run_cli("consume", "k", "--on-first", f"echo $$ > {log}; sleep 1000 & wait", code=2)
    matches("on_first.*stopped", failing.err)
    equal(alive_in_group(lines(log)[0]), [], "its process group is gone")


@scenario
def hooks_know_whom_they_serve(t):
    log = t.path("log")
    t.start_bus(app="default")
    t.consume("k", "--subscription-id", "k:42", "--on-first", f"echo $CAFBUS_APP $CAFBUS_SUBSCRIPTION_ID >> {log}")
    equal(lines(log), ["default", "k:42"], "environment")


if __name__ == "__main__":
    main()
