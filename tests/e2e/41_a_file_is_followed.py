"""`serve --source file:PATH`: growth, rotation, truncation, absence, and lines that are not complete."""
import os
import signal

from harness import check, equal, main, matches, scenario
from watching import append, expect_payloads, expect_state, line, open_files, source


def follow(t, name="events", *flags):
    """A bus that follows a file which is not there yet, and a consumer of it."""
    path = t.path(name)
    t.start_bus("--source", f"file:{path}", *flags)
    peer = t.join("k")
    matches("No such file", expect_state(peer, "reconnecting", source=f"file:{path}")["detail"])
    return path, peer


@scenario
def what_is_there_is_read_from_its_beginning(t):
    append(t.path("events"), line(1) + line(2))
    t.start_bus("--source", f"file:{t.path('events')}")
    t.await_status(lambda x: x["counters"]["ingress"] == 2, "two events have come")
    equal(source(t.status())["state"], "connected", "state")
    peer = t.join("k")
    append(t.path("events"), line(3))
    expect_payloads(peer, 3)


@scenario
def all_files_are_watched_by_one_instance_of_inotify(t):
    def instances(*names):
        bus = t.start_bus(*[x for name in names for x in ("--source", f"file:{t.path(name)}")])
        t.await_status(lambda x: all(y["state"] == "connected" for y in x["sources"]), "connected")
        found = sum(x == "anon_inode:inotify" for x in open_files(bus.pid).values())
        bus.signal(signal.SIGTERM)
        bus.expect_exit(0)
        return found

    for name in "abc":
        append(t.path(name), line(1))
    equal(instances("a", "b", "c"), instances("a"), "instances")


@scenario
def a_relative_path_counts_from_the_working_directory(t):
    append(t.path("events"), b"")
    t.start_bus("--source", "file:events", cwd=t.dir)
    peer = t.join("k")
    append(t.path("events"), line(1))
    expect_payloads(peer, 1)


@scenario
def a_file_may_come_later_and_grow(t):
    path, peer = follow(t)
    append(path, line(1))
    expect_payloads(peer, 1)
    for i in range(2, 50):
        append(path, line(i))
        expect_payloads(peer, i)
    equal(source(t.status())["state"], "connected", "state")


@scenario
def rotation_loses_and_repeats_nothing(t):
    path, peer = follow(t)
    n = 0
    for rotation in range(20):
        start = n
        with open(path, "ab", buffering=0) as writer:
            for _ in range(10):
                writer.write(line(n))
                n += 1
            expect_payloads(peer, *range(start, n))  # a file that comes and goes unseen is another matter
            start = n
            os.rename(path, f"{path}.{rotation}")
            if rotation % 2:
                open(path, "ab").close()  # whoever rotates makes the new file before the writer has changed over
            for _ in range(10):
                writer.write(line(n))
                n += 1
        append(path, line(n))
        n += 1
        expect_payloads(peer, *range(start, n))
    equal(peer.seqs.holes, 0, "events lost")


@scenario
def truncation_is_noticed(t):
    path, peer = follow(t)
    append(path, line("before " + "x" * 100))
    expect_payloads(peer, "before " + "x" * 100)
    with open(path, "wb") as f:
        f.write(line("after"))
    expect_payloads(peer, "after")
    append(path, line("more"))
    expect_payloads(peer, "more")


@scenario
def a_repetition_is_a_duplicate_if_it_has_an_id(t):
    path, peer = follow(t)
    append(path, line(1, event_id="a") + line("a long one " + "x" * 100, event_id="b"))
    expect_payloads(peer, 1, "a long one " + "x" * 100)
    with open(path, "wb") as f:
        f.write(line(1, event_id="a"))
    t.await_status(lambda x: x["counters"]["duplicates"] == 1, "one duplicate")


@scenario
def absence_is_a_state_and_not_an_end(t):
    path, peer = follow(t)
    for i in range(3):
        append(path, line(i))
        expect_payloads(peer, i)
        os.remove(path)
        t.await_status(lambda x: source(x)["state"] == "reconnecting", "the source waits for its file")
        matches("No such file", source(t.status())["detail"])
    append(path, line("again"))
    expect_payloads(peer, "again")
    t.await_status(lambda x: source(x)["state"] == "connected", "the source is connected")


@scenario
def a_folder_may_come_later(t):
    path, peer = follow(t, "folder/events")
    os.mkdir(t.path("folder"))
    append(path, line(1))
    expect_payloads(peer, 1)


@scenario
def a_line_waits_for_its_end(t):
    path, peer = follow(t)
    whole = line({"n": 1})
    append(path, whole[:10])
    t.await_status(lambda x: source(x)["state"] == "connected", "the file is open")
    equal(t.status()["counters"]["ingress"], 0, "events")
    append(path, whole[10:-1])
    t.status()
    append(path, whole[-1:] + line("next"))
    expect_payloads(peer, {"n": 1}, "next")
    equal(t.status()["counters"]["rejected"], 0, "lines rejected")


@scenario
def a_replaced_file_needs_no_last_end_of_line(t):
    path, peer = follow(t)
    append(path, line("first") + line("last")[:-1])
    expect_payloads(peer, "first")
    append(path + ".new", line("new"))
    os.rename(path + ".new", path)
    expect_payloads(peer, "last", "new")


@scenario
def files_are_followed_side_by_side(t):
    t.start_bus("--source", f"file:{t.path('a')}", "--source", f"file:{t.path('b')}")
    peer = t.join("k")
    append(t.path("b"), line("b"))
    expect_payloads(peer, "b")
    append(t.path("a"), line("a"))
    expect_payloads(peer, "a")
    names = sorted(x["source"] for x in t.status()["sources"])
    equal(names, [f"file:{t.path('a')}", f"file:{t.path('b')}"], "names")


@scenario
def what_cannot_be_followed_is_refused_at_the_start(t):
    os.mkfifo(t.path("fifo"))
    os.mkdir(t.path("folder"))
    for name, why in (("fifo", "named pipe.*use exec:'cat "), ("folder", "is a folder")):
        process = t.run_cli("serve", "--source", f"file:{t.path(name)}", code=2)
        matches(f"--source: .*{why}", process.err)


@scenario
def a_file_that_is_named_twice_is_refused(t):
    append(t.path("a"), line("a"))
    os.symlink(t.path("a"), t.path("b"))
    process = t.run_cli("serve", "--source", f"file:{t.path('a')}", "--source", f"file:{t.path('b')}", code=2)
    matches(f"--source: source 'file:{t.path('b')}'.* the same events as the source 'file:{t.path('a')}'", process.err)


@scenario
def waiting_costs_nothing(t):
    path, peer = follow(t)
    append(path, line(1))
    expect_payloads(peer, 1)

    def switches():
        total = 0
        for task in os.listdir(f"/proc/{t.bus.pid}/task"):
            with open(f"/proc/{t.bus.pid}/task/{task}/status", encoding="ascii") as f:
                total += int(f.read().rsplit("voluntary_ctxt_switches:", 2)[1].split()[0])
        return total

    before = switches()
    t.run_cli("consume", "k", "--timeout", "500ms")  # something else takes half a second
    check(switches() - before < 300, "the bus does not poll")


@scenario
def it_ends_with_the_bus(t):
    path, peer = follow(t)
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)


main()
