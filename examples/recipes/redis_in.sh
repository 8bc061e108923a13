#!/bin/sh
# A Redis channel into the bus: each message that is JSON becomes an event of type redis.in.
# usage: redis_in.sh CHANNEL [OPTION OF redis-cli]...
set -eu
channel=$1
shift
# three lines per message: what it is, the channel, the text; the first three confirm the subscription
redis-cli --raw "$@" subscribe "$channel" | sed -un '1,3d; 0~3p' | cafbus publish --type redis.in
