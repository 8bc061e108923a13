"""Socket file or folder deleted under a stream: the bus notices within a second and says bye; the next consumer starts a
new one."""
import os
import shutil
import time

from faults import Readers, Stream, figure
from harness import SLOWDOWN, Skip, check, equal, main, matches, scenario


def run(t, what, destroy):
    bus = t.start_bus()
    readers = Readers(t, 8)
    stream = Stream(t, 200)
    readers.await_events(80)
    begun = time.monotonic()
    destroy(bus)
    bus.expect_exit(1)
    took = time.monotonic() - begun
    stream.stopping = True
    stream.thread.join()
    readers.thread.join(0.2)
    readers.stop()
    equal(readers.byes, 8, "consumers told why")
    equal(readers.lost, 0, "events lost before")
    matches(r"failed: ", bus.err)
    t.start_bus()
    t.join("k")
    figure(f"{what}: noticed and ended after {took:.2f} s, 8 of 8 consumers got a bye, 0 events lost before it")
    check(took < 2.5 * SLOWDOWN, "it ends soon")


@scenario
def socket_file_deleted(t):
    run(t, "socket file deleted", lambda bus: os.unlink(bus.socket_path))


@scenario
def folder_deleted(t):
    run(t, "folder deleted", lambda bus: shutil.rmtree(bus.app_dir))


@scenario
def folder_above_moved_away(t):
    run(t, "folder above moved away", lambda bus: os.rename(t.path("bus"), t.path("away")))


main()
