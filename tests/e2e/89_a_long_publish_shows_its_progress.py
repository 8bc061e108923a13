"""The progress line of `publish`: on a terminal only, rarely, and gone at the end."""
import os
import re
import select
import signal
import subprocess
import time

from harness import BINARY, check, equal, main, scenario
from checks import SLOWDOWN, Deadline

LINE = re.compile(rb"\[cafbus\] published (\d+) of (\d+) lines read(?:, (\d+) %)? *\r")


class Terminal:
    """A program whose standard error is a terminal."""

    def __init__(self, t, *arguments):
        self.outer, inner = os.openpty()
        self.process = subprocess.Popen([BINARY, "publish", "--dir", t.path("bus"), "--type", "k", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=inner, env=t.env)
        os.close(inner)
        self.seen = b""

    def read(self, seconds):
        if not select.select([self.outer], [], [], seconds)[0]:
            return False
        try:
            self.seen += os.read(self.outer, 65536)
        except OSError:  # nobody has the terminal open any more
            return False
        return True

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def feed_until(self, condition, line=b"1\n"):
        deadline = Deadline(30 * SLOWDOWN, lambda: f"progress; seen {self.seen!r}")
        while not condition():
            deadline.left_ms()
            self.write(line)
            self.read(0.01)

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(30 * SLOWDOWN)
        while self.read(0):
            pass
        os.close(self.outer)
        return code


def on_screen(data):
    """What a terminal shows in the end: a carriage return goes back to the start of the line."""
    lines = []
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        cells = []
        for part in line.split(b"\r"):
            cells[:len(part)] = part
        lines.append(bytes(cells).rstrip())
    return lines


@scenario
def a_long_one_shows_a_line_that_is_gone_at_the_end(t):
    t.start_bus()
    begin = time.monotonic()
    terminal = Terminal(t)
    terminal.feed_until(lambda: len(LINE.findall(terminal.seen)) >= 3)
    took = time.monotonic() - begin
    equal(terminal.end(), 0, "exit code")
    shown = LINE.findall(terminal.seen)
    check(len(shown) <= 2 + 4 * took, f"{len(shown)} lines in {took:.1f} s")
    check(all(int(a) <= int(b) for a, b, _ in shown), f"published of read: {shown}")
    lines = on_screen(terminal.seen)
    equal((len(lines), lines[0][:29], lines[1]), (2, b"[cafbus] published: accepted=", b""), f"screen {lines}")


@scenario
def a_fault_that_is_told_meanwhile_has_its_line_for_itself(t):
    t.start_bus()
    terminal = Terminal(t)
    terminal.feed_until(lambda: LINE.search(terminal.seen))
    terminal.feed_until(lambda: b"not_json" in terminal.seen, b"{\n")
    equal(terminal.end(), 1, "exit code")
    lines = [x for x in on_screen(terminal.seen) if x]
    check(all(re.fullmatch(rb"\[cafbus\] (line \d+: not_json: it is not exactly one JSON value; --raw publishes text|further faulty lines are only counted|published: .*)", x)
              for x in lines), f"screen {lines}")


@scenario
def a_short_one_shows_nothing(t):
    t.start_bus()
    terminal = Terminal(t)
    terminal.write(b"1\n")
    begin = time.monotonic()
    terminal.end()
    if time.monotonic() - begin < 0.8:
        check(not LINE.search(terminal.seen), f"seen {terminal.seen!r}")


@scenario
def without_a_terminal_nothing_is_shown(t):
    t.start_bus()
    process = t.start_cli("publish", "--type", "k", stdin=subprocess.PIPE)
    begin = time.monotonic()
    while time.monotonic() - begin < 1.5:  # longer than a terminal would have to wait
        process.write(b"1\n" * 100)
        select.select([], [], [], 0.01)
    process.close_stdin()
    process.expect_exit(0)
    equal(bytes(process.err).count(b"\n"), 1, "lines on standard error")
    check(b"lines read" not in process.err and b"\r" not in process.err, f"stderr {bytes(process.err)!r}")


@scenario
def the_share_of_a_file_is_shown(t):
    """A consumer that makes the publisher wait, so that the file takes long enough."""
    t.start_bus("--write-timeout", "1min")
    with open(t.path("lines"), "wb") as file:
        file.write(b'"%s"\n' % (b"x" * 1000) * 60_000)
    consumer = t.consume("k", "--policy", "block", "--block-timeout", "1min", stdout=subprocess.DEVNULL)
    consumer.freeze()
    terminal = Terminal(t, t.path("lines"))
    deadline = Deadline(30 * SLOWDOWN, lambda: f"progress; seen {terminal.seen!r}")
    while not LINE.search(terminal.seen):
        deadline.left_ms()
        terminal.read(0.05)
    consumer.signal(signal.SIGCONT)
    equal(terminal.end(), 0, "exit code")
    shares = [int(x[2]) for x in LINE.findall(terminal.seen)]
    check(shares and shares == sorted(shares) and shares[-1] <= 100, f"shares {shares}")


main()
