"""A foreground serve in a terminal and under nohup."""
import os
import pty
import signal
import subprocess

from harness import BINARY, check, encode, equal, event, main, scenario


@scenario
def in_a_terminal_it_says_when_it_will_end(t):
    master, slave = pty.openpty()
    for idle, said in (("90s", b"ends after 90s without a consumer"), ("never", b"runs until Ctrl-C")):
        process = subprocess.Popen([BINARY, "serve", "--dir", t.path("bus"), "--idle-timeout", idle], env=t.env,
                                   stdin=slave, stdout=slave, stderr=slave, cwd=t.dir)
        seen = b""
        while said not in seen:
            seen += os.read(master, 4096)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(20), 0, "exit code")
    os.close(slave)
    os.close(master)


@scenario
def elsewhere_it_does_not(t):
    bus = t.start_bus()
    check(not any(x in bytes(bus.err) for x in (b"ends after", b"runs until")), f"{bus.err}")


@scenario
def a_hang_up_that_was_ignored_stays_ignored(t):
    bus = t.start_bus(wrap=("/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh"))
    with open(f"/proc/{bus.pid}/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    ignored, blocked = int(status["SigIgn"], 16), int(status["SigBlk"], 16)
    for x in (signal.SIGHUP, signal.SIGINT):
        check(ignored >> (x - 1) & 1 and not blocked >> (x - 1) & 1, f"{x.name} is ignored: {status['SigIgn']}")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)


@scenario
def a_consumer_outlives_a_hang_up_that_was_ignored_before_it(t):
    t.start_bus()
    consumer = t.start(["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", BINARY, "consume", "--dir", t.path("bus"), "k",
                        "--max-events", "1"])
    consumer.expect_line(r"ready event_key=k")
    consumer.signal(signal.SIGHUP)
    t.publish(event("k", 1))
    consumer.expect_output([encode("1")])
    consumer.expect_exit(0)


main()
