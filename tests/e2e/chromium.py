"""A headless Chromium, driven over a pair of pipes: JSON messages, each ended by a zero byte."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess

from harness import WAIT, Deadline, Failure, Skip

LIMIT = 4 * WAIT  # a browser starts slowly on a machine under load


class Browser:
    """One page. What goes wrong in it is kept in `errors`."""

    def __init__(self, t, size=(1280, 1100)):
        program = shutil.which("chromium")
        if not program:
            raise Skip("there is no chromium")
        commands, self.to = os.pipe()
        self.back, answers = os.pipe()
        flags = ["--headless", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
                 "--disable-background-networking", f"--user-data-dir={t.path('chromium')}", f"--window-size={size[0]},{size[1]}"]

        def ends():
            os.dup2(commands, 103)
            os.dup2(answers, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=ends, close_fds=False, start_new_session=True,
                                        env={**os.environ, "TMPDIR": t.dir}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.buffer, self.number, self.session, self.errors = b"", 0, None, []
        before = t.clean_up
        t.clean_up = lambda: (self.close(), before())
        target = next(x for x in self.call("Target.getTargets")["targetInfos"] if x["type"] == "page")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def close(self):
        """Its helpers, too: they write into its folder for as long as they live."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for fd in (self.to, self.back):
            os.close(fd)

    def read(self, deadline):
        while b"\0" not in self.buffer:
            if select.select([self.back], [], [], deadline.left_ms() / 1000)[0]:
                data = os.read(self.back, 1 << 20)
                if not data:
                    raise Failure("chromium has ended")
                self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = Deadline(LIMIT, f"chromium's answer to {method}")
        while True:
            got = self.read(deadline)
            if got.get("id") == self.number:
                if "error" in got:
                    raise Failure(f"{method}: {got['error']}")
                return got["result"]
            self.note(got)

    def note(self, message):
        kind, what = message.get("method"), message.get("params", {})
        if kind == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif kind == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.errors.append(str(what["args"]))
        elif kind == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")

    def go(self, url, dark=False):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=url)

    def value(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise Failure(f"{expression}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def await_true(self, expression, what):
        deadline = Deadline(LIMIT, lambda: f"{what}; the page: {self.value('document.body.innerText')[:1500]}; {self.errors}")
        while not self.value(f"(() => {{ try {{ return !!({expression}); }} catch {{ return false; }} }})()"):  # it may still load
            deadline.left_ms()

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, code=0, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
