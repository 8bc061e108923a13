"""The log's folder full, or read-only: events flow as ever, log lines are lost; a start says why it fails."""
import os
import subprocess

from faults import Readers, Stream, Vitals, figure, in_full
from harness import Skip, check, equal, event, main, matches, scenario

NOBODY = 65_534


def tiny_disk(t, size):
    path = t.path("bus")
    os.makedirs(path, mode=0o700)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", path],
                                           capture_output=True, check=False).returncode != 0:
        raise Skip("only root can mount a file system")
    before = t.clean_up

    def clean_up():
        for process in t.processes:
            process.kill()
        subprocess.run(["umount", "-l", path], check=False)
        before()

    t.clean_up = clean_up
    return path


def fill(path):
    try:
        with open(os.path.join(path, "filler"), "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
    except OSError:
        pass


@scenario
def a_full_disk_costs_log_lines_and_nothing_else(t):
    base = tiny_disk(t, "64k")
    bus = t.start_bus("--log-level", "debug", base=base)
    readers = Readers(t, 4)
    stream = Stream(t, in_full(2_000, 500))
    readers.await_events(400)
    fill(base)
    readers.await_events(readers.events + 4_000)
    before = Vitals(bus.pid)
    readers.await_events(readers.events + 4_000)
    after = Vitals(bus.pid)
    sent = stream.stop()
    readers.await_events(4 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost")
    equal(t.join("k").ack.get("rejected"), None, "rejected")
    figure(f"disk full at debug level: 4 consumers lost 0 of {sent}; descriptors {before.descriptors} -> {after.descriptors}, "
           f"memory {before.rss_kib} -> {after.rss_kib} KiB")


@scenario
def a_start_on_a_full_disk_says_why(t):
    base = tiny_disk(t, "16k")
    os.mkdir(os.path.join(base, "default"), mode=0o700)
    fill(base)
    process = t.start_cli("serve", base=base).expect_exit(1)
    matches(r"No space left on device", process.err)
    figure("start refused: " + bytes(process.err).decode().strip().splitlines()[-1].replace(base, "DIR"))


@scenario
def a_folder_that_becomes_read_only_costs_nothing_that_is_open(t):
    if os.geteuid() != 0:
        raise Skip("needs root to run the bus as somebody whom modes bind")
    import shutil
    import harness
    program = t.path("cafbus")
    shutil.copy(harness.BINARY, program)
    os.chmod(program, 0o755)
    os.chmod(t.dir, 0o755)
    os.mkdir(t.path("bus"))
    os.chown(t.path("bus"), NOBODY, NOBODY)
    harness.BINARY, before = program, harness.BINARY
    try:
        bus = t.start_bus("--log-level", "debug", user=NOBODY)
    finally:
        harness.BINARY = before
    os.chmod(bus.app_dir, 0o500)
    readers = Readers(t, 4)
    stream = Stream(t, in_full(2_500, 1_000))
    readers.await_events(in_full(280_000, 8_000), 240)  # in full, beyond the size at which the log would be rotated
    sent = stream.stop()
    readers.await_events(4 * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost")
    size = os.path.getsize(os.path.join(bus.app_dir, "bus.log"))
    check(size < 11 << 20, "the log is bounded though it cannot be rotated")
    figure(f"folder read-only: 4 consumers lost 0 of {sent}, log {size // 1024} KiB")
    os.chmod(bus.app_dir, 0o700)


main()
