#!/bin/sh
# A tmux session that shows what goes on: above the events of a key, below the state of the bus.
# usage: tmux.sh KEY; then: tmux attach -t cafbus
set -eu
tmux new-session -d -s cafbus -n "$1" "cafbus consume '$1'; exec sh"
tmux split-window -t cafbus -v "cafbus status --watch; exec sh"
tmux select-pane -t cafbus:0.0
