"""Real shells on a terminal of their own: what is on their command line after a few keys."""
import os
import pty
import select
import shutil
import signal
import subprocess

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
