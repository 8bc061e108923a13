"""Programs under test, with their output collected."""
import ctypes
import os
import re
import select
import signal
import subprocess

from checks import WAIT, Deadline, check, equal, shorten, wait_for
from peer import encode

SANITIZER_REPORT = re.compile(rb"ERROR: (Address|Leak)Sanitizer|runtime error:")


def state_of(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read().rsplit(") ", 1)[1][0]


class Process:
    """A program with its output collected line by line."""

    def __init__(self, arguments, env, cwd, stdin, stdout, user, umask):
        libc = ctypes.CDLL(None)

        def die_with_the_test():
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG

        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            arguments, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, umask=umask,
            start_new_session=True, preexec_fn=die_with_the_test, **identity)
        self.pid = self.process.pid
        self.name = " ".join(os.fsdecode(os.path.basename(x) if i == 0 else x) for i, x in enumerate(arguments))
        self.out, self.err = bytearray(), bytearray()
        self.pipes = {}
        for pipe, buffer in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self.pipes[pipe.fileno()] = (pipe, buffer)
        self.shown = {"out": 0, "err": 0}  # what expect_* has consumed

    def describe(self):
        return f"{shorten(self.name, 200)}; stderr: {shorten(self.err.decode('utf-8', 'replace'))}"

    def pump(self, deadline, and_stdin=b""):
        """Waits until one of its pipes has something. Returns what is left to be written to its standard input."""
        fds = {fd: select.POLLIN for fd in self.pipes}
        if and_stdin:
            fds[self.process.stdin.fileno()] = select.POLLOUT
        for fd in wait_for(fds, deadline):
            if fd in self.pipes:
                pipe, buffer = self.pipes[fd]
                data = os.read(fd, 1 << 20)
                buffer += data
                if not data:
                    del self.pipes[fd]
                    pipe.close()
            else:
                try:
                    and_stdin = and_stdin[os.write(fd, and_stdin[:65_536]):]
                except BrokenPipeError:
                    and_stdin = b""
        return and_stdin

    def expect_line(self, pattern, stream="err", limit=None):
        """The next line of a stream that matches; those before it are passed over."""
        buffer = self.err if stream == "err" else self.out
        deadline = Deadline(limit or WAIT, lambda: f"/{pattern}/ on std{stream} of {self.describe()}")
        while True:
            while (end := buffer.find(b"\n", self.shown[stream])) >= 0:
                line = buffer[self.shown[stream]:end].decode("utf-8", "surrogateescape")
                self.shown[stream] = end + 1
                if found := re.search(pattern, line):
                    return found
            check(self.pipes, f"no line /{pattern}/ on std{stream} of {self.describe()}")
            self.pump(deadline)

    def expect_output(self, lines):
        """The next lines of standard output, byte for byte."""
        for number, expected in enumerate(lines):
            deadline = Deadline(WAIT, lambda: f"line {number} on stdout of {self.describe()}")
            while (end := self.out.find(b"\n", self.shown["out"])) < 0:
                check(self.pipes, f"no line {number} on stdout of {self.describe()}")
                self.pump(deadline)
            equal(bytes(self.out[self.shown["out"]:end]), encode(expected), f"line {number} on stdout")
            self.shown["out"] = end + 1

    def write(self, data):
        deadline = Deadline(WAIT, lambda: f"stdin of {self.describe()}")
        os.set_blocking(self.process.stdin.fileno(), False)
        while data:
            data = self.pump(deadline, data)

    def close_stdin(self):
        self.process.stdin.close()

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stops it, as if its machine hung. The kernel stops a thread when it runs next: until all have, one may still
        act."""
        self.signal(signal.SIGSTOP)
        deadline = Deadline(WAIT, lambda: f"{self.describe()} is stopped")
        tasks = f"/proc/{self.process.pid}/task"
        while any(state_of(f"{tasks}/{task}/stat") != "T" for task in os.listdir(tasks)):
            deadline.left_ms()
            os.sched_yield()

    def expect_exit(self, code=0, limit=None):
        self.wait(limit)
        check(self.process.returncode == code,
              f"exit code {self.process.returncode} instead of {code} of {self.describe()}")
        return self

    def wait(self, limit=None):
        """Until it has ended and its output is read."""
        deadline = Deadline(limit or WAIT, lambda: f"the end of {self.describe()}")
        while self.pipes:
            self.pump(deadline)
        if self.process.returncode is None:
            fd = os.pidfd_open(self.pid)
            try:
                wait_for({fd: select.POLLIN}, deadline)
            finally:
                os.close(fd)
            self.process.wait()
        check(not SANITIZER_REPORT.search(bytes(self.err)), f"a sanitizer reports: {self.err.decode(errors='replace')}")

    @property
    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running:
            try:
                os.killpg(self.pid, signal.SIGKILL)  # its own session, hence its own group
            except (ProcessLookupError, PermissionError):
                self.process.kill()
        self.process.wait()
        for pipe, _ in self.pipes.values():
            pipe.close()
        self.pipes = {}
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass


class Bus(Process):
    socket_path = None
    app_dir = None

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
