"""Metrics of `status --prometheus` and of the gateway: format, names, and what the rules and the dashboard ask for."""
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from exposition import parsed, value
from gateway import Gateway
from harness import ROOT, WAIT, Deadline, Skip, check, equal, event, main, matches, scenario

RULES = os.path.join(ROOT, "config", "prometheus")


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not installed: apt install prometheus")


def busy_bus(t, app="default"):
    t.start_bus("--source", "exec:sleep 600", app=app)
    consumer = t.join('odd "key"\\')
    t.publish(event('odd "key"\\', 1), event("nobody's", 2))
    t.await_status(lambda x: x["sources"] and x["sources"][0]["state"] == "connected", "the source is connected")
    return consumer


def page(t, *flags, **how):
    return bytes(t.run_cli("status", "--prometheus", *flags, **how).out).decode()


@scenario
def a_bus_is_counted_by_the_rules(t):
    busy_bus(t)
    text = page(t)
    equal(value(text, "cafbus_up", app="default"), 1, "up")
    equal(value(text, "cafbus_events_total", app="default", outcome="matched"), 1, "matched")
    equal(value(text, "cafbus_unmatched_type_events_total", app="default", event_type="nobody's"), 1, "unmatched")
    received = [x for (name, labels), x in parsed(text)[1].items()
                if name == "cafbus_consumer_received_total" and ("event_key", 'odd "key"\\') in labels]
    equal(received, [1], "events of the consumer")
    equal(value(text, "cafbus_source_state", app="default", source="exec:sleep 600", state="connected"), 1, "source")


@scenario
def several_apps_are_one_page(t):
    busy_bus(t, app="one")
    t.run_cli("stop", "--force", app="one")
    t.bus.wait()
    t.start_bus(app="two")
    t.start_bus(app="three").signal(signal.SIGKILL)
    t.bus.wait()
    text = page(t, "--all")
    equal([value(text, "cafbus_up", app=x) for x in ("two", "three")], [1, 0], "up")
    equal(value(text, "cafbus_consumers", app="two"), 0, "consumers")
    equal(value(text, "cafbus_consumers", app="three"), None, "consumers of a bus that is down")
    equal(value(page(t, app="four", code=1), "cafbus_up", app="four"), 0, "a bus that never was")
    for other in ("--json", "--watch"):
        matches("goes with neither", t.run_cli("status", "--prometheus", other, code=2).err)


@scenario
def the_gateway_serves_the_same(t):
    busy_bus(t)
    gateway = Gateway(t)
    types, series = parsed(gateway.ask("/metrics")[1])
    own = {x for x in types if x.startswith("cafbus_gateway_")}
    own_types, own_series = parsed(page(t))
    equal(set(types) - own, set(own_types), "names")
    equal({x for x in series if x[0] not in own}, set(own_series), "series")


@scenario
def promtool_agrees(t):
    need("promtool")
    busy_bus(t)
    done = subprocess.run(["promtool", "check", "metrics"], input=page(t), capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), "promtool check metrics")


@scenario
def rules_and_dashboard_ask_for_what_there_is(t):
    busy_bus(t)
    types = parsed(Gateway(t).ask("/metrics")[1])[0]
    with open(os.path.join(RULES, "cafbus-dashboard.json"), encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    asked = {"the dashboard": "\n".join(x["expr"] for panel in panels for x in panel["targets"])}
    with open(os.path.join(RULES, "alerts.yml"), encoding="utf-8") as file:
        asked["the rules"] = "\n".join(re.findall(r"^ *expr: (.*)$", file.read(), re.M))
    for where, text in asked.items():
        names = set(re.findall(r"\bcafbus_[a-z_]+", text))
        equal(sorted(names - types.keys()), [], f"names in {where} that no page has")
        check(len(names) >= 5, f"names in {where}: {names}")
    grid = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    equal(len(set(grid)), len(panels), "places of panels")


@scenario
def alerts_fire_when_they_should(t):
    need("promtool")
    shutil.copy(os.path.join(RULES, "alerts.yml"), t.path("alerts.yml"))
    shutil.copy(os.path.join(ROOT, "tests", "data", "alerts_test.yml"), t.path("alerts_test.yml"))
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *words], cwd=t.dir, capture_output=True, text=True, check=False)
        equal(done.returncode, 0, f"promtool {words[0]} rules: {done.stdout}{done.stderr}")


@scenario
def a_real_prometheus_takes_it(t):
    need("prometheus")
    busy_bus(t)
    gateway = Gateway(t)
    with open(t.path("prometheus.yml"), "w", encoding="utf-8") as file:
        file.write(f"global: {{scrape_interval: 100ms}}\nrule_files: ['{RULES}/alerts.yml']\nscrape_configs:\n"
                   f"  - job_name: cafbus\n    static_configs: [{{targets: ['127.0.0.1:{gateway.port}']}}]\n")
    server = t.start(["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.format=logfmt",
                      "--web.listen-address=127.0.0.1:0"])
    port = server.expect_line(r"Listening on.* address=127\.0\.0\.1:(\d+)")[1]
    query = urllib.parse.urlencode({"query": 'cafbus_events_total{outcome="matched"}'})
    deadline = Deadline(WAIT, "a sample in Prometheus")
    found = []
    while not found:
        deadline.left_ms()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=WAIT) as answer:
                found = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            equal(error.code, 503, "what it answers until it is ready")
    equal((found[0]["metric"]["app"], found[0]["value"][1]), ("default", "1"), "what Prometheus has")
    server.signal(signal.SIGTERM)
    server.expect_exit(0)


main()
