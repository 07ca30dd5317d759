#!/usr/bin/env bash
# Runs the suites at full size: tests/long.sh --minutes N [ctest name pattern…]. Repeats them with fresh seeds
# until the time is up; a seed that fails is printed with the command that repeats it. What takes long tells every
# minute how far it has come, and ends in good order when the time is up.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=60
case "${1:-}" in
  --minutes) minutes=$2; shift 2 ;;
  --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

scripts/setup.sh
scripts/build.sh release all tests/all benchmarks
export MAITRED_TEST_PROFILE=long
# Upgrades start from the version before, really built.
if git rev-parse --verify --quiet "${MAITRED_PREVIOUS:-HEAD~1}" >/dev/null; then
  MAITRED_PREVIOUS_TREE=$(tests/previous-version.sh)
  export MAITRED_PREVIOUS_TREE
fi
pattern=$(IFS='|'; echo "$*")
deadline=$((SECONDS + minutes * 60))
export MAITRED_TEST_UNTIL=$(($(date +%s) + minutes * 60))
MAITRED_TEST_PROGRESS=$(mktemp)
export MAITRED_TEST_PROGRESS
tell() {
  while sleep 60; do
    [ ! -s "$MAITRED_TEST_PROGRESS" ] ||
      echo "long: $(cat "$MAITRED_TEST_PROGRESS"), $(((deadline - SECONDS) / 60)) min left"
  done
}
tell &
teller=$!
trap 'kill $teller; rm -f "$MAITRED_TEST_PROGRESS"' EXIT
round=0
while [ $SECONDS -lt $deadline ]; do
  round=$((round + 1))
  : >"$MAITRED_TEST_PROGRESS"
  export MAITRED_TEST_SEED=$((RANDOM * 32768 + RANDOM))
  echo "long: round $round, MAITRED_TEST_SEED=$MAITRED_TEST_SEED, $(((deadline - SECONDS) / 60)) min left"
  timeout $((deadline - SECONDS + 600)) ctest --test-dir build/release --output-on-failure \
    --no-tests=error --timeout 3600 ${pattern:+-R "$pattern"} || {
    status=$?
    if [ $status -eq 124 ]; then
      echo "long: time is up in the middle of round $round; what had ended by then had passed, the rest is not known"
      exit 1
    fi
    echo "long: repeat with MAITRED_TEST_PROFILE=long MAITRED_TEST_SEED=$MAITRED_TEST_SEED"
    exit 1
  }
  [ ! -s "$MAITRED_TEST_PROGRESS" ] || echo "long: $(cat "$MAITRED_TEST_PROGRESS") when round $round ended"
done
echo "long: $round rounds without a failure"
