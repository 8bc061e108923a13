"""Verbs for scenarios in which commands start daemons by themselves: nobody's children, found by the kernel's word."""
import atexit
import ctypes
import os
import signal
import socket
import struct

from harness import WAIT, Deadline, check

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # daemons come to us when their starters have gone: we see how they end


def app_dir(t, app="default", base=None):
    return os.path.join(base or t.path("bus"), app)


def daemons(base):
    """The pids of all daemons that serve below `base`, zombies left out."""
    result = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            with open(f"/proc/{name}/stat", "rb") as f:
                state = f.read().rsplit(b") ", 1)[1][:1]
        except OSError:
            continue
        if b"serve" in words and base.encode() in words and state not in b"ZX":
            result.append(int(name))
    return result


def lock_holders(path):
    """Processes that hold a flock on the file: never more than one."""
    info = os.stat(path)
    found = set()
    with open("/proc/locks", encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[1] == "FLOCK" and int(words[5].split(":")[2]) == info.st_ino:
                found.add(int(words[4]))
    return found


def listener(path):
    """The process that listens there, or None."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT)
        try:
            s.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def await_end(pid, what="the daemon's end", limit=None):
    """Until that process is gone, reaped if it has become ours. Returns its wait status or None."""
    deadline = Deadline(limit or WAIT, what)
    while True:
        try:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return status
        except ChildProcessError:
            if not os.path.exists(f"/proc/{pid}"):
                return None
        deadline.left_ms()
        os.sched_yield()


def kill_all(base):
    for pid in daemons(base):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    reap()


def reap():
    """Collects every child that has ended. Returns how many did."""
    count = 0
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return count
        if pid == 0:
            return count
        count += 1


def cleaned_up(t):
    """Daemons below the scenario's directory end with it, however it ends."""
    before = t.clean_up

    def clean_up():
        for pid in daemons(t.path("bus")):
            os.kill(pid, signal.SIGCONT)
        kill_all(t.path("bus"))
        before()

    t.clean_up = clean_up
    atexit.register(kill_all, t.path("bus"))
    return t


def started(t, app="default"):
    """The pid of the one daemon of the app, which answers."""
    pid = listener(os.path.join(app_dir(t, app), "bus.sock"))
    check(pid, "a daemon listens")
    return pid
