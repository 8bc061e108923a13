"""`serve --check-config`."""
import json
import os
import re

from harness import BINARY, check, equal, event, main, matches, scenario, usual_base


def configure(t, text):
    with open(t.path("conf"), "w", encoding="utf-8") as f:
        f.write(text)
    return {"CAFBUS_CONFIG": t.path("conf")}


def run(t, *flags, code=0, **env):
    return t.start([BINARY, "serve", "--check-config", *flags], env=env).expect_exit(code)


def values(text):
    """{key: [(value, origin)]} of what was printed."""
    result = {}
    for line in bytes(text).decode().splitlines():
        if not line.startswith("# "):
            key, value, origin = re.fullmatch(r"([a-z-]+) = (.*)   # (.*)", line).groups()
            result.setdefault(key, []).append((value, origin))
    return result


@scenario
def each_value_has_its_origin(t):
    env = configure(t, "# a comment\nidle-timeout = 1h\nsource = exec:one\nsource = \"exec:two # 2\"\ndrain = 1s\n")
    process = run(t, "--queue-capacity=7", **env, CAFBUS_DRAIN="3s")
    found = values(process.out)
    equal(found["idle-timeout"], [("1h", f"{t.path('conf')}:2")], "idle-timeout")
    equal(found["source"], [("exec:one", f"{t.path('conf')}:3"), ('"exec:two # 2"', f"{t.path('conf')}:4")], "source")
    equal(found["drain"], [("3s", "environment")], "drain")
    equal(found["queue-capacity"], [("7", "flag")], "queue-capacity")
    equal(found["log-level"], [("info", "default")], "log-level")
    equal(bytes(process.err), b"", "stderr")


@scenario
def a_source_that_cannot_work_is_named_with_its_place(t):
    os.mkdir(t.path("folder"))
    for value, why in (("bogus", "is not a source"), ("exec:every=x:y", "not a duration"), ("node:a", "has no port"),
                       ("file:folder", "is a folder"), ("file:~/x", "not expanded"), ("file:$HOME/x", "not expanded"),
                       ("file:\"$HOME/x\"", "leave them out"), ("file:*.x", "patterns are not"),
                       ("exec:true\nsource = file:./b", "the same events as the source .*/b'")):
        env = configure(t, f"# \nsource = file:b\nsource = {value}\n")
        number = 3 + value.count("\n")
        for check_only in (["--check-config"], []):
            process = t.start([BINARY, "serve", *check_only], env=env).expect_exit(2)
            matches(f"error: {re.escape(t.path('conf'))}:{number}: .*{why}", process.err)
    bus = t.start_bus(env=configure(t, "source = file:b\n"))
    configure(t, "source = file:b\nsource = file:~/x\n")
    process = t.run_cli("reload", code=2)
    matches(f"nothing has changed: {re.escape(t.path('conf'))}:2: source ", process.err)
    check(bus.running, "the bus goes on")


@scenario
def the_folder_is_the_one_that_would_be_used(t):
    equal(values(run(t).out)["dir"], [(usual_base(t), "default")], "dir")
    os.mkdir(t.path("me"))
    equal(values(run(t, XDG_RUNTIME_DIR=t.path("me")).out)["dir"], [(t.path("me", "cafbus"), "default")], "dir")
    equal(values(run(t, CAFBUS_DIR="/somewhere").out)["dir"], [("/somewhere", "environment")], "dir")


@scenario
def programs_get_the_same_as_json(t):
    env = configure(t, "idle-timeout = 1m30s\nsource = exec:one\nsource = exec:two\n")
    told = json.loads(run(t, "--json", "--drain", "0.5s", **env).out)
    equal(told["file"], t.path("conf"), "file")
    found = [x for x in told["options"] if x["option"] in ("idle-timeout", "source", "drain", "node-key", "log-level")]
    equal(found, [
        {"option": "source", "value": "exec:one", "origin": "file", "place": t.path("conf") + ":2"},
        {"option": "source", "value": "exec:two", "origin": "file", "place": t.path("conf") + ":3"},
        {"option": "idle-timeout", "value": "90s", "origin": "file", "place": t.path("conf") + ":1"},
        {"option": "drain", "value": "500ms", "origin": "flag", "place": "--drain"},
        {"option": "log-level", "value": "info", "origin": "default"},
        {"option": "node-key", "value": None, "origin": "default"},
    ], "options")
    matches("--json requires --check-config",
            t.start([BINARY, "serve", "--json"]).expect_exit(2).err)


