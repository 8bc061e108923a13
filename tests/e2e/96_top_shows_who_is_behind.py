"""`cafbus top` on a terminal: what it shows, its keys, and that it leaves the terminal as it was."""
import os
import re
import shutil
import signal
import subprocess
import unicodedata

from harness import BINARY, WAIT, Deadline, Skip, check, equal, event, main, matches, scenario
from terminals import Terminal, environment


def words(t, *flags, app="default"):
    return [BINARY, "top", "--dir", t.path("bus"), "--app", app, "--interval", "100ms", *flags]


def top(t, *flags, **how):
    blind = t.start([BINARY, "top"])
    blind.wait()
    if b"built without ncurses" in blind.err:
        raise Skip("this program was built without ncurses")
    return Terminal(t, words(t, *flags), **how)


@scenario
def a_consumer_that_reads_nothing_is_named(t):
    t.start_bus("--queue-capacity", "10", "--write-timeout", "1min")
    t.join("deaf")
    t.join("日本語🚀")
    with top(t) as screen:
        screen.expect("consumers 2", "deaf", "日本語🚀", "OUT/S", "sort: trouble")
        for _ in range(4):
            t.publish(*[event("deaf", "x" * 50_000) for _ in range(25)])
        screen.expect("stuck: takes")
        screen.type("\x1bOB\r")  # down, Enter
        screen.expect("stuck: takes none, 1", "does not read", "received")
        screen.type("\x1b")
        screen.expect("OUT/S")
        screen.type("q")
        screen.expect_exit(0)


@scenario
def keys_sort_filter_pause_and_explain(t):
    t.start_bus()
    t.join("one")
    t.join("two")
    with top(t) as screen:
        screen.expect("one", "two")
        for keys, shown in (("s", "lag"), ("/tw", "/tw_"), ("\r", "1 of 2"), ("p", "PAUSED"), ("?", "this help"), ("\x1b", "OUT/S"),
                            ("i", "socket")):
            screen.type(keys)
            screen.expect(shown)
        screen.type("q")
        screen.expect_exit(0)


@scenario
def signals_leave_the_terminal_as_it_was(t):
    t.start_bus()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with top(t) as screen:
            screen.expect("no consumer is connected")
            os.kill(screen.process.pid, number)
            screen.expect_exit(0)
    with top(t) as screen:
        screen.expect("no consumer is connected")
        os.kill(screen.process.pid, signal.SIGABRT)
        screen.expect_exit(-signal.SIGABRT)


@scenario
def a_bus_may_go_and_come_back(t):
    bus = t.start_bus()
    t.join("k")
    with top(t) as screen:
        screen.expect("consumers 1")
        bus.freeze()
        screen.type("?")  # it answers to keys while the bus does not to it
        screen.expect("this help")
        screen.type("q")
        screen.expect_exit(0)
        bus.signal(signal.SIGCONT)
    with top(t) as screen:
        screen.expect("consumers 1")
        t.run_cli("stop", "--force")
        screen.expect("NO BUS")
        t.start_bus()
        screen.expect("consumers 0")
        screen.type("q")
        screen.expect_exit(0)


@scenario
def the_screen_follows_the_size_of_the_terminal(t):
    t.start_bus()
    t.join("k")
    with top(t) as screen:
        screen.expect("OUT/S")
        check(b"IN/S" not in screen.shown, "no room for that column")
        screen.resize(120, 30)
        screen.expect("IN/S", "BYTES")
        screen.resize(20, 5)
        screen.expect("too small")
        screen.resize(60, 15)
        screen.expect("OUT/S")
        screen.type("q")
        screen.expect_exit(0)


@scenario
def wrong_usage_says_what_is_right(t):
    for flags, says in ((("--interval", "1ms"), "between 100ms and 1h"), (("--sort", "x"), "trouble, lag"),
                        ((), "needs a terminal|without ncurses")):
        process = t.start_cli("top", *flags)
        process.wait()
        check(process.process.returncode in (1, 2), f"exit code {process.process.returncode}")
        matches(says, process.err)


def cells(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@scenario
def two_hundred_consumers_are_aligned_at_60_by_15(t):
    if not shutil.which("tmux"):
        raise Skip("tmux is not installed")
    t.start_bus()
    with top(t) as screen:
        screen.expect("no consumer is connected")
    for i in range(198):
        t.join(f"key.{i}" + "-long" * 20 * (i % 2))
    t.join("日本語" * 20)
    t.join("🚀 rocket e\u0301")
    tmux = ["tmux", "-S", t.path("tmux"), "-f", "/dev/null"]
    env = environment(t, TERM="xterm")

    def run(*arguments):
        return subprocess.run([*tmux, *arguments], env=env, capture_output=True, text=True, check=True).stdout

    def wait_until(holds):
        deadline = Deadline(WAIT, lambda: f"another screen than {text}")
        while not holds(text := run("capture-pane", "-p")):
            deadline.left_ms()
        return text

    run("new-session", "-d", "-x", "60", "-y", "15", "sh")
    try:
        run("send-keys", "echo was-here; " + " ".join(words(t, "--sort", "key")), "Enter")
        run("send-keys", "")
        wait_until(lambda x: "consumers 200" in x)
        run("send-keys", "End")
        text = wait_until(lambda x: "rocket" in x)
        rows = text.splitlines()[4:14]
        check(all(re.match(r" *\d+ \S", x) for x in rows), f"ten rows: {text}")
        for row in rows:
            equal(row.split()[-1], "idle", "the last column")
            equal(cells(row[:row.rindex("idle")]), cells(rows[0][:rows[0].rindex("idle")]), f"the place of its last column: {row}")
        run("send-keys", "q")
        text = wait_until(lambda x: "OUT/S" not in x)
        matches("was-here", text, "the screen that was")
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=False)


main()
