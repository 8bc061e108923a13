"""systemd's protocols, with a double of the manager: what NOTIFY_SOCKET hears, and a socket passed as descriptor 3."""
import json
import os
import select
import shutil
import signal
import socket

from checks import WAIT
from harness import BINARY, Skip, check, main, matches, scenario


def needs_libsystemd(t):
    if not json.loads(bytes(t.start([BINARY, "version", "--json"]).expect_exit(0).out))["systemd"]:
        raise Skip("this build has no libsystemd")


class Manager:
    def __init__(self, t, **env):
        self.path = t.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(WAIT)
        self.env = {"NOTIFY_SOCKET": self.path, **env}

    def hears(self, first):
        """The next message that begins so, as a table; those before it are passed over."""
        while True:
            message = dict(x.split("=", 1) for x in self.socket.recv(4096).decode().splitlines())
            if first in message:
                return message


def listen(t, app="default", mode=0o600):
    """As a socket unit does."""
    folder = t.path("bus", app)
    os.makedirs(folder, mode=0o700)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(os.path.join(folder, "bus.sock"))
    os.chmod(os.path.join(folder, "bus.sock"), mode)
    listening.listen(16)
    return listening


def activate(t, listening, *flags, app="default"):
    """A bus with that socket as descriptor 3, in a process whose LISTEN_PID is right."""
    start = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    return t.start_cli("serve", *flags, app=app, wrap=("bash", "-c", start, "bash"), stdin=listening.fileno())


def consumer_in_the_backlog(t, listening):
    consumer = t.start_cli("consume", "k", "--max-events", "1", "--no-spawn")
    check(select.select([listening], [], [], WAIT)[0], "it has connected")
    return consumer


@scenario
def a_manager_hears_of_the_whole_life(t):
    needs_libsystemd(t)
    manager = Manager(t)
    bus = t.start_bus(env=manager.env)
    matches("serving .*bus.sock", manager.hears("READY")["STATUS"].encode())
    t.run_cli("reload")
    check(int(manager.hears("RELOADING")["MONOTONIC_USEC"]) > 0, "the time of the reload")
    manager.hears("READY")
    bus.signal(signal.SIGTERM)
    manager.hears("STOPPING")
    bus.expect_exit(0)


@scenario
def a_watchdog_gets_signs_of_life(t):
    needs_libsystemd(t)
    manager = Manager(t, WATCHDOG_USEC="200000")
    t.start_bus(env=manager.env)
    for _ in range(3):
        matches("consumers: 0, events: 0", manager.hears("WATCHDOG")["STATUS"].encode())


@scenario
def a_bus_in_the_background_leaves_the_manager_of_its_starter_alone(t):
    needs_libsystemd(t)
    manager = Manager(t)
    t.run_cli("start", env=manager.env)
    t.run_cli("stop")
    manager.socket.setblocking(False)
    try:
        check(False, f"it heard {manager.socket.recv(4096)}")
    except BlockingIOError:
        pass


@scenario
def the_socket_of_a_socket_unit_outlives_an_idle_bus(t):
    needs_libsystemd(t)
    listening = listen(t)
    for _ in range(2):
        consumer = consumer_in_the_backlog(t, listening)
        bus = activate(t, listening, "--idle-timeout", "100ms")
        consumer.expect_line("ready event_key=k")
        check(f'"pid":{bus.pid},'.encode() in bytes(t.run_cli("status", "--json").out), "the bus says who it is")
        t.run_cli("publish", input=b'{"event_type":"k","payload":1}\n')
        consumer.expect_exit(0)
        bus.expect_exit(0)
        check(os.path.exists(t.path("bus", "default", "bus.sock")), "the socket is still there")


@scenario
def the_activator_of_systemd_starts_a_bus(t):
    needs_libsystemd(t)
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        raise Skip("there is no systemd-socket-activate")
    os.makedirs(t.path("bus", "default"), mode=0o700)
    bus = t.start([tool, "-l", t.path("bus", "default", "bus.sock"), BINARY, "serve", "--dir", t.path("bus"),
                   "--idle-timeout", "100ms"])
    bus.expect_line("Listening on")
    consumer = t.consume("k", "--max-events", "1", "--no-spawn")
    t.run_cli("publish", input=b'{"event_type":"k","payload":1}\n')
    consumer.expect_exit(0)
    bus.expect_exit(0)


@scenario
def a_stop_leaves_the_socket_alone(t):
    needs_libsystemd(t)
    listening = listen(t)
    consumer = consumer_in_the_backlog(t, listening)
    bus = activate(t, listening)
    consumer.expect_line("ready event_key=k")
    t.run_cli("stop", "--force")
    bus.expect_exit(0)
    check(os.path.exists(t.path("bus", "default", "bus.sock")), "the socket is still there")
    consumer_in_the_backlog(t, listening)


@scenario
def a_socket_that_does_not_fit_is_refused_with_the_reason(t):
    needs_libsystemd(t)
    listening = listen(t, "open", 0o666)
    bus = activate(t, listening, app="open")
    bus.expect_exit(1)
    matches("has passed a socket that other users may use", bus.err)
    bus = activate(t, listening, app="other")
    bus.expect_exit(1)
    matches('has passed a socket that listens at ".*/open/bus.sock"', bus.err)


main()
