#!/usr/bin/env bash
# Sets up, builds and runs every test that needs only Debian packages: unit, integration, contract, end to end,
# in the short profile. tests/long.sh runs the same suites at full size.
#   tests/run.sh [--preset NAME] [--label LABEL] [ctest arguments…]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
label=
while [ $# -gt 0 ]; do
  case "$1" in
    --preset) preset=$2; shift 2 ;;
    --label) label=$2; shift 2 ;;
    --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
done

scripts/setup.sh
targets=()
if [ "$label" = unit ]; then
  targets=(unit-tests)
fi
scripts/build.sh "$preset" "${targets[@]}"

export MAITRED_TEST_PROFILE=${MAITRED_TEST_PROFILE:-short}
results=build/$preset/test-results
rm -rf "$results"
mkdir -p "$results"
export GTEST_OUTPUT="xml:$PWD/$results/"
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j 2 \
      ${label:+-L "$label"} "$@" || status=$?
python3 tests/summary.py "$results" || status=1
exit "$status"
