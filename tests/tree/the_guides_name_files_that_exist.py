"""README.md and CONTRIBUTING.md send a reader only to files that are there."""
import os
import re
import sys

GUIDES = ["README.md", "CONTRIBUTING.md"]
EXAMPLES = {"actors/x.hpp", "actors/x.cpp", "tests/e2e/NN_a_sentence.py"}
PATH = re.compile(r"(?:base|config|messages|actors|io|cli|gateway|clients|tests|examples)/[\w./-]*\w")


def named(line):
    """The files of a line; a bare name after a path is beside it: `actors/conn.hpp`, `hub.hpp`."""
    folder = ""
    for word in re.findall(r"`([^`\s]+)`|\]\(([^)#\s]+)", line):
        word = word[0] or word[1]
        if PATH.fullmatch(word):
            folder = os.path.dirname(word)
            yield word
        elif folder and re.fullmatch(r"[\w_]+\.(hpp|cpp|md)", word):
            yield os.path.join(folder, word)


def main():
    wrong, seen = [], 0
    for guide in GUIDES:
        with open(guide, encoding="utf-8") as file:
            for line in file:
                for path in named(line):
                    seen += 1
                    if path not in EXAMPLES and not os.path.exists(path) and not os.path.exists(os.path.basename(path)):
                        wrong.append(f"{guide}: there is no {path}")
    print("\n".join(wrong) or f"{seen} names")
    return 1 if wrong or not seen else 0


sys.exit(main())
