"""Completion in real shells: commands, options, values, apps, and the names that a bus knows."""
import os
import signal
import time

from harness import BINARY, SLOWDOWN, WAIT, Deadline, check, equal, main, scenario
from terminals import environment, fish_offers, line_after

NAMES = ["im.message", "odd:name", "two words", "it's \"so\""]


def answer(t, *words, **env):
    """What the program says to the script of a shell."""
    process = t.start([BINARY, "__complete", *words], env=environment(t, **env)).expect_exit(0)
    equal(bytes(process.err), b"", "stderr")
    return bytes(process.out).decode().splitlines()


def bus_that_knows_names(t):
    t.start_bus(base=t.path("bus"))
    for name in NAMES:
        t.join(name)


def once_the_bus_is_in_time(ask, nothing):
    """The first answer with something in it. Whoever completes waits for a bus for 60 ms: on a busy machine that may be
    too short, and the next key asks once more."""
    deadline = Deadline(WAIT, "an answer of the bus in time")
    while (found := ask()) == nothing:
        deadline.left_ms()
    return found


def each_known(t, shell, cases):
    for typed, line in cases:
        equal(once_the_bus_is_in_time(lambda: line_after(t, shell, typed), typed), line, f"{shell} after {typed!r}")


def each(t, shell, cases):
    for typed, line in cases:
        equal(line_after(t, shell, typed), line, f"{shell} after {typed!r}")


COMMON = [("cafbus cons", "cafbus consume "),
          ("cafbus help publ", "cafbus help publish "),
          ("cafbus consume k --exec-t", "cafbus consume k --exec-timeout "),
          ("cafbus consume k --on-exec-error sk", "cafbus consume k --on-exec-error skip "),
          ("cafbus consume k --on-exec-error=sk", "cafbus consume k --on-exec-error=skip "),
          ("cafbus status --fail-on stale,unres", "cafbus status --fail-on stale,unresponsive "),
          ("cafbus consume k --queue-bytes=8M", "cafbus consume k --queue-bytes=8MiB "),
          ("cafbus publish ev", "cafbus publish events.ndjson "),
          ("cafbus serve --source fil", "cafbus serve --source file:"),
          ("cafbus serve --source file:ev", "cafbus serve --source file:events.ndjson "),
          ("cafbus serve --source=file:ev", "cafbus serve --source=file:events.ndjson "),
          ("cafbus serve --node-key=ev", "cafbus serve --node-key=events.ndjson "),
          ("cafbus serve --dir fol", "cafbus serve --dir folder/"),
          ("cafbus nosuch x", "cafbus nosuch x")]


def files(t):
    open(t.path("events.ndjson"), "wb").close()
    os.mkdir(t.path("folder"))


@scenario
def bash_completes_commands_options_values_and_paths(t):
    files(t)
    each(t, "bash", COMMON)
    each(t, "bash", [("cafbus publish <ev", "cafbus publish <events.ndjson "),
                     ("cafbus consume k 3>ready --exec-t", "cafbus consume k 3>ready --exec-timeout ")])


@scenario
def zsh_completes_commands_options_values_and_paths(t):
    files(t)
    each(t, "zsh", COMMON)


@scenario
def fish_completes_commands_options_values_and_paths(t):
    files(t)
    for typed, line in COMMON:
        offered = fish_offers(t, typed)
        words = [x for x in offered if x.startswith(typed.split(" ")[-1])]
        expected = line.rstrip(" ").split(" ")[-1]
        equal(words, [] if line == typed else [expected], f"fish after {typed!r}")


@scenario
def bash_completes_the_names_that_the_bus_knows(t):
    bus_that_knows_names(t)
    each_known(t, "bash", [("cafbus consume im", "cafbus consume im.message "),
                           ("cafbus consume od", "cafbus consume odd:name "),
                           ("cafbus consume odd:n", "cafbus consume odd:name "),
                           ("cafbus consume k --types=a,odd:n", "cafbus consume k --types=a,odd:name "),
                           ("cafbus consume tw", "cafbus consume two\\ words "),
                           ("cafbus consume two\\ w", "cafbus consume two\\ words "),
                           ("cafbus consume \"tw", "cafbus consume \"two words\" "),
                           ("cafbus consume 'two w", "cafbus consume 'two words' "),
                           ("cafbus consume it", "cafbus consume it\\'s\\ \\\"so\\\" "),
                           ("cafbus consume \"it", "cafbus consume \"it's \\\"so\\\"\" ")])


