"""Prometheus's text format, strictly: what `promtool check metrics` looks at, and that no series stands twice."""
import re

from checks import check

HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)")
TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)")
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\d+(?:\.\d+)?)")
OLD_UNITS = ("_milliseconds", "_ms", "_minutes", "_kilobytes", "_mib", "_percent")


def unescaped(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def parsed(text):
    """Returns ({name: type}, {(name, frozenset of labels): value}); fails where the text breaks a rule."""
    check(text.endswith("\n"), "the last line ends")
    types, series, told, current = {}, {}, None, None
    for line in text.splitlines():
        if found := HELP.fullmatch(line):
            check(found[1] not in types, f"{found[1]} is described twice")
            told = found[1]
        elif found := TYPE.fullmatch(line):
            check(told == found[1], f"HELP stands before TYPE: {line}")
            current, types[found[1]] = found[1], found[2]
        else:
            found = SAMPLE.fullmatch(line)
            check(found, f"this is no sample: {line!r}")
            check(found[1] == current, f"{found[1]} stands under {current}")
            pairs = re.findall(r'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"', found[2] or "")
            check(len({name for name, _ in pairs}) == len(pairs), f"a label twice: {line}")
            key = (found[1], frozenset((name, unescaped(value)) for name, value in pairs))
            check(key not in series, f"a series twice: {line}")
            series[key] = float(found[3])
    for name, kind in types.items():
        check((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
        check(name.startswith("cafbus_") and not name.endswith(OLD_UNITS), f"{name}: prefix and base units")
    return types, series


def value(text, name, **labels):
    return parsed(text)[1].get((name, frozenset(labels.items())))
