#!/usr/bin/env bash
# From a machine with only Debian to a batch of two users, run to its end under two policies.
#   examples/quickstart.sh            sets up, builds, runs the batch under drf.lua and fifo.lua, compares
#   examples/quickstart.sh --serve    the same, and leaves the system running
# Everything it writes lies in build/: the binaries, and in build/quickstart the config, state and results.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

serve=
case "${1:-}" in
  "") ;;
  --serve) serve=yes ;;
  --help | -h) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "quickstart: unknown argument $1; see --help" >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$*"; }

say "Setting up and building"
scripts/setup.sh
scripts/build.sh release maitred maitred-local maitred-cook
maitred=$root/build/release/bin/maitred
here=$root/build/quickstart
results=$here/results
mkdir -p "$results"
export QUICKSTART_PORT=${QUICKSTART_PORT:-12321}
export MAITRED_COOK_URL=http://127.0.0.1:$QUICKSTART_PORT

# Tasks never run as root by accident: for root they run as nobody, if that account can reach this folder.
if [ "$(id -u)" -eq 0 ] &&
   ! setpriv --reuid nobody --regid nogroup --clear-groups test -r "$root/README.md" -a -x "$here"; then
  echo "note: the account nobody cannot reach $root, so the example tasks run as root"
  export QUICKSTART_RUN_AS=host QUICKSTART_ALLOW_ROOT=true
fi

ctl() { "$maitred" ctl "$@" --socket "$here/state/admin.sock"; }

# A system that a former --serve left running is stopped first.
if ctl status >/dev/null 2>&1; then
  echo "stopping the system that still runs in $here"
  ctl drain --all >/dev/null
fi

say "Checking and starting the config build/quickstart/maitred.yaml"
cp examples/quickstart/maitred.yaml "$here/maitred.yaml"
"$maitred" check "$here/maitred.yaml"
"$maitred" run --config "$here/maitred.yaml" >"$here/maitred.log" 2>&1 &
host=$!
trap 'kill "$host" 2>/dev/null || true; wait "$host" 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  "$maitred" cook list --of operator >/dev/null 2>&1 && break
  kill -0 "$host" 2>/dev/null || { tail -n 20 "$here/maitred.log" >&2; exit 1; }
  read -rt 0.1 <> <(:) || true
done

# One job: which documents of this project share most words with one of its files?
commands() {
  find "$root/sdk" "$root/docs" "$root/lua-policies" "$root/plugins" -name '*.md' -o -name '*.capnp' -o -name '*.lua' |
    sort | head -n "$1" | while read -r file; do
      echo "'$root/examples/quickstart/similar.sh' '$file' '$root'"
    done
}

# Ana sends many jobs; once some of hers are done, Ben sends a few.
batch() {
  local policy=$1
  commands 30 | "$maitred" cook submit --user ana --name "similar-$policy" >"$results/$policy-ana.jobs"
  head -n 2 "$results/$policy-ana.jobs" | "$maitred" cook wait --quiet
  commands 4 | "$maitred" cook submit --user ben --name "similar-$policy" >"$results/$policy-ben.jobs"
  cat "$results/$policy-ana.jobs" "$results/$policy-ben.jobs" >"$results/$policy.jobs"
  "$maitred" cook wait <"$results/$policy.jobs"
  "$maitred" cook report <"$results/$policy.jobs" >"$results/$policy.txt"
  "$maitred" cook report --json <"$results/$policy.jobs" >"$results/$policy.json"
}

say "A batch under lua-policies/fairness/drf.lua: 30 jobs of ana, then 4 of ben, on 2 cpus"
batch drf

say "Now drf.lua is swapped for fifo.lua by reload, without a restart"
sed -i 's#fairness/drf.lua#fairness/fifo.lua#' "$here/maitred.yaml"
ctl reload
batch fifo

say "What each user got"
echo "under drf.lua:"
cat "$results/drf.txt"
echo
echo "under fifo.lua: the late user starves behind the early one"
cat "$results/fifo.txt"
echo
echo "what one job found:"
"$maitred" cook logs "$(head -n 1 "$results/drf-ana.jobs")"
echo
echo "results: $results"

if [ -n "$serve" ]; then
  trap - EXIT
  disown "$host"
  cat <<NEXT

The system goes on running (process $host). Try:
  export PATH=$root/build/release/bin:\$PATH MAITRED_COOK_URL=$MAITRED_COOK_URL
  echo 'echo hello from \$(hostname)' | maitred cook submit --user ana | maitred cook wait
  maitred cook list --of ana
  curl -s $MAITRED_COOK_URL/info
  maitred ctl status --socket $here/state/admin.sock
  maitred ctl grants --socket $here/state/admin.sock
  edit $here/maitred.yaml, then: maitred ctl reload --socket $here/state/admin.sock
It stops with:
  maitred ctl drain --all --socket $here/state/admin.sock
NEXT
else
  ctl drain --all >/dev/null
  wait "$host" || true
  trap - EXIT
fi
