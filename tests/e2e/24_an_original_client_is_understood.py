"""What the newest clients of the original need of a bus, line by line."""
import json

from harness import check, equal, event, main, scenario


@scenario
def the_ack_promises_canonical_metadata(t):
    t.start_bus()
    check("canonical_metadata_v1" in t.join("k").ack["capabilities"], "capability")


@scenario
def a_fact_that_was_not_published_stays_absent(t):
    """Its consumer drops an event whose frame contradicts the payload's header."""
    t.start_bus()
    peer = t.join("k")
    for given in ({}, {"source_time": "1795347038000"}, {"event_id": "e", "tenant_key": "t"}, {"app_id": "a"}):
        t.publish(event("k", {"header": given}, **given))
        frame = peer.expect_event()
        for name in ("source_time", "event_id", "app_id", "tenant_key"):
            equal(frame.get(name), given.get(name), name)
        check("observed_at" in frame, "the bus's own clock")


@scenario
def the_sources_pass_the_publishers_facts_on(t):
    facts = {"event_id": "e-1", "source_time": "12", "app_id": "cli_1", "tenant_key": "t1"}
    path = t.path("events.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps({"event_type": "k", **facts, "payload": 1}) + "\n")
    bus = t.start_bus()
    peer = t.join("k")
    t.run_cli("publish", path)
    peer.expect_event(**facts)
    bus.signal(15)
    bus.expect_exit(0)
    heard = t.path("heard")
    t.start_bus("--source", f"exec:until [ -e {heard} ]; do sleep 0.02; done; cat {path}; exec sleep 100")
    peer = t.join("k")
    open(heard, "w", encoding="utf-8").close()
    while (frame := json.loads(peer.expect_line()))["type"] == "source_status":
        pass
    equal({name: frame[name] for name in facts}, facts, "facts")


@scenario
def status_always_names_the_subscription(t):
    t.start_bus()
    t.join("k")
    t.join("k", subscription_id="k:AAAA")
    equal([x["subscription_id"] for x in t.status()["consumers"]], ["k", "k:AAAA"], "subscription ids")


main()
