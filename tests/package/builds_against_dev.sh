#!/usr/bin/env bash
# usage: builds_against_dev.sh PACKAGE: a client and a bus are built with what libcafbus-dev has, by pkg-config, and run.
set -euo pipefail
package=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../embed"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
dpkg-deb -x "$package" "$dir"
found=("$dir"/usr/lib/*/pkgconfig)
export PKG_CONFIG_PATH=${found[0]}
for program in client:cafbus-client embeds:cafbus; do
  # shellcheck disable=SC2046
  c++ -std=c++20 -O0 "${program%:*}.cpp" -o "$dir/${program%:*}" $(pkg-config --cflags --libs "${program#*:}")
  "$dir/${program%:*}"
  echo "ok: ${program%:*} is built and runs"
done
