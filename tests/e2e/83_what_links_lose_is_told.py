"""Links between buses: whatever is lost on the way, over any number of hops, every consumer is told how much it was."""
import json
import re
import signal
import threading

from harness import SLOWDOWN, WAIT, Deadline, check, equal, event, main, matches, scenario
from linking import INSECURE, Node, next_state
from wire import Wire

NO_GRACE = (*INSECURE, "--link-grace", "0")


class Account:
    """What a consumer was sent and told, in the order in which it came."""

    def __init__(self, peer):
        self.peer, self.got, self.lost, self.seq = peer, [], 0, 0

    def read(self):
        x = json.loads(self.peer.expect_line("an event or a gap"))
        if x["type"] == "event":
            self.seq += 1
            equal(x["seq"], self.seq, "the sequence number")
            self.got.append(x["payload"])
        elif x["type"] == "gap":
            equal(x["from_seq"], self.seq + 1, "the gap begins after what came last")
            equal(x["to_seq"], self.seq + x["count"], "its end")
            equal(x["reason"], "link", "its reason")
            self.seq, self.lost = x["to_seq"], self.lost + x["count"]

    def settle(self, published):
        """Until all that was published is accounted for."""
        deadline = Deadline(WAIT, lambda: f"{len(self.got)} events and {self.lost} lost of {published}")
        while self.seq < published:
            deadline.left_ms()
            self.read()
        equal(len(self.got) + self.lost, published, "received and told")
        equal(sorted(set(self.got)), self.got, "each once and in order")


class Flow:
    """Publishes one number after the other, in a thread, until it is ended; few enough for the queue of a consumer."""

    MOST = 20_000

    def __init__(self, t, producer, first):
        self.producer, self.next, self.is_over = producer, first, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        t.cleanups.append(self.is_over.set)

    def run(self):
        while not self.is_over.is_set() and self.next < self.MOST:
            self.producer.publish(event("t1", self.next))
            self.next += 1

    def end(self):
        """How many were published."""
        self.is_over.set()
        self.thread.join(WAIT)
        check(not self.thread.is_alive(), "the last event was not acknowledged")
        return self.next


def join(node, key="t1", **fields):
    return Account(node.join(key, capabilities=["gap"], **fields))


def publish(producer, first, last, key="t1"):
    for n in range(first, last, 50):
        producer.publish(*[event(key, x) for x in range(n, min(n + 50, last))])


def chain(t, flags):
    """a -> b -> c, with a wire between b and c."""
    a = Node(t, "a", flags=flags)
    b = Node(t, "b", [a.place], flags=flags)
    wire = Wire(t, b.port)
    c = Node(t, "c", [wire.place], flags=flags)
    return a, b, c, wire


@scenario
def a_cut_in_a_chain_is_told_behind_it(t):
    a, b, c, wire = chain(t, NO_GRACE)
    near, far = join(b), join(c)
    a.await_asked(1)
    b.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 100)
    near.settle(100)
    far.settle(100)
    wire.cut()
    next_state(far.peer, "reconnecting")
    b.await_status(lambda x: not [y for y in x["links"] if y["direction"] == "out"], "the cut link is gone")
    publish(producer, 100, 300)
    near.settle(300)
    wire.mend()
    far.settle(300)  # though nothing is published any more
    equal((near.lost, far.lost), (0, 200), "lost near and far")
    publish(producer, 300, 310)
    far.settle(310)
    equal(far.got[-10:], list(range(300, 310)), "what came after the cut")
    x = c.status()
    equal([y["dropped"] for y in x["consumers"]], [200], "status counts what was lost")
    equal(x["links"][0]["missed"], 200, "the link's, too")


@scenario
def what_a_full_link_drops_is_told_behind_it(t):
    a = Node(t, "a", flags=(*INSECURE, "--queue-capacity", "20", "--write-timeout", "1min"))
    b = Node(t, "b", [a.place], flags=INSECURE)
    c = Node(t, "c", [b.place], flags=INSECURE)
    far = join(c)
    a.await_asked(1)
    b.await_asked(1)
    b.freeze()
    producer = a.producer()
    for n in range(400):  # a message each: more than a window holds
        producer.publish(event("t1", n))
    a.await_status(lambda x: x["counters"]["matched"] == 400, "all are with the link")
    b.bus.signal(signal.SIGCONT)
    deadline = Deadline(WAIT, lambda: f"{far.seq} of 400 are accounted for")
    while far.seq < 400:
        deadline.left_ms()
        frame = json.loads(far.peer.expect_line("an event or a gap"))
        far.seq = frame.get("to_seq", frame.get("seq", far.seq))
        far.lost += frame.get("count", 0)
    check(far.lost > 0, "the link was to lose some")
    equal(a.links("out")[0]["dropped"], far.lost, "what the link dropped and what was told two links away")


