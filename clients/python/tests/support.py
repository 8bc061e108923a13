"""What the tests share: the vectors, and a bus of the real program."""
import atexit
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAM = os.environ.get("CAFBUS_BINARY") or os.path.join(ROOT, "build", "cafbus")


def vectors(name):
    with open(os.path.join(ROOT, "messages", "vectors", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


class BusTest(unittest.TestCase):
    """Each test has a folder of its own, in which no bus runs yet."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cb", dir="/tmp")  # the path of a socket is short
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.environ["CAFBUS_CONFIG"] = "/dev/null"
        self.where = {"directory": self.folder, "program": PROGRAM, "timeout": 20.0}
        self.addCleanup(self.stop)
        atexit.register(self.stop)

    def stop(self, *flags):
        if os.path.isdir(self.folder):
            self.run_program("stop", "--force", *flags, check=False)

    def run_program(self, command, *arguments, check=True):
        return subprocess.run([PROGRAM, command, *arguments, "--dir", self.folder], stdin=subprocess.DEVNULL,
                              capture_output=True, check=check, timeout=60)

    def await_consumer(self, events, but_not_of=None):
        """Reads until some bus has the subscription again; nobody but the consumer starts one. Returns its status."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                events.next(0.1)
                self.fail("an event came")
            said = self.run_program("status", "--json", check=False)
            status = json.loads(said.stdout) if said.returncode == 0 else {}
            if status.get("consumers") and status["pid"] != but_not_of:
                return status["consumers"][0]
        self.fail("no bus has the subscription")
