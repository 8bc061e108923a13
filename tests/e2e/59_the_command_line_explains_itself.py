"""Help, versions, mistakes and JSON of every command."""
import json
import re

from harness import BINARY, check, equal, event, main, matches, scenario

COMMANDS = ("serve", "consume", "publish", "http", "start", "status", "top", "explain", "stop", "restart", "reload", "logs", "bench", "version")


def run(t, *arguments, code=0, **how):
    return t.start([BINARY, *arguments], **how).expect_exit(code)


def help_of(t, *arguments):
    return bytes(run(t, *arguments).out).decode()


@scenario
def help_fits_a_terminal_and_has_an_example(t):
    for text in (help_of(t, "--help"), *[help_of(t, x, "--help") for x in COMMANDS]):
        for line in text.splitlines():
            check(len(line) <= 80, f"{len(line)} columns: {line}")
        matches(r"\nExamples?:\n  ", text.encode())


def outside_quotes(command):
    """What a shell would look at: quoted text becomes Q, and what a backslash makes harmless B."""
    return re.sub(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.""", lambda x: "B" if x[0][0] == "\\" else "Q", command, flags=re.DOTALL)


@scenario
def every_example_survives_a_shell(t):
    equal(outside_quotes("""a 'b > c' "d \\" > e" f\\>g"""), "a Q Q fBg")
    for command in ("", *COMMANDS):
        text = help_of(t, *([command] if command else []), "--help")
        examples = text[re.search(r"\nExamples?:\n", text).end():].split("\n\n")[0].replace("\\\n", " ").splitlines()
        check(len(examples) > 1 or command in ("", "version"), f"examples of {command}: {examples}")
        t.start(["sh", "-n", "-c", "\n".join(examples)]).expect_exit(0)
        for example in examples:
            bare = outside_quotes(example)
            check(not re.search(r"[*?\[\]]", bare), f"a pattern for the shell: {example}")
            for redirection in re.finditer(r"(\S*)[<>]+ ?(\S*)", bare):  # meant if a file follows, and no word stands before
                check(re.fullmatch(r"\d?", redirection[1]) and re.match(r"[\w./]", redirection[2]), f"redirected: {example}")


@scenario
def there_are_several_ways_to_ask_for_it(t):
    for command in COMMANDS:
        equal(help_of(t, "help", command), help_of(t, command, "--help"))
        equal(help_of(t, "--help", command), help_of(t, command, "-h"))
    for arguments in (["help"], ["help", "help"], ["help", "--help"], ["help", "-h"]):
        equal(help_of(t, *arguments), help_of(t, "--help"))
    matches("there is no command 'serv'; did you mean serve\\?", run(t, "help", "serv", code=2).err)


@scenario
def the_version_is_an_option_too(t):
    for flag in ("--version", "-V"):
        equal(help_of(t, flag), help_of(t, "version"))


@scenario
def mistakes_are_explained_in_words_of_our_own(t):
    for arguments, says in ((["consme"], "there is no command 'consme'; did you mean consume\\?"),
                            (["x"], "there is no command 'x'; `cafbus --help` lists"),
                            (["consume"], "consume needs a KEY; see: cafbus consume --help"),
                            (["consume", "k", "l"], "'l' is one argument too many"),
                            (["consume", "k", "--timout", "1s"], "consume has no option --timout; did you mean --timeout\\?"),
                            (["consume", "k", "--timout=1s"], "consume has no option --timout; did you mean --timeout\\?"),
                            (["consume", "k", "--zzzzzzzz"], "consume has no option --zzzzzzzz; see: cafbus consume --help"),
                            (["consume", "k", "--timeout"], "--timeout needs a value: --timeout DURATION"),
                            (["consume", "k", "--timeout", "1s", "--timeout", "2s"], "--timeout is given more than once"),
                            (["consume", "k", "--quiet=maybe"], "--quiet takes no value"),
                            (["status", "--json=3"], "--json takes no value"),
                            (["serve", "--ready-fd", "x"], "--ready-fd"),
                            (["--app", "a", "status"], "no option --app before the command"),
                            (["help", "a", "b"], "one command at a time")):
        process = run(t, *arguments, code=2)
        matches(r"^\[cafbus\] error: .*" + says, process.err)
        equal(process.err.count(b"\n"), 1, f"lines for {arguments}")
        equal(bytes(process.out), b"", "stdout")


@scenario
def outcomes_as_json(t):
    equal(set(json.loads(help_of(t, "version", "--json"))), {"version", "protocol", "jq", "systemd", "top"}, "version")
    started = [json.loads(t.run_cli("start", "--json").out) for _ in range(2)]
    equal([x["state"] for x in started], ["started", "already_running"], "start")
    equal(started[0]["pid"], started[1]["pid"], "pid")
    published = json.loads(t.run_cli("publish", "--type", "k", "--json", input=b"1\nx\n", code=1).out)
    equal((published["accepted"], published["duplicates"], published["rejected"]), (1, 0, 1), "publish")
    status = json.loads(t.run_cli("status", "--json").out)
    check(any("no consumer" in x for x in status["why"]), f"why: {status['why']}")
    equal(json.loads(t.run_cli("stop", "--json").out)["state"], "stopped", "stop")


@scenario
def a_failure_is_json_as_well(t):
    failed = json.loads(t.run_cli("publish", "--no-spawn", "--json", input=b"1\n", code=1).out)
    equal(failed["error"]["code"], "not_found", "publish")
    matches("no bus is running", failed["error"]["message"].encode())


@scenario
def serve_in_a_terminal_says_when_it_will_end(t):
    words = ["script", "-qec", f"{BINARY} serve --dir {t.path('bus')} --idle-timeout 200ms", "/dev/null"]
    process = t.start(words).expect_exit(0)
    matches("ends after 200ms without a consumer, on Ctrl-C, or by `cafbus stop`", process.out)
    bus = t.start_bus()
    check(not re.search(b"without a consumer", bus.err), "not where nobody looks")


main()
