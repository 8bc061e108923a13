"""`consume --jq` with programs that fail, never end, want all memory or crash libjq."""
import json
import os
import select
import signal
import subprocess

from harness import BINARY, SLOWDOWN, Skip, check, equal, event, main, matches, scenario
from totals import ended, last_line

HAS_JQ = json.loads(subprocess.run([BINARY, "version", "--json"], check=True, capture_output=True).stdout)["jq"]


def start(t, *flags, ready=True, **how):
    if not HAS_JQ:
        raise Skip("built without libjq")
    t.start_bus()
    return t.consume("k", *flags, ready=ready, **how)


def program_of(consumer):
    """The process that runs the program of --jq."""
    with open(f"/proc/{consumer.pid}/task/{consumer.pid}/children", encoding="ascii") as f:
        return int(f.read().split()[0])


def processor_time(pid):
    """In ticks of the kernel, which are 10 ms."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        return int(f.read().rpartition(")")[2].split()[11])


def refused(t, *arguments):
    process = t.run_cli("consume", "k", *arguments, code=2)
    equal(process.err.count(b"\n"), 1, f"lines for {arguments}")
    check(b"ready" not in process.err, "it was never ready")
    return process.err


@scenario
def by_default_it_is_told_and_counted_and_the_run_goes_on(t):
    consumer = start(t, "--jq", ".a", "--max-events", "2")
    t.publish(event("k", {"a": 1}), event("k", [], event_id="bad"), event("k", {"a": 2}))
    ended(consumer, "limit", 3, code=6, handled=2, failed=1, filtered=0)
    equal(bytes(consumer.out), b"1\n2\n", "stdout")
    matches(r'\[cafbus\] the program of --jq failed on seq=2 event_id=bad: Cannot index array with (string )?\\?"a', consumer.err)
    matches(r"\[cafbus\] failed: the program of --jq failed on 1 of 3 events\n", consumer.err)


@scenario
def results_before_the_error_are_not_printed(t):
    consumer = start(t, "--jq", ".[] | if . == 0 then error(\"zero\") else . end", "--max-events", "1")
    t.publish(event("k", [1, 2, 0, 3]), event("k", [4]))
    ended(consumer, "limit", 2, code=6, handled=1, failed=1)
    equal(bytes(consumer.out), b"4\n", "stdout")


@scenario
def pass_prints_the_event_as_it_came(t):
    consumer = start(t, "--jq", ".a", "--jq-errors", "pass", "--max-events", "2")
    t.publish(event("k", b'[ 1.10 ]'), event("k", {"a": 1}))
    ended(consumer, "limit", 2, handled=2, failed=0)
    equal(bytes(consumer.out), b"[ 1.10 ]\n1\n", "stdout")
    matches("failed on 1 of 2 events, and these were printed as they came", consumer.err)


@scenario
def fail_ends_the_run(t):
    consumer = start(t, "--jq", ".a", "--jq-errors", "fail")
    t.publish(event("k", {"a": 1}), event("k", []), event("k", {"a": 2}))
    ended(consumer, "jq_failed", 2, code=1, handled=1, failed=1, left=1)
    equal(bytes(consumer.out), b"1\n", "stdout")


@scenario
def many_failures_are_counted_and_not_all_told(t):
    consumer = start(t, "--jq", "if type == \"array\" then error(\"no\") else . end", "--max-events", "1")
    t.publish(*[event("k", []) for _ in range(50)], event("k", 1))
    ended(consumer, "limit", 51, code=6, failed=50)
    equal(bytes(consumer.err).count(b"failed on seq="), 20, "failures told")
    matches("further failures of the program are only counted", consumer.err)


@scenario
def commands_and_the_program_fail_by_themselves(t):
    consumer = start(t, "--jq", ".a", "--exec", "sh -c 'read x; test $x != 1'", "--on-exec-error", "skip", "--max-events", "2")
    t.publish(event("k", {"a": 1}), event("k", []), event("k", {"a": 2}))
    ended(consumer, "limit", 3, code=6, handled=1, failed=2)
    matches("the program of --jq failed on 1 of 3 events", consumer.err)
    matches("the command failed on 1 of 3 events", consumer.err)


@scenario
def a_program_that_never_ends_is_ended(t):
    consumer = start(t, "--jq", "if . == 0 then last(recurse(.)) else . end", "--jq-timeout", "300ms", "--max-events", "1")
    t.publish(event("k", 0), event("k", 0), event("k", 1))
    ended(consumer, "limit", 3, code=6, handled=1, failed=2)
    equal(bytes(consumer.out), b"1\n", "stdout")
    matches("failed on seq=2: it took longer than 300ms", consumer.err)


@scenario
def a_signal_ends_a_run_whose_program_does_not_end(t):
    consumer = start(t, "--jq", "last(recurse(.))", "--jq-timeout", "10min")
    program = program_of(consumer)
    before = processor_time(program)
    t.publish(event("k", 0), event("k", 1))
    t.await_status(lambda x: x["consumers"][0]["delivered"] == 2, "both are on their way")
    t.await_status(lambda _: processor_time(program) > before + 2, "the program works on the first")
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(6)
    totals = last_line(consumer)
    equal((totals["received"], totals["failed"], totals["left"], totals["reason"]), (1, 1, 1, "signal"))
    matches("failed on seq=1: it was ended with this run", consumer.err)


@scenario
def a_slow_program_does_not_make_its_consumer_look_dead(t):
    """Longer than the write-timeout per event, with more events than the socket holds: the consumer reads on meanwhile."""
    if not HAS_JQ:
        raise Skip("built without libjq")
    t.start_bus("--write-timeout", "3s")
    consumer = t.consume("k", "--jq", "if .n == 0 then last(recurse(.)) else .n end", "--jq-timeout", "8s",
                         "--max-events", "400")
    t.publish(*[event("k", {"n": n, "x": "x" * 2000}) for n in range(401)])
    ended(consumer, "limit", 401, code=6, handled=400, failed=1)


@scenario
def memory_is_bounded(t):
    if SLOWDOWN > 1:
        raise Skip("sanitizers have all memory that they want")
    consumer = start(t, "--jq", "if . == 0 then reduce range(40) as $i (\"12345678\"; . + .) else . end", "--jq-timeout", "10min", "--max-events", "1")
    t.publish(event("k", 0), event("k", 1))
    ended(consumer, "limit", 2, code=6, handled=1, failed=1)
    matches("failed on seq=1: the program needs more than 512 MiB of memory", consumer.err)


@scenario
def results_are_bounded(t):
    consumer = start(t, "--jq", "if . == 0 then range(infinite) else . end", "--jq-timeout", "10min", "--max-events", "1")
    t.publish(event("k", 0), event("k", 1))
    ended(consumer, "limit", 2, code=6, handled=1, failed=1)
    matches("failed on seq=1: its results are longer than 16777216 bytes", consumer.err)


@scenario
def a_process_that_was_killed_is_replaced(t):
    consumer = start(t, "--jq", ".", "--max-events", "4")
    for n in (1, 2, 3):
        os.kill(program_of(consumer), signal.SIGKILL)
        t.publish(event("k", n), event("k", [n]))
        t.await_status(lambda x, n=n: x["consumers"][0]["delivered"] == 2 * n, "both are delivered")
        consumer.expect_line(f"failed on seq={2 * n - 1}: jq crashed: Killed")
        consumer.expect_output([b"[%d]" % n])
    t.publish(event("k", 4))
    ended(consumer, "limit", 7, code=6, handled=4, failed=3)


@scenario
def the_process_ends_with_its_consumer_however_that_ends(t):
    consumer = start(t, "--jq", "last(recurse(.))", "--jq-timeout", "10min")
    child = program_of(consumer)
    if os.geteuid() == 0:  # nobody else may look into a process that leaves no core file
        equal(sorted(os.listdir(f"/proc/{child}/fd")), ["0", "1", "2", "3"], "what it has open")
    t.publish(event("k", 0))
    t.await_status(lambda x: x["consumers"][0]["delivered"] == 1, "it works")
    fd = os.pidfd_open(child)
    consumer.signal(signal.SIGKILL)
    equal(select.select([fd], [], [], 20 * SLOWDOWN)[0], [fd], "its end")
    os.close(fd)


@scenario
def what_cannot_work_is_refused_before_the_bus_hears_of_it(t):
    start(t)
    with open(t.path("bad.jq"), "w", encoding="utf-8") as f:
        f.write(".a\n| nothing\n")
    for arguments, says in ((["--jq", ".a | foo"], r"--jq: foo/0 is not defined at <top-level>, line 1\n"),
                            (["--jq", ".a |"], "--jq: syntax error, unexpected"),
                            (["--jq", b".a\xff"], "--jq: it is not UTF-8"),
                            (["--jq", ""], "--jq: its value must not be empty"),
                            (["--jq-file", "bad.jq"], "--jq-file: nothing/0 is not defined at <top-level>, line 2"),
                            (["--jq-file", "no-such"], "--jq-file: cannot read no-such: No such file"),
                            (["--jq-file", "/dev/zero"], "--jq-file: /dev/zero is longer than 1048576 bytes"),
                            (["--jq-file", "."], "--jq-file: cannot read .: Is a directory"),
                            (["--jq", ".", "--jq-file", "bad.jq"], "--jq and --jq-file are both programs"),
                            (["--jq", ".", "--jq-errors", "ignore"], "--jq-errors: it is skip, pass or fail"),
                            (["--jq", ".", "--jq-timeout", "soon"], "--jq-timeout: "),
                            (["-r"], "--raw-output requires --jq"),
                            (["--jq-errors", "skip"], "--jq-errors requires --jq"),
                            (["--jq-timeout", "1s"], "--jq-timeout requires --jq"),
                            (["--jq", ".", "-r", "--output-dir", "out"], "--raw-output makes text")):
        matches(rf"^\[cafbus\] error: {says}", refused(t, *arguments))
    check(not os.path.exists(t.path("out")), "no folder was made")


@scenario
def a_build_without_libjq_says_the_way_out(t):
    if HAS_JQ:
        raise Skip("built with libjq")
    matches("--jq: this cafbus was built without libjq; install libjq-dev", refused(t, "--jq", "."))


main()
