"""Neither a payload nor a command is in the log at any level but trace; and whatever comes from a peer stands in it, and
on a terminal, in quotes."""
import os
import re
import signal

from harness import check, encode, equal, event, main, matches, scenario
from watching import append, read_log

MARK = "s3cr3t-m4rk"


def logs(t):
    return "".join(read_log(t, x) for x in os.listdir(t.bus.app_dir) if x.startswith("bus.log"))


@scenario
def payloads_and_commands_are_not_logged_at_debug(t):
    lines = (b'{"event_type":"k","payload":"%s"}\n' % MARK.encode(),  # good
             b'{"event_type":"k","payload":"%s"\n' % MARK.encode(),   # broken
             b'%s\n' % MARK.encode())
    append(t.path("events"), b"".join(lines))
    t.start_bus("--source", f"file:{t.path('events')}", "--log-level", "debug")
    peer = t.join("k", on_first=f"true {MARK}", on_last=f"true {MARK}")
    producer = t.connect()
    producer.publish(event("k", MARK), event("k", {"x": MARK}, "id"), event("k", {"x": MARK}, "id"),
                     event("wanted-by-nobody", MARK), b'{"type":"publish","event_type":"k","payload":"' + MARK.encode())
    producer.send_line({"type": "hello", "pid": 1, "event_key": "k", "x": MARK})
    wrong = t.connect()
    wrong.send_line(f"nonsense {MARK}")
    wrong.expect_error("bad_first_frame")
    peer.send_line(f"nonsense {MARK}")
    t.await_status(lambda x: x["counters"]["rejected"] >= 3, "all has come")
    peer.close()
    t.await_status(lambda x: x["active_conns"] == 0, "it has gone")
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)
    text = logs(t)
    matches("event-received", text, "log")  # it was at debug
    check(MARK not in text, f"the log has the mark: {[x for x in text.splitlines() if MARK in x]}")


@scenario
def what_a_peer_names_cannot_forge_a_line_or_paint_a_terminal(t):
    t.start_bus("--log-level", "debug")
    evil = 'k"\n2026-01-01T00:00:00.000+00:00 info bus forged\r\x1b[2J\x1b]0;x\x07\x00\u202e\x9b'
    t.join(evil, [evil + "-type"], subscription_id=evil + "-id")
    t.publish(event(evil + "-type", 1, evil + "-event"), event(evil + "-other", 2))
    wrong = t.connect().hello("k", version=evil)
    wrong.expect_ack(rejected=True)
    status = t.run_cli("status")
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)
    text = logs(t)
    check(len(re.findall(r"(?m)^\S+ info bus forged", text)) == 0, "no line is forged")
    for name, content in (("log", text.encode()), ("status", bytes(status.out)), ("stderr", bytes(t.bus.err))):
        found = re.findall(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", content)
        equal(found, [], f"control characters in {name}")


main()
