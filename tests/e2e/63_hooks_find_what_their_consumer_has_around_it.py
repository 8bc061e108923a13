"""on_first and on_last run in the environment, folder and umask of the consumer that brought them."""
import os
import shutil
import signal

from fake_bus import FakeBus
from harness import BINARY, Skip, check, equal, main, matches, scenario

OTHER_UID = 54321


def seen(t, name):
    with open(t.path(name), encoding="utf-8") as f:
        return f.read()


@scenario
def both_hooks_run_in_the_surroundings_of_the_consumer(t):
    os.mkdir(t.path("here"))
    bus = t.start_bus(env={"COLOUR": "blue", "OF_THE_BUS": "1"}, umask=0o077)
    look = 'echo "$COLOUR ${OF_THE_BUS-none} $(pwd -P) $(umask) $CAFBUS_SUBSCRIPTION_ID" > %s'
    consumer = t.consume("k", "--on-first", look % "first", "--on-last", look % "last", cwd=t.path("here"),
                         env={"COLOUR": "light red"}, umask=0o027)
    consumer.signal(signal.SIGTERM)
    consumer.expect_exit(0)
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    for name in ("first", "last"):
        equal(seen(t, f"here/{name}"), f"light red none {os.path.realpath(t.path('here'))} 0027 k\n", name)
        equal(os.stat(t.path("here", name)).st_mode & 0o777, 0o640, f"mode of {name}")


@scenario
def an_environment_that_is_too_large_is_refused_with_the_way_out(t):
    process = t.run_cli("consume", "k", "--on-last", "true", env={"BIG": "x" * 70_000}, code=2)
    matches(r"the environment has 7\d{4} bytes, .* 65536; the largest variable is BIG with 70005 bytes: "
            r"`env -u BIG cafbus consume", process.err)
    check(not os.path.exists(t.path("bus", "default", "bus.sock")), "no bus was started")
    t.start_bus()
    t.consume("k", env={"BIG": "x" * 70_000})  # it brings no hooks


@scenario
def a_variable_that_is_not_utf8_is_left_out_and_named(t):
    t.start_bus()
    consumer = t.consume("k", "--on-first", f"env > {t.path('env')}", env={"ODD": b"caf\xe9", "EVEN": "café"})
    matches(r"warning: .* these variables, which are not UTF-8: ODD\n", consumer.err)
    names = {line.partition("=")[0] for line in seen(t, "env").splitlines()}
    check("EVEN" in names and "ODD" not in names, f"{names}")


@scenario
def nothing_of_it_is_sent_without_hooks(t):
    bus = FakeBus(t)
    t.start_cli("consume", "k", "--no-spawn")
    _, hello = bus.accept("hello")
    equal([x for x in hello if x.startswith("hook_")], [], "fields")


@scenario
def a_bus_of_another_user_gets_nothing_of_it(t):
    if os.geteuid() != 0:
        raise Skip("only root uses the bus of another user")
    program = t.path("cafbus")
    shutil.copy(BINARY, program)
    os.chmod(program, 0o755)
    os.chmod(t.dir, 0o755)
    os.makedirs(t.path("bus"))
    os.chown(t.path("bus"), OTHER_UID, OTHER_UID)
    bus = t.start([program, "serve", "--dir", t.path("bus"), "--idle-timeout", "never"], user=OTHER_UID, cwd="/")
    bus.expect_line("serving socket=")
    t.consume("k", "--on-first", f'echo "$(id -u) ${{SECRET-none}} $(pwd)" > {t.path("bus", "seen")}', env={"SECRET": "1"})
    equal(seen(t, "bus/seen"), f"{OTHER_UID} none /\n", "what the hook finds")


main()
