#!/bin/sh
# A CI job with three shards that report to it over the bus: fails if one is missing after a minute, or has failed.
# usage: ci_job.sh COMMAND   (run as COMMAND SHARD)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cafbus consume results --types shard.finished --max-events 3 --timeout 1min --fail-on-loss </dev/null >"$work/results" &
consumer=$!
for shard in 1 2 3; do
  (
    "$1" "$shard" && code=0 || code=$?
    echo "{\"shard\":$shard,\"code\":$code}" | cafbus publish --type shard.finished --wait-for-consumer 10s
  ) &
done
wait "$consumer"
cat "$work/results"
[ "$(grep -c '"code":0}' "$work/results")" = 3 ]
