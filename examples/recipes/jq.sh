#!/bin/sh
# jq between two event types: of the issues that are opened, the titles of those with a label, as events of their own.
# usage: jq.sh [LABEL]
set -eu
cafbus consume github.issues.opened </dev/null |
  jq --unbuffered -c --arg wanted "${1:-bug}" '.issue | select(any(.labels[]?; .name == $wanted)) | {number, title}' |
  cafbus publish --type issues.labelled
