"""The table under "Log" in config/OPERATIONS.md has every event that the code logs, at its level, and no other; and each
event's name stands in the code as it stands in the log, so that it can be searched for."""
import os
import re
import sys

CALL = re.compile(r'log::\w+\(\)\s*\.\s*(trace|debug|info|warn|error|log)\(([^;]*?)"([^"]*)"', re.DOTALL)
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEVELS = {"warn": "warning"}


def logged():
    """event -> {level: where}; the level is "log" where it is decided at run time."""
    found = {}
    for floor in ("base", "config", "messages", "actors", "io", "cli"):
        for folder, _, names in os.walk(floor):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    for level, _, text in CALL.findall(file.read()):
                        found.setdefault(text.split(" ")[0], {})[LEVELS.get(level, level)] = path
    return found


def described():
    """event -> levels"""
    with open("config/OPERATIONS.md", encoding="utf-8") as file:
        section = file.read().split("\n## Log\n")[1].split("\n## ")[0]
    found = {}
    for row in re.findall(r"^\| (`.*)$", section, re.MULTILINE):
        events, levels = row.split(" | ")[:2]
        for event in re.findall(r"`([^`]+)`", events):
            found[event] = set(levels.split(", "))
    return found


def main():
    code, manual = logged(), described()
    wrong = [f"{event}: not in the manual" for event in sorted(code.keys() - manual.keys())]
    wrong += [f"{event}: in the manual, but nothing logs it" for event in sorted(manual.keys() - code.keys())]
    for event, levels in sorted(code.items()):
        if not NAME.fullmatch(event):
            wrong.append(f"{event}: put together at run time, or not a name, in {list(levels.values())[0]}")
        for level, path in levels.items():
            if level != "log" and event in manual and level not in manual[event]:
                wrong.append(f"{event}: {level} in {path}, another level in the manual")
    print("\n".join(wrong) or f"{len(code)} events")
    return 1 if wrong or not code else 0


sys.exit(main())
