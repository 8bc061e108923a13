"""`consume --exec`: one command per event, in order, bounded in time, and nothing of it left behind."""
import json
import os
import signal

from harness import BINARY, check, encode, equal, event, main, matches, scenario
from totals import ended, last_line
from watching import expect_gone


def script(t, name, text):
    """A program of the test's; returns its path, for the command."""
    path = t.path(name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o700)
    return path


def children(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
        return f.read().split()


@scenario
def a_command_gets_the_payload_as_a_line(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "cat", "--max-events", "3")
    payloads = [b'{"n": 1.10, "s":"\\ud800 \\u0000"}', b"null", b'"' + b"x" * 900_000 + b'"']
    t.publish(*[event("k", x) for x in payloads])
    consumer.expect_output(payloads)
    ended(consumer, "limit", 3)


@scenario
def with_envelope_it_gets_the_whole_event(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "cat", "--max-events", "1", "--envelope")
    t.publish(event("k", {"n": 1}, "e-1"))
    ended(consumer, "limit", 1)
    frame = json.loads(consumer.out)
    equal((frame["type"], frame["event_id"], frame["seq"], frame["payload"]), ("event", "e-1", 1, {"n": 1}), "event")


@scenario
def its_environment_says_which_event_it_is(t):
    t.start_bus()
    show = script(t, "show", "/usr/bin/env | grep -a '^CAFBUS_[ES]' | sort; cat >/dev/null; echo")
    consumer = t.consume("orders", "--types", "order.paid,order.sent", "--exec", show, "--max-events", "3",
                         env={"CAFBUS_SEQ": "inherited", "CAFBUS_EVENT_ID": "inherited", "CAFBUS_EVENTS": "kept"})
    t.publish(event("order.paid", 1, "a b\n\"c\" \u00e4"), event("order.sent", 1),
              encode('{"type":"publish","event_type":"order.paid","event_id":"a\\u0000b","payload":1}'))
    ended(consumer, "limit", 3)
    blocks = consumer.out.decode().split("\n\n")
    equal(sorted(blocks[0].split("\n")), sorted(["CAFBUS_EVENTS=kept", "CAFBUS_EVENT_ID=a b", "CAFBUS_EVENT_KEY=orders",
          "CAFBUS_EVENT_TYPE=order.paid", "CAFBUS_SEQ=1"]), "environment, but for the line of the id that is not matched")
    equal(blocks[1].split("\n"), ["CAFBUS_EVENTS=kept", "CAFBUS_EVENT_ID=", "CAFBUS_EVENT_KEY=orders",
          "CAFBUS_EVENT_TYPE=order.sent", "CAFBUS_SEQ=2"], "environment of an event without an id")
    check("CAFBUS_EVENT_ID=a\\u0000b\n" in blocks[2], f"a NUL is escaped: {blocks[2]}")


@scenario
def words_are_split_by_quotes_and_by_nothing_else(t):
    t.start_bus()
    consumer = t.consume("k", "--max-events", "1", "--exec", """printf '[%s]' a "b c" d\\ e '' '$HOME' * | "x\\"y" """)
    t.publish(event("k", 1))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b'[a][b c][d e][][$HOME][*][|][x"y]', "stdout")


@scenario
def commands_run_one_after_the_other_in_order(t):
    t.start_bus()
    mark = script(t, "mark", "mkdir lock || echo overlap; read -r n; echo $n; rmdir lock")
    consumer = t.consume("k", "--exec", mark, "--max-events", "50")
    t.publish(*[event("k", n) for n in range(50)])
    ended(consumer, "limit", 50)
    equal(bytes(consumer.out), b"".join(b"%d\n" % n for n in range(50)), "stdout")


@scenario
def a_command_need_not_read_its_input(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "true", "--max-events", "3")
    t.publish(*[event("k", "x" * 900_000) for _ in range(3)])
    ended(consumer, "limit", 3)
    equal(bytes(consumer.err).count(b"the command failed"), 0, "failures")


@scenario
def a_command_that_closes_its_input_at_once_may_go_on(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'exec <&-; echo alive'", "--max-events", "1")
    t.publish(event("k", "x" * 900_000))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b"alive\n", "stdout")


@scenario
def its_error_output_is_ours(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'echo to-err >&2; echo to-out'", "--max-events", "1")
    t.publish(event("k", 1))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b"to-out\n", "stdout")
    matches("^to-err$|\nto-err\n", consumer.err)


@scenario
def it_inherits_no_descriptor_and_no_signal_setting(t):
    t.start_bus()
    show = script(t, "show", "for f in /proc/$$/fd/*; do readlink $f; done; grep -E 'Sig(Blk|Ign)' /proc/self/status\n")
    consumer = t.consume("k", "--exec", show, "--max-events", "1", env={})
    t.publish(event("k", 1))
    ended(consumer, "limit", 1)
    lines = consumer.out.decode().splitlines()
    places = [x for x in lines if not x.startswith("Sig") and x != show]
    equal(len(places), 3, f"descriptors {places}")
    check(all("socket" not in x and "anon_inode" not in x for x in places), f"descriptors {places}")
    equal([x for x in lines if x.startswith("SigBlk")], ["SigBlk:\t0000000000000000"], "blocked signals")
    ignored = int([x for x in lines if x.startswith("SigIgn")][0].split()[1], 16)
    equal(ignored & (1 << (signal.SIGPIPE - 1)), 0, "SIGPIPE is ignored")


