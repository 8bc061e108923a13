"""A section called Limits is in config/OPERATIONS.md and nowhere else, so that no number is written down twice."""
import os
import re
import sys


def main():
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = [x for x in folders if not x.startswith((".", "build"))]
        for path in (os.path.join(folder, name) for name in names if name.endswith(".md")):
            with open(path, encoding="utf-8") as file:
                if re.search(r"^#+ Limits$", file.read(), re.MULTILINE):
                    found.append(path)
    print("\n".join(found))
    return 0 if found == ["./config/OPERATIONS.md"] else 1


sys.exit(main())
