"""`cafbus restart`: another daemon takes the place of the one that runs."""
import json
import os
import types

from daemons import app_dir, cleaned_up, started
from harness import WAIT, Deadline, check, equal, event, main, matches, scenario
from watching import read_log


def publish(t, *numbers):
    t.run_cli("publish", "--type", "k", "--no-spawn", input="".join(f"{n}\n" for n in numbers).encode())


def start(t, **env):
    """A daemon in the background, which the other verbs mean from now on. Returns its pid."""
    cleaned_up(t)
    t.run_cli("start", env=env)
    t.bus = types.SimpleNamespace(app_dir=app_dir(t), socket_path=app_dir(t) + "/bus.sock")
    return started(t)


def write_config(t, text):
    with open(t.path("conf"), "w", encoding="utf-8") as file:
        file.write(text)
    return t.path("conf")


def status(t):
    return json.loads(t.run_cli("status", "--json").out)


@scenario
def a_consumer_that_reconnects_lives_through_it_and_the_options_stay(t):
    old = start(t, CAFBUS_QUEUE_CAPACITY="77")
    consumer = t.consume("k", "--reconnect", "--max-events", "3")
    publish(t, 1, 2)
    consumer.expect_output([1, 2])
    said = json.loads(t.run_cli("restart", "--json", env={"CAFBUS_QUEUE_BYTES": "1000000"}).out)
    equal((said["state"], said["old_pid"]), ("restarted", old), "what it says")
    check(said["pid"] != old, "another daemon")
    consumer.expect_line("reconnected")
    equal(status(t)["limits"]["queue_capacity"], 77, "an option of the old one")
    check(status(t)["limits"]["queue_bytes"] != 1_000_000, "an option that the old one did not have")
    publish(t, 3)
    done = consumer.expect_exit(0)
    equal(done.out, b"1\n2\n3\n", "events")
    matches(r"gap: the cursor is of another bus.*restart", done.err)


@scenario
def a_publisher_that_comes_meanwhile_waits_for_the_new_bus(t):
    start(t)
    t.join("k")
    t.publish(*[event("k", "x" * 100_000) for _ in range(30)])  # which it does not read: the bus waits for it
    restart = t.start_cli("restart", "--drain", "300ms", "--json")
    deadline = Deadline(WAIT, "the old bus stops")
    while "bus-stopping" not in read_log(t):
        deadline.left_ms()
        os.sched_yield()
    t.run_cli("publish", "--type", "k", input=b"1\n")
    said = json.loads(restart.expect_exit(0).out)
    now = status(t)
    equal((now["pid"], now["counters"]["ingress"]), (said["pid"], 1), "who has taken it")


@scenario
def one_in_the_foreground_is_left_to_who_minds_it(t):
    bus = t.start_bus()
    matches("foreground.*restart it where it was started", t.run_cli("restart", code=2).err)
    equal(status(t)["pid"], bus.pid, "who serves")


@scenario
def with_wrong_options_the_old_one_goes_on(t):
    old = start(t, CAFBUS_CONFIG=write_config(t, "drain = 1s\n"))
    write_config(t, "drain = soon\n")
    matches("the bus goes on.*conf:1", t.run_cli("restart", code=2).err)
    equal(status(t)["pid"], old, "who serves")


@scenario
def where_none_runs_one_is_started(t):
    cleaned_up(t)
    t.run_cli("stop", "--hold")
    equal(t.run_cli("restart").out, b"started\n", "what it says")
    started(t)


main()
