"""A hook ends when its shell ends; what it leaves running lives as long as it is needed, and no longer."""
import signal
import time

from harness import SLOWDOWN, check, equal, main, matches, scenario
from watching import await_log, check_gone, is_gone


def pid_in(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


@scenario
def what_a_hook_starts_in_the_background_does_not_hold_it_up(t):
    t.start_bus()
    begun = time.monotonic()
    t.consume("k", "--on-first", "sleep 55 &")
    check(time.monotonic() - begun < 10 * SLOWDOWN, "ready at once")


@scenario
def what_on_first_leaves_lives_until_on_last_has_ended(t):
    t.start_bus("--log-lines", "100")
    consumer = t.consume("k", "--on-first", f"sleep 1000 >/dev/null 2>&1 & echo $! > {t.path('pid')}",
                         "--on-last", f"kill -0 $(cat {t.path('pid')}) && echo lives > {t.path('seen')}")
    helper = pid_in(t.path("pid"))
    check(not is_gone(helper), "it lives beside the consumer")
    matches("left-processes=1", await_log(t, "hook-done hook=on_first .*").group())
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)
    await_log(t, "hook-done hook=on_last")
    with open(t.path("seen"), encoding="ascii") as f:
        equal(f.read(), "lives\n", "seen by on_last")
    check_gone(helper)


@scenario
def without_an_on_last_it_lives_until_the_last_consumer_has_gone(t):
    t.start_bus()
    first = t.consume("k", "--on-first", f"sleep 1000 & echo $! > {t.path('pid')}")
    helper = pid_in(t.path("pid"))
    second = t.consume("k")
    first.signal(signal.SIGKILL)
    first.wait()
    t.await_status(lambda x: x["active_conns"] == 1, "one is left")
    check(not is_gone(helper), "it lives as long as one is there")
    second.signal(signal.SIGKILL)
    second.wait()
    check_gone(helper)


@scenario
def what_a_failed_on_first_leaves_is_ended(t):
    t.start_bus()
    t.run_cli("consume", "k", "--on-first", f"sleep 1000 & echo $! > {t.path('pid')}; exit 3", code=2)
    check_gone(pid_in(t.path("pid")))


@scenario
def what_is_left_ends_with_the_bus(t):
    bus = t.start_bus()
    t.consume("k", "--on-first", f"sleep 1000 & echo $! > {t.path('pid')}")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    check_gone(pid_in(t.path("pid")))


if __name__ == "__main__":
    main()
