"""`serve --source exec:COMMAND`. Commands read named pipes, so that the test says when events come."""
import json
import os
import signal
import subprocess

from harness import check, encode, equal, main, matches, scenario


def line(payload, event_type="k"):
    return encode({"event_type": event_type, "payload": payload}) + b"\n"


def pipe(t, name="pipe"):
    os.mkfifo(t.path(name))
    return t.path(name)


def expect_state(peer, state, **fields):
    """The next status frame of that state; sources may pass through others before it."""
    while True:
        frame = peer.expect_frame("source_status")
        if frame["state"] == state:
            for name, value in fields.items():
                equal(frame.get(name), value, name)
            return frame


@scenario
def its_output_is_events(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}")
    peer = t.join("k")
    expect_state(peer, "connected", source=f"exec:cat {t.path('pipe')}")
    with open(t.path("pipe"), "wb", buffering=0) as feed:
        feed.write(line({"n": 1}) + line({"n": 2}))
        peer.expect_event(payload={"n": 1}, seq=1)
        peer.expect_event(payload={"n": 2}, seq=2)


@scenario
def it_is_restarted_when_it_ends(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}")
    peer = t.join("k")
    for seq in (1, 2, 3):
        expect_state(peer, "connected")
        with open(t.path("pipe"), "wb", buffering=0) as feed:
            feed.write(line(seq))
            peer.expect_event(payload=seq, seq=seq)
        matches("exit status 0", expect_state(peer, "reconnecting")["detail"])


@scenario
def its_last_words_are_the_detail_of_its_status(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}; echo 'no such upstream' >&2; exit 3")
    peer = t.join("k")
    expect_state(peer, "connected")
    with open(t.path("pipe"), "wb"):
        pass
    detail = expect_state(peer, "reconnecting")["detail"]
    matches("exit status 3", detail)
    matches("no such upstream", detail)


@scenario
def it_is_given_up_after_restarts_without_an_event(t):
    bus = t.start_bus("--source", f"exec:cat {pipe(t)}; exit 7", "--source-retries", "1")
    peer = t.join("k")
    for _ in range(2):
        expect_state(peer, "connected")
        with open(t.path("pipe"), "wb"):
            pass
    expect_state(peer, "disconnected")
    matches("exit status 7.*given up", peer.expect_frame("bye")["reason"])
    peer.expect_eof()
    bus.expect_exit(1)


@scenario
def several_sources_run_at_once(t):
    bus = t.start_bus("--source", f"exec:cat {pipe(t, 'a')}", "--source", f"exec:cat {pipe(t, 'b')}", "--source", "stdin",
                      stdin=subprocess.PIPE)
    peer = t.join("k")
    t.await_status(lambda x: [s["state"] for s in x["sources"]] == ["connected"] * 3, "three sources are connected")
    with open(t.path("a"), "wb", buffering=0) as a, open(t.path("b"), "wb", buffering=0) as b:
        for i in range(100):
            a.write(line(["a", i]))
            b.write(line(["b", i]))
            bus.write(line(["stdin", i]))
        latest = {}
        while len(latest) < 3 or sum(latest.values()) < 3 * 99:
            frame = json.loads(peer.expect_line())
            if frame["type"] == "event":
                name, i = frame["payload"]
                equal(i, latest.get(name, -1) + 1, f"event of {name}")
                latest[name] = i
    equal(peer.seqs.last, 300, "events")


@scenario
def wrong_lines_are_counted_as_rejected(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}")
    peer = t.join("k")
    expect_state(peer, "connected")
    with open(t.path("pipe"), "wb", buffering=0) as feed:
        feed.write(b"this is no event\n" + line("right") + b'{"event_type":"k"}\n')
        peer.expect_event(payload="right")
        t.await_status(lambda x: x["counters"]["rejected"] == 2, "two lines are rejected")


@scenario
def it_ends_with_the_bus_even_if_it_ignores_sigterm(t):
    script = f"trap '' TERM; echo $$ > {t.path('pid')}; cat {pipe(t)}; cat {t.path('pipe')}"
    bus = t.start_bus("--source", f"exec:{script}")
    with open(t.path("pipe"), "wb"):  # whoever opens it knows that the command runs
        with open(t.path("pid"), encoding="ascii") as f:
            pid = int(f.read())
        os.kill(pid, 0)
        bus.signal(signal.SIGTERM)
        bus.expect_exit(0)
    check(not os.path.exists(f"/proc/{pid}"), f"the command (pid {pid}) runs without its bus")


@scenario
def a_source_that_is_none_is_refused(t):
    for source in ("nonsense", "exec:", "tcp:1.2.3.4"):
        process = t.run_cli("serve", "--source", source, code=2)
        matches("source", process.err)


main()
