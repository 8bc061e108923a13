"""Real shells on a terminal of their own: what is on their command line after a few keys."""
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios

from checks import WAIT, Deadline, Skip, check, shorten, wait_for
from harness import BINARY, ROOT

SCRIPTS = os.path.join(ROOT, "cli", "completions")
PROMPT = b"ready> "
TAB, TELL = "\t", "\x07"

BASH = f"""
PS1='{PROMPT.decode()}'
HISTFILE=
source {SCRIPTS}/cafbus.bash
tell() {{ printf '%s\n' "$READLINE_LINE" >told; }}
bind -x '"\\C-g": tell'
"""
ZSH = f"""
fpath=({SCRIPTS} $fpath)
autoload -U compinit && compinit -C -d ./dump
bindkey '^I' complete-word
tell() {{ print -r -- "$BUFFER" >told }}
zle -N tell
bindkey '^G' tell
PS1='{PROMPT.decode()}'
"""


def need(shell):
    if not shutil.which(shell):
        raise Skip(f"{shell} is not installed")


def environment(t, **more):
    """In which `cafbus` is the program under test."""
    return {**t.env, "PATH": os.path.dirname(os.path.abspath(BINARY)) + ":" + t.env["PATH"], "TERM": "dumb",
            "CAFBUS_DIR": t.path("bus"), "ZDOTDIR": t.dir, **more}


def line_after(t, shell, typed, **env):
    """The command line of a new bash or zsh after `typed` and the key that completes it."""
    need(shell)
    name, words, text = {"bash": ("bashrc", ["bash", "--noprofile", "--rcfile", t.path("bashrc"), "-i"], BASH),
                         "zsh": (".zshrc", ["zsh", "-d", "-i"], ZSH)}[shell]
    with open(t.path(name), "w", encoding="utf-8") as file:
        file.write(text)
    if not os.path.exists(t.path("told")):
        os.mkfifo(t.path("told"))
    told = os.open(t.path("told"), os.O_RDWR | os.O_NONBLOCK)
    master, slave = pty.openpty()
    process = subprocess.Popen(words, env=environment(t, **env), cwd=t.dir, stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True)
    os.close(slave)
    shown, answer = bytearray(), bytearray()
    deadline = Deadline(WAIT, lambda: f"{shell} after {typed!r}; it shows {shorten(shown.decode('utf-8', 'replace'))}")

    def read():
        for fd in wait_for({master: select.POLLIN, told: select.POLLIN}, deadline):
            data = os.read(fd, 4096)
            check(data, f"{shell} has ended; it shows {shorten(shown.decode('utf-8', 'replace'))}")
            (answer if fd == told else shown).extend(data)

    try:
        while PROMPT not in shown:
            read()
        os.write(master, (typed + TAB + TELL).encode())
        while not answer.endswith(b"\n"):
            read()
        return answer.decode().removesuffix("\n")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)
        os.close(told)


def fish_offers(t, typed, **env):
    """The words that fish offers, as it would insert them."""
    need("fish")
    script = "set -p fish_complete_path $argv[1]; complete --escape -C $argv[2]"
    process = t.start(["fish", "--no-config", "-c", script, SCRIPTS, typed], env=environment(t, **env)).expect_exit(0)
    return [x.split("\t")[0] for x in bytes(process.out).decode().splitlines()]


class Terminal:
    """A program on a terminal of its own, of that size; what it writes is collected in `shown`. For a `with`."""

    def __init__(self, t, arguments, width=60, height=15, **env):
        self.master, self.slave = pty.openpty()
        self.resize(width, height)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            arguments, env=environment(t, **{"TERM": "xterm", **env}), cwd=t.dir, stdin=self.slave, stdout=self.slave,
            stderr=self.slave, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.shown = bytearray()
        self.seen = 0  # where the latest screen begins

    def resize(self, width, height):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def text(self):
        return self.shown[self.seen:].decode("utf-8", "replace")

    def expect(self, *words):
        """All of these are on the screen, which is asked for again and again: only changes come by themselves."""
        last = ""
        deadline = Deadline(WAIT, lambda: f"{words}; the terminal got {last[-600:]!r}")
        while True:
            last = self.text()
            self.seen = len(self.shown)
            self.type("\x0c")
            self.read(deadline)
            while select.select([self.master], [], [], 0.05)[0]:
                self.read(deadline)
            if all(x in self.text() for x in words):
                return

    def read(self, deadline):
        wait_for({self.master: select.POLLIN}, deadline)
        self.shown += os.read(self.master, 1 << 16)

    def expect_exit(self, code):
        """It ends, and leaves the terminal as it was: without its screen, with a cursor, and with the same settings."""
        deadline = Deadline(WAIT, f"the end; the terminal got {shorten(self.text()[-600:])!r}")
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.01)[0]:
                self.read(deadline)
            deadline.left_ms()
        while select.select([self.master], [], [], 0)[0]:
            self.read(deadline)
        check(self.process.returncode == code,
              f"exit code {self.process.returncode}, not {code}; the terminal got {shorten(self.text())!r}")
        check(self.shown.rfind(b"\x1b[?1049l") > self.shown.rfind(b"\x1b[?1049h"), "the screen is the one before")
        check(self.shown.rfind(b"\x1b[?25h") >= self.shown.rfind(b"\x1b[?25l"), "the cursor is visible")
        check(termios.tcgetattr(self.slave) == self.before, "the terminal has the settings that it had")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