@scenario
def a_restart_of_the_bus_in_the_middle_is_told_behind_it(t):
    a, b, c, _ = chain(t, NO_GRACE)
    far = join(c)
    a.await_asked(1)
    b.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 50)
    far.settle(50)
    b.bus.signal(signal.SIGKILL)
    b.bus.expect_exit(-signal.SIGKILL)
    next_state(far.peer, "reconnecting")
    a.await_status(lambda x: not [y for y in x["links"] if y["direction"] == "out"], "its link is gone")
    publish(producer, 50, 90)
    b.start()
    a.await_asked(1)
    far.settle(90)
    equal(far.lost, 40, "what nobody could bring")
    publish(producer, 90, 100)
    far.settle(100)


def kill_the_middle_under_a_flow(t, flags):
    a, b, c, _ = chain(t, flags)
    far = join(c)
    a.await_asked(1)
    b.await_asked(1)
    publish(a.producer(), 0, 50)
    far.settle(50)  # c has heard of the stream
    flow = Flow(t, a.producer(), 50)
    for _ in range(2):
        b.bus.signal(signal.SIGKILL)
        b.bus.expect_exit(-signal.SIGKILL)
        b.start()
        a.await_asked(1)
        b.await_asked(1)
    published = flow.end()
    far.settle(published)  # received and told = published
    check(far.lost > 0, "a bus was away, and nothing was lost")
    publish(a.producer(), published, published + 10)
    far.settle(published + 10)
    equal(far.got[-10:], list(range(published, published + 10)), "what came after it")


@scenario
def kills_of_the_bus_in_the_middle_under_a_flow_are_told_to_the_event(t):
    kill_the_middle_under_a_flow(t, NO_GRACE)


@scenario
def they_are_where_links_wait_for_their_peers_too(t):
    kill_the_middle_under_a_flow(t, INSECURE)


@scenario
def an_event_that_comes_another_way_is_not_lost(t):
    a = Node(t, "a", flags=NO_GRACE)
    wire = Wire(t, a.port)
    b = Node(t, "b", [a.place], flags=NO_GRACE)
    d = Node(t, "d", [wire.place, b.place], flags=NO_GRACE)
    consumer = join(d)
    a.await_asked(1, count=2)
    b.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 50)
    consumer.settle(50)
    wire.cut()
    next_state(consumer.peer, "reconnecting")
    publish(producer, 50, 100)
    consumer.settle(100)
    wire.mend()
    next_state(consumer.peer, "connected")
    a.await_asked(1, count=2)
    publish(producer, 100, 150)
    consumer.settle(150)
    equal(consumer.lost, 0, "lost, with another way open")


@scenario
def what_was_not_wanted_is_not_lost(t):
    a = Node(t, "a")
    b = Node(t, "b", [a.place])
    first = join(b)
    a.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 10)
    publish(producer, 0, 10, "t2")
    first.settle(10)
    first.peer.close()
    a.await_asked(0)
    publish(producer, 10, 60)
    second = join(b)
    a.await_asked(1)
    publish(producer, 60, 70)
    second.settle(10)
    equal(second.lost, 0, "of what passed while nobody was there")


@scenario
def what_a_restarted_bus_took_in_before_it_was_asked_is_told(t):
    a = Node(t, "a", flags=NO_GRACE)
    wire = Wire(t, a.port)
    b = Node(t, "b", [wire.place], flags=NO_GRACE)
    consumer = join(b)
    a.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 10)
    consumer.settle(10)
    wire.cut()
    next_state(consumer.peer, "reconnecting")
    a.bus.signal(signal.SIGKILL)
    a.bus.expect_exit(-signal.SIGKILL)
    a.start()
    producer = a.producer()
    publish(producer, 10, 25)
    a.await_status(lambda x: x["counters"]["ingress"] == 15, "the new one has them")
    wire.mend()
    consumer.settle(25)
    equal(consumer.lost, 15, "what passed before the link was there again")


@scenario
def a_cut_within_the_grace_loses_nothing(t):
    a, b, c, wire = chain(t, (*INSECURE, "--write-timeout", f"{int(500 * SLOWDOWN)}ms"))
    far = join(c)
    a.await_asked(1)
    b.await_asked(1)
    producer = a.producer()
    publish(producer, 0, 100)
    far.settle(100)
    wire.hold()
    publish(producer, 100, 300)
    b.await_log("node-waits .*taken nothing")
    publish(producer, 300, 400)
    b.await_status(lambda x: any(re.fullmatch(r"waiting for its peer, \d+ s of 60 s, \d+ queued", y.get("detail", ""))
                                 for y in x["links"]), "the link waits")
    wire.cut()
    wire.let_go()
    wire.mend()
    far.settle(400)
    equal(far.lost, 0, "lost, though the link was made again in time")
    equal([y["dropped"] for y in c.status()["consumers"]], [0], "status says the same")
    matches("node-resumed", b.log().encode())


if __name__ == "__main__":
    main()
