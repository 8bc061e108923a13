"""A folder includes only from itself and from the folders before it, and no header includes itself by way of others."""
import os
import re
import sys

FLOORS = ["base", "config", "messages", "actors", "io", "cli", "gateway"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def included(path):
    with open(path, encoding="utf-8") as file:
        return INCLUDE.findall(file.read())


def circle(path, includes, passed, done):
    """The way from a file back to itself, or None."""
    if path in passed:
        return passed[passed.index(path):] + [path]
    if path in done:
        return None
    for other in includes.get(path, []):
        if found := circle(other, includes, passed + [path], done):
            return found
    done.add(path)
    return None


def main():
    listed = [os.path.join(folder, name) for floor in FLOORS for folder, _, names in os.walk(floor) for name in names]
    includes = {path: included(path) for path in sorted(listed) if path.endswith((".cpp", ".hpp"))}
    wrong = []
    for path, others in includes.items():
        floor = FLOORS.index(path.split("/")[0])
        for other in others:
            room = other.split("/")[0]
            if room not in FLOORS:
                wrong.append(f'{path} includes "{other}", which is in none of {", ".join(FLOORS)}')
            elif FLOORS.index(room) > floor:
                wrong.append(f'{path} includes "{other}", which is on a higher floor')
    done = set()
    for path in includes:
        if found := circle(path, includes, [], done):
            wrong.append("a circle: " + " -> ".join(found))
    print("\n".join(wrong) or f"{len(includes)} files, {sum(map(len, includes.values()))} includes")
    return 1 if wrong or not includes else 0


sys.exit(main())
