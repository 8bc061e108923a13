"""Messages of a channel become events, and events become messages."""
from kitchen import await_consumers, await_success, event, free_port, main, matches, needs, scenario, start_recipe


def start_server(t):
    needs("redis-server", "redis-cli")
    port = free_port()
    server = t.start(["redis-server", "--port", port, "--save", "", "--bind", "127.0.0.1", "--dir", t.dir])
    await_success(t, "redis-cli", "-e", "-p", port, "ping")
    return server, port


def await_subscriber(t, port, channel):
    await_success(t, "sh", "-c", f"redis-cli -p {port} pubsub channels | grep -qx {channel}")


@scenario
def messages_become_events(t):
    server, port = start_server(t)
    t.start_bus()
    peer = t.join("redis.in")
    recipe = start_recipe(t, "redis_in.sh", "news", "-p", port)
    await_subscriber(t, port, "news")
    for n in (1, 2):
        t.start(["redis-cli", "-p", port, "publish", "news", f'{{"n":{n}}}']).expect_exit(0)
        peer.expect_event(event_type="redis.in", payload={"n": n})
    server.signal(15)
    recipe.expect_exit()


@scenario
def events_become_messages(t):
    server, port = start_server(t)
    t.start_bus()
    recipe = start_recipe(t, "redis_out.sh", "news", "-p", port)
    await_consumers(t, "redis.out")
    heard = t.start(["redis-cli", "--raw", "-p", port, "subscribe", "news"])
    heard.expect_line("^1$", "out")
    t.publish(event("redis.out", {"text": "it's \"quoted\""}))
    matches(r'^\{"text":"it\'s \\"quoted\\""\}$', heard.expect_line(r"^\{", "out").string)
    t.run_cli("stop", "--force")
    recipe.expect_exit()
    heard.kill()
    server.kill()


main()
