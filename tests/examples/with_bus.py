"""Runs a command with the path of a real daemon's socket as its last argument. It must succeed and say something."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import check, main, scenario  # noqa: E402

command = sys.argv[1:]
sys.argv[1:] = []


@scenario
def it_does_what_it_says(t):
    bus = t.start_bus()
    example = t.start([*command, bus.socket_path])
    example.expect_exit(0)
    check(example.out.strip(), "it says something")
    print(example.out.decode(), end="")


main()
