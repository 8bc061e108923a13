"""Links and processes of another uid, which may neither read nor bring events. Needs root, which starts as such a user."""
import os
import shutil
import sys

from certificates import certificate, serving, tls
from harness import Skip, check, equal, event, main, matches, raw_payload, scenario
from linking import Node, next_event, next_state

OTHER_UID = 12345
PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable

WIRE = r"""
import socket, ssl, struct, sys
text = lambda x: struct.pack("<H", len(x)) + x
frame = lambda kind, body: struct.pack("<IB", len(body), kind) + body
greeting = b"cafbus-link\n\1\0\1\0"
hello = frame(1, struct.pack("<Q", 7) + text(b"other"))
interest = frame(3, struct.pack("<I", 1) + text(b"k") + b"\1" + struct.pack("<Q", 7))
def drain(s):
    total = b""
    try:
        while data := s.recv(65536):
            total += data
    except OSError:
        pass
    return total
"""

# Calls a bus at a Unix socket, asks for events, and says what came.
CALLER = WIRE + r"""
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(greeting + hello + interest)
except OSError:
    pass
print("got", len(drain(s)))
"""

# The same at a TCP port, as one that has no certificate.
TLS_CALLER = WIRE + r"""
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
got = b""
try:
    with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])))) as s:
        s.sendall(greeting + hello + interest)
        got = drain(s)
except OSError:
    pass
print("got", len(got))
"""

# Listens at a Unix socket in place of a bus, and says what the one that called has sent.
SERVER = WIRE + r"""
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listening", flush=True)
c, _ = s.accept()
print("got", len(drain(c)))
"""


def as_other(t, script, *arguments):
    if os.geteuid() != 0:
        raise Skip("only root can start a process of another user")
    return t.start([PYTHON, "-c", script, *map(str, arguments)], user=OTHER_UID, cwd="/")


def works(a, b):
    """The honest link does."""
    consumer = b.join("k")
    a.await_asked(1)
    a.producer().publish(event("k", 1))
    equal(raw_payload(next_event(consumer)), b"1", "payload")
    equal(len(a.links("out")), 1, "links")


@scenario
def at_the_unix_socket_another_user_reads_nothing(t):
    path = t.path("link.sock")
    a = Node(t, "a", flags=(), place=f"unix:{path}")
    b = Node(t, "b", [a.place], flags=(), place=f"unix:{t.path('b.sock')}")
    os.chmod(t.dir, 0o755)  # as if somebody had opened it
    os.chmod(path, 0o666)
    process = as_other(t, CALLER, path).expect_exit(0)
    equal(bytes(process.out), b"got 0\n", "what another user gets")
    a.await_log(f"link-of-another-user uid={OTHER_UID}")
    works(a, b)


@scenario
def at_a_port_another_user_without_a_certificate_reads_nothing(t):
    a = serving(t)
    certificate(t, "b", "ca")
    b = Node(t, "b", [a.called("a")], flags=tls(t, "b", "ca"))
    process = as_other(t, TLS_CALLER, a.port).expect_exit(0)
    equal(bytes(process.out), b"got 0\n", "what another user gets")
    a.await_log("node-tls-failed peer=.*did not return a certificate")
    works(a, b)


@scenario
def a_bus_takes_nothing_from_another_user_at_its_place(t):
    folder = t.path("theirs")
    os.mkdir(folder)
    os.chown(folder, OTHER_UID, OTHER_UID)
    os.chmod(t.dir, 0o755)
    path = os.path.join(folder, "link.sock")
    server = as_other(t, SERVER, path)
    server.expect_line("listening", stream="out")
    b = Node(t, "b", [f"unix:{path}"], flags=(), place=f"unix:{t.path('b.sock')}")
    state = next_state(b.join("k"), "reconnecting")
    check("belongs to another user" in state["detail"], f"{state}")
    matches("got 0", server.expect_exit(0).out)


if __name__ == "__main__":
    main()
