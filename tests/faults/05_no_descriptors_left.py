"""RLIMIT_NOFILE of 64: who is there loses nothing, a bus that is full rests, and a newcomer is in as soon as one leaves."""
import json
import os
import signal
import time

from faults import Readers, Stream, Vitals, figure, hello, in_full, raw
from harness import SLOWDOWN, check, equal, main, scenario

LIMITED = ("prlimit", "--nofile=64:64", "--")
SECONDS = in_full(10, 2)


def ack_of(sock):
    data = b""
    while not data.endswith(b"\n") and (chunk := sock.recv(4096)):
        data += chunk
    return json.loads(data.split(b"\n")[0])


def cpu_share(bus, seconds):
    before = Vitals(bus.pid)
    time.sleep(seconds)  # the length of the measurement
    after = Vitals(bus.pid)
    return (after.cpu - before.cpu) / (after.at - before.at)


@scenario
def a_full_bus_serves_who_is_there_and_rests(t):
    bus = t.start_bus(wrap=LIMITED)
    most = t.status()["limits"]["max_connections"]
    readers = Readers(t, most - 1)  # and the producer
    stream = Stream(t, 1_000)
    t.await_status(lambda x: x["limits"]["connections"] == most, "it is full")
    refused = 0
    late = 0
    while late < 60 or stream.sent < in_full(20_000, 1_000):
        sock = raw(bus.socket_path)
        sock.sendall(hello())
        refused += ack_of(sock).get("reject_code") == "too_many_connections"
        sock.close()
        late += 1
    equal(refused, late, "consumers told that there is no room")
    equal(json.loads(t.run_cli("status", "--json").out)["limits"]["connections"], most, "connections")
    sent = stream.stop()
    readers.await_events((most - 1) * sent)
    readers.stop()
    equal(readers.lost, 0, "events lost by those who are there")
    figure(f"{most} clients in 64 descriptors, {refused} more refused; {most - 1} consumers lost 0 of {sent} events; "
           f"{Vitals(bus.pid).descriptors} descriptors in use")


@scenario
def silent_connections_at_the_limit_cost_no_time_and_lock_nobody_out(t):
    bus = t.start_bus(wrap=LIMITED)
    most = t.status()["limits"]["max_connections"]
    peers = [t.join("k") for _ in range(most)]
    silent = [raw(bus.socket_path) for _ in range(40)]  # more than there are descriptors for
    begun = time.monotonic()
    t.status()
    answered = time.monotonic() - begun
    share = cpu_share(bus, SECONDS)
    # a newcomer that asks again and again, as `cafbus consume` does
    waiting = t.start_cli("consume", "k", "--quiet")
    waiting.expect_line(r"waiting: ")
    begun = time.monotonic()
    peers.pop().close()
    waiting.expect_line(r"ready event_key=")
    entered = time.monotonic() - begun
    figure(f"full, with 40 silent connections: status in {answered * 1e3:.0f} ms, {share:.1%} of a CPU, "
           f"a new consumer is in {entered * 1e3:.0f} ms after one has left")
    check(share < 0.05 * SLOWDOWN, "a full bus does not spin")
    check(entered < 0.1 * SLOWDOWN, "it is in within a tenth of a second")
    check(answered < 2 * SLOWDOWN, "status gets through")
    for sock in silent:
        sock.close()


