"""A source begins when the first consumer is in, so that what it has reaches somebody; --start-sources at-once."""
import json
import os
import signal

from daemons import cleaned_up
from harness import check, equal, main, matches, scenario
from watching import append, expect_payloads, expect_state, line, source


@scenario
def a_consumer_that_starts_the_daemon_gets_what_the_file_has(t):
    cleaned_up(t)
    append(t.path("events"), b"".join(line(i) for i in range(60)))
    consumer = t.consume("k", "--max-events", "60", env={"CAFBUS_SOURCE": "file:events"}, ready=False)
    consumer.expect_output([json.dumps(i).encode() for i in range(60)])
    consumer.expect_exit(0)


@scenario
def a_source_says_what_it_waits_for(t):
    t.start_bus("--source", f"exec:echo run >> {t.path('runs')}; exec sleep 1000", "--start-sources", "first-consumer")
    status = t.await_status(lambda x: source(x)["state"] == "connecting", "the source is there")
    matches("first consumer", source(status)["detail"])
    check(not os.path.exists(t.path("runs")), "the command has not been started")
    expect_state(t.join("k"), "connected")


@scenario
def it_goes_on_when_the_first_consumer_has_gone(t):
    path = t.path("events")
    append(path, line(1))
    t.start_bus("--source", f"file:{path}", "--start-sources", "first-consumer")
    peer = t.join("k")
    expect_payloads(peer, 1)
    peer.close()
    append(path, line(2))
    t.await_status(lambda x: x["counters"]["ingress"] == 2, "the second event has come")


@scenario
def at_once_means_at_once(t):
    append(t.path("events"), line(1))
    t.start_bus("--source", f"file:{t.path('events')}", "--start-sources", "at-once")
    t.await_status(lambda x: x["counters"]["unmatched"] == 1, "the event has come")


@scenario
def a_relative_path_of_a_config_file_counts_from_its_folder(t):
    cleaned_up(t)
    os.mkdir(t.path("conf"))
    with open(t.path("conf", "cafbus.conf"), "w", encoding="ascii") as f:
        f.write("source = file:events\n")
    append(t.path("conf", "events"), line("here"))
    consumer = t.consume("k", "--max-events", "1", env={"CAFBUS_CONFIG": "conf/cafbus.conf"}, ready=False)
    consumer.expect_output([b'"here"'])
    consumer.expect_exit(0)


@scenario
def a_daemon_started_on_demand_runs_its_sources_in_a_clean_environment(t):
    cleaned_up(t)
    script = 'printf \'{"event_type":"k","payload":"%s %s %s"}\\n\' "$GIT_DIR" "$PWD" "$(umask)"; exec sleep 1000'
    consumer = t.consume("k", "--max-events", "1", env={"CAFBUS_SOURCE": f"exec:{script}", "GIT_DIR": "/x"}, ready=False)
    consumer.expect_output([b'" / 0077"'])
    consumer.expect_exit(0)


@scenario
def a_serve_in_the_foreground_runs_its_sources_where_it_runs(t):
    script = 'printf \'{"event_type":"k","payload":"%s %s %s"}\\n\' "$GIT_DIR" "$PWD" "$(umask)"; exec sleep 1000'
    t.start_bus("--source", f"exec:{script}", "--start-sources", "first-consumer", env={"GIT_DIR": "/x"}, umask=0o022)
    expect_payloads(t.join("k"), f"/x {os.path.realpath(t.dir)} 0022")


@scenario
def what_only_a_shell_expands_is_refused(t):
    for path, way_out in (("~/x", "HOME"), (f"{t.dir}/*.ndjson", "a source of its own"), ("/proc/version", "exec:every=")):
        matches(way_out, t.run_cli("serve", "--source", f"file:{path}", code=2).err)


@scenario
def a_command_with_an_interval_stays_connected(t):
    t.start_bus("--source", f"exec:every=100ms:echo run >> {t.path('runs')}", "--source-retries", "0")
    t.await_status(lambda x: os.path.exists(t.path("runs")) and len(open(t.path("runs")).readlines()) > 2, "three runs")
    equal(source(t.status())["state"], "connected", "state")


if __name__ == "__main__":
    main()
