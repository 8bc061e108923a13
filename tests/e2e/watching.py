"""Verbs for scenarios that watch a source, the log and the processes of a bus."""
import json
import os
import re
import select

from harness import Deadline, WAIT, check, encode, equal


def line(payload, event_type="k", **fields):
    """A line of a source."""
    return encode({"event_type": event_type, **fields, "payload": payload}) + b"\n"


def pipe(t, name="pipe"):
    os.mkfifo(t.path(name))
    return t.path(name)


def append(path, data):
    with open(path, "ab") as f:
        f.write(data)


def expect_state(peer, state, **fields):
    """The next status frame of that state; the source may pass through others before it."""
    while True:
        frame = peer.expect_frame("source_status")
        if frame["state"] == state:
            for name, value in fields.items():
                equal(frame.get(name), value, name)
            return frame


def expect_payloads(peer, *payloads):
    """The next events; what is said about sources between them is passed over."""
    for payload in payloads:
        while (frame := json.loads(peer.expect_line(f"event {payload}")))["type"] == "source_status":
            pass
        equal(frame["type"], "event", "type")
        equal(frame["payload"], payload, "payload")


def open_files(pid):
    """What a living process has open, by descriptor; one that it closes meanwhile is not in it."""
    fds = f"/proc/{pid}/fd"
    found = {}
    for fd in os.listdir(fds):
        try:
            found[int(fd)] = os.readlink(os.path.join(fds, fd))
        except FileNotFoundError:
            pass
    return found


def source(status, index=0):
    return status["sources"][index] if len(status["sources"]) > index else {"state": "", "detail": ""}


def read_log(t, name="bus.log"):
    try:
        with open(os.path.join(t.bus.app_dir, name), encoding="ascii") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def await_log(t, pattern, name="bus.log"):
    """Waits until the log has it. Returns the match."""
    t.await_status(lambda _: re.search(pattern, read_log(t, name)), f"{name} has /{pattern}/")
    return re.search(pattern, read_log(t, name))


def is_gone(pid):
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def check_gone(pid):
    """The process has ended, or does so in the moment that a signal takes."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        check(bool(select.select([fd], [], [], 2)[0]), f"the process {pid} runs without its bus")
    finally:
        os.close(fd)


def expect_gone(t, pid):
    """Until that process has ended."""
    deadline = Deadline(WAIT, f"the end of process {pid}")
    while not is_gone(pid):
        deadline.left_ms()
        t.run_cli("version")
