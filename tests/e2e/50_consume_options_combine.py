"""Every combination of what bounds a run, where its events go, and what its standard input is; with one standard input,
how they look and what is told beside them as well.

Each consumer's end is forced by one thing only, so that the outcome does not depend on the machine's speed: either two
events come and no time is short, or none comes and a time is short.
"""
import contextlib
import itertools
import os
import signal
import socket
import subprocess

from harness import BINARY, SLOWDOWN, check, encode, equal, event, main, matches, scenario
from totals import ended

LONG = "10min"
SINKS = ("stdout", "files", "exec")
BOUNDS = [frozenset(x) for n in range(4) for x in itertools.combinations(("max", "timeout", "idle"), n)]
PAYLOADS = [b'{"n":1}', b'{"n": 2.50}']


@contextlib.contextmanager
def standard_input(kind):
    """A descriptor of that kind; yields it with the words that go before the command."""
    mine, words = [], []
    if kind in ("pipe", "pipe at its end"):
        fd, other = os.pipe()
        mine.append(other)
    elif kind in ("socket", "socket at its end"):
        a, b = socket.socketpair()
        fd, other = a.detach(), b.detach()
        mine.append(other)
    elif kind == "terminal":
        other, fd = os.openpty()
        mine.append(other)
    else:
        fd = os.open(__file__ if kind == "file" else os.devnull, os.O_RDONLY)
    if kind.endswith("at its end"):
        os.close(mine.pop())
    if kind == "closed":
        words = ["sh", "-c", 'exec "$0" "$@" <&-']
    try:
        yield fd, words
    finally:
        for x in [fd, *mine]:
            os.close(x)


class Run:
    """One consumer of the table."""

    def __init__(self, t, stdin, sink, flags, name):
        self.dir = t.path(f"files{len(t.processes)}")
        self.sink, self.name, self.envelope = sink, name, "--envelope" in flags
        where = {"stdout": [], "files": ["--output-dir", self.dir], "exec": ["--exec", "cat"]}[sink]
        fd, words = stdin
        command = [*words, BINARY, "consume", "--dir", t.path("bus"), "k", *where, *flags]
        self.process = t.start(command, stdin=fd)

    def ready(self):
        self.process.expect_line(r"\[cafbus\] ready event_key=k$")

    def await_events(self, number):
        """Until so many have come out at the other end."""
        if self.sink == "files":
            return  # their names are looked at in the end; what ends the run is told after them
        for _ in range(number):
            self.process.expect_line("", stream="out")

    def expect_end(self, code, reason, received):
        try:
            ended(self.process, reason, received, code=code, failed=0, left=0)
            lines = self.lines()
            equal(len(lines), received, "events that came out")
            for line, payload in zip(lines, PAYLOADS):
                if self.envelope:
                    check(line.startswith(b'{"type":"event","event_type":"k"') and payload + b"}" in line, f"{line}")
                else:
                    equal(line, payload, "event")
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from error

    def lines(self):
        if self.sink != "files":
            return bytes(self.process.out).splitlines()
        equal(bytes(self.process.out), b"", "stdout")
        result = []
        for name in sorted(os.listdir(self.dir)):
            with open(os.path.join(self.dir, name), "rb") as f:
                result.append(f.read().removesuffix(b"\n"))
        return result


def chosen(combinations):
    """All; with sanitizers, which take their time, each fifth: each option still meets each sink."""
    return list(combinations)[::1 if SLOWDOWN == 1 else 5]


def events_come(t, kind):
    """No time is short: `--max-events 2` ends a run, or else a closed input, or else a signal."""
    t.start_bus("--source", "stdin", stdin=subprocess.PIPE)
    with standard_input(kind) as stdin:
        runs = []
        looks = (False, True) if kind == "pipe" else (False,)
        for bounds, sink, envelope, quiet in chosen(itertools.product(BOUNDS, SINKS, looks, looks)):
            flags = [*(["--max-events", "2"] if "max" in bounds else []),
                     *(["--timeout", LONG] if "timeout" in bounds else []),
                     *(["--idle-timeout", LONG] if "idle" in bounds else []),
                     *(["--envelope"] if envelope else []), *(["--quiet"] if quiet else [])]
            name = f"{kind}, {sink}, {' '.join(flags)}"
            runs.append((bounds, quiet, Run(t, stdin, sink, flags, name)))
        for _, _, run in runs:
            run.ready()
        dead = [run for bounds, _, run in runs if not bounds and kind.endswith("at its end")]
        for run in dead:
            run.expect_end(0, "stdin_eof", 0)
        t.publish(*[event("k", x) for x in PAYLOADS])
        living = [x for x in runs if x[2] not in dead]
        for bounds, _, run in living:
            if "max" in bounds:
                run.expect_end(0, "limit", 2)
            else:
                run.await_events(2)
                check(run.process.running, f"{run.name} ended by itself: {run.process.describe()}")
        for bounds, _, run in living:
            if "max" not in bounds and run.sink != "files":
                run.process.signal(signal.SIGTERM)
                run.expect_end(0, "signal", 2)
        for bounds, _, run in living:
            if "max" not in bounds and run.sink == "files":
                while len(os.listdir(run.dir)) < 2 or any(x.startswith(".") for x in os.listdir(run.dir)):
                    t.status()  # a round trip, no busy loop
                run.process.signal(signal.SIGTERM)
                run.expect_end(0, "signal", 2)
        for _, quiet, run in living:
            told = b"source stdin: connected" in run.process.err
            equal(told, not quiet, f"{run.name}: whether the source's state is told")


