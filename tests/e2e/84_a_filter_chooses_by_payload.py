"""Filters on payloads, over the wire and from the command line."""
from harness import check, equal, event, main, matches, scenario

OPENED = {"pointer": "/action", "op": "==", "value": "opened"}


def row(t, pid):
    return next(x for x in t.status()["consumers"] if x["pid"] == pid)


@scenario
def what_a_filter_keeps_back_takes_no_number(t):
    t.start_bus()
    peer = t.join("k", filter=[OPENED, {"pointer": "/n", "op": ">", "value": 1}])
    neighbour = t.join("k")
    t.publish(event("k", {"action": "opened", "n": 1}), event("k", {"action": "opened", "n": 2}),
              event("k", {"action": "closed", "n": 3}), event("k", {"action": "opened"}),
              event("k", {"action": "opened", "n": 4}))
    peer.expect_event(seq=1, payload={"action": "opened", "n": 2})
    peer.expect_event(seq=2, payload={"action": "opened", "n": 4})
    for seq in range(1, 6):
        neighbour.expect_event(seq=seq)
    x = next(x for x in t.status()["consumers"] if "filter" in x)
    equal([x["received"], x["dropped"], x["filtered"], x["filter_errors"]], [2, 0, 3, 1], "counts of the filter")
    equal([x["filter"][0], x["on_filter_error"]], [OPENED, "skip"], "the filter in status")


@scenario
def what_cannot_be_judged_is_passed_if_asked_for(t):
    t.start_bus()
    peer = t.join("k", filter=[OPENED], on_filter_error="pass")
    t.publish(event("k", {"action": "closed"}), event("k", 7))
    peer.expect_event(seq=1, payload=7)


@scenario
def a_filter_that_fails_ends_its_consumer_and_nobody_else(t):
    t.start_bus()
    peer = t.join("k", filter=[OPENED], on_filter_error="fail")
    neighbour = t.join("k")
    t.publish(event("k", {"action": "opened"}), event("k", {}), event("k", {"action": "opened"}))
    for seq in (1, 2, 3):
        neighbour.expect_event(seq=seq)
    frames = peer.read_to_eof()
    equal(len(frames), 2, "an event and a bye")
    equal(frames[-1], b'{"type":"bye","reason":"filter_failed: the member /action is missing"}', "last frame")


@scenario
def hostile_filters_are_refused_with_a_reason(t):
    t.start_bus()
    there = {"pointer": "/a", "op": "exists"}
    for filter_, why in (([there] * 10_000, "10000 conditions, at most 16"),
                         ([{**there, "pointer": "/" + "a" * 900_000}], "has 900001 bytes, at most 1024"),
                         ([{**there, "pointer": "a"}], "does not begin with '/'"),
                         ([{**there, "pointer": "/~2"}], "write ~0 for '~'"),
                         ([{**there, "pointer": "/" * 65}], "65 names, at most 64"),
                         ([{**OPENED, "op": "~="}], "the operator '~=' is unknown"),
                         ([{**OPENED, "value": {}}], "compares with a string"),
                         ([{**OPENED, "value": "x" * 2_000}], "2000 bytes, at most 1024"),
                         ([{**OPENED, "op": "in", "value": [1] * 65}], "65 values, at most 64")):
        ack = t.connect().hello("k", filter=filter_).expect_ack(rejected=True, reject_code="bad_hello")
        check(why in ack["reject_reason"] and len(ack["reject_reason"]) < 300, f"{ack['reject_reason']} says {why}")
    ack = t.connect().hello("k", filter=[there], on_filter_error="stop").expect_ack(rejected=True)
    check("known are skip, pass and fail" in ack["reject_reason"], "the words that are known")


@scenario
def different_filters_are_bounded(t):
    t.start_bus()
    peers = [t.join("k", filter=[{"pointer": "/n", "op": "==", "value": n}]) for n in range(1_024)]
    more = t.connect().hello("k", filter=[OPENED]).expect_ack(rejected=True, reject_code="too_many_filters")
    check("1024 different filters" in more["reject_reason"], more["reject_reason"])
    t.join("k", filter=[{"pointer": "/n", "op": "==", "value": 7}])
    t.publish(event("k", {"n": 7}))
    peers[7].expect_event(seq=1)


@scenario
def consume_takes_filters(t):
    t.start_bus()
    consumer = t.consume("k", "--where", '/action in ["opened", "reopened"]', "--where", "/draft exists", "--max-events", "2")
    t.publish(event("k", {"action": "opened"}), event("k", {"action": "opened", "draft": None}))
    matches(r'filter .*/action in \["opened", "reopened"\] and /draft exists: kept back 1 events', t.run_cli("status").out)
    matches(r"filter: the filter of consumer \d+ kept back 1 events of its types, and let 1 pass", t.run_cli("explain", "k").out)
    t.publish(event("k", {"action": "reopened", "draft": True}))
    done = consumer.expect_exit(0)
    equal(done.out, b'{"action":"opened","draft":null}\n{"action":"reopened","draft":true}\n', "what it printed")


@scenario
def consume_ends_with_a_filter_that_fails(t):
    t.start_bus()
    consumer = t.consume("k", "--where", "/n > 1", "--on-filter-error", "fail")
    t.publish(event("k", {"n": 2}), event("k", {"n": "2"}))
    done = consumer.expect_exit(1)
    check(b"the member /n cannot be compared by '>'" in done.err, "why")
    check(b"reason=filter_failed" in done.err and b"handled=1" in done.err, "the last line")


@scenario
def consume_refuses_nonsense(t):
    for wrong, what in ((["--where", '/a = 1'], b"--where: at character 4, '= 1': equality is '=='"),
                        (["--where", ".a == 1"], b"for .issue.title write /issue/title"),
                        (["--where", "/a == NaN"], b"a value is JSON"),
                        (["--where", " and ".join(["/a exists"] * 9)] * 2, b"--where: the filter has 18 conditions, at most 16"),
                        (["--on-filter-error", "fail"], b"--on-filter-error requires --where"),
                        (["--where", "/a exists", "--on-filter-error", "stop"], b"it must be skip, pass or fail")):
        check(what in t.run_cli("consume", "k", *wrong, code=2).err, f"{wrong} is refused")


main()
