"""No source, test, script or page is longer than a reader can keep in mind. Data is exempt."""
import os
import sys

MOST = 400
KINDS = (".cpp", ".hpp", ".py", ".js", ".md", ".cmake", ".sh", ".txt", "dev", "run")


def main():
    seen, too_long = 0, []
    for folder, folders, names in os.walk("."):
        folders[:] = [x for x in folders if x not in (".git", ".cache", "data", "corpus", "vectors") and not x.startswith("build")]
        for path in (os.path.join(folder, name) for name in names if name.endswith(KINDS)):
            with open(path, "rb") as file:
                lines = file.read().count(b"\n")
            seen += 1
            if lines > MOST:
                too_long.append(f"{path}: {lines} lines")
    print("\n".join(too_long) or f"{seen} files")
    return 1 if too_long or seen == 0 else 0


sys.exit(main())
