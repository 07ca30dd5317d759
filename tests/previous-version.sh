#!/usr/bin/env bash
# Builds what an upgrade starts from and prints where it is installed: the commit before this one, or MAITRED_PREVIOUS,
# any name that git knows. Below build/previous, once for each commit. For tests/e2e/upgrade-test.cpp.
set -euo pipefail
cd "$(dirname "$0")/.."

commit=$(git rev-parse --verify --short "${MAITRED_PREVIOUS:-HEAD~1}^{commit}")
place=$PWD/build/previous/$commit
if [ ! -e "$place/installed/bin/maitred" ]; then
  mkdir -p "$place/source"
  git archive "$commit" | tar -x -C "$place/source"
  cd "$place/source"
  {
    cmake --preset release
    ninja -C build/release maitred maitred-local maitred-cook
    mkdir -p "$place/installed.part/bin" "$place/installed.part/lib/maitred"
    cp build/release/bin/maitred "$place/installed.part/bin/"
    cp build/release/lib/maitred/maitred-{local,cook}.so "$place/installed.part/lib/maitred/"
  } >&2
  mv "$place/installed.part" "$place/installed"
  rm -rf "$place/source"
fi
echo "$place/installed"
