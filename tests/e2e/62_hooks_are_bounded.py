"""No more than --max-hooks hooks run at once; a hook ends after --hook-timeout; the log is not filled with them."""
import json
import os
import re
import signal
import time

from harness import SLOWDOWN, check, equal, main, matches, scenario
from totals import ended
from watching import await_log, check_gone, read_log


@scenario
def beyond_the_limit_a_consumer_waits_for_its_turn(t):
    os.mkfifo(t.path("gate"))
    t.start_bus("--max-hooks", "1", "--cleanup-wait", "1min")
    first = t.consume("a", "--on-first", f"read line < {t.path('gate')}", ready=False)
    with open(t.path("gate"), "w") as gate:
        second = t.consume("b", "--on-first", "true", ready=False)
        await_log(t, 'hook-started hook=on_first subscription="a"')
        check('subscription="b"' not in read_log(t), "the second hook has not been started")
        t.await_status(lambda x: (x["limits"]["hooks"], x["limits"]["waiting_hooks"]) == (1, 1), "one runs and one waits")
        matches(r"(?m)^hooks +1 running of at most 1; 1 waiting", t.run_cli("status").out)
        gate.write("go\n")
    first.expect_line("ready event_key=a")
    second.expect_line("ready event_key=b")


@scenario
def one_that_waits_for_too_long_is_refused_as_busy(t):
    os.mkfifo(t.path("gate"))
    t.start_bus("--max-hooks", "1", "--cleanup-wait", "200ms")
    first = t.consume("a", "--on-first", f"read line < {t.path('gate')}", ready=False)
    with open(t.path("gate"), "w") as gate:
        peer = t.connect().hello("b", on_first="true")
        ack = peer.expect_ack(rejected=True)
        equal(ack["reject_code"], "busy", "code")
        matches("max-hooks", ack["reject_reason"])
        gate.write("go\n")
    first.expect_line("ready event_key=a")


@scenario
def an_overdue_hook_is_named_in_the_log(t):
    t.start_bus("--hook-timeout", "200ms")
    peer = t.connect().hello("k", on_first="sleep 1000")
    matches("on_first.*stopped", peer.expect_ack(rejected=True)["reject_reason"])
    await_log(t, "hook-overdue hook=on_first")


@scenario
def one_that_writes_errors_without_end_holds_up_no_other(t):
    bus = t.start_bus("--hook-timeout", f"{5 * SLOWDOWN:g}s")
    t.connect().hello("flood", on_first="yes >&2")
    await_log(t, 'hook-started hook=on_first subscription="flood"')
    t.connect().hello("k", on_first="true").expect_ack()
    for thread in os.listdir(f"/proc/{bus.pid}/task"):  # the writer is always faster then
        os.setpriority(os.PRIO_PROCESS, int(thread), 19)
    for i in range(30):
        peer = t.connect().hello(f"k{i}", on_first="true")
        peer.expect_ack(rejected=None)
        peer.close()
    check("hook-overdue" not in read_log(t), "30 hooks ran while it wrote")


@scenario
def the_time_of_a_consumer_runs_while_it_waits_for_a_set_up(t):
    os.mkfifo(t.path("gate"))
    t.start_bus("--cleanup-wait", "1min")
    gate = os.open(t.path("gate"), os.O_RDWR)  # so that nobody waits for it to be opened
    hook = ("--on-first", f"read line < {t.path('gate')}")
    setting_up = t.consume("k", *hook, ready=False)
    await_log(t, 'hook-started hook=on_first subscription="k"')
    for flags in (hook, ()):
        waiting = t.consume("k", *flags, "--timeout", "300ms", ready=False)
        ended(waiting, "timeout", 0)
        matches("--timeout has passed before the bus has admitted this consumer", waiting.err)
        check(b"ready" not in waiting.err, "it was not admitted")
    os.write(gate, b"go\n")
    setting_up.expect_line("ready event_key=k")
    os.close(gate)


@scenario
def the_time_of_a_consumer_ends_its_own_set_up(t):
    os.mkfifo(t.path("gate"))
    t.start_bus()
    gate = os.open(t.path("gate"), os.O_RDWR)
    consumer = t.run_cli("consume", "k", "--on-first", f"read line < {t.path('gate')}", "--timeout", "300ms", "--json")
    equal(json.loads(consumer.err.splitlines()[-1])["reason"], "timeout", "reason")
    os.write(gate, b"go\n")
    os.close(gate)


@scenario
def what_is_left_of_the_time_begins_with_the_set_up(t):
    t.start_bus()
    begun = time.monotonic()
    consumer = t.consume("k", "--on-first", "sleep 1.5", "--timeout", "2s")
    ready = time.monotonic()
    ended(consumer, "timeout", 0)
    over = time.monotonic()
    check(ready - begun >= 1.5 and over - begun >= 2, f"ready after {ready - begun:.2f} s, over after {over - begun:.2f} s")
    check(over - ready < 2, f"{over - ready:.2f} s were left of 2 s")


@scenario
def hooks_of_many_consumers_do_not_fill_the_log(t):
    t.start_bus()
    for i in range(60):
        peer = t.connect().hello(f"k{i}", on_first="exit 3")
        peer.expect_ack(rejected=True)
        peer.close()
    failures = re.findall(r"hook-failed .*times=(\d+)", read_log(t))
    check(0 < len(failures) < 30, f"{len(failures)} lines")


@scenario
def a_killed_daemon_leaves_no_command_behind(t):
    bus = t.start_bus("--source", f"exec:echo $$ > {t.path('source')}; while :; do sleep 0.05; done")
    t.consume("k", "--on-first", f"(sleep 1000 & echo $! > {t.path('helper')}; wait) > /dev/null 2>&1 &")
    t.await_status(lambda _: os.path.exists(t.path("helper")) and os.path.getsize(t.path("helper")) > 0 and
                   os.path.getsize(t.path("source")) > 0, "both run")
    pids = [int(open(t.path(name), encoding="ascii").read()) for name in ("source", "helper")]
    bus.signal(signal.SIGKILL)
    bus.wait()
    t.start_bus()
    await_log(t, "orphans-ended")
    for pid in pids:
        check_gone(pid)


if __name__ == "__main__":
    main()
