"""What stops a mistake from becoming a way in: how the program is linked, what its children get, and no death by SIGPIPE."""
import os
import re
import shutil
import subprocess

from harness import BINARY, SLOWDOWN, Skip, check, equal, event, main, matches, scenario
from watching import expect_payloads

# Those of its descriptors that are open once its own list of them is closed again.
DESCRIPTORS = 'set -- /proc/$$/fd/*; n=; for f; do [ -e "$f" ] && n="$n ${f##*/}"; done; '


def readelf(*flags):
    if not shutil.which("readelf"):
        raise Skip("there is no readelf")
    return subprocess.run(["readelf", "-W", *flags, BINARY], capture_output=True, check=True, text=True).stdout


@scenario
def it_is_position_independent_and_read_only_where_it_can_be(t):
    if SLOWDOWN > 1:
        raise Skip("a build with sanitizers is not hardened")
    matches(r"Type:\s+DYN", readelf("-h"))
    dynamic = readelf("-d")
    matches(r"FLAGS_1.*\bNOW\b.*\bPIE\b", dynamic)
    matches(r"BIND_NOW", dynamic)
    check("TEXTREL" not in dynamic, "no text is relocated")
    segments = readelf("-l")
    matches(r"GNU_RELRO", segments)
    matches(r"GNU_STACK.* RW +0x", segments)
    check(not re.search(r"LOAD.* RWE ", segments), "nothing is writable and executable")


@scenario
def its_functions_are_checked(t):
    if SLOWDOWN > 1:
        raise Skip("a build with sanitizers is not hardened")
    symbols = readelf("--dyn-syms")
    for name in ("__stack_chk_fail", "__memcpy_chk|__read_chk|__pread_chk|__recv_chk|__snprintf_chk", "__glibcxx_assert_fail"):
        matches(name, symbols, "symbols")


@scenario
def a_source_gets_three_descriptors_and_no_more(t):
    t.start_bus("--source", "exec:sleep 0.2; " + DESCRIPTORS +
                """echo "{\\"event_type\\":\\"k\\",\\"payload\\":\\"$n\\"}"; exec sleep 1000""")
    expect_payloads(t.join("k"), " 0 1 2")


@scenario
def a_hook_gets_three_descriptors_and_no_more(t):
    t.start_bus()
    for _ in range(5):
        t.join("other")  # sockets that it could inherit
    t.join("k", on_first=DESCRIPTORS + f'echo "$n" > {t.path("seen")}')
    with open(t.path("seen"), encoding="ascii") as f:
        equal(f.read(), " 0 1 2\n", "descriptors")


@scenario
def every_descriptor_of_the_daemon_is_close_on_exec(t):
    bus = t.start_bus("--source", "exec:exec sleep 1000")
    t.join("k")
    for fd in os.listdir(f"/proc/{bus.pid}/fd"):
        if int(fd) > 2:
            try:
                with open(f"/proc/{bus.pid}/fdinfo/{fd}", encoding="ascii") as f:
                    flags = int(re.search(r"flags:\s+([0-7]+)", f.read()).group(1), 8)
                target = os.readlink(f"/proc/{bus.pid}/fd/{fd}")
            except FileNotFoundError:
                continue  # one of a command that was just started
            check(flags & os.O_CLOEXEC, f"{fd} ({target}) is close-on-exec")


@scenario
def nobody_who_stops_reading_kills_it(t):
    bus = t.start_bus(stdout=subprocess.DEVNULL)
    for _ in range(20):
        peer = t.join("k")
        t.publish(event("k", "x" * 100_000))
        peer.close()  # with much of it unread
        t.publish(event("k", 1), event("k", 2))
    t.peers.clear()
    t.producer = None
    check(bus.running, "the bus runs")


@scenario
def a_reader_that_is_gone_kills_no_command(t):
    t.start_bus()
    for command in ("status", "version"):
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = t.start_cli(command, stdout=write_end) if command == "status" else t.start([BINARY, command], stdout=write_end)
        os.close(write_end)
        process.expect_exit(0)


main()
