"""Groups: one event for one member, confirmations, what members leave behind, dead letters."""
from harness import check, equal, event, main, matches, scenario


def numbered(first, last):
    return [event("k", {"n": n}) for n in range(first, last + 1)]


def group(t):
    return t.status()["groups"][0]


@scenario
def two_members_share_and_what_one_leaves_goes_to_the_other(t):
    t.start_bus()
    a = t.join("k", group="g", ack=True)
    b = t.join("k", group="g", ack=True)
    t.publish(*numbered(1, 4))
    for seq in (1, 2):
        a.expect_event(seq=seq)
        b.expect_event(seq=seq)
    a.send_line({"type": "ack", "seq": 1})
    b.send_line({"type": "ack", "seq": 1})
    b.send_line({"type": "ack", "seq": 2})
    t.await_status(lambda x: x["groups"][0]["done"] == 3, "three are done")
    equal([x["group"] for x in t.status()["consumers"]], ["g", "g"], "who is in it")
    a.close()
    again = b.expect_event(seq=3)
    equal(again["attempt"], 2, "attempt")
    b.send_line({"type": "nack", "seq": 3})
    equal(b.expect_event(seq=4)["attempt"], 3, "attempt after it was given back")
    b.send_line({"type": "ack", "seq": 4})
    b.send_line({"type": "ack", "seq": 4})  # once too often
    t.await_status(lambda x: x["groups"][0].get("ignored") == 1, "the second one is ignored")
    row = group(t)
    equal([row[x] for x in ("members", "received", "waiting", "in_flight", "done", "redelivered", "dead", "lost")],
          [1, 4, 0, 0, 4, 2, 0, 0], "counts")


@scenario
def who_asks_for_something_else_is_refused(t):
    t.start_bus()
    t.join("k", group="g")
    other = t.connect()
    other.hello("l", group="g")
    ack = other.expect_frame("hello_ack", rejected=True, reject_code="group_differs")
    equal(ack["reject_reason"],
          "the members of group 'g' have event_types 'k', this consumer asks for 'l'", "reason")
    for wrong in ({"replay": {"last": 1}}, {"policy": "block"}, {"exclusive": True}, {"max_in_flight": 3}):
        peer = t.connect()
        peer.hello("k", group="g", **wrong)
        peer.expect_frame("hello_ack", rejected=True, reject_code="bad_hello")
    member = t.join("k", group="g")
    member.send_line({"type": "subscribe", "event_types": ["l"]})
    member.expect_error("bad_subscription")
    member.send_line({"type": "ack", "seq": 1})
    member.expect_error("unexpected_frame")


@scenario
def a_member_that_is_killed_leaves_its_event_to_another_one(t):
    t.start_bus()
    stuck = t.consume("k", "--group", "g", "--ack", "--max-in-flight", "1", "--exec", "sleep 60")
    t.publish(*numbered(1, 1))
    t.await_status(lambda x: x.get("groups", [{}])[0].get("in_flight") == 1, "it works on the event")
    other = t.consume("k", "--group", "g", "--ack", "--max-in-flight", "1", "--max-events", "1",
                      "--exec", "sh -c 'echo attempt $CAFBUS_ATTEMPT; cat'")
    stuck.kill()
    done = other.expect_exit(0)
    equal(done.out, b'attempt 2\n{"n":1}\n', "output")
    matches(r"exited: received=1 handled=1", done.err)


@scenario
def a_command_that_fails_makes_a_dead_letter(t):
    t.start_bus()
    dead = t.consume("dead.>", "--envelope", "--max-events", "1")
    t.consume("k", "--group", "g", "--ack", "--max-attempts", "2", "--exec", "false", "--on-exec-error", "skip")
    t.publish(event("k", {"n": 1.5}, "e-1"))
    letter = dead.expect_exit(0).out
    check(b'"event_type":"dead.k","event_id":"dead.g.e-1"' in letter and b'"payload":{"n":1.5}' in letter, letter)
    equal([group(t)[x] for x in ("dead", "redelivered", "in_flight")], [1, 1, 0], "counts")
    matches(r"group\s+g members=1 .* dead=1", t.run_cli("status").out)
    t.run_cli("status", "--check")


@scenario
def output_is_confirmed_when_it_is_written(t):
    t.start_bus()
    member = t.consume("k", "--group", "g", "--ack")
    t.publish(*numbered(1, 40))
    member.expect_output([{"n": n} for n in range(1, 41)])
    t.await_status(lambda x: x["groups"][0]["done"] == 40, "all are confirmed")
    t.await_status(lambda x: x["consumers"][0].get("stats") == {"handled": 40, "failed": 0, "lost": 0}, "its own count")


@scenario
def a_member_with_a_command_says_what_it_has_handled(t):
    t.start_bus()
    t.consume("k", "--group", "g", "--ack", "--exec", "true")
    t.publish(*numbered(1, 3))
    t.await_status(lambda x: x["consumers"][0].get("stats") == {"handled": 3, "failed": 0, "lost": 0}, "its own count")


main()
