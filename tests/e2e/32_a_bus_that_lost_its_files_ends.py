"""The daemon puts back what it can be without, and ends within a second where nobody can find it any more."""
import fcntl
import os
import shutil
import signal
import socket
import time

from harness import SLOWDOWN, check, equal, event, main, matches, scenario
from watching import await_log


def ends(bus, consumer, reason):
    start = time.monotonic()
    frame = consumer.expect_frame("bye")
    took = time.monotonic() - start
    equal(frame["reason"], reason, "reason of the bye")
    check(took < 1 * SLOWDOWN, f"noticed after {took:.2f} s")
    bus.expect_exit(1)
    matches(f"failed: {reason}", bus.err)


def restored(t, bus, path):
    t.await_status(lambda _: os.path.exists(path), f"{path} is back")
    await_log(t, f"file-restored path=.*{os.path.basename(path)}")  # which has a thread of its own


def goes_on(t, consumer):
    t.publish(event("k", 1))
    consumer.expect_event(seq=1)


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
def a_deleted_or_replaced_pid_file_is_put_back(t):
    bus = t.start_bus()
    consumer = t.join("k")
    path = os.path.join(bus.app_dir, "bus.pid")
    with open(path, encoding="ascii") as f:
        content = f.read()
    os.unlink(path)
    restored(t, bus, path)
    with open(path + ".other", "w", encoding="ascii") as f:
        f.write("1\n")
    os.rename(path + ".other", path)
    t.await_status(lambda _: open(path, encoding="ascii").read() == content, "the pid file is back")
    goes_on(t, consumer)


@scenario
def a_deleted_lock_file_is_put_back_and_keeps_others_out(t):
    bus = t.start_bus()
    consumer = t.join("k")
    path = os.path.join(bus.app_dir, "bus.alive.lock")
    os.unlink(path)
    restored(t, bus, path)
    matches("already running", t.run_cli("serve", code=1).err)
    goes_on(t, consumer)


@scenario
def cleaning_by_age_finds_nothing_old_and_a_locked_folder(t):
    bus = t.start_bus()
    with open(os.path.join(bus.app_dir, "other"), "w", encoding="ascii"):
        pass  # a change in the folder, so that the daemon looks
    folder = os.open(bus.app_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise AssertionError("systemd-tmpfiles could clean the folder")
    except BlockingIOError:
        pass
    finally:
        os.close(folder)


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
def a_bus_whose_lock_another_one_has_taken_ends_and_leaves_that_one_alone(t):
    first = t.start_bus()
    first.freeze()  # so that it cannot put its lock back
    os.unlink(os.path.join(first.app_dir, "bus.alive.lock"))
    second = t.start_bus()  # the contract is broken by hand: for a moment there are two
    first.signal(signal.SIGCONT)
    first.expect_exit(1)
    t.join("k")
    equal(t.status()["pid"], second.pid, "who serves")
    check(os.path.exists(os.path.join(second.app_dir, "bus.pid")), "its pid file is there")


main()
