#!/usr/bin/env bash
# Sets up, builds and runs every test that needs only Debian packages: unit, integration, contract, end to end,
# in the short profile. tests/long.sh runs the same suites at full size.
#   tests/run.sh [--preset NAME] [--label LABEL] [ctest arguments…]
# With --label unit, threads or fuzz only what that label needs is built.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
label=
while [ $# -gt 0 ]; do
  case "$1" in
    --preset) preset=$2; shift 2 ;;
    --label) label=$2; shift 2 ;;
    --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
done

scripts/setup.sh
targets=(all tests/all)
case "$label" in
  unit) targets=(unit-tests) ;;
  threads) targets=(thread-tests) ;;
  fuzz) targets=(fuzz-targets) ;;
esac
scripts/build.sh "$preset" "${targets[@]}"

export MAITRED_TEST_PROFILE=${MAITRED_TEST_PROFILE:-short}
results=build/$preset/test-results
rm -rf "$results"
mkdir -p "$results"
export GTEST_OUTPUT="xml:$PWD/$results/"
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j 2 \
      ${label:+-L "$label"} "$@" || status=$?
if [ "$label" != fuzz ]; then  # whose replays are no GoogleTest programs
  python3 tests/summary.py "$results" || status=1
fi
exit "$status"
