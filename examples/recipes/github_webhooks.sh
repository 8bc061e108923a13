#!/bin/sh
# GitHub webhooks to five scripts: each line of standard input is one webhook,
# {"event_type":"github.push","event_id":DELIVERY,"payload":BODY}. FOLDER has a program for each name below; it gets the body.
# usage: github_webhooks.sh FOLDER <webhooks.ndjson
set -eu
scripts=$(cd "$1" && pwd)
ready=$(mktemp -d)
trap 'rm -rf "$ready"' EXIT
on() { # NAME TYPES
  cafbus consume "github-$1" --types "$2" --exec "$scripts/$1" --on-exec-error skip --ready-file "$ready/$1" </dev/null &
}
on push github.push
on issues github.issues.opened,github.issues.closed
on pull_request github.pull_request.opened,github.pull_request.closed
on release github.release.published
on star github.star.created,github.star.deleted
while [ "$(ls "$ready" | wc -l)" -lt 5 ]; do sleep 0.1; done # all five are subscribed
cafbus publish
wait # until the bus is stopped: then the scripts have had everything
