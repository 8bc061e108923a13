"""`cafbus http`: event streams, publishing, status and metrics."""
import json
import re
import signal
import threading

from daemons import cleaned_up, started
from fake_bus import FakeBus, FakePeer
from gateway import Gateway, has_stream
from harness import Deadline, WAIT, check, equal, main, matches, scenario


@scenario
def a_stream_gets_the_frames_of_its_types_and_patterns(t):
    t.start_bus()
    stream = Gateway(t).stream("a,b.*")
    t.publish(*[{"type": "publish", "event_type": x, "event_id": x, "payload": x} for x in ("a", "c", "b.x", "b.x.y")])
    kind, frame, place = stream.next()
    equal((kind, frame["event_type"], frame["event_id"], frame["payload"], frame["seq"]), ("event", "a", "a", "a", 1))
    equal(place, frame["cursor"], "the event's id in the stream")
    equal(stream.event(), "b.x")


@scenario
def a_payload_arrives_as_it_came(t):
    t.start_bus()
    gateway = Gateway(t)
    stream = gateway.stream("k")
    payload = b'{"n":1.10,"big":1e400,"n":"\\u00e9"}'
    equal(gateway.ask("/publish?type=k", payload + b"\n")[0], 200)
    line = b""
    while b"data: {\"type\":\"event\"" not in line:
        line = stream.file.readline()
    check(payload in line, line)


@scenario
def publish_tells_what_became_of_each_line(t):
    t.start_bus()
    consumer = t.consume("k")
    gateway = Gateway(t)
    event = {"event_type": "k", "event_id": "1", "payload": {"a": 1}}
    body = "\n".join([json.dumps(event), "", "nonsense", json.dumps(event), '{"event_type":"q","payload":1}'])
    status, answer = gateway.ask("/publish", body)
    equal(status, 422, "status, since a line is rejected")
    equal([answer[x] for x in ("accepted", "duplicates", "rejected", "unmatched")], [2, 1, 1, 1])
    equal([x["line"] for x in answer["rejected_lines"]], [3])
    consumer.expect_output([b'{"a": 1}'])
    equal(gateway.ask("/publish?type=k", "1\n")[0], 200)
    equal(gateway.ask("/publish", "")[1]["accepted"], 0)
    equal(gateway.refused("/publish?type=", "1"), (400, "bad_type"))


@scenario
def a_parameter_without_effect_is_refused_by_its_name(t):
    t.start_bus()
    gateway = Gateway(t)
    for path, body, says in (("/events?types=k&lats=1", None, 'no parameter "lats"; there are: types rate last'),
                             ("/publish?typ=k", "1", 'no parameter "typ"; there are: type$'),
                             ("/events?types=k&types=l", None, "types stands there twice"),
                             ("/status?always=1", None, "always is 200")):
        status, answer = gateway.ask(path, body)
        equal((status, answer["error"]["code"]), (400, "bad_query"), path)
        matches(says, answer["error"]["message"])
    equal(gateway.refused("/events?types=k&rate="), (400, "bad_rate"))
    equal(t.status()["counters"]["ingress"], 0, "events that came in")


@scenario
def the_content_type_of_what_is_published_does_not_count(t):
    t.start_bus()
    gateway = Gateway(t)
    for given in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        equal(gateway.ask("/publish?type=k", "1\n2\n", Content_Type=given)[1]["accepted"], 2, given)


@scenario
def a_stream_outlives_its_bus_and_says_so(t):
    bus = t.start_bus()
    stream = Gateway(t).stream("k")
    bus.signal(signal.SIGTERM)
    bus.expect_exit(0)
    equal(stream.next()[:2], ("gap", {"missed": None, "reason": "bus_ended"}))
    equal(stream.next()[1]["state"], "waiting")
    t.start_bus()
    while (told := stream.next())[1] != {"state": "subscribed"}:
        equal(told[0], "state", "what comes before")
    t.publish({"type": "publish", "event_type": "k", "payload": 1})
    equal(stream.event(), 1)


@scenario
def a_bus_is_started_when_a_request_needs_one(t):
    cleaned_up(t)
    gateway = Gateway(t)
    equal(gateway.refused("/status"), (503, "not_running"))
    equal(gateway.ask("/healthz"), (200, "ok\n"))
    matches(r'(?m)^cafbus_up\{app="default"\} 0$', gateway.ask("/metrics")[1])
    equal(gateway.ask("/publish?type=k", "1\n")[1]["accepted"], 1)
    started(t)


