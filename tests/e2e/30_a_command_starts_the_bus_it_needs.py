"""On-demand start: consume, publish and start find a live daemon or start one."""
import json
import os
import signal
import time

from daemons import app_dir, await_end, cleaned_up, daemons, listener, lock_holders, started
from harness import SLOWDOWN, WAIT, Deadline, check, equal, main, matches, rounds, scenario
from watching import open_files


@scenario
def consume_starts_the_bus_and_is_served(t):
    cleaned_up(t)
    consumer = t.consume("k")
    pid = started(t)
    equal(daemons(t.path("bus")), [pid], "daemons")
    t.run_cli("publish", "--type", "k", input=b'{"n":1}\n')
    consumer.expect_output([b'{"n":1}'])


@scenario
def publish_starts_the_bus_too(t):
    cleaned_up(t)
    matches("accepted=1", t.run_cli("publish", "--type", "k", input=b"1\n").err)
    started(t)


@scenario
def start_returns_when_it_is_ready_and_says_when_it_runs_already(t):
    cleaned_up(t)
    equal(t.run_cli("start").out, b"started\n", "stdout")
    pid = started(t)
    equal(t.run_cli("start").out, b"already running\n", "stdout")
    equal(started(t), pid, "pid")


@scenario
def the_daemon_is_detached(t):
    cleaned_up(t)
    consumer = t.consume("k", umask=0)
    pid = started(t)
    check(os.getsid(pid) not in (consumer.pid, os.getsid(0)), "a session of its own")
    check(os.getsid(pid) != pid, "and not its leader, so that no terminal can come to it")
    equal(os.readlink(f"/proc/{pid}/cwd"), "/", "working directory")
    equal([os.readlink(f"/proc/{pid}/fd/{n}") for n in (0, 1, 2)], ["/dev/null"] * 3, "standard streams")
    fds = [x for fd, x in open_files(pid).items() if fd in (3, 4)]
    check(not any(x.startswith("pipe:") for x in fds), f"inherited descriptors: {fds}")
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    equal(status["Umask"], "0077", "umask")
    equal(status["Name"], "cafbus", "name")
    consumer.signal(signal.SIGKILL)
    consumer.wait()
    t.consume("k")
    equal(started(t), pid, "the daemon outlives whoever started it")


@scenario
def of_many_that_come_at_once_one_starts_it(t):
    cleaned_up(t)
    begun = time.monotonic()
    consumers = [t.consume("k", ready=False) for _ in range(16)]
    for x in consumers:
        x.expect_line(r"\[cafbus\] ready event_key=")
    took = time.monotonic() - begun
    check(took < 5 * SLOWDOWN, f"all ready after {took:.2f} s")
    pid = started(t)
    equal(daemons(t.path("bus")), [pid], "daemons")
    equal(lock_holders(os.path.join(app_dir(t), "bus.alive.lock")), {pid}, "lock holders")
    status = json.loads(t.run_cli("status", "--json").out)
    equal(status["active_conns"], 16, "consumers")


@scenario
def no_spawn_refuses_and_says_the_way_out(t):
    for command in (("consume", "k"), ("publish",)):
        matches("no bus is running.*cafbus start", t.run_cli(*command, "--no-spawn", code=1, input=b"").err)
    check(not os.path.exists(app_dir(t)), "nothing was made")


@scenario
def the_daemon_takes_its_options_from_the_config_file(t):
    cleaned_up(t)
    with open(t.path("c.conf"), "w", encoding="ascii") as f:
        f.write("idle-timeout = 100ms\n")
    t.run_cli("start", env={"CAFBUS_CONFIG": "c.conf"})  # relative: the daemon runs elsewhere
    pid = listener(os.path.join(app_dir(t), "bus.sock"))
    if pid:
        await_end(pid)
    matches("reason=.idle", open(os.path.join(app_dir(t), "bus.log"), encoding="utf-8").read())


@scenario
def a_wrong_config_file_is_reported_by_the_command_that_needed_the_bus(t):
    with open(t.path("c.conf"), "w", encoding="ascii") as f:
        f.write("source = stdout\n")
    process = t.run_cli("start", env={"CAFBUS_CONFIG": t.path("c.conf")}, code=2)
    matches("c.conf:1.*stdout", process.err)


@scenario
def a_stop_is_followed_by_a_fresh_bus(t):
    cleaned_up(t)
    pids = set()
    for _ in range(rounds(20)):
        consumer = t.consume("k", "--timeout", "1min")
        pids.add(started(t))
        equal(t.run_cli("stop", "--force").out, b"stopped\n", "stdout")
        consumer.wait()
    equal(len(pids), rounds(20), "daemons")


@scenario
def a_killed_daemon_disturbs_nobody(t):
    cleaned_up(t)
    for _ in range(3):
        consumer = t.consume("k")
        pid = started(t)
        os.kill(pid, signal.SIGKILL)
        await_end(pid)
        consumer.expect_exit(3)
        check(os.path.exists(os.path.join(app_dir(t), "bus.sock")), "it leaves its socket")


@scenario
def a_consumer_waits_for_a_bus_that_is_ending(t):
    cleaned_up(t)
    bus = t.start_bus()
    stuck, other = t.join("k"), t.join("other")
    t.publish(*[b'{"type":"publish","event_type":"k","payload":"' + b"x" * 10_000 + b'"}' for _ in range(500)])
    bus.signal(signal.SIGTERM)  # drains for 2 s, since one consumer does not read
    other.expect_frame("bye")  # it has begun
    stuck.stuck = True
    consumer = t.consume("k")
    bus.expect_exit(0)
    check(started(t) != bus.pid, "a new one")
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)


@scenario
def consumers_that_come_as_the_bus_goes_idle_see_no_error(t):
    """At once when it has stopped listening; each moment around that is tried in virtual time (io.sockets.socket_broker)."""
    cleaned_up(t)
    socket = os.path.join(app_dir(t), "bus.sock")
    pids = set()
    for _ in range(rounds(30)):
        consumer = t.consume("k", "--timeout", "1ms", env={"CAFBUS_IDLE_TIMEOUT": "100ms"})
        pids.add(listener(socket))
        consumer.expect_exit(0)
        deadline = Deadline(WAIT, "the bus to go idle")
        while os.path.exists(socket):
            deadline.left_ms()
            os.sched_yield()
    equal(len(pids), rounds(30), "daemons")


@scenario
def a_wedged_bus_is_reported_with_its_pid_and_the_way_out(t):
    bus = t.start_bus()
    bus.freeze()
    try:
        process = t.start_cli("start")
        process.wait(20)
        equal(process.process.returncode, 1, "exit code")
        matches(rf"process {bus.pid}\).*stop --force", process.err)
    finally:
        bus.signal(signal.SIGCONT)


main()
