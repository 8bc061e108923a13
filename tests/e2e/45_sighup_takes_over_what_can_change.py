"""SIGHUP and `cafbus reload`: options are read again, the log is opened anew, and who asks is told."""
import json
import os
import signal

from harness import check, equal, event, main, matches, scenario
from watching import await_log, read_log


def configure(t, text):
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write(text)


def start(t, text, *flags, wrap=(), **env):
    configure(t, text)
    return t.start_bus(*flags, idle="never", wrap=wrap, env={"CAFBUS_CONFIG": t.path("conf"), **env})


def reload(t, text, pattern=r"config-reloaded .*\n"):
    """Has a new file read; waits for the line about it, which is the first of its kind."""
    configure(t, text)
    t.bus.signal(signal.SIGHUP)
    return await_log(t, pattern).group(0)


@scenario
def what_can_change_changes_and_the_rest_is_named(t):
    start(t, "log-level = info\nqueue-capacity = 10\n")
    said = reload(t, "log-level = debug\nqueue-capacity = 20\ndedup-capacity = 5\nsource-retries = 3\n")
    matches(r'file="[^"]*/conf" changed="queue-capacity, log-level" need-restart="source-retries, dedup-capacity"', said)
    t.publish(event("k", 1, event_id="seen"))
    await_log(t, r'debug hub event-received type="k" id="seen"')


@scenario
def without_a_change_nothing_changes(t):
    start(t, "log-level = info\n")
    matches('changed="" need-restart=""', reload(t, "log-level = info\n"))


@scenario
def new_connections_have_the_new_limits(t):
    start(t, "hello-timeout = 1d\n")
    old = t.connect()
    t.status()
    reload(t, "hello-timeout = 100ms\n")
    new = t.connect()
    new.stuck = True
    old.hello("k").expect_ack()
    # the old one is established, so the time of the new one is the one that counts
    new.expect_error("hello_timeout")
    new.expect_eof()
    t.publish(event("k", 1))
    old.expect_event(payload=1)


@scenario
def a_bus_that_never_ended_ends_after_an_idle_time(t):
    configure(t, "idle-timeout = never\n")
    bus = t.start_cli("serve", env={"CAFBUS_CONFIG": t.path("conf")})
    bus.expect_line("serving socket=")
    configure(t, "idle-timeout = 100ms\n")
    bus.signal(signal.SIGHUP)
    bus.expect_exit(0)
    matches("stopped: idle", bus.err)


@scenario
def what_is_wrong_changes_nothing_and_is_logged_with_its_place(t):
    start(t, "log-level = info\n")
    said = reload(t, "log-level = debug\nidle-timeout = soon\n", r"config-reload-failed .*\n")
    matches(r'error=".*/conf:2: idle-timeout: ', said)
    said = reload(t, "# nothing\nno-such-key = 1\n", r"config-reload-failed .*no-such-key.*\n")
    matches(r'error=".*/conf:2: unknown key', said)
    t.publish(event("k", 1))
    t.status()
    check("event-received" not in read_log(t), "the level is the old one")
    said = reload(t, "log-level = debug\n")
    matches('changed="log-level"', said)


@scenario
def a_flag_and_the_environment_beat_the_file_as_before(t):
    start(t, "queue-capacity = 1\n", "--queue-capacity", "5", CAFBUS_DRAIN="1s")
    said = reload(t, "queue-capacity = 2\ndrain = 7s\nwrite-timeout = 7s\n")
    matches('changed="write-timeout" need-restart=""', said)


@scenario
def the_log_is_opened_anew(t):
    start(t, "")
    await_log(t, "bus-started")
    path = os.path.join(t.bus.app_dir, "bus.log")
    os.rename(path, path + ".moved")
    reload(t, "")
    equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the new log")
    check("config-reloaded" not in read_log(t, "bus.log.moved"), "the old file is left alone")
    matches("bus-started", read_log(t, "bus.log.moved"))


@scenario
def who_asks_for_a_reload_is_told_what_changes_and_what_does_not(t):
    start(t, "drain = 1s\n")
    configure(t, "drain = 3s\nsource-retries = 3\n")
    equal(bytes(t.run_cli("reload").out).decode(),
          f"read {t.path('conf')}\nchanged drain: 1s -> 3s\nneeds a restart: source-retries: 10 -> 3\n")
    configure(t, "drain = 5s\n")
    answer = json.loads(bytes(t.run_cli("reload", "--json").out))
    equal((answer["changed"], answer["need_restart"]), ([{"option": "drain", "from": "3s", "to": "5s"}], []))
    matches("nothing has changed", t.run_cli("reload").out)


@scenario
def a_reload_of_what_is_wrong_fails_and_changes_nothing(t):
    start(t, "log-level = info\n")
    configure(t, "log-level = debug\nidle-timeout = soon\n")
    matches("nothing has changed: .*/conf:2: idle-timeout: ", t.run_cli("reload", code=2).err)
    configure(t, "log-level = debug\n")
    matches("changed log-level: info -> debug", t.run_cli("reload").out)


@scenario
def without_a_bus_there_is_nothing_to_reload(t):
    matches("no bus", t.run_cli("reload", code=1).err)


@scenario
def a_bus_that_ignores_the_signal_is_reached_nevertheless(t):
    start(t, "drain = 1s\n", wrap=("/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"))
    configure(t, "drain = 3s\n")
    matches("changed drain: 1s -> 3s", t.run_cli("reload").out)


@scenario
def many_signals_do_no_harm(t):
    start(t, "")
    peer = t.join("k")
    for i in range(200):
        t.bus.signal(signal.SIGHUP)
        t.publish(event("k", i))
        peer.expect_event(payload=i)


@scenario
def a_stop_after_a_reload_is_a_stop(t):
    start(t, "")
    reload(t, "drain = 100ms\n")
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)


main()
