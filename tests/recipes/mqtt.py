"""Messages of a broker become events, and events become messages."""
import json

from kitchen import (await_consumers, await_success, check, equal, event, free_port, main, needs, scenario,
                     start_recipe)


def start_broker(t):
    needs("mosquitto", "mosquitto_sub", "mosquitto_pub")
    port = free_port()
    with open(t.path("mosquitto.conf"), "w", encoding="utf-8") as file:
        file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    broker = t.start(["mosquitto", "-c", t.path("mosquitto.conf")])
    await_success(t, "mosquitto_pub", "-p", port, "-t", "up", "-n")
    return broker, port


@scenario
def messages_become_events(t):
    broker, port = start_broker(t)
    t.start_bus()
    peer = t.join("mqtt.in")
    # a retained message is there whenever the subscription comes
    t.start(["mosquitto_pub", "-p", port, "-t", "home/door", "-r", "-m", 'say "open"']).expect_exit(0)
    recipe = start_recipe(t, "mqtt_in.sh", "home/#", "-p", port)
    found = peer.expect_event(event_type="mqtt.in")["payload"]
    equal((found["topic"], found["payload"]), ("home/door", 'say "open"'), "message")
    recipe.kill()
    broker.kill()


@scenario
def events_become_messages(t):
    broker, port = start_broker(t)
    t.start_bus()
    recipe = start_recipe(t, "mqtt_out.sh", "out", "-p", port, "-r")
    await_consumers(t, "mqtt.out")
    t.publish(event("mqtt.out", {"n": 1}))
    heard = t.start(["mosquitto_sub", "-p", port, "-t", "out", "-C", "1", "-W", "20"])
    heard.expect_exit(0)
    equal(json.loads(heard.out), {"n": 1}, "message")
    t.run_cli("stop", "--force")
    recipe.expect_exit()
    check(broker.running, "the broker goes on")
    broker.kill()


main()
