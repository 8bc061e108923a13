"""Peers of another uid. Needs root: the bus runs as nobody, its clients as others, and the folders are opened for them."""
import json
import os
import shutil
import sys

import harness
from harness import Skip, check, equal, event, main, matches, scenario

BUS_UID, OTHER_UID = 65534, 12345

# Sends its second argument and prints all that comes back.
CLIENT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(sys.argv[2].encode())
except OSError:
    pass
try:
    while data := s.recv(65536):
        sys.stdout.write(data.decode()), sys.stdout.flush()
except OSError:
    pass
"""


def bus_of_nobody(t):
    if os.geteuid() != 0:
        raise Skip("only root can run it")
    program = t.path("cafbus")  # where any user can run it
    shutil.copy(harness.BINARY, program)
    os.chmod(program, 0o755)
    os.chmod(t.dir, 0o755)
    base = t.path("bus")
    os.mkdir(base)
    os.chown(base, BUS_UID, BUS_UID)
    harness.BINARY, before = program, harness.BINARY
    try:
        bus = t.start_bus(user=BUS_UID)
    finally:
        harness.BINARY = before
    for path, mode in ((base, 0o755), (bus.app_dir, 0o755), (bus.socket_path, 0o666)):
        os.chmod(path, mode)
    return bus


def client(t, bus, uid, text):
    return t.start([shutil.which("python3", path="/usr/bin:/bin") or sys.executable, "-c", CLIENT, bus.socket_path, text],
                   user=uid, cwd="/")


@scenario
def a_foreign_peer_gets_an_error_and_nothing_else(t):
    bus = bus_of_nobody(t)
    process = client(t, bus, OTHER_UID, '{"type":"hello","pid":1,"event_key":"k"}\n').expect_exit(0)
    lines = bytes(process.out).splitlines()
    equal(len(lines), 1, f"lines in {process.out!r}")
    equal((json.loads(lines[0])["type"], json.loads(lines[0])["code"]), ("error", "foreign_uid"))
    equal(t.status()["active_conns"], 0, "consumers")


@scenario
def a_foreign_peer_is_refused_before_its_bytes_are_looked_at(t):
    bus = bus_of_nobody(t)
    consumer = t.join("k")
    for text in ("garbage\n", event("k", "forged").decode() + "\n", '{"type":"shutdown","force":true}\n', "x" * 100_000):
        out = bytes(client(t, bus, OTHER_UID, text).expect_exit(0).out)
        matches('"code":"foreign_uid"', out)
    check(bus.running, "the bus runs")
    t.publish(event("k", "genuine"))
    consumer.expect_event(payload="genuine", seq=1)
    equal(t.status()["counters"]["ingress"], 1, "ingress")


@scenario
def its_own_user_and_root_are_served(t):
    bus = bus_of_nobody(t)
    out = client(t, bus, BUS_UID, '{"type":"status_query"}\n').expect_exit(0).out
    equal(json.loads(bytes(out))["pid"], bus.pid, "pid")
    equal(t.status()["pid"], bus.pid, "pid as root sees it")


@scenario
def the_commands_of_another_user_do_not_talk_to_it(t):
    bus_of_nobody(t)
    for command in (("status",), ("consume", "k", "--no-spawn")):
        process = t.start([t.path("cafbus"), *command, "--dir", t.path("bus")], user=OTHER_UID, cwd="/")
        matches(f"user {BUS_UID}", process.expect_exit(1).err)


main()
