"""The commands of the table do what it says, as cron hands them to the shell."""
import json
import os
import re

from kitchen import RECIPES, check, equal, main, on_the_path, scenario


def commands():
    with open(os.path.join(RECIPES, "cron.tab"), encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    for line in lines:
        check(re.match(r"(\S+ ){5}\S", line), f"five fields and a command: {line}")
        command = line.split(" ", 5)[5]
        check(not re.search(r"(?<!\\)%", command), f"each % has its backslash: {command}")
        yield command.replace("\\%", "%")


@scenario
def what_cron_publishes_arrives(t):
    tick, disk, consume = commands()
    t.start_bus()
    peer = t.join("k", ["cron.tick", "cron.disk_used"])
    for command in (tick, disk):
        on_the_path(t).start(["sh", "-c", command]).expect_exit(0)
    check(peer.expect_event(event_type="cron.tick")["payload"]["at"], "it says when")
    check(peer.expect_event(event_type="cron.disk_used")["payload"] <= 100, "a percentage")
    shorter = consume.replace("1min", "10s --max-events 1")
    check(shorter != consume, "there is a limit to be shortened")
    consumer = t.start(["sh", "-c", shorter])
    consumer.expect_line(r"\[cafbus\] ready")
    t.start(["sh", "-c", tick]).expect_exit(0)
    consumer.expect_exit(0)
    with open(t.path("ticks.ndjson"), encoding="utf-8") as file:
        equal(list(json.load(file)), ["at"], "the event")


main()
