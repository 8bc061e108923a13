"""`serve` as process 1 of a container waits for the processes that lose their parent, and ends as it is told to."""
import os
import subprocess

from harness import Skip, equal, main, scenario
from watching import is_gone

NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--")


def children(pid):
    result = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            result.append((int(number), fields[0]))
    return result


@scenario
def nothing_is_left_a_zombie(t):
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode != 0:
        raise Skip("no namespace to be had")
    bus = t.start_bus(wrap=NAMESPACE)
    [(init, _)] = children(bus.pid)
    t.consume("k", "--on-first", "setsid sh -c 'echo done > /dev/null' & sleep 0")
    t.await_status(lambda _: [state for pid, state in children(init)].count("Z") == 0 and len(children(init)) == 1,
                   "process 1 has one child, which is the daemon")
    t.connect().send_line({"type": "shutdown", "force": True})
    bus.expect_exit(0)
    equal(is_gone(init), True, "process 1 has ended with it")


if __name__ == "__main__":
    main()
