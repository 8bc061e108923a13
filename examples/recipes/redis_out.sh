#!/bin/sh
# Events of type redis.out to a Redis channel: each payload is a message.
# usage: redis_out.sh CHANNEL [OPTION OF redis-cli]...
set -eu
channel=$1
shift
cafbus consume redis.out </dev/null | while IFS= read -r payload; do
  redis-cli "$@" publish "$channel" "$payload" </dev/null >/dev/null
done
