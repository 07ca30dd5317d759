#!/usr/bin/env bash
# Configures and builds one preset: scripts/build.sh [PRESET] [TARGET…]. Prints what fails and the time taken. Without a
# target it builds what is installed; tests/all is the tests, benchmarks the benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
shift || true
began=$SECONDS
cmake --preset "$preset" >"/tmp/maitred-configure-$$.log" 2>&1 || {
  cat "/tmp/maitred-configure-$$.log" >&2
  rm -f "/tmp/maitred-configure-$$.log"
  exit 1
}
rm -f "/tmp/maitred-configure-$$.log"
ninja -C "build/$preset" --quiet "$@"
echo "build: preset $preset took $((SECONDS - began)) s"
