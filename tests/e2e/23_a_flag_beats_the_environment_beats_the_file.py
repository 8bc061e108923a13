"""Options, help, usage errors."""
import json
import os
import re

from harness import BINARY, check, equal, main, matches, scenario, usual_base

COMMANDS = ("serve", "consume", "publish", "status", "stop", "version")


def run(t, *arguments, code=0, **how):
    return t.start([BINARY, *arguments], **how).expect_exit(code)


@scenario
def help_works_for_each_command(t):
    text = bytes(run(t, "--help").out).decode()
    for command in COMMANDS:
        check(re.search(rf"(?m)^ +{command}\b", text), f"{command} is not in the help")
        matches("--help", run(t, command, "--help").out)


@scenario
def help_says_the_defaults(t):
    text = bytes(run(t, "serve", "--help").out).decode()
    for option, default in (("idle-timeout", "30s"), ("queue-capacity", "65536"), ("queue-bytes", "8MiB"),
                            ("write-timeout", "5s"), ("hello-timeout", "5s"), ("cleanup-wait", "3s"), ("app", "default")):
        matches(rf"(?s)--{option} .{{1,400}}?default {default}\b", text)


@scenario
def version_says_the_protocol(t):
    matches(r"^cafbus \d+\.\d+\.\d+, protocol v1\n$", run(t, "version").out)


@scenario
def wrong_usage_is_exit_code_2(t):
    for arguments in ((), ("unknown",), ("consume",), ("serve", "--unknown"), ("serve", "--idle-timeout", "soon"),
                      ("serve", "--queue-capacity", "0"), ("serve", "--idle-timeout", "5"), ("status", "extra"),
                      ("consume", "k", "--max-events", "0"), ("consume", "k", "--timeout", "x"), ("consume", "")):
        process = run(t, *arguments, code=2)
        check(process.err, f"cafbus {' '.join(arguments)} says nothing")


@scenario
def a_wrong_value_is_named_with_what_is_allowed(t):
    matches(r"--idle-timeout.*soon.*allowed: ", run(t, "serve", "--idle-timeout", "soon", code=2).err)
    matches(r"CAFBUS_IDLE_TIMEOUT.*soon.*allowed: ", run(t, "serve", code=2, env={"CAFBUS_IDLE_TIMEOUT": "soon"}).err)
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write("# a comment\nidle-timeout = soon\n")
    matches(r"conf:2: idle-timeout.*soon.*allowed: ", run(t, "serve", code=2, env={"CAFBUS_CONFIG": t.path("conf")}).err)


def app_of(t, *flags, env):
    """The app whose bus is looked for, as the answer's socket path shows it."""
    process = t.start([BINARY, "status", "--json", *flags], env=env).expect_exit(1)
    return json.loads(bytes(process.out))["socket"]


@scenario
def a_flag_beats_the_environment_which_beats_the_file(t):
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write(f"app = from-file\ndir = {t.path('file')}\n")
    base = {"CAFBUS_CONFIG": t.path("conf")}
    equal(app_of(t, env=base), t.path("file", "from-file", "bus.sock"))
    both = {**base, "CAFBUS_APP": "from-env"}
    equal(app_of(t, env=both), t.path("file", "from-env", "bus.sock"))
    equal(app_of(t, "--app", "from-flag", env=both), t.path("file", "from-flag", "bus.sock"))
    both["CAFBUS_DIR"] = t.path("env")
    equal(app_of(t, env=both), t.path("env", "from-env", "bus.sock"))
    equal(app_of(t, "--dir", t.path("flag"), env=both), t.path("flag", "from-env", "bus.sock"))


@scenario
def without_any_of_them_the_folder_is_in_the_runtime_dir_or_at_home(t):
    os.mkdir(t.path("run"))
    equal(app_of(t, env={"XDG_RUNTIME_DIR": t.path("run")}), t.path("run", "cafbus", "default", "bus.sock"))
    equal(app_of(t, env={}), os.path.join(usual_base(t), "default", "bus.sock"))


@scenario
def the_options_of_serve_take_effect_wherever_they_come_from(t):
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write("hello-timeout = 5min\nidle-timeout = 100ms\n")
    bus = t.start_bus(env={"CAFBUS_CONFIG": t.path("conf"), "CAFBUS_HELLO_TIMEOUT": "100ms"})  # the flag: never idle
    t.connect().expect_error("hello_timeout")
    t.connect().expect_error("hello_timeout")
    check(bus.running, "the bus runs")


main()
