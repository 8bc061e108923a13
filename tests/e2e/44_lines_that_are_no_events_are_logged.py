"""A source's lines that are no events: counted, logged at most once a second, never shown but at debug level."""
import os
import re

from harness import check, equal, main, matches, scenario
from watching import append, await_log, expect_payloads, line, read_log


@scenario
def they_are_counted_and_passed_over(t):
    append(t.path("events"), b"secret nonsense\n" * 3 + b'{"event_type":"k"}\n' + b"x" * 2_000_000 + b"\n")
    t.start_bus("--source", f"file:{t.path('events')}")
    peer = t.join("k")
    append(t.path("events"), line("right"))
    expect_payloads(peer, "right")
    equal(t.status()["counters"]["rejected"], 5, "rejected")


@scenario
def the_log_has_the_reason_and_the_line_but_not_the_text(t):
    append(t.path("events"), line(1) + b"secret nonsense\n" * 1000)
    t.start_bus("--source", f"file:{t.path('events')}")
    found = await_log(t, r'warning source line-rejected source="file:[^"]*" line=(\d+) reason="[^"]+" times=1')
    equal(found.group(1), "2", "line")
    t.await_status(lambda x: x["counters"]["rejected"] == 1000, "all are counted")
    text = read_log(t)
    check("secret" not in text, "the log shows nothing of the lines")
    check(len(re.findall("line-rejected", text)) <= 10, "the log is not flooded")


@scenario
def at_trace_level_the_log_shows_how_they_begin(t):
    append(t.path("events"), b'evil "\x1b[2J' + b"x" * 100 + b"\n")
    t.start_bus("--source", f"file:{t.path('events')}", "--log-level", "trace")
    found = await_log(t, r'line-rejected-begins source="[^"]*" line=1 bytes="(.*)"\n')
    equal(found.group(1), r'evil \"\x1b[2J' + "x" * 30, "what is shown")


@scenario
def numbers_of_lines_begin_anew_in_a_new_file(t):
    path = t.path("events")
    append(path, line(1) + line(2) + line(3))
    t.start_bus("--source", f"file:{path}")
    t.await_status(lambda x: x["counters"]["ingress"] == 3, "the file is read")
    append(path + ".new", line(4) + b"nonsense\n")
    os.rename(path + ".new", path)
    matches("line=2 ", await_log(t, r"line-rejected .*\n").group(0))


main()
