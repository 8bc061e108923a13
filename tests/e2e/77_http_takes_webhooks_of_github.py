"""Webhooks: signed, each delivery once, as events that scripts consume."""
import json
import os
import re
import subprocess
import time

from gateway import SECRET, TOKEN, Gateway, write_secret
from harness import ROOT, Skip, check, equal, main, matches, scenario

OPENED = '{"action":"opened",\n "issue":{"number":1.10}}'


def signing(t, *flags):
    t.start_bus()
    return Gateway(t, "--github-secret-file", write_secret(t, "secret", SECRET), *flags)


@scenario
def a_webhook_posted_by_curl_reaches_a_consumer_once(t):
    gateway = signing(t)
    consumer = t.consume("issues", "--types", "github.issues.opened")
    command = f"""
        signature=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')
        curl -sS -H "X-Hub-Signature-256: sha256=$signature" -H 'X-GitHub-Event: issues' -H 'X-GitHub-Delivery: 72d3162e' \\
             -H 'Content-Type: application/json' --data-binary "$BODY" {gateway.url}hooks/github"""
    for result in ("accepted", "duplicate"):
        try:
            done = subprocess.run(["bash", "-c", command], env={**t.env, "BODY": OPENED, "SECRET": SECRET}, capture_output=True, timeout=60, check=True)
        except subprocess.CalledProcessError as error:
            raise Skip(f"no curl: {error.stderr}") from error
        equal(json.loads(done.stdout), {"result": result, "event_type": "github.issues.opened"})
    consumer.expect_output([OPENED.replace("\n", " ").encode()])


@scenario
def real_deliveries_arrive_with_their_types(t):
    gateway = signing(t)
    stream = gateway.stream("github.>")
    with open(os.path.join(ROOT, "tests", "data", "github-webhooks.ndjson"), encoding="utf-8") as file:
        for number, line in zip(range(20), file):
            event = json.loads(line)
            name = event["event_type"].split(".")[1]
            status, answer = gateway.hook(json.dumps(event["payload"]), event=name, delivery=f"d-{number}")
            equal((status, answer["result"]), (202, "accepted"))
            kind, frame, _ = stream.next()
            equal((kind, frame["event_type"], frame["event_id"], frame["payload"]),
                  ("event", answer["event_type"], f"d-{number}", event["payload"]))


@scenario
def what_is_not_signed_is_refused(t):
    gateway = signing(t)
    equal(gateway.hook(OPENED, secret="another secret, as long")[0], 401)
    equal(gateway.refused("/hooks/github", OPENED, X_GitHub_Event="issues"), (401, "bad_signature"))
    equal(gateway.hook(OPENED, X_Hub_Signature_256="sha256=")[0], 401)
    equal(gateway.hook(OPENED, event="a b")[0], 400)
    equal(t.status()["counters"]["ingress"], 0, "events that came in")


@scenario
def the_body_counts_and_not_its_content_type(t):
    gateway = signing(t)
    for given in ("text/plain", "application/x-www-form-urlencoded"):
        equal(gateway.hook(OPENED, Content_Type=given)[0], 202, given)
    status, answer = gateway.hook("payload=%7B%7D", Content_Type="application/x-www-form-urlencoded")
    equal((status, answer["error"]["code"]), (400, "bad_webhook"))
    matches("choose the content type application/json", answer["error"]["message"], "the way out")


@scenario
def the_signature_counts_whatever_the_host(t):
    gateway = signing(t, "--token-file", write_secret(t, "token", TOKEN))
    equal(gateway.hook(OPENED, Host="tunnel.example")[0], 202)
    equal(gateway.refused("/publish", "1", Host="tunnel.example"), (421, "foreign_host"))


@scenario
def without_a_secret_none_is_taken_unless_told(t):
    t.start_bus()
    equal(Gateway(t).refused("/hooks/github", OPENED, X_GitHub_Event="issues"), (403, "no_secret"))
    gateway = Gateway(t, "--github-unsigned")
    equal(gateway.ask("/hooks/github", OPENED, X_GitHub_Event="issues")[0], 202)
    equal(gateway.refused("/hooks/github", OPENED, Host="evil.example"), (421, "foreign_host"))
    matches("exclude", t.run_cli("http", "--github-unsigned", "--github-secret-file", t.path("secret"), code=2).err
            if write_secret(t, "secret", SECRET) else b"")


@scenario
def wrong_signatures_are_logged_with_a_limit(t):
    gateway = signing(t)
    gateway.process.expect_line(r" info http http-started app=\"default\" pid=\d+ .*listen=\"127.0.0.1:\d+\"")
    began = time.monotonic()
    for _ in range(100):
        equal(gateway.hook("{}", secret=TOKEN)[0], 401, "a wrong signature")
    gateway.ask("/nowhere?token=secret")
    gateway.process.expect_line(r" warning http request-refused code=not_found status=404 path=\"/nowhere\" peer=\"127.0.0.1\" times=1$")
    lines = re.findall(rb"request-refused code=bad_signature status=401 path=\"/hooks/github\"", gateway.process.err)
    check(1 <= len(lines) <= 2 + time.monotonic() - began, f"{len(lines)} lines")
    check(b"secret" not in gateway.process.err, "no query")


@scenario
def the_log_is_json_or_quiet_if_that_is_asked_for(t):
    t.start_bus()
    gateway = Gateway(t, "--log-format", "json", "--log-level", "warn")
    gateway.ask("/nowhere")
    line = json.loads(gateway.process.expect_line("^{.*}$").string)
    equal((line["level"], line["event"], line["fields"]["code"]), ("warning", "request-refused", "not_found"))
    for flags, says in ((["--log-level", "loud"], "--log-level: a level is"), (["--log-format", "xml"], "--log-format: it is")):
        matches(says, t.run_cli("http", *flags, code=2).err)


main()
