"""Standard descriptors that are closed, or that lead to a full disk: an error with a code of its own, nothing lost."""
import os

from harness import BINARY, check, equal, event, main, matches, scenario
from totals import last_line

FULL = "cannot write to standard output: No space left on device"


def run(t, redirection, *arguments, code, env=None, input=None):
    """A command under a shell that redirects its standard descriptors."""
    words = ["sh", "-c", f'exec "$0" "$@" {redirection}', BINARY, *arguments]
    return t.start(words, env={"CAFBUS_DIR": t.path("bus"), **(env or {})}).expect_exit(code)


@scenario
def a_consumer_without_standard_output_takes_no_event(t):
    t.start_bus()
    process = run(t, ">&-", "consume", "k", "--max-events", "1", code=4)
    matches("error: standard output is closed", process.err)
    check(b"ready" not in process.err, "it is not ready")
    equal(t.status()["counters"]["ingress"], 0)


@scenario
def one_that_needs_none_works_without(t):
    t.start_bus()
    words = ["sh", "-c", 'exec "$0" "$@" >&-', BINARY, "consume", "k", "--max-events", "1", "--output-dir", t.path("out")]
    consumer = t.start(words, env={"CAFBUS_DIR": t.path("bus")})
    consumer.expect_line("ready")
    t.publish(event("k", 1))
    consumer.expect_exit(0)
    equal(len(os.listdir(t.path("out"))), 1, "files")


@scenario
def a_full_disk_ends_a_consumer_with_its_own_code(t):
    t.start_bus()
    with open("/dev/full", "wb") as full:
        consumer = t.consume("k", "--max-events", "1", stdout=full)
    t.publish(event("k", 1))
    consumer.expect_exit(4)
    totals = last_line(consumer)
    equal((totals["received"], totals["handled"], totals["failed"]), (1, 0, 1))
    matches(FULL, consumer.err)


@scenario
def a_publisher_without_standard_input_is_refused(t):
    t.start_bus()
    matches("standard input is closed", run(t, "<&-", "publish", code=2).err)


@scenario
def every_command_says_that_it_cannot_write(t):
    t.start_bus()
    for arguments in (["--help"], ["help", "consume"], ["consume", "--help"], ["--version"], ["version"],
                      ["version", "--json"], ["status"], ["status", "--json"], ["status", "--all"], ["status", "--watch"],
                      ["serve", "--check-config"], ["start"], ["start", "--json"], ["stop", "--app", "none"],
                      ["stop", "--app", "none", "--json"], ["stop", "--all", "--dir", t.path("none")]):
        matches("error: " + FULL, run(t, ">/dev/full", *arguments, code=4).err)
        matches("error: cannot write to standard output: ", run(t, ">&-", *arguments, code=4).err)
    matches(FULL, run(t, "</dev/null >/dev/full", "publish", "--json", code=4).err)


@scenario
def a_reader_that_has_gone_is_no_error(t):
    t.start_bus()
    for command in ("help --json", "status", "status --watch", "status --json", "consume --help", "logs", "version"):
        script = f'{{ "$0" {command}; echo $? >&2; }} | :'  # bash waits for both
        process = t.start(["sh", "-c", script, BINARY], env={"CAFBUS_DIR": t.path("bus")}).expect_exit(0)
        equal(bytes(process.err).split(b"\n")[-2], b"0", f"exit code of {command}")
        check(b"error" not in process.err, f"{command} complains")


@scenario
def following_the_log_ends_with_its_reader(t):
    t.start_bus()
    process = t.start(["sh", "-c", '{ "$0" logs -f; echo $? >&2; } | head -1', BINARY], env={"CAFBUS_DIR": t.path("bus")})
    process.expect_exit(0)  # although no further line comes
    equal(bytes(process.err), b"0\n", "exit code, and no complaint")


@scenario
def a_full_disk_for_messages_stops_no_command(t):
    t.start_bus()
    run(t, "2>/dev/full", "status", code=0)
    run(t, "2>&-", "consume", "k", "--timeout", "1ms", code=0)
    bus = t.start(["sh", "-c", 'exec "$0" "$@" 2>/dev/full', BINARY, "serve", "--app", "other", "--idle-timeout", "100ms"],
                  env={"CAFBUS_DIR": t.path("bus")})
    bus.expect_exit(0)


main()
