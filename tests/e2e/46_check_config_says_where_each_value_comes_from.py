"""`serve --check-config`."""
import os
import re

from harness import BINARY, check, equal, main, matches, scenario


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
def the_folder_is_the_one_that_would_be_used(t):
    equal(values(run(t).out)["dir"], [(t.path(".cafbus"), "default")], "dir")
    equal(values(run(t, XDG_RUNTIME_DIR="/run/me").out)["dir"], [("/run/me/cafbus", "default")], "dir")
    equal(values(run(t, CAFBUS_DIR="/somewhere").out)["dir"], [("/somewhere", "environment")], "dir")


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
