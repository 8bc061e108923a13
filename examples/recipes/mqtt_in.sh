#!/bin/sh
# MQTT into the bus: a message becomes an event of type mqtt.in, whose payload is an object with topic, qos and payload.
# usage: mqtt_in.sh TOPIC [OPTION OF mosquitto_sub]...; publishes until the broker ends
set -eu
topic=$1
shift
mosquitto_sub -t "$topic" -F '{"event_type":"mqtt.in","payload":%j}' "$@" | cafbus publish
