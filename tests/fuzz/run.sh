#!/usr/bin/env bash
# Builds the fuzz targets and runs them one after the other: tests/fuzz/run.sh [--minutes N] [NAME…]
# Each runs N minutes (5), within 2 GiB and 10 s an input. Inputs that reach something new are kept in
# build/fuzz/finds/NAME and go on from there next time; what fails lies in build/fuzz/failures/NAME.
set -euo pipefail
cd "$(dirname "$0")/../.."

minutes=5
case "${1:-}" in
  --minutes) minutes=$2; shift 2 ;;
  --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
[[ $minutes =~ ^[0-9]+$ ]] || { echo "fuzz: expected a number of minutes, not '$minutes'" >&2; exit 64; }
length=(-max_total_time=$((minutes * 60)))
[ "$minutes" -gt 0 ] || length=(-runs=0)  # only what is known already
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in tests/fuzz/*.cmake; do names+=("$(basename "$file" .cmake)"); done
fi
for name in "${names[@]}"; do
  [ -e "tests/fuzz/$name.cmake" ] || {
    echo "fuzz: there is no target '$name'; expected one of: $(cd tests/fuzz && echo *.cmake | sed 's/\.cmake//g')" >&2
    exit 64
  }
done

scripts/setup.sh
scripts/build.sh fuzz "${names[@]/#/fuzz-}"

stat_of() {  # FILE STATISTIC
  sed -n "s/^stat::$2: *//p" "$1"
}
failed=0
summary=$(printf '%-16s %12s %8s %8s %6s  %s' target inputs/s edges 'peak MB' kept result)
for name in "${names[@]}"; do
  finds=build/fuzz/finds/$name failures=build/fuzz/failures/$name log=build/fuzz/$name.log
  mkdir -p "$finds" "$failures"
  before=$(find "$finds" -type f | wc -l)
  echo "fuzz: $name, $minutes min, log in $log"
  result=ok
  nice -n 10 "build/fuzz/bin/fuzz-$name" "${length[@]}" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$failures/" "$finds" "tests/fuzz/corpus/$name" >"$log" 2>&1 || {
    failed=1
    result="FAILED: $(ls -t "$failures" | head -n 1); repeat with: build/fuzz/bin/fuzz-$name $failures/FILE"
  }
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  summary+=$(printf '\n%-16s %12s %8s %8s %6s  %s' "$name" "$(stat_of "$log" average_exec_per_sec)" "${edges:--}" \
    "$(stat_of "$log" peak_rss_mb)" "$(($(find "$finds" -type f | wc -l) - before))" "$result")
done
echo "$summary"
exit $failed