@scenario
def a_paused_listener_rests_and_goes_on(t):
    """Paused for good: whoever asks and does not read keeps a descriptor. Their answers must not fit the socket."""
    bus = t.start_bus("--write-timeout", "1h", "--hello-timeout", "1h", wrap=LIMITED)
    most = t.status()["limits"]["max_connections"]
    types = [f"type-{i:04}-{'x' * 900}" for i in range(900)]
    peers = [t.join("k", types) for _ in range(most)]
    stuck = []
    for _ in range(8):
        sock = raw(bus.socket_path)
        sock.sendall(b'{"type":"status_query"}\n')
        sock.recv(1)  # the answer has begun, and is longer than the socket takes
        stuck.append(sock)
    waiting = [raw(bus.socket_path) for _ in range(20)]
    share = cpu_share(bus, SECONDS)
    # one leaves: the listener goes on, and the first in the backlog is served
    waiting[0].sendall(hello())
    begun = time.monotonic()
    peers.pop().close()
    ack = ack_of(waiting[0])
    entered = time.monotonic() - begun
    check(not ack.get("rejected"), f"the newcomer is in: {ack}")
    figure(f"listener paused, 20 in the backlog: {share:.1%} of a CPU; the first is in {entered * 1e3:.0f} ms after one has left")
    # the last of the long answers may still be written; one that spins takes all that it gets
    check(share < 0.2 * SLOWDOWN, "a paused listener does not spin")
    check(entered < 0.1 * SLOWDOWN, "it is in within a tenth of a second")
    for sock in [*stuck, *waiting]:
        sock.close()


def rests_and_answers(t, bus, what):
    """A bus to which more connect than it has descriptors for."""
    silent = []
    try:
        while len(silent) < 150:
            silent.append(raw(bus.socket_path))
    except OSError:  # its backlog is full as well
        pass
    t.status()
    share = cpu_share(bus, SECONDS)
    begun = time.monotonic()
    t.run_cli("status")
    answered = time.monotonic() - begun
    figure(f"{what}, {len(silent)} silent connections: {Vitals(bus.pid).descriptors} of 128 descriptors, {share:.1%} of a CPU, "
           f"status in {answered * 1e3:.0f} ms")
    check(share < 0.05 * SLOWDOWN, "a full bus does not spin")
    begun = time.monotonic()
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    check(time.monotonic() - begun < 8 * SLOWDOWN, "it ends when it is told to")
    for sock in silent:
        sock.close()


@scenario
def sources_and_tunnels_have_descriptors_of_their_own(t):
    sources = [x for i in range(4) for x in ("--source", f"exec:exec sleep 100{i}")]
    bus = t.start_bus(*sources, "--hello-timeout", "1h", wrap=("prlimit", "--nofile=128:128", "--"))
    tunnels = refused = 0
    for i in range(30):
        ack = t.connect().hello(f"k{i}", on_first="sleep 1000 &").expect_frame("hello_ack")
        refused += "ulimit -n" in ack.get("reject_reason", "")
        tunnels += not ack.get("rejected")
    equal(tunnels + refused, 30, "tunnels that live or were refused with the way out")
    check(tunnels > 0 and refused > 0, f"{tunnels} tunnels live, {refused} were refused")
    rests_and_answers(t, bus, f"4 sources, {tunnels} tunnels")


@scenario
def hooks_that_a_reload_allows_have_descriptors_of_their_own(t):
    def configure(hooks):
        with open(t.path("conf"), "w", encoding="utf-8") as f:
            f.write(f"max-hooks = {hooks}\nhello-timeout = 1h\nhook-timeout = 1h\n")
    configure(1)
    bus = t.start_bus(wrap=("prlimit", "--nofile=128:128", "--"), env={"CAFBUS_CONFIG": t.path("conf")})
    configure(16)
    t.run_cli("reload")
    hooks = t.status()["limits"]["max_hooks"]
    check(hooks > 1, f"{hooks} hooks may run at a time")
    for i in range(hooks):
        t.connect().hello(f"k{i}", on_first=f"echo >{t.path(f'begun{i}')}; exec sleep 1000")
    t.await_status(lambda _: all(os.path.exists(t.path(f"begun{i}")) for i in range(hooks)), "all hooks run")
    rests_and_answers(t, bus, f"{hooks} hooks")


@scenario
def too_few_descriptors_are_an_error_that_says_so(t):
    process = t.start_cli("serve", wrap=("prlimit", "--nofile=20:20", "--")).expect_exit(1)
    check(b"RLIMIT_NOFILE" in process.err and b"ulimit -n" in process.err, "limit and way out")


main()
