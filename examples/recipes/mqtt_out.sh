#!/bin/sh
# Events of type mqtt.out to MQTT: each payload is a message. `consume` ends when mosquitto_pub does.
# usage: mqtt_out.sh TOPIC [OPTION OF mosquitto_pub]...
set -eu
topic=$1
shift
cafbus consume mqtt.out </dev/null | mosquitto_pub -t "$topic" -l "$@"
