"""log-to and log-format: bus.log, standard error or the journal, as text or JSON; `cafbus logs` prints it."""
import json
import os
import signal
import socket
import subprocess

from checks import WAIT
from harness import BINARY, Skip, check, equal, event, main, matches, scenario
from watching import await_log, read_log


def lines_of(text):
    return [json.loads(x) for x in bytes(text).decode("ascii").splitlines()]


@scenario
def the_file_has_an_object_per_line(t):
    t.start_bus("--log-format", "json", "--log-level", "debug")
    t.publish(event('k"\n', 1, event_id="7"))
    await_log(t, "event-received")
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)
    lines = lines_of(read_log(t).encode())
    check(all(list(x) == ["time", "level", "component", "event", "fields"] for x in lines), f"{lines}")
    started = next(x for x in lines if x["event"] == "bus-started")
    equal((started["level"], started["component"], started["fields"]["app"]), ("info", "bus", "default"))
    equal(started["fields"]["pid"], t.bus.pid)
    received = next(x for x in lines if x["event"] == "event-received")
    equal(received["fields"], {"type": 'k"\n', "id": "7"})


@scenario
def standard_error_has_the_log_and_nothing_else(t):
    bus = t.start_cli("serve", "--log-to", "stderr", "--log-format", "json")
    bus.expect_line("bus-started")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal([x["event"] for x in lines_of(bus.err)], ["bus-started", "bus-stopping", "bus-stopped"])
    check(not os.path.exists(t.path("bus", "default", "bus.log")), "there is no file")
    matches("log-to = stderr", t.run_cli("logs", code=1, env={"CAFBUS_LOG_TO": "stderr"}).err)


@scenario
def a_bus_in_the_background_logs_to_the_file_instead_of_standard_error(t):
    t.run_cli("start", env={"CAFBUS_LOG_TO": "stderr"})
    matches("bus-started", t.run_cli("logs", env={"CAFBUS_LOG_TO": "stderr"}).out)
    t.run_cli("stop")


@scenario
def logs_prints_the_last_lines_and_follows(t):
    t.start_bus()
    await_log(t, "bus-started")
    equal(bytes(t.run_cli("logs", "-n", "0").out), b"")
    equal(bytes(t.run_cli("logs").out).decode(), read_log(t))
    follower = t.start_cli("logs", "-f", "-n", "1")
    follower.expect_line(" info bus bus-started ", "out")
    t.join("k")
    follower.expect_line(" info session consumer-joined ", "out")
    os.rename(os.path.join(t.bus.app_dir, "bus.log"), t.path("old"))
    t.run_cli("reload")
    follower.expect_line(" info bus config-reloaded ", "out")
    follower.signal(signal.SIGINT)
    follower.expect_exit(-signal.SIGINT)


@scenario
def logs_without_a_log_says_so(t):
    matches("cannot read the log .*bus.log: No such file .*; .*journalctl CAFBUS_APP=default", t.run_cli("logs", code=1).err)
    matches("--lines", t.run_cli("logs", "-n", "many", code=2).err)


@scenario
def a_log_in_the_journal_is_read_by_journalctl(t):
    os.mkdir(t.path("bin"))
    with open(t.path("bin", "journalctl"), "w", encoding="ascii") as f:
        f.write('#!/bin/sh\necho "$@"\n')
    os.chmod(t.path("bin", "journalctl"), 0o755)
    where = {"CAFBUS_LOG_TO": "journal", "PATH": t.path("bin") + ":" + os.environ["PATH"]}
    shown = t.run_cli("logs", "-f", "-n", "3", app="shop", env=where)
    equal(bytes(shown.out), b"--follow --lines=3 CAFBUS_APP=shop\n")
    matches("journalctl --follow --lines=3 CAFBUS_APP=shop", shown.err)


@scenario
def the_journal_gets_a_field_per_key(t):
    """A double of the journal, put in its place for the bus alone."""
    if not json.loads(bytes(t.start([BINARY, "version", "--json"]).expect_exit(0).out))["systemd"]:
        raise Skip("this build has no libsystemd")
    os.mkdir(t.path("journal"))
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(t.path("journal", "socket"))
    journal.settimeout(WAIT)
    place = ("mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "
             'mount --bind "$0" /run/systemd/journal && exec "$@"')
    wrap = ("unshare", "--mount", "--map-root-user", "sh", "-c", place, t.path("journal"))
    if subprocess.run([*wrap, "true"], capture_output=True).returncode != 0:
        raise Skip("no mount namespace can be made here")
    bus = t.start_cli("serve", "--log-to", "journal", app="shop", wrap=wrap)
    entry = dict(x.split("=", 1) for x in journal.recv(65536).decode().splitlines())
    matches("bus-started app=.shop. pid=", entry.pop("MESSAGE").encode())
    matches("/bus.sock$", entry.pop("CAFBUS_SOCKET").encode())
    matches(".", entry.pop("CAFBUS_VERSION").encode())
    equal(entry, {"PRIORITY": "6", "SYSLOG_IDENTIFIER": "cafbus", "CAFBUS_APP": "shop", "CAFBUS_COMPONENT": "bus",
                  "CAFBUS_EVENT": "bus-started", "CAFBUS_PID": str(bus.pid)})
    check(not os.path.exists(t.path("bus", "shop", "bus.log")), "there is no file")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)


@scenario
def without_a_journal_a_bus_does_not_start(t):
    if os.path.exists("/run/systemd/journal/socket"):
        raise Skip("there is a journal")
    matches("log-to = journal: ", t.start_cli("serve", "--log-to", "journal").expect_exit(1).err)


main()
