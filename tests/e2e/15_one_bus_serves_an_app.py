"""Single instance, files and folders."""
import os
import signal
import stat

from harness import BINARY, check, equal, event, main, matches, scenario


def mode(*path):
    return oct(stat.S_IMODE(os.lstat(os.path.join(*path)).st_mode))


@scenario
def a_second_bus_is_refused_and_told_the_pid_of_the_first(t):
    bus = t.start_bus()
    peer = t.join("k")
    process = t.run_cli("serve", code=1)
    matches(rf"already running.*pid {bus.pid}\b", process.err)
    t.publish(event("k", 1))
    peer.expect_event(seq=1)


@scenario
def of_many_that_start_at_once_one_runs(t):
    starting = [t.start_cli("serve", "--idle-timeout", "never") for _ in range(10)]
    first = [x.expect_line(r"serving|already running")[0] for x in starting]
    equal(first.count("serving"), 1, "buses that serve")
    for x, said in zip(starting, first):
        if said == "serving":
            x.signal(signal.SIGTERM)
            x.expect_exit(0)
        else:
            x.expect_exit(1)


@scenario
def another_app_or_folder_has_a_bus_of_its_own(t):
    for where in ({"app": "one"}, {"app": "two"}, {"app": "one", "base": t.path("other")}):
        t.start_bus(**where)
        equal(t.join("k").ack["first_for_key"], True, "first")


@scenario
def a_killed_bus_is_replaced_at_once(t):
    for _ in range(3):
        bus = t.start_bus()
        peer = t.join("k")
        bus.signal(signal.SIGKILL)
        bus.wait()
        peer.expect_eof()
        check(os.path.exists(bus.socket_path), "the killed one leaves its socket")
    t.start_bus()


@scenario
def its_files_are_private(t):
    bus = t.start_bus(umask=0)
    equal(mode(bus.app_dir), "0o700", "folder")
    for name in ("bus.sock", "bus.pid", "bus.alive.lock", "bus.log"):
        equal(mode(bus.app_dir, name), "0o600", name)
    with open(os.path.join(bus.app_dir, "bus.pid"), encoding="ascii") as f:
        lines = f.read().splitlines()
    equal((lines[0], len(lines)), (str(bus.pid), 2), "pid file, as the original reads it")
    matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", lines[1], "start time")


@scenario
def a_folder_that_others_may_write_to_is_not_trusted(t):
    os.makedirs(t.path("bus", "default"))
    os.chmod(t.path("bus", "default"), 0o777)
    matches("chmod 700", t.run_cli("serve", code=1).err)


@scenario
def a_symbolic_link_is_not_trusted(t):
    os.makedirs(t.path("bus"))
    os.makedirs(t.path("elsewhere"), mode=0o700)
    os.symlink(t.path("elsewhere"), t.path("bus", "default"))
    matches("symbolic link", t.run_cli("serve", code=1).err)
    equal(os.listdir(t.path("elsewhere")), [], "files behind the link")


@scenario
def a_socket_path_that_is_too_long_is_named_with_the_way_out(t):
    for command, code in (("serve", 1), ("status", 2)):
        process = t.run_cli(command, base=t.path("x" * 100), code=code)
        matches(r"limit is 107.*--dir", process.err)


@scenario
def app_names_that_are_paths_are_refused(t):
    for app in ("../x", "a/b", ".", "", "-x", "x" * 65):
        t.start([BINARY, "serve", "--dir", t.path("bus"), f"--app={app}"]).expect_exit(2)
    check(not os.path.exists(t.path("x")), "nothing was created")


main()
