"""Verbs for `cafbus http`: the program, requests to it, and its event streams."""
import hashlib
import hmac
import http.client
import json
import os
import socket

from harness import BINARY, SLOWDOWN, WAIT, Skip, check, equal

SECRET = "0123456789abcdef-of-a-webhook"
TOKEN = "0123456789abcdef-of-a-token"


def write_secret(t, name, text):
    path = t.path(name)
    with open(path, "w", opener=lambda p, flags: os.open(p, flags, 0o600), encoding="utf-8") as f:
        f.write(text + "\n")
    return path


class Gateway:
    """A gateway that listens at a free port."""

    def __init__(self, t, *flags, listen="127.0.0.1:0", **how):
        if not os.access(os.path.join(os.path.dirname(BINARY), "cafbus-http"), os.X_OK):
            raise Skip("the gateway is not built: it needs Boost 1.81")
        self.process = t.start_cli("http", "--listen", listen, *flags, **how)
        self.url = self.process.expect_line(r"^http://", "out").string.strip()
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])
        self.pid = self.process.pid

    def ask(self, path, body=None, **headers):
        """Returns status and body, which is decoded if it is JSON. Names of headers with `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            names = {k.replace("_", "-"): v for k, v in headers.items()}
            connection.request("GET" if body is None else "POST", path, body, names)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if "json" in answer.headers["Content-Type"] else data.decode()
        finally:
            connection.close()

    def refused(self, path, body=None, **headers):
        """The status and the code of a refusal."""
        status, answer = self.ask(path, body, **headers)
        return status, answer["error"]["code"] if isinstance(answer, dict) and "error" in answer else answer

    def hook(self, body, event="issues", delivery="", secret=SECRET, **headers):
        """A webhook as GitHub sends it."""
        body = body if isinstance(body, bytes) else body.encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.ask("/hooks/github", body, **{"X_GitHub_Event": event, "X_GitHub_Delivery": delivery,
                                                  "X_Hub_Signature_256": signature, "Content_Type": "application/json",
                                                  **headers})

    def stream(self, types, subscribed=True, **headers):
        return Stream(self, "/events?types=" + types, subscribed, headers)

    def raw(self):
        sock = socket.create_connection(("127.0.0.1", self.port), WAIT)
        sock.settimeout(WAIT)
        return sock


class Stream:
    """An event stream; what it is told is (kind, data, id)."""

    def __init__(self, gateway, path, subscribed, headers):
        self.sock = gateway.raw()
        text = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{text}\r\n".encode())
        self.file = self.sock.makefile("rb")
        line = self.file.readline()
        check(b" 200 " in line, f"a stream, not {line} {self.file.peek()[:600] if b' 200 ' not in line else ''}")
        while self.file.readline().strip():
            pass
        if subscribed:
            while self.next()[1] != {"state": "subscribed"}:
                pass

    def next(self):
        kind, data, place = "event", None, None
        while True:
            line = self.file.readline().decode().rstrip("\n")
            if not line and data is not None:
                return kind, data, place
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "id":
                place = value
            elif name == "data":
                data = json.loads(value)

    def event(self):
        """The payload of the next event, which nothing must come before."""
        kind, data, self.place = self.next()
        equal(kind, "event", f"what comes next, {data}")
        return data["payload"]

    def close(self):
        self.file.close()
        self.sock.close()


def has_stream(t, count=1):
    """Waits until the bus has so many consumers that are streams."""
    return t.await_status(lambda x: sum(c["event_key"] == "http" for c in x["consumers"]) == count,
                          f"{count} streams are there")


__all__ = ["Gateway", "SECRET", "SLOWDOWN", "TOKEN", "has_stream", "write_secret"]
