"""`cafbus bench` becomes cafbus-bench, wherever that lies, and says what is missing."""
import json
import os
import re
import shutil

from harness import BINARY, Skip, check, equal, main, matches, scenario

BENCH = os.path.join(os.path.dirname(BINARY), "cafbus-bench")


def need_bench():
    if not os.path.exists(BENCH):
        raise Skip("cafbus-bench is not built")


def output(t, *arguments, code=0):
    return bytes(t.start(arguments).expect_exit(code).out).decode()


@scenario
def all_words_are_passed_on(t):
    need_bench()
    equal(output(t, BINARY, "bench", "fanout", "--help"), output(t, BENCH, "fanout", "--help").replace(BENCH, "cafbus-bench"))
    measured = json.loads(output(t, BINARY, "bench", "--json", "start", "--pairs", "1"))
    equal([x["server"] for x in measured["start"]], ["cafbus"])


@scenario
def help_has_the_modes_and_options_that_there_are(t):
    need_bench()
    ours, theirs = output(t, BINARY, "bench", "--help"), output(t, BENCH, "--help")
    listed = re.search(r"Modes: ([^;]*);", ours)[1].replace("\n", " ").split(", ")
    there = re.findall(r"^  ([a-z-]+) ", theirs.partition("Subcommands:")[2].partition("\n\n")[0], re.M)
    equal(sorted(x.strip() for x in listed), sorted(there), "modes")
    flags = [set(re.findall(r"^  (?:-\w, ?)?(--[a-z]+)", x.partition("Subcommands:")[0], re.M)) for x in (ours, theirs)]
    equal(flags[0], flags[1], "options")


@scenario
def without_a_mode_it_says_what_can_be_done(t):
    need_bench()
    for arguments, says in (([], "name a mode, or --quick"), (["--quick", "start"], "start excludes --quick"),
                            (["nonsense"], "nonsense")):
        process = t.start([BINARY, "bench", *arguments]).expect_exit(2)
        matches(says, process.err)


@scenario
def where_it_is_not_installed_that_is_said(t):
    alone = t.path("bin", "cafbus")
    os.mkdir(t.path("bin"))
    shutil.copy(BINARY, alone)
    process = t.start([alone, "bench", "--quick"]).expect_exit(1)
    matches(r"error: the program cafbus-bench is neither beside .*bin/cafbus nor in \.\./libexec/cafbus", process.err)
    check("cafbus bench --quick" in output(t, alone, "bench", "--help"), "help is there all the same")


@scenario
def installed_it_measures_the_program_it_belongs_to(t):
    need_bench()
    for place, source in (("bin", BINARY), ("libexec/cafbus", BENCH)):
        os.makedirs(t.path(place))
        shutil.copy(source, t.path(place))
    measured = json.loads(output(t, t.path("bin", "cafbus"), "bench", "--json", "start", "--pairs", "1"))
    check(measured["start"][0]["ms"], "no figure")


main()
