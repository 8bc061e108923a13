"""`serve --source exec:COMMAND`: what its status says, when it is restarted, and that nothing of it is left."""
import os
import signal

from harness import equal, main, matches, scenario
from watching import check_gone, expect_payloads, expect_state, line, pipe, read_log, source


@scenario
def status_says_why_and_when_it_comes_again(t):
    t.start_bus("--source", "exec:echo warming up >&2; echo no upstream >&2; exit 3")
    status = t.await_status(lambda x: source(x)["state"] == "reconnecting" and " 2 of 10" in source(x)["detail"],
                            "it has failed twice")
    matches(r"^exit status 3; no upstream; again in (\d+ms|1s), 2 of 10$", source(status)["detail"])


@scenario
def it_ends_with_its_shell_whatever_still_writes_errors(t):
    begun = pipe(t, "begun")
    writer = f"setsid sh -c 'for i in 1 2 3 4; do yes >&2 & done; echo > {begun}'"
    bus = t.start_bus("--source", f"exec:{writer} & read line < {begun}; exit 3")
    t.await_status(lambda x: source(x).get("detail", "").startswith("exit status 3"), "it has failed")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)


@scenario
def pauses_grow_and_differ(t):
    bus = t.start_bus("--source", "exec:exit 3", "--source-retries", "2")
    bus.expect_exit(1)
    text = read_log(t)
    first = int(matches(r"again in (\d+)ms, 1 of 2", text).group(1))
    second = matches(r"again in (\d+ms|1s), 2 of 2", text).group(1)
    second = 1000 if second == "1s" else int(second[:-2])
    equal(400 <= first <= 600, True, f"the first pause, {first} ms, is in bounds")
    equal(800 <= second <= 1200, True, f"the second pause, {second} ms, is in bounds")
    matches("state=disconnected detail=\"exit status 3; given up after 2 restarts without an event\"", text)
    matches("failed: source exec:exit 3 ended: exit status 3; given up", bus.err)


@scenario
def an_event_makes_it_start_over(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}; exit 1", "--source-retries", "1")
    peer = t.join("k")
    for i in range(3):
        expect_state(peer, "connected")
        with open(t.path("pipe"), "wb") as feed:
            feed.write(line(i))
        expect_payloads(peer, i)
        matches("1 of 1$", expect_state(peer, "reconnecting")["detail"])


def family(t, ignore=""):
    """A command with a child and a grandchild, each with its own pid file."""
    fifo = pipe(t, "ready")
    return (f"exec:{ignore} echo $$ > {t.path('pid0')}; (sleep 1000 & echo $! > {t.path('pid1')}; {ignore} sleep 1000 & "
            f"echo $! > {t.path('pid2')}; echo > {fifo}; wait) & wait")


def pids(t):
    with open(t.path("ready"), "rb") as f:
        f.read()
    result = []
    for i in range(3):
        with open(t.path(f"pid{i}"), encoding="ascii") as f:
            result.append(int(f.read()))
        os.kill(result[-1], 0)
    return result


@scenario
def its_whole_group_ends_with_sigterm(t):
    bus = t.start_bus("--source", family(t))
    members = pids(t)
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    for pid in members:
        check_gone(pid)


@scenario
def its_whole_group_ends_with_a_stop(t):
    bus = t.start_bus("--source", family(t))
    members = pids(t)
    t.run_cli("stop")
    bus.expect_exit(0)
    for pid in members:
        check_gone(pid)


@scenario
def its_whole_group_ends_even_if_it_ignores_sigterm(t):
    bus = t.start_bus("--source", family(t, "trap '' TERM;"))
    members = pids(t)
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    for pid in members:
        check_gone(pid)


@scenario
def what_a_command_leaves_behind_ends_before_the_next_run(t):
    fifo = pipe(t)
    t.start_bus("--source", f"exec:sleep 1000 >/dev/null 2>&1 & echo $! > {t.path('pid')}; cat {fifo}")
    peer = t.join("k")
    expect_state(peer, "connected")
    with open(fifo, "wb") as feed:
        feed.write(line(1))
    expect_payloads(peer, 1)
    with open(t.path("pid"), encoding="ascii") as f:
        left_behind = int(f.read())
    expect_state(peer, "reconnecting")
    check_gone(left_behind)


main()
