"""Ownership, modes, links and races of everything that the bus trusts, each refused or repaired as SECURITY.md says."""
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading

import harness
from harness import Skip, check, equal, event, main, matches, scenario

OTHER = 12_345
PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable  # where any user can run it


def folder(t, mode=0o700):
    path = t.path("bus", "default")
    os.makedirs(path, exist_ok=True)
    os.chmod(path, mode)
    return path


def emptied(t):
    shutil.rmtree(t.path("bus"), ignore_errors=True)
    return folder(t)


def refused(t, pattern, untouched=None):
    process = t.run_cli("serve", code=1)
    matches(pattern, process.err, "reason")
    if untouched is not None:
        equal(os.listdir(untouched), [], "files where they must not be")


def served(t):
    t.start_bus()
    equal(stat.S_IMODE(os.lstat(t.bus.app_dir).st_mode), 0o700, "mode of the folder")
    t.join("k")
    t.publish(event("k", 1))


def as_root():
    if os.geteuid() != 0:
        raise Skip("only root can make files of another user")


# -- the app's folder ---------------------------------------------------------------------------------------------------
@scenario
def modes_that_let_others_read_are_repaired(t):
    for mode in (0o755, 0o750, 0o711, 0o500, 0o2755):
        folder(t, mode)
        served(t)
        t.bus.signal(signal.SIGTERM)
        t.bus.expect_exit(0)


@scenario
def modes_that_let_others_write_are_refused(t):
    for mode in (0o777, 0o770, 0o707, 0o1777, 0o720, 0o702):
        refused(t, "is writable by others.*chmod 700", folder(t, mode))


@scenario
def a_folder_of_another_user_is_refused(t):
    as_root()
    path = folder(t)
    os.chown(path, OTHER, OTHER)
    refused(t, f"belongs to user {OTHER}, not to us", path)


@scenario
def links_and_files_in_its_place_are_refused(t):
    os.makedirs(t.path("bus"))
    os.makedirs(t.path("elsewhere"), mode=0o700)
    place = t.path("bus", "default")
    for target in (t.path("elsewhere"), t.path("nowhere"), "default", "."):
        os.symlink(target, place)
        refused(t, "symbolic link", t.path("elsewhere"))
        os.unlink(place)
    with open(place, "w", encoding="ascii"):
        refused(t, "not a folder")
    os.unlink(place)
    os.mkfifo(place)
    refused(t, "not a folder")


# -- the folder above ---------------------------------------------------------------------------------------------------
@scenario
def a_base_that_everybody_may_change_is_refused_unless_it_is_sticky(t):
    os.makedirs(t.path("bus"))
    os.chmod(t.path("bus"), 0o777)
    refused(t, "is writable by everybody.*chmod o-w", t.path("bus"))
    os.chmod(t.path("bus"), 0o1777)
    served(t)


@scenario
def a_base_of_another_user_is_refused(t):
    as_root()
    os.makedirs(t.path("bus"))
    os.chown(t.path("bus"), OTHER, OTHER)
    refused(t, f"belongs to user {OTHER}, who could put another bus in place of ours", t.path("bus"))


@scenario
def a_base_that_is_a_link_of_ours_is_followed(t):
    os.makedirs(t.path("real"))
    os.symlink(t.path("real"), t.path("bus"))
    served(t)
    check(os.path.exists(t.path("real", "default", "bus.sock")), "the socket lies behind the link")


# -- the files in it ----------------------------------------------------------------------------------------------------
@scenario
def files_that_others_could_read_are_made_private(t):
    for name in ("bus.log", "bus.pid", "bus.alive.lock"):
        with open(os.path.join(folder(t), name), "w", encoding="ascii") as f:
            os.chmod(f.name, 0o644)
    served(t)
    for name in ("bus.log", "bus.pid", "bus.sock", "bus.alive.lock"):
        equal(oct(stat.S_IMODE(os.lstat(os.path.join(t.bus.app_dir, name)).st_mode)), "0o600", name)


@scenario
def a_link_in_place_of_a_file_is_never_followed(t):
    victim = t.path("victim")
    for name in ("bus.log", "bus.alive.lock", "bus.pid.new"):
        path = emptied(t)
        with open(victim, "w", encoding="ascii") as f:
            f.write("precious")
        os.symlink(victim, os.path.join(path, name))
        refused(t, name.replace(".", r"\."))
        with open(victim, encoding="ascii") as f:
            equal(f.read(), "precious", "the file behind the link")
    path = emptied(t)
    for name in ("bus.sock", "bus.pid"):  # replaced, not followed
        os.symlink(victim, os.path.join(path, name))
    served(t)
    with open(victim, encoding="ascii") as f:
        equal(f.read(), "precious", "the file behind the links")
    check(stat.S_ISSOCK(os.lstat(t.bus.socket_path).st_mode), "the socket is one")


@scenario
def what_is_no_file_in_place_of_one_is_named(t):
    for name in ("bus.log", "bus.alive.lock", "bus.pid", "bus.sock"):
        os.mkdir(os.path.join(emptied(t), name))
        refused(t, name.replace(".", r"\."))
    os.mkfifo(os.path.join(emptied(t), "bus.log"))
    refused(t, r"bus\.log")  # and does not wait for a reader


@scenario
def a_file_in_place_of_the_socket_is_replaced(t):
    with open(os.path.join(folder(t), "bus.sock"), "w", encoding="ascii"):
        pass
    served(t)


