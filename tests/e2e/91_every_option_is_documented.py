"""An option stands in the code, in help, in the manual's pages and in the guides, or in none of them."""
import glob
import itertools
import json
import os
import re
import shutil
import subprocess
import sys

from harness import BINARY, ROOT, Skip, check, equal, main, scenario

GUIDES = ["README.md", "config/OPERATIONS.md", "config/METRICS.md", "config/SECURITY.md", "actors/SOURCES.md",
          "cli/CONSUME.md", "messages/PROTOCOL.md", "messages/CHOICE.md", "messages/HISTORY.md", "messages/GROUPS.md",
          "gateway/README.md", "examples/recipes/README.md"]


def described(t):
    return json.loads(bytes(t.start([BINARY, "help", "--json"]).expect_exit(0).out))


def forms(command):
    """ "--types A,B", "-h, --help" of each option."""
    return [", ".join(x["names"]) + (f" {x['value']}" if "value" in x else "") for x in command["options"]]


def pages(t):
    if not shutil.which("pandoc") or not shutil.which("man"):
        raise Skip("pandoc or man is not installed")
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "config/man/make_pages.py"), BINARY, ROOT, t.path("man")],
                   check=True, env=t.env)
    return sorted(glob.glob(t.path("man", "man*", "*")))


def rendered(t, path, width=400):
    """What `man` shows, and what it complains about."""
    done = subprocess.run(["man", "--warnings", "-l", path], capture_output=True, text=True, check=True,
                          env={**t.env, "MANWIDTH": str(width), "LC_ALL": "C.UTF-8"})
    return done.stdout, done.stderr


def terms(page, section, expected):
    """What is defined in a section of a page; the text of a short one stands beside it."""
    text = page.partition(f"\n{section}\n")[2]
    lines = re.match(r"(?:(?: .*)?\n)*", text)[0].splitlines()
    found = [m[1] for line in lines if (m := re.match(r" {7}(\S.*)$", line))]
    return [y if x.startswith(y + " ") else x for x, y in itertools.zip_longest(found, expected, fillvalue="")]


@scenario
def help_has_what_is_described(t):
    all_commands = described(t)
    for command in [all_commands, *all_commands["commands"]]:
        if command["name"] != "help":
            name = [] if command is all_commands else [command["name"]]
            text = bytes(t.start([BINARY, *name, "--help"]).expect_exit(0).out).decode()
            shown = [re.sub(r"  +.*", "", x.strip()) for x in text.splitlines() if re.match(r"  -", x)]
            equal(shown, forms(command), f"options in the help of {command['name']}")


@scenario
def every_setting_is_an_option_of_serve(t):
    everything = described(t)
    serve = next(x for x in everything["commands"] if x["name"] == "serve")
    names = {x for option in serve["options"] for x in option["names"]}
    for setting in everything["settings"]:
        check("--" + setting["name"] in names, f"serve lacks --{setting['name']}")
        for command in everything["commands"]:
            if setting["every_command"] and command["name"] not in ("help", "version", "bench"):
                check(any("--" + setting["name"] in x["names"] for x in command["options"]),
                      f"{command['name']} lacks --{setting['name']}")


@scenario
def the_guide_has_every_option_of_every_command(t):
    everything = described(t)
    settings = {"--" + x["name"] for x in everything["settings"]}
    general = {"--" + x["name"] for x in everything["settings"] if x["every_command"]} | {"--help"}
    with open(os.path.join(ROOT, "config", "OPERATIONS.md"), encoding="utf-8") as file:
        table = file.read().partition("### Options of one command")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z]+)` \| (.*) \|$", table, re.M)
    documented = {name: re.findall(r"`(-[^`]*)`", text.replace(r"\|", "|")) for name, text in rows}
    expected = {x["name"]: [form for option, form in zip(x["options"], forms(x))
                            if option["names"][-1] not in (settings if x["name"] == "serve" else general) | {"--help"}]
                for x in everything["commands"] if x["name"] != "help"}
    equal(documented, expected, "options in OPERATIONS.md")


@scenario
def the_guides_name_no_option_that_does_not_exist(t):
    everything = described(t)
    options = [x for command in [everything, *everything["commands"]] for x in command["options"]]
    known = {name for x in options for name in x["names"]}
    wrong = []
    for guide in GUIDES:
        with open(os.path.join(ROOT, guide), encoding="utf-8") as file:
            text = file.read()
        for words in re.findall(r"`(?:cafbus )?((?:consume|publish|serve|status|stop|start|http|explain|reload|logs|top) [^`]*|--[^`]*)`", text):
            wrong += [f"{guide}: {x}" for x in re.findall(r"(?<![\w-])--[a-z][a-z-]*", words) if x not in known]
    equal(wrong, [], "options that no command has")


@scenario
def the_pages_have_every_option_and_every_setting(t):
    everything = described(t)
    shown = {os.path.basename(x): rendered(t, x)[0] for x in pages(t)}
    for command in [everything, *everything["commands"]]:
        if command["name"] != "help":
            name = "cafbus.1" if command is everything else f"cafbus-{command['name']}.1"
            equal(terms(shown.pop(name), "OPTIONS", forms(command)), forms(command), f"options in {name}")
    settings = [f"{x['name']} = {x['value']}" for x in everything["settings"]]
    equal(terms(shown.pop("cafbus.conf.5"), "OPTIONS", settings), settings, "settings in cafbus.conf.5")
    equal(list(shown), ["cafbus-protocol.7"], "other pages")


@scenario
def man_shows_the_pages_without_a_warning(t):
    for path in pages(t):
        text, warnings = rendered(t, path, 80)
        equal(warnings, "", f"warnings for {os.path.basename(path)}")
        check(not re.search(r"\*\*|\\[-*`_]", text), f"{os.path.basename(path)} shows what was meant for Markdown")


@scenario
def the_protocol_page_has_every_frame(t):
    frames = []
    for guide in ("PROTOCOL.md", "CHOICE.md", "GROUPS.md"):
        with open(os.path.join(ROOT, "messages", guide), encoding="utf-8") as file:
            frames += re.findall(r"^### `([a-z_]+)`", file.read(), re.M)
    text = rendered(t, next(x for x in pages(t) if x.endswith(".7")))[0]
    missing = [x for x in frames if not re.search(rf"^ {{3}}{x}\b", text, re.M)]
    equal((missing, len(frames) > 5), ([], True), "frames that cafbus-protocol(7) lacks")


main()
