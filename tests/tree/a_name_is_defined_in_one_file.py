"""Two types, or two inline functions, of one name in one namespace but in different files are undefined behaviour as soon
as one program contains both. The compiler sees one file at a time and says nothing. `./dev odr` lets the linker compare
what was compiled; this reads the text, in a second, and in every program of the tree."""
import os
import re
import sys

NAMESPACE = re.compile(r"^namespace (?:([\w:]+) )?\{$")
TYPE = re.compile(r"^(?:template <.*> )?(?:struct|class|union|enum class|enum) ([\w]+)(?: final)?(?: : [^;]*)?(?: \{|\{|$)")
FUNCTION = re.compile(r"^(?:inline|constexpr|consteval) [^=]*\b(\w+\([^{;]*\)[^{;]*)\{")
FOLDERS = ["base", "config", "messages", "actors", "io", "cli", "gateway", "tests", "examples"]


def definitions(path):
    """What a file defines for others: the names at the left margin, outside of unnamed namespaces."""
    namespaces = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if opened := NAMESPACE.match(line):
                namespaces.append(opened[1])
            elif line.startswith("} // namespace") and namespaces:
                namespaces.pop()
            elif None not in namespaces and (found := TYPE.match(line) or FUNCTION.match(line)):
                yield "::".join([*namespaces, found[1].strip()])


def main():
    where = {}
    for folder in FOLDERS:
        for place, _, names in os.walk(folder):
            for name in names:
                if name.endswith((".cpp", ".hpp")):
                    path = os.path.join(place, name)
                    for defined in definitions(path):
                        where.setdefault(defined, set()).add(path)
    wrong = [f"{name}: {', '.join(sorted(files))}" for name, files in sorted(where.items()) if len(files) > 1]
    print("\n".join(wrong) or f"{len(where)} names")
    return 1 if wrong or not where else 0


sys.exit(main())
