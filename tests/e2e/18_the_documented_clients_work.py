"""What PROTOCOL.md shows is run as it stands there."""
import json
import os
import re
import shutil
import signal
import sys

from harness import ROOT, Skip, check, equal, event, main, matches, scenario


def blocks(language):
    with open(os.path.join(ROOT, "messages", "PROTOCOL.md"), encoding="utf-8") as f:
        found = re.findall(rf"^```{language}\n(.*?)^```", f.read(), re.DOTALL | re.MULTILINE)
    check(found, f"there is a {language} block")
    return found


def examples():
    """The example of each frame, by type."""
    return {json.loads(x)["type"]: x.strip() for x in blocks("json")}


@scenario
def the_python_client_prints_the_events(t):
    bus = t.start_bus()
    client = t.start([sys.executable, "-c", blocks("python")[0], bus.socket_path, "im.message"])
    client.expect_line('"type":"hello_ack"')
    t.publish(event("im.message", {"n": 1}), event("other", 2), event("im.message", [3]))
    client.expect_output([b'{"n": 1}', b"[3]"])
    bus.signal(signal.SIGTERM)
    client.expect_line('"type":"bye"')
    client.expect_exit(0)
    bus.expect_exit(0)


@scenario
def the_socat_line_works(t):
    if not shutil.which("socat"):
        raise Skip("there is no socat")
    bus = t.start_bus()
    client = t.start(["/bin/sh", "-c", blocks("sh")[0]], cwd=bus.app_dir)
    client.expect_line('"type":"hello_ack"', "out")
    t.publish(event("im.message", {"n": 1}))
    matches('"payload":{"n":1}}$', client.expect_line('"type":"event"', "out").string)
    bus.signal(signal.SIGTERM)
    client.expect_line('"type":"bye"', "out")
    client.expect_exit(0)
    bus.expect_exit(0)


@scenario
def the_examples_of_what_is_sent_are_understood(t):
    t.start_bus()
    example = examples()
    consumer = t.connect()
    consumer.send_line(example["hello"])
    equal(consumer.expect_line().decode(), example["hello_ack"], "hello_ack")
    equal(t.publish(example["publish"])["accepted"], 1, "accepted")
    consumer.expect_event(event_id="e-17", payload={"text": "hi", "n": 1.1})
    consumer.send_line(example["pre_shutdown_check"])
    equal(consumer.expect_line().decode(), example["pre_shutdown_ack"], "pre_shutdown_ack")
    query = t.connect()
    query.send_line(example["status_query"])
    equal(list(query.expect_frame("status_response")), list(json.loads(example["status_response"])), "fields")
    shutdown = t.connect()
    shutdown.send_line(example["shutdown"])
    shutdown.expect_eof()
    t.bus.expect_exit(0)


@scenario
def the_examples_of_what_is_received_are_what_is_sent(t):
    t.start_bus()
    example = examples()
    peer = t.join("im.message")
    fields = json.loads(example["event"])
    t.publish(event("im.message", {"text": "hi"}, event_id="e-17", source_time="1795347038000", app_id="cli_1",
                    tenant_key="t1"))
    equal(list(peer.expect_event()), list(fields), "fields of an event")
    equal(list(t.publish(event("x", 1))), list(json.loads(example["publish_ack"])), "fields of a publish_ack")
    too_long = t.connect()
    too_long.send(b"x" * 1_048_577)
    equal(too_long.expect_line().decode(), example["error"], "error")


main()