# -- races --------------------------------------------------------------------------------------------------------------
@scenario
def in_a_sticky_base_whoever_makes_the_folder_first_gets_no_bus_of_ours(t):
    """Another user races us for the name; whatever it makes, nothing of ours lands in it."""
    as_root()
    base = t.path("bus")
    os.makedirs(base)
    os.chmod(base, 0o1777)
    os.chmod(t.dir, 0o755)
    trap = t.path("trap")
    os.mkdir(trap)
    os.chown(trap, OTHER, OTHER)
    os.chmod(trap, 0o777)
    won = lost = 0
    for n in range(20):
        app = f"a{n}"
        place = os.path.join(base, app)
        make = f"import os; os.{'symlink(%r, %r)' % (trap, place) if n % 2 else 'mkdir(%r, 0o777)' % place}"
        rival = t.start([PYTHON, "-c", make], user=OTHER, cwd="/")
        bus = t.start_cli("serve", "--idle-timeout", "never", app=app)
        rival.wait()
        said = bus.expect_line(r"serving|symbolic link|written by others|belongs to|cannot")[0]
        if said == "serving":
            won += 1
            info = os.lstat(place)
            check(stat.S_ISDIR(info.st_mode) and stat.S_IMODE(info.st_mode) == 0o700 and info.st_uid == os.geteuid(),
                  "it serves in a private folder of its own")
            bus.signal(signal.SIGTERM)
            bus.expect_exit(0)
        else:
            lost += 1
            bus.expect_exit(1)
        equal(os.listdir(trap), [], "files in the trap")
    equal(won + lost, 20, "each was served or refused")


@scenario
def a_name_that_flips_between_folder_and_link_neither_hangs_nor_crashes_us(t):
    base, trap = t.path("bus"), t.path("trap")
    os.makedirs(os.path.join(base, "real"), mode=0o700)
    os.makedirs(trap, mode=0o700)
    os.symlink(trap, os.path.join(base, "link"))
    place, stopping = os.path.join(base, "default"), threading.Event()

    def flip():
        while not stopping.is_set():
            for name in ("real", "link"):
                try:
                    os.rename(os.path.join(base, name), place)
                    os.rename(place, os.path.join(base, name))
                except OSError:  # a bus has just made a folder of its own there
                    os.rename(place, tempfile.mkdtemp(dir=base))

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        for _ in range(15):
            process = t.start_cli("serve", "--idle-timeout", "100ms")
            process.wait(20)
            check(process.process.returncode in (0, 1), f"it ends by itself: {process.describe()}")
    finally:
        stopping.set()
        thread.join()
    # Not that nothing ever lands behind the link: only the bus's own user can flip it, and bind() takes a path.


# -- clients ------------------------------------------------------------------------------------------------------------
LISTENER = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("listening", flush=True)
while True:
    peer, _ = s.accept()
    got = b""
    while data := peer.recv(65536):
        got += data
    print("got", len(got), flush=True)
"""


def program_for_all(t):
    program = t.path("cafbus")
    shutil.copy(harness.BINARY, program)
    for x in (program, t.dir):
        os.chmod(x, 0o755)
    return program


@scenario
def a_client_says_nothing_to_a_bus_of_another_user(t):
    as_root()
    path, program = folder(t), program_for_all(t)
    os.chown(t.path("bus"), OTHER + 1, OTHER + 1)
    os.chown(path, OTHER + 1, OTHER + 1)
    os.chmod(path, 0o777)
    listener = t.start([PYTHON, "-c", LISTENER, os.path.join(path, "bus.sock")], user=OTHER, cwd="/")
    listener.expect_line("listening", stream="out")
    os.chmod(path, 0o700)
    os.chmod(os.path.join(path, "bus.sock"), 0o666)
    for command in (("consume", "k", "--no-spawn"), ("publish",), ("status",), ("stop", "--force")):
        process = t.start([program, *command, "--dir", t.path("bus")], user=OTHER + 1, cwd="/", stdin=subprocess.PIPE)
        process.write(b'{"event_type":"k","payload":"secret"}\n')
        process.close_stdin()
        process.wait(20)
        check(process.process.returncode == 1, f"{command}: {process.process.returncode}, {process.describe()}")
        matches(rf"user {OTHER}", process.err, f"{command}")
        equal(listener.expect_line(r"got (\d+)", stream="out").group(1), "0", f"bytes that {command} sent")


@scenario
def root_may_use_the_bus_of_any_user_and_leaves_nothing_in_its_folder(t):
    as_root()
    program = program_for_all(t)
    os.makedirs(t.path("bus"))
    os.chown(t.path("bus"), OTHER, OTHER)
    bus = t.start([program, "serve", "--dir", t.path("bus"), "--idle-timeout", "never"], user=OTHER, cwd="/")
    bus.expect_line("serving socket=")
    matches("accepted=1", t.run_cli("publish", "--type", "k", input=b"1\n").err)
    matches("running", t.run_cli("status").out)
    equal(t.run_cli("stop").out, b"stopped\n", "stop")
    bus.expect_exit(0)
    matches(f"belongs to user {OTHER}", t.run_cli("start", code=1).err, "root starts none for another user")
    for name in os.listdir(t.path("bus", "default")):
        equal(os.lstat(t.path("bus", "default", name)).st_uid, OTHER, f"owner of {name}")


main()