def nothing_comes(t, kind):
    """A time is short: the shortest ends the run, whatever the input is."""
    t.start_bus()
    short = {"timeout": ("150ms", LONG, "timeout"), "idle": (LONG, "150ms", "idle_timeout")}
    with standard_input(kind) as stdin:
        runs = []
        for sink, first, also, maximum in chosen(itertools.product(SINKS, short, (False, True), (False, True))):
            timeout, idle, reason = short[first]
            flags = [*(["--timeout", timeout] if first == "timeout" or also else []),
                     *(["--idle-timeout", idle] if first == "idle" or also else []),
                     *(["--max-events", "2"] if maximum else [])]
            runs.append((reason, Run(t, stdin, sink, flags, f"{kind}, {sink}, {' '.join(flags)}")))
        for reason, run in runs:
            run.expect_end(0, reason, 0)


for function in (events_come, nothing_comes):
    for input_kind in ("pipe", "pipe at its end", "socket", "socket at its end", "terminal", "/dev/null", "file", "closed"):
        def one(t, function=function, kind=input_kind):
            function(t, kind)
        one.__name__ = f"{function.__name__} with standard input {input_kind}"
        scenario(one)


def refused(t, *flags, says):
    process = t.run_cli("consume", *flags, code=2)
    matches(says, process.err)
    equal(bytes(process.out), b"", "stdout")


@scenario
def two_places_for_the_events_are_refused(t):
    t.start_bus()
    refused(t, "k", "--exec", "cat", "--output-dir", t.path("x"), says=r"--exec and --output-dir .* leave one out")
    check(not os.path.exists(t.path("x")), "no folder is made")
    equal(t.status()["counters"]["ingress"], 0, "ingress")


@scenario
def flags_of_commands_need_a_command(t):
    refused(t, "k", "--exec-timeout", "1s", says="--exec-timeout requires --exec")
    refused(t, "k", "--on-exec-error", "skip", says="--on-exec-error requires --exec")


@scenario
def wrong_values_are_refused_and_named(t):
    for flags, says in ((["--exec", "cat 'x"], "--exec: the quote ' at character 5 is not closed"),
                        (["--exec", "cat \\"], "--exec: .*backslash"),
                        (["--exec", ""], "--exec: .*empty"),
                        (["--exec", " "], "--exec: .*empty"),
                        (["--exec", "no-such-program x"], "--exec: there is no program no-such-program"),
                        (["--exec", "./none"], r"--exec: cannot run \./none: No such file"),
                        (["--exec", "/dev/null"], "--exec: cannot run /dev/null: Permission denied"),
                        (["--exec", "/"], "--exec: "),
                        (["--exec", "cat", "--exec-timeout", "5"], "--exec-timeout: .*no unit"),
                        (["--exec", "cat", "--on-exec-error", "retry"], "on-exec-error"),
                        (["--idle-timeout", "soon"], "--idle-timeout: .*not a duration"),
                        (["--idle-timeout", ""], "--idle-timeout: .*empty"),
                        (["--timeout", "1"], "--timeout: .*no unit"),
                        (["--timeout", ""], "--timeout: .*empty"),
                        (["--output-dir", ""], "--output-dir: .*empty"),
                        (["--max-events", "0"], "max-events"),
                        (["--max-events", "-1"], "max-events"),
                        (["--max-events", "many"], "max-events")):
        refused(t, "k", *flags, says=says)
    refused(t, "", says="KEY must not be empty")


@scenario
def never_and_zero_are_no_bound(t):
    t.start_bus()
    consumers = [t.consume("k", "--timeout", x, "--idle-timeout", x, "--exec-timeout", x, "--exec", "cat", stdin=stdin)
                 for x in ("never", "0") for stdin in (subprocess.PIPE,)]
    t.publish(event("k", 1))
    for x in consumers:
        x.expect_output([encode("1")])
        x.close_stdin()  # unbounded, so this ends it
        x.expect_exit(0)
        ended(x, "stdin_eof", 1)


@scenario
def an_event_puts_the_idle_end_off(t):
    t.start_bus()
    consumer = t.consume("k", "--idle-timeout", "700ms", "--quiet")
    for n in range(5):  # each well within the time, all of them beyond it
        t.publish(event("k", n))
        consumer.expect_output([encode(str(n))])
    consumer.expect_exit(0)
    ended(consumer, "idle_timeout", 5)


@scenario
def a_command_at_work_is_not_idleness(t):
    t.start_bus()
    consumer = t.consume("k", "--idle-timeout", "100ms", "--exec", "sh -c 'cat; sleep 0.4; echo done'")
    t.publish(event("k", 1), event("k", 2))
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b"1\ndone\n2\ndone\n", "stdout")
    ended(consumer, "idle_timeout", 2)


main()
