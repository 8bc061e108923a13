"""Every header and library that this build reads belongs to a package that ./dev installs, or to one that such a package
depends on: so a machine that has nothing else can build it as well."""
import os
import re
import shutil
import subprocess
import sys

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def headers(build):
    """Files outside of the tree that the compiler has read."""
    lines = output("ninja", "-C", build, "-t", "deps").splitlines()
    return {os.path.realpath(line.strip()) for line in lines if line.startswith("    /usr/")}


def libraries(build):
    """Those that a link line names, and those that the linker takes for -lNAME."""
    found = set()
    for word in output("ninja", "-C", build, "-t", "commands").split():
        if re.fullmatch(r"/usr/\S+\.(so|a)(\.\S+)?", word):
            found.add(os.path.realpath(word))
        elif re.fullmatch(r"-l[a-z0-9_+-]+", word):
            path = output("c++", f"-print-file-name=lib{word[2:]}.so").strip()
            if os.path.isabs(path):
                found.add(os.path.realpath(path))
    return found


def owners(paths):
    """The package of each path, None if no package has it. Debian keeps /lib and /usr/lib in one place, and a package
    may use either name."""
    owner = dict.fromkeys(paths)
    asked = [name for path in paths for name in (path, path.removeprefix("/usr"))]
    found = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True).stdout
    for line in found.splitlines():
        packages, _, path = line.partition(": ")
        full = path if path.startswith("/usr") else "/usr" + path
        if not line.startswith("diversion") and full in owner:
            owner[full] = {package.split(":")[0] for package in packages.split(", ")}
    return owner


def dependencies():
    """Of each installed package the packages that apt installs with it, and who provides a name that is no package."""
    needs, provided = {}, {}
    shown = output("dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n")
    for line in shown.splitlines():
        package, depends, provides = line.split("\t")
        first = [choice.split("|")[0] for choice in depends.split(",")]
        needs.setdefault(package, set()).update(m[0] for x in first if (m := NAME.match(x.strip())))
        for name in provides.split(","):
            if m := NAME.match(name.strip()):
                provided.setdefault(m[0], set()).add(package)
    return needs, provided


def closure(packages):
    needs, provided = dependencies()
    reached, waiting = set(), list(packages)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name) or provided.get(name, ())
    return reached


def main():
    build = sys.argv[1]
    if not shutil.which("dpkg-query") or not os.path.exists(f"{build}/build.ninja"):
        print("needs Debian and a build by ninja")
        return 77
    used = headers(build) | libraries(build)
    allowed = closure(output("./dev", "packages").split())
    owner = owners(used)
    wrong = [f"{path}: {', '.join(owner[path] or ['of no package'])}" for path in sorted(used)
             if not (owner[path] or set()) & allowed]
    packages = sorted(set().union(*(x for x in owner.values() if x)))
    print("\n".join(wrong[:40]) or f"{len(used)} files of {len(packages)} packages: {' '.join(packages)}")
    return 1 if wrong or not used else 0


sys.exit(main())
