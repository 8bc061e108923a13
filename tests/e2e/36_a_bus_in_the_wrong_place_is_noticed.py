"""Whoever starts a bus while another one of the same app lives elsewhere is told so."""
import os

from daemons import cleaned_up
from harness import BINARY, check, main, matches, scenario


@scenario
def a_bus_started_elsewhere_is_told_of_the_usual_one(t):
    cleaned_up(t)
    os.mkdir(t.path("run"))
    usual = t.start([BINARY, "serve", "--idle-timeout", "never"], env={"XDG_RUNTIME_DIR": t.path("run")})
    usual.expect_line("serving socket=")
    other = t.start([BINARY, "start", "--dir", t.path("bus")], env={"XDG_RUNTIME_DIR": t.path("run")}).expect_exit(0)
    matches(rf"note: another bus of this app \(process {usual.pid}\) is running in {t.path('run', 'cafbus')}; .*--dir", other.err)
    again = t.start([BINARY, "start", "--dir", t.path("bus")], env={"XDG_RUNTIME_DIR": t.path("run")}).expect_exit(0)
    check(b"note:" not in bytes(again.err), "who starts none is told nothing")


@scenario
def a_bus_of_another_app_is_no_news(t):
    cleaned_up(t)
    os.mkdir(t.path("run"))
    usual = t.start([BINARY, "serve", "--app", "x", "--idle-timeout", "never"], env={"XDG_RUNTIME_DIR": t.path("run")})
    usual.expect_line("serving socket=")
    other = t.start([BINARY, "start", "--dir", t.path("bus")], env={"XDG_RUNTIME_DIR": t.path("run")}).expect_exit(0)
    check(b"note:" not in bytes(other.err), "another app's bus is no news")


main()
