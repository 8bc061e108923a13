"""`consume --format` and `-0`: events as text, and NULs between them."""
import json
import os
import stat

from harness import check, equal, event, main, matches, scenario
from totals import ended


@scenario
def each_directive_prints_its_part(t):
    t.start_bus()
    consumer = t.consume("k.>", "--format", r"%t\t%i\t%n\t%s\t%k\t100%%\t%p", "--max-events", "2")
    t.publish(b'{"type":"publish","event_type":"k.a","event_id":"x","source_time":"17","payload":{ "n": 1.10 }}')
    t.publish(event("k.b", "two"))
    ended(consumer, "limit", 2)
    equal(bytes(consumer.out), b'k.a\tx\t1\t17\tk.>\t100%\t{ "n": 1.10 }\nk.b\t\t2\t\tk.>\t100%\t"two"\n', "stdout")


@scenario
def a_name_with_control_characters_stays_in_its_line(t):
    t.start_bus()
    consumer = t.consume("k", "--format", "%i|%t", "--max-events", "1")
    t.publish(event("k", 1, event_id="a\nb\x1b[2J\0"))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), rb"a\u000ab\u001b[2J\u0000|k" + b"\n", "stdout")


@scenario
def events_can_be_separated_by_nuls(t):
    t.start_bus()
    for flags, expected in (([], b'1\0"a"\0'), (["--format", r"%t\n%p"], b'k\n1\0k\n"a"\0')):
        for null in ("-0", "--null"):
            consumer = t.consume("k", *flags, null, "--max-events", "2")
            t.publish(event("k", 1), event("k", "a"))
            ended(consumer, "limit", 2)
            equal(bytes(consumer.out), expected, f"stdout with {flags}")


@scenario
def envelopes_and_gaps_are_separated_as_well(t):
    t.start_bus()
    consumer = t.consume("k", "--envelope", "-0", "--max-events", "2")
    t.publish(event("k", 1), event("k", 2))
    ended(consumer, "limit", 2)
    frames = bytes(consumer.out).split(b"\0")
    equal(([json.loads(x)["payload"] for x in frames[:-1]], frames[-1]), ([1, 2], b""), "frames")


@scenario
def a_command_reads_what_would_be_printed(t):
    t.start_bus()
    consumer = t.consume("k", "--format", "%n:%p", "-0", "--exec", "xargs -0 printf '<%s>'", "--max-events", "2")
    t.publish(event("k", [1]), event("k", "a b"))
    ended(consumer, "limit", 2)
    equal(bytes(consumer.out), b'<1:[1]><2:"a b">', "what the commands printed")


@scenario
def an_event_of_many_lines_counts_once(t):
    """Nobody reads, so that what waits in the program is counted at the end."""
    t.start_bus("--write-timeout", "1min")
    read, write = os.pipe()
    check(stat.S_ISFIFO(os.fstat(write).st_mode), "a pipe")
    consumer = t.start_cli("consume", "k", "--format", r"%p\n\n\n", "--timeout", "10min", stdout=write)
    os.close(write)
    consumer.expect_line("ready")
    total = 30
    t.publish(*[event("k", "x" * 20_000) for _ in range(total)])
    t.await_status(lambda x: x["consumers"][0]["delivered"] > 0, "some are delivered")
    os.read(read, 1)
    os.close(read)
    consumer.expect_exit(0)
    totals = ended(consumer, "output_closed", int(bytes(consumer.err).split(b"received=")[1].split()[0]))
    equal(totals["received"] + totals["dropped"] + totals["left"], total, f"events of {totals}")


@scenario
def what_cannot_work_is_refused_before_the_bus_hears_of_it(t):
    t.start_bus()
    for arguments, says in ((["--format", "%x"], r"--format: it has no %x; there are %t type, %i id, %p payload, %n sequence "
                                                 r"number, %s source time, %k key, %% a percent sign, and \\n \\t \\r \\0 \\\\"),
                            (["--format", "%"], "it ends within %"),
                            (["--format", r"\q"], r"it has no \\q"),
                            (["--format", ""], "--format: its value must not be empty"),
                            (["--format", "%p", "--envelope"], "--format and --envelope both"),
                            (["--format", "%p", "--output-dir", "out"], "--format makes text"),
                            (["-0", "--output-dir", "out"], "--null separates"),
                            (["--null=yes"], "--null takes no value|no option")):
        process = t.run_cli("consume", "k", *arguments, code=2)
        matches(r"^\[cafbus\] error: .*" + says, process.err)
        equal(process.err.count(b"\n"), 1, f"lines for {arguments}")
    check(not os.path.exists(t.path("out")), "no folder was made")


main()