@scenario
def zsh_completes_the_names_that_the_bus_knows(t):
    bus_that_knows_names(t)
    each_known(t, "zsh", [("cafbus consume im", "cafbus consume im.message "),
                          ("cafbus consume odd:n", "cafbus consume odd:name "),
                          ("cafbus consume k --types=a,odd:n", "cafbus consume k --types=a,odd:name "),
                          ("cafbus consume two\\ w", "cafbus consume two\\ words "),
                          ("cafbus consume \"tw", "cafbus consume \"two words\" "),
                          ("cafbus consume it", "cafbus consume it\\'s\\ \\\"so\\\" ")])


@scenario
def fish_completes_the_names_that_the_bus_knows(t):
    bus_that_knows_names(t)
    for typed, offered in (("im", ["im.message"]), ("odd:n", ["odd:name"]), ("tw", ["two\\ words"]),
                           ("'two w", ["'two words'"])):
        equal(once_the_bus_is_in_time(lambda: fish_offers(t, f"cafbus consume {typed}"), []), offered, f"fish after {typed!r}")


@scenario
def apps_that_run_are_offered(t):
    for app in ("first", "second"):
        t.start_bus(app=app)
    t.bus.freeze()  # it runs, whether it answers or not
    equal(answer(t, "words", "status", "--app", ""), ["first\t", "second\t", ":"], "apps")
    equal(answer(t, "words", "status", "--dir", t.path("bus"), "--app=s", CAFBUS_DIR=""), ["--app=second\t", ":"], "apps")
    t.bus.signal(signal.SIGCONT)
    t.run_cli("stop", app="second")
    equal(answer(t, "words", "status", "--app", ""), ["first\t", ":"], "apps")
    t.run_cli("stop", app="first")


def known(t, *words, **env):
    return once_the_bus_is_in_time(lambda: answer(t, "words", "consume", *words, "or", **env), [":"])


@scenario
def the_app_and_the_folder_of_the_line_count(t):
    t.start_bus(app="shop")
    t.join("order.paid")
    for words in (["--app", "shop"], ["--app=shop"], ["--app", "shop", "--dir", t.path("bus")], ["--app=shop", "--dir=~/bus"]):
        equal(known(t, *words), ["order.paid\t", ":"], f"names for {words}")
    equal(known(t, CAFBUS_APP="shop"), ["order.paid\t", ":"], "names")
    equal(answer(t, "words", "consume", "or"), [":"], "names of another app")


@scenario
def where_nothing_can_be_known_nothing_is_said(t):
    equal(answer(t, "words", "consume", ""), [":"], "names without a bus")
    equal(answer(t, "words", "status", "--app", ""), [":"], "apps without a bus")
    check(not os.path.exists(t.path("bus")), "a key starts no bus")
    equal(answer(t, "words", "consume", "", CAFBUS_DRAIN="nonsense"), [":"], "a configuration with a mistake")
    for arguments in ([], ["words"], ["bash"], ["bash", "x"], ["tcsh", "a", "b"], ["bash", "", ""]):
        equal(answer(t, *arguments)[-1], ":", f"the end of the answer to {arguments}")


def seconds_of(act):
    start = time.monotonic()
    act()
    return time.monotonic() - start


@scenario
def a_bus_that_hangs_is_waited_for_at_most_100_ms(t):
    t.start_bus()
    t.join("im.message")
    t.bus.freeze()
    waits = []
    for _ in range(5):  # the machine may be busy: what the program takes by itself is no wait
        own = seconds_of(lambda: answer(t, "words", "consume", "im", CAFBUS_APP="none"))
        waits.append(seconds_of(lambda: equal(answer(t, "words", "consume", "im"), [":"], "names")) - own)
    t.bus.signal(signal.SIGCONT)
    check(min(waits) < 0.09 * SLOWDOWN, f"waited for {[round(x * 1000) for x in waits]} ms")


main()
