"""Every option of `serve --help`: by flag, environment and config file, with the default that the help says."""
import re

from harness import BINARY, check, equal, main, matches, scenario


def variable(name):
    return f"CAFBUS_{name.upper().replace('-', '_')}"


# Three values for each, none of them the default, as `--check-config` prints them.
SAMPLES = {
    "app": ("one", "two", "three"),
    "dir": ("/tmp/one", "/tmp/two", "/tmp/three"),
    "source": ("exec:one", "exec:two", "file:/three"),
    "source-retries": ("1", "2", "3"),
    "queue-capacity": ("1", "2", "3"),
    "queue-bytes": ("1MiB", "2MiB", "3MiB"),
    "max-queued-bytes": ("1MiB", "2MiB", "3MiB"),
    "history-events": ("1000", "2000", "3000"),
    "history-bytes": ("1MiB", "2MiB", "3MiB"),
    "history-age": ("1h", "2h", "3h"),
    "max-connections": ("1", "2", "3"),
    "max-half-open": ("1", "2", "3"),
    "max-event-types": ("1", "2", "3"),
    "max-key-bytes": ("1", "2", "3"),
    "max-json-depth": ("2", "3", "4"),
    "dedup-capacity": ("1", "0", "3"),
    "log-lines": ("2", "3", "4"),
    "log-level": ("debug", "warn", "off"),
    "node-listen": ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"),
    "node-certificate": ("/one", "/two", "/three"),
    "max-hooks": ("1", "2", "3"),
    "node-key": ("/one", "/two", "/three"),
    "node-ca": ("/one", "/two", "/three"),
    "node-allow": ("one", "two", "three"),
}
# What must be there beside one of them.
FILES = ("node-certificate", "node-key", "node-ca")
BESIDE = {"node-listen": {"CAFBUS_INSECURE_NETWORK": "yes"}, **{name: {variable(x): "/other" for x in FILES if x != name}
                                                                for name in FILES}}
DURATIONS = ("1s", "2min", "3h")


def options(t):
    """{name: (placeholder, text)} as `serve --help` has them."""
    text = bytes(t.start([BINARY, "serve", "--help"]).expect_exit(0).out).decode()
    found = re.findall(r"(?ms)^  --([a-z-]+) ([A-Z]+)\b(.*?)(?=^  -|\Z)", text)
    return {name: (placeholder, " ".join(rest.split())) for name, placeholder, rest in found}


def samples(name, placeholder):
    return DURATIONS if placeholder == "DURATION" else SAMPLES[name]


def effective(t, *flags, **env):
    process = t.start([BINARY, "serve", "--check-config", *flags], env=env).expect_exit(0)
    return dict(re.findall(r"(?m)^([a-z-]+) = (.*)   # ", bytes(process.out).decode())), bytes(process.out).decode()


@scenario
def there_are_all_of_them(t):
    found = options(t)
    check(set(SAMPLES) <= set(found), f"missing: {set(SAMPLES) - set(found)}")
    check({"idle-timeout", "drain", "write-timeout", "dedup-ttl", "hello-timeout", "cleanup-wait", "cleanup-lease",
           "source-max-silence"} <= set(found), f"missing durations in {sorted(found)}")


@scenario
def the_help_says_the_default_that_holds(t):
    values, printed = effective(t)
    for name, (_, text) in options(t).items():
        said = re.search(r"\(default ([^;]+);", text)
        if said:
            equal(values[name], said.group(1), f"default of {name}")
        else:
            check(name in ("dir", "source") or name.startswith("node-"), f"{name} has a default in its help")
    matches("# source is not set", printed)


@scenario
def the_help_names_the_variable(t):
    for name, (_, text) in options(t).items():
        matches(rf"\b{variable(name)}\)", text)


@scenario
def a_flag_beats_the_environment_beats_the_file_for_each(t):
    for name, (placeholder, _) in options(t).items():
        in_file, in_environment, flag = samples(name, placeholder)
        with open(t.path("conf"), "w", encoding="utf-8") as f:
            f.write(f"{name} = {in_file}\n")
        config = {"CAFBUS_CONFIG": t.path("conf"), **BESIDE.get(name, {})}
        env = {**config, variable(name): in_environment}
        equal(effective(t, **config)[0][name], in_file, f"{name} from the file")
        equal(effective(t, **env)[0][name], in_environment, f"{name} from the environment")
        equal(effective(t, f"--{name}", flag, **env)[0][name], flag, f"{name} from the flag")


main()
