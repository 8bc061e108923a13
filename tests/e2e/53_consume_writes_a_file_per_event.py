"""`consume --output-dir`: whole files with safe names, or an error that names the file."""
import json
import os
import re
import shutil

from harness import BINARY, Skip, check, equal, event, main, matches, scenario
from totals import ended

NAME = re.compile(r"\d{12}_[A-Za-z0-9._-]{0,80}_[A-Za-z0-9._-]{0,80}(-\d+)?\.json")


def files(folder):
    result = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            result[name] = f.read()
    return result


@scenario
def each_event_has_its_file(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "3")
    t.publish(event("k", {"n": 1}, "a"), event("k", b"1.10"), event("k", "x" * 900_000, "b"))
    ended(consumer, "limit", 3)
    equal(bytes(consumer.out), b"", "stdout")
    equal(files(t.path("out")), {"000000000001_k_a.json": b'{"n":1}\n', "000000000002_k_.json": b"1.10\n",
                                 "000000000003_k_b.json": b'"' + b"x" * 900_000 + b'"\n'}, "files")


@scenario
def with_envelope_a_file_holds_the_whole_event(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "1", "--envelope")
    t.publish(event("k", {"n": 1}, "a"))
    ended(consumer, "limit", 1)
    frame = json.loads(files(t.path("out"))["000000000001_k_a.json"])
    equal((frame["event_id"], frame["payload"]), ("a", {"n": 1}), "event")


@scenario
def hostile_types_and_ids_stay_in_the_folder(t):
    t.start_bus()
    names = ["../../escape", "/etc/passwd", "..", ".", "a/b", "a\\b", "-rf", ".hidden", "a b", "a\nb", "a\u0000b", "*",
             "$(x)", "\u202e\u00e4\U0001f600", "x" * 1024, "\u00e4" * 512, "con", "a:b", "\x1b[31m", "'\"`"]
    types = ",".join(x for x in names if "\u0000" not in x and "," not in x)
    folder = t.path("deep", "out")
    os.mkdir(t.path("deep"))
    consumer = t.consume("k", "--types", "k," + types, "--output-dir", folder, "--max-events",
                         str(2 * len(names) - 1))
    for name in names:
        t.publish(event("k", name, name))
        if "\u0000" not in name:  # no argument can ask for such a type
            t.publish(event(name, name))
    ended(consumer, "limit", 2 * len(names) - 1)
    found = files(folder)
    equal(len(found), 2 * len(names) - 1, "files")
    for name in found:
        check(NAME.fullmatch(name), f"file name {name!r}")
    equal(sorted(os.listdir(t.path("deep"))), ["out"], "nothing beside the folder")
    equal({json.loads(x) for x in found.values()}, set(names), "payloads")


@scenario
def the_files_of_a_later_run_sort_behind_those_of_the_earlier_ones(t):
    t.start_bus()
    for run in range(3):  # sequence numbers begin with 1 each time
        consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "1")
        t.publish(event("k", run))
        ended(consumer, "limit", 1)
    equal(files(t.path("out")), {"000000000001_k_.json": b"0\n", "000000000002_k_.json": b"1\n",
                                 "000000000003_k_.json": b"2\n"}, "files")


@scenario
def links_and_folders_in_the_way_are_left_alone(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "2")
    os.symlink(t.path("target"), t.path("out", "000000000001_k_a.json"))
    os.mkdir(t.path("out", "000000000002_k_b.json"))
    t.publish(event("k", 1, "a"), event("k", 2, "b"))
    ended(consumer, "limit", 2)
    check(not os.path.exists(t.path("target")), "the link is not followed")
    equal(sorted(os.listdir(t.path("out"))), ["000000000001_k_a-2.json", "000000000001_k_a.json",
                                              "000000000002_k_b-2.json", "000000000002_k_b.json"], "files")


@scenario
def files_appear_complete(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"), "--max-events", "200")
    size = 20_000
    t.publish(*[event("k", "x" * size) for _ in range(200)])
    while consumer.running:
        for name in os.listdir(t.path("out")):
            if not name.startswith("."):
                equal(os.path.getsize(t.path("out", name)), size + 3, f"size of {name}")
    ended(consumer, "limit", 200)
    equal([x for x in os.listdir(t.path("out")) if x.startswith(".")], [], "temporary files left")


@scenario
def a_full_disk_ends_the_run_and_names_the_file(t):
    if not shutil.which("prlimit"):
        raise Skip("there is no prlimit here")
    t.start_bus()
    consumer = t.start(["prlimit", "--fsize=1000", BINARY, "consume", "k", "--dir", t.path("bus"), "--output-dir",
                        t.path("out")])
    consumer.expect_line("ready")
    t.publish(event("k", "x" * 500, "small"), event("k", "x" * 2000, "large"), event("k", 1, "never"))
    ended(consumer, "output_closed", 2, code=4, handled=1, failed=1)
    matches(rf"error: cannot write {t.path('out')}/000000000002_k_large.json: File too large\n", consumer.err)
    equal(list(files(t.path("out"))), ["000000000001_k_small.json"], "files")


@scenario
def a_folder_that_vanishes_ends_the_run_and_names_the_file(t):
    t.start_bus()
    consumer = t.consume("k", "--output-dir", t.path("out"))
    os.rmdir(t.path("out"))
    t.publish(event("k", 1, "a"))
    ended(consumer, "output_closed", 1, code=4, failed=1)
    matches(r"error: cannot write .*/out/000000000001_k_a.json: No such file or directory\n", consumer.err)


@scenario
def a_folder_that_cannot_be_used_is_refused_before_the_bus_hears_of_us(t):
    t.start_bus()
    with open(t.path("file"), "w"):
        pass
    for folder, says in ((t.path("file"), "--output-dir: cannot open .*/file: Not a directory"),
                         (t.path("no", "such"), "--output-dir: cannot create .*/no/such: the folder .*/no does not exist; create it first"),
                         ("/proc/self", "--output-dir: cannot write to /proc/self: |--output-dir: cannot write /proc/self")):
        process = t.run_cli("consume", "k", "--output-dir", folder, "--max-events", "1", code=4)
        matches("error: " + says, process.err)
        check(b"ready" not in process.err, "it is not ready")


@scenario
def a_read_only_folder_is_refused(t):
    if os.geteuid() == 0:
        raise Skip("nothing is read-only for root")
    t.start_bus()
    os.mkdir(t.path("out"), 0o500)
    matches("error: --output-dir: cannot write to .*/out: Permission denied\n",
            t.run_cli("consume", "k", "--output-dir", t.path("out"), code=4).err)


main()
