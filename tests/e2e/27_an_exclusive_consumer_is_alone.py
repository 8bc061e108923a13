"""`exclusive`: one consumer per subscription, in the original's words."""
from harness import equal, event, main, matches, scenario

TAKEN = r"another consumer \(pid 4711\) is already running for this subscription"


def refused(t, **fields):
    peer = t.connect().hello("k", **fields)
    reason = peer.expect_ack(rejected=True)["reject_reason"]
    equal(peer.ack["reject_code"], "exclusive", "code")
    peer.expect_eof()
    return reason


@scenario
def the_second_is_refused_with_the_pid_of_the_first(t):
    t.start_bus()
    first = t.join("k", pid=4711, exclusive=True)
    matches(TAKEN, refused(t, exclusive=True))
    matches(TAKEN, refused(t))
    t.join("k", exclusive=True, subscription_id="k:other")
    t.publish(event("k", 1))
    first.expect_event(seq=1)
    first.send_line({"type": "bye"})
    first.expect_eof()
    equal(t.join("k", exclusive=True).ack["first_for_key"], True, "the next is the first again")


@scenario
def nobody_becomes_exclusive_beside_another(t):
    t.start_bus()
    t.join("k", pid=4711)
    matches(TAKEN, refused(t, exclusive=True))


@scenario
def it_waits_for_a_clean_up_that_is_running_but_not_for_ever(t):
    t.start_bus("--cleanup-wait", "200ms")
    holder = t.join("k", pid=4711, exclusive=True)
    holder.send_line({"type": "pre_shutdown_check", "event_key": "k"})
    holder.expect_frame("pre_shutdown_ack", last_for_key=True)
    late = t.connect().hello("k", exclusive=True)
    equal(late.expect_ack(rejected=True)["reject_reason"],
          "timed out waiting for the previous consumer's cleanup to finish; retry shortly", "reason")
    late.expect_eof()
    waiting = t.connect().hello("k", exclusive=True)
    holder.close()
    equal(waiting.expect_ack()["first_for_key"], True, "first")


@scenario
def the_command_says_who_is_there(t):
    t.start_bus()
    t.join("k", pid=4711)
    matches(TAKEN, t.run_cli("consume", "k", "--exclusive", code=2).err)


main()
