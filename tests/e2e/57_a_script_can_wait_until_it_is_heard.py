"""--ready-fd, --ready-file and --wait-for-consumer: scripts that lose no event and sleep nowhere."""
import os
import stat
import subprocess
import time

from harness import BINARY, SLOWDOWN, check, equal, event, main, matches, rounds, scenario


def shell(t, text, code=0, **env):
    return t.start(["bash", "-c", text], env={"cafbus": BINARY, "CAFBUS_DIR": t.path("bus"), **env}).expect_exit(code)


# The session of README: the publisher waits until the consumer is there.
SESSION = """
"$cafbus" consume issues --types github.issues.opened,github.issues.closed --max-events 1 > events &
echo '{"event_type":"github.issues.opened","event_id":"1","payload":{"n":1.10}}' |
  "$cafbus" publish --wait-for-consumer 10s
wait $!
cat events
"""

# The same for a program that does not publish through cafbus: bash reads the line that says ready.
READY_FD = """
exec {ready}< <("$cafbus" consume k --max-events 1 --ready-fd 3 3>&1 > events; cat events)
read -r -u $ready line || exit 9
echo "$line"
echo '{"event_type":"k","payload":1}' | "$cafbus" publish
cat <&$ready
"""

READY_FILE = """
"$cafbus" consume k --max-events 1 --ready-file ready > events &
until [ -e ready ]; do kill -0 $! || exit 9; done
[ "$(cat ready)" = $! ] || exit 8
echo '{"event_type":"k","payload":1}' | "$cafbus" publish
wait $! || exit 7
[ ! -e ready ] || exit 6
cat events
"""


@scenario
def the_session_of_the_readme_never_loses_its_event(t):
    for n in range(rounds(50)):
        process = shell(t, SESSION, CAFBUS_APP=f"run{n}", CAFBUS_IDLE_TIMEOUT="100ms")
        equal(bytes(process.out), b'{"n":1.10}\n', f"run {n}")


@scenario
def a_script_with_a_ready_descriptor_never_loses_its_event(t):
    t.start_bus()
    for n in range(rounds(10)):
        equal(bytes(shell(t, READY_FD).out), b"ready\n1\n", f"run {n}")


@scenario
def a_script_with_a_ready_file_never_loses_its_event(t):
    t.start_bus()
    for n in range(rounds(10)):
        equal(bytes(shell(t, READY_FILE).out), b"1\n", f"run {n}")


@scenario
def a_descriptor_is_closed_unwritten_when_it_fails(t):
    process = shell(t, '{ "$cafbus" consume k --no-spawn --ready-fd 3 3>&1 1>&4; } 4>&2 | cat')
    equal(bytes(process.out), b"", "what the reader got before its end")


@scenario
def a_descriptor_that_cannot_be_written_is_refused(t):
    t.start_bus()
    for fd, says in (("7", "descriptor 7 is not open for writing"), ("1", "standard descriptors"), ("x", "not a whole")):
        matches(f"--ready-fd: .*{says}", t.run_cli("consume", "k", "--ready-fd", fd, code=2).err)
    equal(t.status()["active_conns"], 0, "the bus has not heard of it")


@scenario
def a_ready_file_that_cannot_be_written_is_refused(t):
    t.start_bus()
    process = t.run_cli("consume", "k", "--ready-file", t.path("no", "ready"), code=2)
    matches("error: --ready-file: cannot create .*/no/ready: the folder .*/no does not exist; create it first", process.err)
    equal(t.status()["counters"]["ingress"], 0)
    check(b"ready event_key" not in process.err, "it is not ready")


@scenario
def a_run_that_cannot_say_that_it_is_ready_takes_no_event_and_accounts_for_all(t):
    t.start_bus()
    os.mkdir(t.path("folder"))
    publish = f"rmdir {t.path('folder')}"
    process = t.run_cli("consume", "k", "--ready-file", t.path("folder", "ready"), "--on-first", publish, "--json", code=4)
    matches("error: --ready-file: cannot create .*/folder/ready", process.err)
    matches(r'"received":0,.*"left":0,.*"exit_code":4', process.err)
    check(b"ready event_key" not in process.err, "it does not say that it is ready")


@scenario
def commands_do_not_inherit_it(t):
    t.start_bus()
    process = shell(t, '"$cafbus" consume k --timeout 10s --max-events 1 --ready-fd 3 --exec "ls /proc/self/fd" 3>ready &'
                       'until [ -s ready ]; do kill -0 $! || exit 9; done;'
                       'echo \'{"event_type":"k","payload":1}\' | "$cafbus" publish; wait $!')
    equal(process.out.split(), [b"0", b"1", b"2", b"3"], "descriptors: the standard ones and the folder that ls reads")


def ready_text(t):
    try:
        with open(t.path("ready"), encoding="ascii") as f:
            return f.read()
    except FileNotFoundError:  # the old one is gone, the new one not there yet
        return ""


@scenario
def a_ready_file_of_an_earlier_run_is_replaced(t):
    t.start_bus()
    with open(t.path("ready"), "w") as f:
        f.write("4711\n")
    consumer = t.consume("k", "--ready-file", t.path("ready"), ready=False)
    while ready_text(t) != f"{consumer.pid}\n":
        t.status()
    equal(stat.S_IMODE(os.stat(t.path("ready")).st_mode), 0o600, "mode")


@scenario
def another_file_is_left_alone(t):
    t.start_bus()
    with open(t.path("notes"), "w") as f:
        f.write("dear diary\n")
    os.symlink("notes", t.path("link"))
    for name in ("notes", "link", "."):
        matches("exists and is not a ready file", t.run_cli("consume", "k", "--ready-file", t.path(name), code=2).err)
    equal(open(t.path("notes")).read(), "dear diary\n")


@scenario
def a_publisher_waits_for_a_consumer_of_its_type(t):
    t.start_bus()
    other = t.join("other")
    publisher = t.start_cli("publish", "--type", "k", "--wait-for-consumer", "1min", stdin=subprocess.PIPE)
    publisher.write(b"1\n")
    publisher.close_stdin()
    consumer = t.consume("key", "--types", "a,k", "--max-events", "1")
    consumer.expect_exit(0)
    publisher.expect_exit(0)
    other.close()


@scenario
def the_type_of_the_first_line_is_waited_for(t):
    t.start_bus()
    t.join("other")
    publisher = t.start_cli("publish", "--wait-for-consumer", "1min", stdin=subprocess.PIPE)
    publisher.write(event("k", 1) + b"\n" + event("nobody", 2) + b"\n")
    consumer = t.consume("k", "--max-events", "1")
    consumer.expect_exit(0)
    publisher.close_stdin()
    publisher.expect_exit(0)


@scenario
def without_a_consumer_nothing_is_published(t):
    t.start_bus()
    start = time.monotonic()
    process = t.run_cli("publish", "--type", "k", "--wait-for-consumer", "100ms", input=b"1\n", code=5)
    check(time.monotonic() - start < 5 * SLOWDOWN, "it waits no longer")
    matches("no consumer of 'k' has come in time, and nothing was published", process.err)
    equal(t.status()["counters"]["ingress"], 0)


@scenario
def a_publisher_that_may_start_nothing_waits_for_the_bus_too(t):
    publisher = t.start_cli("publish", "--no-spawn", "--type", "k", "--wait-for-consumer", "1min", stdin=subprocess.PIPE)
    publisher.write(b"1\n")
    publisher.close_stdin()
    t.start_bus()
    t.consume("k", "--max-events", "1").expect_exit(0)
    publisher.expect_exit(0)


main()