@scenario
def a_mistyped_name_is_told_with_the_one_that_was_meant(t):
    matches("unknown key .idle-timout.*did you mean idle-timeout", run(t, code=2, **configure(t, "idle-timout = 1s\n")).err)
    process = run(t, CAFBUS_IDLE_TIMOUT="1s")
    matches("warning: the variable CAFBUS_IDLE_TIMOUT is unknown; did you mean CAFBUS_IDLE_TIMEOUT", process.err)


@scenario
def commands_that_the_bus_runs_find_no_unknown_variable(t):
    t.start_bus()
    program = f"{BINARY} version >/dev/null 2>>{t.path('said')}"
    consumer = t.consume("k", "--on-first", program, "--on-last", program, "--exec", f"sh -c '{program}; cat'",
                         "--max-events", "1")
    t.publish(event("k", 1))
    consumer.expect_exit(0)
    with open(t.path("said"), encoding="utf-8") as f:
        equal(f.read(), "", "warnings")


@scenario
def a_config_file_is_utf8_with_or_without_a_mark(t):
    for content, wanted in ((b"\xef\xbb\xbfdrain = 7s\n", None), ("drain = 7s\n".encode("utf-16"), "UTF-16"),
                            (b"# caf\xe9\ndrain = 7s\n", "Latin-1"), (b"drain = \0007s\n", "binary data")):
        with open(t.path("conf"), "wb") as f:
            f.write(content)
        process = run(t, code=2 if wanted else 0, CAFBUS_CONFIG=t.path("conf"))
        if wanted:
            matches(f"conf is not text in UTF-8 but.* {wanted}", process.err)
        else:
            equal(values(process.out)["drain"], [("7s", t.path("conf") + ":1")], "drain")


@scenario
def what_is_printed_is_a_config_file_that_says_the_same(t):
    first = run(t, "--source", "exec:a \"b\" \\c # d", "--source", "stdin", "--drain", "0", "--idle-timeout", "never",
                "--queue-bytes", "1MiB", "--app", "mine", "--dir", "/some where").out
    second = run(t, **configure(t, bytes(first).decode())).out
    equal({k: [v for v, _ in x] for k, x in values(second).items()},
          {k: [v for v, _ in x] for k, x in values(first).items()}, "values")
    check(all(o.startswith(t.path("conf")) for x in values(second).values() for _, o in x), "all come from the file")


@scenario
def errors_name_the_place_and_exit_with_2(t):
    for text, pattern in (("drain = soon\n", "conf:1: drain: .*soon.*allowed"), ("\nnonsense\n", "conf:2: "),
                          ("no-key = 1\n", "conf:1: unknown key"), ("drain = 1s\ndrain = 2s\n", "conf:2: .*already set"),
                          ("source = tcp:1\n", "conf:1: source: .*is not a source")):
        process = run(t, code=2, **configure(t, text))
        matches(pattern, process.err)
        equal(bytes(process.out), b"", "stdout")
    matches("does not exist", run(t, code=2, CAFBUS_CONFIG=t.path("none")).err)
    matches("the system's limit is 107", run(t, "--dir", "/" + "x" * 200, code=2).err)


@scenario
def it_runs_and_makes_nothing(t):
    run(t, "--dir", t.path("bus"), "--source", f"exec:touch {t.path('ran')}", "--source", f"file:{t.path('none')}")
    equal(os.listdir(t.dir), [], "files")


main()
