"""`serve --source-max-silence D`."""
from harness import check, main, matches, scenario
from watching import append, expect_payloads, expect_state, line, pipe, source


@scenario
def silence_makes_it_stale_and_an_event_connected(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}", "--source-max-silence", "200ms")
    peer = t.join("k")
    with open(t.path("pipe"), "wb", buffering=0) as feed:
        expect_state(peer, "stale", detail="no event for 200ms")
        status = t.status()
        check(source(status)["state"] == "stale", "status says so")
        feed.write(line(1))
        expect_payloads(peer, 1)
        expect_state(peer, "stale")  # by way of connected, which may have been too short to be sent
        check(source(t.status())["since"] > source(status)["since"], "it is a new silence")


@scenario
def a_file_can_be_stale_as_well(t):
    append(t.path("events"), b"")
    t.start_bus("--source", f"file:{t.path('events')}", "--source-max-silence", "200ms")
    t.await_status(lambda x: source(x)["state"] == "stale", "the source is stale")


@scenario
def lines_that_are_no_events_do_not_break_the_silence(t):
    t.start_bus("--source", f"exec:cat {pipe(t)}", "--source-max-silence", "200ms")
    with open(t.path("pipe"), "wb", buffering=0) as feed:
        t.await_status(lambda x: source(x)["state"] == "stale", "the source is stale")
        feed.write(b"nonsense\n")
        status = t.await_status(lambda x: x["counters"]["rejected"] == 1, "the line is counted")
        check(source(status)["state"] == "stale", "it is stale still")


@scenario
def without_a_limit_nobody_is_stale(t):
    append(t.path("events"), b"")
    t.start_bus("--source", f"file:{t.path('events')}")
    t.await_status(lambda x: source(x)["state"] == "connected", "the source is connected")
    t.run_cli("consume", "k", "--timeout", "500ms")
    check(source(t.status())["state"] == "connected", "it is connected still")


@scenario
def text_status_names_the_stale_one(t):
    append(t.path("events"), b"")
    t.start_bus("--source", f"file:{t.path('events')}", "--source-max-silence", "200ms")
    t.await_status(lambda x: source(x)["state"] == "stale", "the source is stale")
    matches("stale", t.run_cli("status").out)


main()