@scenario
def a_hold_is_respected(t):
    cleaned_up(t)
    t.run_cli("start")
    t.run_cli("stop", "--hold")
    gateway = Gateway(t)
    status, answer = gateway.ask("/publish?type=k", "1\n")
    equal((status, answer["error"]["code"]), (503, "unavailable"))
    matches("cafbus start", answer["error"]["message"], "the way out")
    stream = gateway.stream("k", subscribed=False)
    while "cafbus start" not in stream.next()[1].get("reason", ""):
        pass


@scenario
def without_leave_no_bus_is_started(t):
    equal(Gateway(t, "--no-spawn").refused("/publish?type=k", "1\n"), (503, "not_running"))


@scenario
def a_sampled_stream_is_told_what_was_left_out(t):
    t.start_bus()
    gateway = Gateway(t)
    stream = gateway.stream("k&rate=10")
    gateway.ask("/publish?type=k", "1\n" * 5_000)
    deadline = Deadline(WAIT, lambda: f"the count of what was left out; {events} events came, {left_out} left out")
    events = left_out = 0
    while events + left_out < 5_000:
        kind, data, _ = stream.next()
        events += kind == "event"
        left_out += data.get("left_out", 0)
        deadline.left_ms()
    check(1 <= events <= 200, f"{events} events")


@scenario
def streams_of_the_same_types_share_a_consumer_which_goes_with_the_last(t):
    t.start_bus()
    gateway = Gateway(t)
    streams = [gateway.stream(x) for x in ("a,b", "b,a", "a")]
    has_stream(t, 2)
    equal(gateway.ask("/status")[1]["gateway"]["streams"], 3)
    for stream in streams:
        stream.close()
    has_stream(t, 0)


def answering(bus, *frames):
    """Answers the next connection with these, whatever it asks, in a thread of its own."""
    def run():
        peer = FakePeer(bus.listener.accept()[0])
        peer.next_line()
        for frame in frames:
            peer.send_line(frame)
        peer.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@scenario
def a_bus_that_says_no_is_told_as_it_says_it(t):
    bus, gateway = FakeBus(t), Gateway(t)
    ending = {"type": "error", "code": "shutting_down", "message": "no more today"}
    for frames, says in (([ending], (503, "stopping")), ([{"type": "bye"}], (503, "protocol")), ([], (503, "closed"))):
        thread = answering(bus, *frames)
        equal(gateway.refused("/status"), says)
        thread.join()
    ack = {"type": "hello_ack", "bus_version": "v1", "first_for_key": True}
    for types, frame, reason in (("k", {**ack, "rejected": True, "reject_reason": "full house"}, "full house"),
                                 ("k.*", ack, "does not know patterns"), ("k", ending, "no more today")):
        thread = answering(bus, frame)
        stream = gateway.stream(types, subscribed=False)
        equal(stream.next()[1]["state"], "waiting")
        matches(reason, stream.next()[1]["reason"])
        thread.join()
        stream.close()


@scenario
def metrics_have_the_counters_of_the_bus(t):
    t.start_bus()
    t.join("k")
    gateway = Gateway(t)
    gateway.ask("/publish?type=k", "1\n2\n")
    text = gateway.ask("/metrics")[1]
    for line in ('cafbus_up{app="default"} 1', 'cafbus_events_total{app="default",outcome="matched"} 2',
                 'cafbus_gateway_published_total{app="default"} 2', 'cafbus_consumers{app="default"} 1'):
        matches("(?m)^" + re.escape(line) + "$", text)
    check(text.endswith("\n"), "the last line ends")


@scenario
def a_wrong_usage_says_what_is_right(t):
    for flags, says in ((["--listen", "example.org:80"], "127.0.0.1"), (["--listen", "0.0.0.0:0"], "--token-file"),
                        (["--github-secret-file", "/nowhere"], "--github-secret-file: .*/nowhere"),
                        (["--allow-host", "https://bus.example.org:8443/"], "--allow-host: .*, as bus.example.org;"),
                        (["--allow-host", "a b"], "is not a host name")):
        matches(says, t.run_cli("http", *flags, code=2).err)
    matches("--listen", t.run_cli("http", "--listen", f"127.0.0.1:{Gateway(t).port}", code=1).err)


@scenario
def a_signal_ends_it_whoever_is_connected(t):
    t.start_bus()
    gateway = Gateway(t)
    streams = [gateway.stream("a"), gateway.stream("b")]
    half = gateway.raw()
    half.sendall(b"POST /publish?type=k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n1")
    gateway.process.signal(signal.SIGTERM)
    gateway.process.expect_exit(0)
    equal([x.file.read() for x in streams], [b"", b""], "what streams still got")
    half.close()


main()
