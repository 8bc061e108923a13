"""What the tests of the recipes share: a scenario in which `cafbus` is on the path and its bus is the test's."""
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import BINARY, ROOT, WAIT, Deadline, Skip, check, equal, event, main, matches, scenario  # noqa: E402, F401

RECIPES = os.path.join(ROOT, "examples", "recipes")


def needs(*tools):
    """Skips where one of them is missing."""
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"there is no {tool}")


def on_the_path(t):
    """The program as `cafbus`, and CAFBUS_DIR as the test's."""
    folder = t.path("bin")
    if not os.path.isdir(folder):
        os.mkdir(folder)
        os.symlink(os.path.abspath(BINARY), os.path.join(folder, "cafbus"))
    t.env |= {"PATH": folder + os.pathsep + t.env["PATH"], "CAFBUS_DIR": t.path("bus")}
    return t


def start_recipe(t, name, *arguments, **how):
    return on_the_path(t).start([os.path.join(RECIPES, name), *arguments], **how)


def write_program(t, path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod(path, 0o755)
    return path


def await_consumers(t, *keys):
    t.await_status(lambda x: sorted(c["event_key"] for c in x["consumers"]) == sorted(keys), f"{keys} are subscribed")


def await_file(path, holds):
    deadline = Deadline(WAIT, f"what {path} should have")
    while True:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                if holds(text := file.read()):
                    return text
        deadline.left_ms()
        os.sched_yield()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def await_success(t, *command):
    """Until the command works."""
    deadline = Deadline(WAIT, f"{command} to work")
    while subprocess.run(command, env=t.env, capture_output=True, stdin=subprocess.DEVNULL).returncode:
        deadline.left_ms()
