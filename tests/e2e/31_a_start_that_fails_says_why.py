"""Errors of an on-demand start: each has a message of its own, that names the thing and the way out, within a second."""
import fcntl
import os
import shutil
import time

import harness
from daemons import cleaned_up, daemons
from harness import SLOWDOWN, Skip, check, equal, main, matches, scenario
from watching import check_gone

NOBODY = 65534
LIMIT = 1 * SLOWDOWN


def fails(t, pattern, code=1, command=("consume", "k"), **how):
    start = time.monotonic()
    process = t.run_cli(*command, code=code, **how)
    took = time.monotonic() - start
    matches(pattern, process.err)
    check(took < LIMIT, f"said so after {took:.2f} s")
    for pid in daemons(how.get("base") or t.path("bus")):
        check_gone(pid)  # one that could not start is on its way out


def as_nobody(t):
    """Makes the program runnable for a user who is not root, whom no permission would stop."""
    if os.geteuid() != 0:
        return None
    program = t.path("cafbus")
    shutil.copy(harness.BINARY, program)
    os.chmod(program, 0o755)
    os.chmod(t.dir, 0o755)
    t.env["HOME"] = "/"
    before, harness.BINARY = harness.BINARY, program
    clean_up = t.clean_up

    def restore():
        harness.BINARY = before
        clean_up()

    t.clean_up = restore
    return NOBODY


@scenario
def standard_input_as_the_source_of_a_bus_in_the_background(t):
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write("source = exec:true\nsource = stdin\n")
    for place, env in ((t.path("conf") + ":2", {"CAFBUS_CONFIG": t.path("conf")}),
                       ("CAFBUS_SOURCE", {"CAFBUS_SOURCE": "stdin"})):
        for command in (("consume", "k"), ("publish",), ("start",)):
            fails(t, f"{place}: source 'stdin': .* has no standard input; run `cafbus serve`", command=command, env=env)


@scenario
def a_folder_that_may_not_be_written(t):
    user = as_nobody(t)
    os.mkdir(t.path("bus"), 0o755)
    if user is None:
        os.chmod(t.path("bus"), 0o555)
    fails(t, r"cannot create .*/bus/default: Permission denied; use --dir", user=user)


@scenario
def a_folder_of_somebody_else(t):
    user = as_nobody(t)
    if user is None:
        raise Skip("only root can run it")
    os.makedirs(t.path("bus", "default"), 0o755)
    fails(t, r"/bus/default belongs to user 0, not to us \(user 65534\)", user=user)


@scenario
def a_private_folder_of_somebody_else(t):
    user = as_nobody(t)
    if user is None:
        raise Skip("only root can run it")
    os.makedirs(t.path("bus", "default"))
    os.chmod(t.path("bus", "default"), 0o700)
    fails(t, r"/bus/default belongs to user 0 \(root\), perhaps because cafbus once ran with sudo, and is not accessible to us "
             r"\(user 65534\); `sudo chown -R 65534 ", user=user)


@scenario
def too_few_descriptors(t):
    for limit in (12, 20):
        process = t.start(["/bin/sh", "-c", 'ulimit -n "$1"; shift; exec "$@"', "sh", str(limit), harness.BINARY, "start",
                           "--dir", t.path("bus")])
        process.expect_exit(1)
        matches(rf"descriptors for {limit} files \(RLIMIT_NOFILE\).*ulimit -n", process.err)


@scenario
def a_home_that_sudo_has_left_to_root(t):
    user = as_nobody(t)
    if user is None:
        raise Skip("only root can run it")
    os.makedirs(t.path(".cafbus"), 0o700)
    for command in ("start", "status"):
        process = t.start([harness.BINARY, command], env={"HOME": t.dir}, user=user)
        process.wait(20)
        check(process.process.returncode == 1, process.describe())
        matches(r"\.cafbus belongs to user 0 \(root\), perhaps because cafbus once ran with sudo", process.err + process.out)


@scenario
def a_folder_that_all_may_write_to(t):
    os.makedirs(t.path("bus", "default"))
    os.chmod(t.path("bus", "default"), 0o777)
    fails(t, "is writable by others.*chmod 700")


@scenario
def a_symbolic_link(t):
    os.mkdir(t.path("bus"))
    os.mkdir(t.path("elsewhere"), 0o700)
    os.symlink(t.path("elsewhere"), t.path("bus", "default"))
    fails(t, "symbolic link.*--dir")
    equal(os.listdir(t.path("elsewhere")), [], "files behind the link")


@scenario
def a_path_that_is_too_long(t):
    fails(t, "limit is 107.*--dir", code=2, base=t.path("x" * 100))


def locked(t, name):
    os.makedirs(t.path("bus", "default"), 0o700)
    file = open(t.path("bus", "default", name), "w", encoding="ascii")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


@scenario
def a_fork_lock_that_is_held(t):
    with locked(t, "bus.fork.lock"):
        fails(t, r"bus\.fork\.lock is held by.*cafbus serve")
    cleaned_up(t)
    t.consume("k")


@scenario
def an_alive_lock_that_no_bus_holds(t):
    with locked(t, "bus.alive.lock"):
        fails(t, r"bus\.alive\.lock is locked by a process that is not a bus")


@scenario
def a_lock_file_that_cannot_be_opened(t):
    os.makedirs(t.path("bus", "default", "bus.fork.lock"))
    os.chmod(t.path("bus", "default"), 0o700)
    fails(t, r"cannot lock .*bus\.fork\.lock: Is a directory")


@scenario
def what_the_daemon_meets_is_told_by_the_starter(t):
    os.makedirs(t.path("bus", "default", "bus.log"))
    os.chmod(t.path("bus", "default"), 0o700)
    fails(t, r"cannot start a bus: .*bus\.log", command=("start",))


@scenario
def a_hold_marker(t):
    t.run_cli("stop", "--hold")
    for command in (("consume", "k"), ("publish",)):
        fails(t, r"held back by .*/bus\.hold.*cafbus start", command=command, input=b"")
    cleaned_up(t)
    t.run_cli("start")
    check(not os.path.exists(t.path("bus", "default", "bus.hold")), "start clears it")
    t.run_cli("stop", "--hold")
    fails(t, "held back", command=("consume", "k"))
    t.start_bus()
    check(not os.path.exists(t.path("bus", "default", "bus.hold")), "serve clears it")


main()
