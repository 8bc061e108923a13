"""The daemon notices within a second that nobody can find it any more, and leaves alone what is not its own."""
import os
import shutil
import socket
import time

from harness import SLOWDOWN, check, equal, main, matches, scenario


def ends(bus, consumer, reason):
    start = time.monotonic()
    frame = consumer.expect_frame("bye")
    took = time.monotonic() - start
    equal(frame["reason"], reason, "reason of the bye")
    check(took < 1 * SLOWDOWN, f"noticed after {took:.2f} s")
    bus.expect_exit(1)
    matches(f"failed: {reason}", bus.err)


@scenario
def a_deleted_socket(t):
    bus = t.start_bus()
    consumer = t.join("k")
    os.unlink(bus.socket_path)
    ends(bus, consumer, "socket file is gone")
    with open(os.path.join(bus.app_dir, "bus.log"), encoding="utf-8") as f:
        matches("files-lost.*socket file is gone", f.read())


@scenario
def a_replaced_socket_is_left_to_its_owner(t):
    bus = t.start_bus()
    consumer = t.join("k")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(bus.socket_path + "2")
        other.listen()
        os.rename(bus.socket_path + "2", bus.socket_path)
        ends(bus, consumer, "socket file was replaced")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(bus.socket_path)


@scenario
def a_deleted_pid_file(t):
    bus = t.start_bus()
    consumer = t.join("k")
    os.unlink(os.path.join(bus.app_dir, "bus.pid"))
    ends(bus, consumer, "pid file is gone")


@scenario
def a_deleted_lock_file(t):
    bus = t.start_bus()
    consumer = t.join("k")
    os.unlink(os.path.join(bus.app_dir, "bus.alive.lock"))
    ends(bus, consumer, "lock file is gone")


@scenario
def a_deleted_folder(t):
    bus = t.start_bus()
    consumer = t.join("k")
    shutil.rmtree(bus.app_dir)
    start = time.monotonic()
    reason = consumer.expect_frame("bye")["reason"]
    check(reason.endswith("file is gone"), f"whichever it misses first: {reason}")
    check(time.monotonic() - start < 1 * SLOWDOWN, "noticed within a second")
    bus.expect_exit(1)


@scenario
def a_moved_folder(t):
    bus = t.start_bus()
    consumer = t.join("k")
    os.rename(t.path("bus"), t.path("moved"))
    ends(bus, consumer, "socket file is gone")


@scenario
def a_bus_that_lost_its_lock_file_does_not_take_the_next_one_with_it(t):
    first = t.start_bus()
    os.unlink(os.path.join(first.app_dir, "bus.alive.lock"))
    second = t.start_bus()  # the contract is broken by hand: for a moment there are two
    first.expect_exit(1)
    t.join("k")
    equal(t.status()["pid"], second.pid, "who serves")
    check(os.path.exists(os.path.join(second.app_dir, "bus.pid")), "its pid file is there")


main()