@scenario
def a_failure_stops_the_run_by_default(t):
    t.start_bus()
    fail = script(t, "fail", "read -r n; echo $n; [ $n != 2 ] || exit 7")
    for flags in ([], ["--on-exec-error", "stop"]):
        consumer = t.consume("k", "--exec", fail, *flags)
        t.publish(*[event("k", n, f"id{n}{len(flags)}") for n in range(1, 6)])
        ended(consumer, "exec_failed", 2, code=1)
        equal(bytes(consumer.out), b"1\n2\n", "stdout")
        matches(rf"failed on seq=2 event_id=id2{len(flags)}: it ended with exit status 7\n", consumer.err)
        matches("failed on 1 of 2 events\n", consumer.err)
        equal(last_line(consumer)["left"], 3, "left")


@scenario
def the_failure_of_the_last_one_counts_too(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "false", "--max-events", "1")
    t.publish(event("k", 1))
    ended(consumer, "exec_failed", 1, code=1)


@scenario
def a_failure_is_skipped_and_counted_if_asked(t):
    t.start_bus()
    fail = script(t, "fail", "read -r n; echo $n; [ $((n % 2)) = 0 ]")
    consumer = t.consume("k", "--exec", fail, "--on-exec-error", "skip", "--max-events", "60")
    t.publish(*[event("k", n) for n in range(60)])
    ended(consumer, "limit", 60, code=6, handled=30, failed=30)
    equal(bytes(consumer.out), b"".join(b"%d\n" % n for n in range(60)), "stdout")
    matches("failed: the command failed on 30 of 60 events\n", consumer.err)
    equal(consumer.err.count(b"the command failed on seq="), 20, "failures told")
    equal(consumer.err.count(b"further failures are only counted"), 1, "says that it tells no more")


@scenario
def death_by_a_signal_is_a_failure(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'kill -9 $$'")
    t.publish(event("k", 1))
    ended(consumer, "exec_failed", 1, code=1)
    matches("failed on seq=1: it was killed by signal 9\n", consumer.err)


@scenario
def a_program_that_vanishes_is_a_failure(t):
    t.start_bus()
    for policy, code, reason in (("stop", 1, "exec_failed"), ("skip", 6, "limit")):
        program = script(t, "program", "cat")
        consumer = t.consume("k", "--exec", program, "--on-exec-error", policy, "--max-events", "2")
        t.publish(event("k", 1))
        consumer.expect_output([b"1"])
        os.unlink(program)
        t.publish(event("k", 2))
        ended(consumer, reason, 2, code=code)
        matches("failed on seq=2: cannot run .*/program: No such file", consumer.err)


@scenario
def a_command_that_takes_too_long_is_ended_with_its_children(t):
    t.start_bus()
    linger = script(t, "linger", "sleep 1000 & echo $$ $!; wait")
    consumer = t.consume("k", "--exec", linger, "--exec-timeout", "100ms", "--on-exec-error", "skip", "--max-events", "2")
    t.publish(event("k", 1), event("k", 2))
    ended(consumer, "limit", 2, code=6, failed=2)
    equal(consumer.err.count(b"it took longer than 100ms\n"), 2, "failures")
    for pid in consumer.out.split():
        expect_gone(t, int(pid))


@scenario
def one_that_does_not_heed_sigterm_is_killed(t):
    t.start_bus()
    stubborn = script(t, "stubborn", "trap '' TERM; echo $$; sleep 1000 & echo $!; wait; wait; sleep 1000\n")
    consumer = t.consume("k", "--exec", stubborn, "--exec-timeout", "100ms")
    t.publish(event("k", 1))
    ended(consumer, "exec_failed", 1, code=1)
    matches("it took longer than 100ms and had to be killed\n", consumer.err)
    for pid in consumer.out.split():
        expect_gone(t, int(pid))


@scenario
def one_that_is_stopped_is_ended_too(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "sh -c 'echo $$; kill -STOP $$'", "--exec-timeout", "200ms")
    t.publish(event("k", 1))
    ended(consumer, "exec_failed", 1, code=1)
    expect_gone(t, int(consumer.out))


@scenario
def no_zombies_are_left_while_it_waits(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", "cat")
    t.publish(*[event("k", n) for n in range(20)])
    consumer.expect_output([encode(str(n)) for n in range(20)])
    t.await_status(lambda _: not children(consumer), "no child is left")
    consumer.signal(signal.SIGTERM)
    ended(consumer, "signal", 20)


@scenario
def an_ignored_sigchld_is_not_inherited(t):
    t.start_bus()
    code = "import os,signal,sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    consumer = t.start(["python3", "-c", code, BINARY, "consume", "k", "--dir", t.path("bus"), "--exec", "false"])
    consumer.expect_line("ready")
    t.publish(event("k", 1))
    ended(consumer, "exec_failed", 1, code=1)
    matches("exit status 1\n", consumer.err)


# Becomes a program that leads the session of a terminal, which nobody types at.
IN_A_TERMINAL = """
import os, pty, sys
master, slave = pty.openpty()
os.set_inheritable(master, True)
os.open(os.ttyname(slave), os.O_RDWR)
os.execv(sys.argv[1], sys.argv[1:])
"""


@scenario
def a_command_that_reads_the_terminal_gets_an_error(t):
    t.start_bus()
    reader = "sh -c 'true < /dev/tty && echo there is one; cat < /dev/tty'"
    consumer = t.consume("k", "--exec", reader, "--max-events", "1", "--on-exec-error", "skip",
                         wrap=("python3", "-c", IN_A_TERMINAL))
    t.publish(event("k", 1))
    ended(consumer, "limit", 1, failed=1, code=6)
    equal(bytes(consumer.out), b"there is one\n", "stdout")
    matches("Input/output error", consumer.err)


main()
