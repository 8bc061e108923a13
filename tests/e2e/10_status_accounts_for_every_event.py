"""status_response, and `cafbus status`."""
import json

from harness import check, equal, event, main, matches, scenario

COUNTERS = ["ingress", "duplicates", "unmatched", "matched", "rejected"]


@scenario
def the_fields_stand_in_the_documented_order(t):
    bus = t.start_bus(app="my.app")
    t.join("k", ["a", "b"], subscription_id="k:1")
    t.publish(event("a", 1))
    peer = t.connect()
    peer.send_line({"type": "status_query"})
    line = peer.expect_line()
    peer.expect_eof()
    x = json.loads(line)
    equal(list(x), ["type", "pid", "uptime_sec", "active_conns", "consumers", "version", "app", "state", "socket",
                    "last_event_at", "counters", "unmatched_types", "sources", "limits"], "fields")
    equal(list(x["consumers"][0]), ["pid", "event_key", "subscription_id", "received", "dropped", "delivered", "queued",
                                    "queued_bytes", "event_types"], "fields of a consumer")
    equal(list(x["counters"]), COUNTERS, "counters")
    equal((x["pid"], x["app"], x["state"], x["socket"]), (bus.pid, "my.app", "running", bus.socket_path))


@scenario
def a_status_may_be_longer_than_a_frame(t):
    t.start_bus("--max-event-types", "60000")
    for i in range(2):
        t.join(f"k{i}", [f"type.{n:06}" for n in range(60_000)])
    text = bytes(t.run_cli("status", "--json").out)
    check(len(text) > 1_048_576, f"{len(text)} bytes")
    equal([len(x["event_types"]) for x in json.loads(text)["consumers"]], [60_000, 60_000], "types")


@scenario
def a_fresh_bus_is_empty(t):
    t.start_bus()
    x = t.status()
    equal((x["active_conns"], x["consumers"], x["unmatched_types"], x["sources"]), (0, [], [], []))
    equal(x["counters"], dict.fromkeys(COUNTERS, 0), "counters")
    check("last_event_at" not in x, "there was no event")


@scenario
def every_event_is_counted_once(t):
    t.start_bus()
    t.join("a")
    t.join("x", ["a", "b"])
    t.publish(event("a", 1, event_id="1"), event("a", 2, event_id="1"), event("b", 3), event("c", 4), b"no event")
    x = t.status()
    equal(x["counters"], {"ingress": 4, "duplicates": 1, "unmatched": 1, "matched": 2, "rejected": 1}, "counters")
    equal([c["received"] for c in x["consumers"]], [1, 2], "received")
    equal([(u["event_type"], u["count"]) for u in x["unmatched_types"]], [("c", 1)], "unmatched types")


@scenario
def unmatched_types_are_few_and_the_newest_first(t):
    t.start_bus()
    t.publish(*[event(f"t{i}", 1) for i in range(100)], event("t99", 1))
    x = t.status()["unmatched_types"]
    check(len(x) <= 16, f"{len(x)} types")
    equal((x[0]["event_type"], x[0]["count"], x[1]["event_type"]), ("t99", 2, "t98"))


@scenario
def consumers_stand_in_the_order_in_which_they_came(t):
    t.start_bus()
    peers = [t.join("k") for _ in range(20)]
    equal([x["pid"] for x in t.status()["consumers"]], [p.pid for p in peers], "pids")


@scenario
def who_asks_for_the_status_is_no_consumer(t):
    t.start_bus()
    t.connect()
    t.connect().publish(event("k", 1))
    for _ in range(20):
        equal(t.status()["active_conns"], 0, "consumers")


@scenario
def questions_asked_while_a_consumer_leaves_are_answered(t):
    """A race: whoever collects the counters may ask a consumer that is just ending."""
    t.start_bus()
    t.join("stays")
    for _ in range(300):
        for question, answer in (({"type": "status_query"}, "status_response"),
                                 ({"type": "shutdown", "force": False}, "error")):
            leaving, asking = t.join("leaves"), t.connect()
            leaving.close()
            asking.send_line(question)
            asking.expect_frame(answer)
            asking.close()


@scenario
def the_command_prints_the_answer_of_the_bus_as_json(t):
    bus = t.start_bus()
    t.join("k")
    x = json.loads(t.run_cli("status", "--json").out)
    equal((x["pid"], x["active_conns"], x["consumers"][0]["event_key"]), (bus.pid, 1, "k"))


@scenario
def the_command_says_it_in_words(t):
    bus = t.start_bus()
    peer = t.join("im.message", ["a", "b"])
    t.publish(event("a", 1), event("zzz", 1))
    text = t.run_cli("status").out.decode()
    matches(rf"(?m)^pid +{bus.pid}$", text)
    matches(r"(?m)^events +ingress=2 duplicates=0 unmatched=1 matched=1 rejected=0$", text)
    matches(rf"(?m)^{peer.pid} +im\.message ", text)
    matches(r"(?m)^why .*zzz", text)


@scenario
def names_of_peers_cannot_play_tricks_on_the_terminal(t):
    t.start_bus()
    t.join("\x1b[2Jkey\r\nforged line", ["\u202etype"])
    text = t.run_cli("status").out.decode()
    check("\x1b" not in text and "\u202e" not in text and "\nforged" not in text, f"as they came: {text!r}")


@scenario
def without_a_bus_the_command_fails_and_says_how_to_start_one(t):
    process = t.run_cli("status", code=1)
    matches("cafbus serve", process.err)
    equal(process.out, b"not running\n", "stdout")
    equal(json.loads(t.run_cli("status", "--json", code=1).out)["state"], "not_running", "state")


main()
