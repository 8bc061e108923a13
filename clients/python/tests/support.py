"""What the tests share: the vectors, and a bus of the real program."""
import atexit
import json
import os
import shutil
import subprocess
import tempfile
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
