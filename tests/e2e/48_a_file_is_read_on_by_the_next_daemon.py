"""Where a file source was is remembered in the app's folder; --positions no."""
import json
import os
import signal

from harness import equal, main, scenario
from watching import append, expect_payloads, line


def follow(t, path, *flags):
    t.start_bus("--source", f"file:{path}", "--start-sources", "first-consumer", *flags)
    return t.join("k")


def restart(t):
    t.bus.signal(signal.SIGTERM)
    t.bus.expect_exit(0)


def payload_of(peer):
    while (frame := json.loads(peer.expect_line("event")))["type"] == "source_status":
        pass
    return frame["payload"]


@scenario
def the_next_daemon_goes_on_where_the_last_one_was(t):
    path = t.path("events")
    append(path, line(1) + line(2))
    expect_payloads(follow(t, path), 1, 2)
    restart(t)
    append(path, line(3))
    peer = follow(t, path)
    expect_payloads(peer, 3)
    equal(t.status()["counters"]["ingress"], 1, "events")


@scenario
def what_was_rotated_away_meanwhile_is_read_to_its_end(t):
    path = t.path("events")
    append(path, line(1))
    expect_payloads(follow(t, path), 1)
    restart(t)
    append(path, line(2))
    os.rename(path, path + ".1")
    append(path, line(3))
    peer = follow(t, path)
    equal(sorted((payload_of(peer), payload_of(peer))), [2, 3], "events of the old and of the new file")


@scenario
def a_file_that_was_written_anew_is_read_from_its_start(t):
    path = t.path("events")
    append(path, line("first"))
    expect_payloads(follow(t, path), "first")
    restart(t)
    with open(path, "wb") as f:
        f.write(line("other"))
    expect_payloads(follow(t, path), "other")


@scenario
def a_killed_daemon_repeats_at_most_the_last_second(t):
    path = t.path("events")
    append(path, line(1))
    expect_payloads(follow(t, path), 1)
    folder = os.path.join(t.bus.app_dir, "positions")
    t.await_status(lambda _: any(not x.endswith(".new") for x in os.listdir(folder)), "the position is written down")
    t.bus.signal(signal.SIGKILL)
    t.bus.wait()
    append(path, line(2))
    peer = follow(t, path)
    if (payload := payload_of(peer)) == 1:  # it was read within the last second
        payload = payload_of(peer)
    equal(payload, 2, "payload")


@scenario
def without_positions_it_begins_at_the_start(t):
    path = t.path("events")
    append(path, line(1))
    expect_payloads(follow(t, path, "--positions", "no"), 1)
    restart(t)
    expect_payloads(follow(t, path, "--positions", "no"), 1)


if __name__ == "__main__":
    main()
