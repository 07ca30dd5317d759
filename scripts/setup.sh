#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing maitred needs. Does nothing when all are there.
set -euo pipefail

packages=(
  # toolchain
  g++ clang-14 libclang-rt-14-dev lld cmake ninja-build ccache pkg-config python3
  dpkg-dev file   # dependencies of the packages: scripts/package.sh
  # libraries; the reason for each stands in docs/decisions/0002-dependencies.md
  capnproto libcapnp-dev libboost1.81-dev libboost-program-options1.81-dev liblua5.4-dev
  libyaml-cpp-dev libspdlog-dev libsqlite3-dev nlohmann-json3-dev libssl-dev
  libcurl4-openssl-dev libarchive-dev libre2-dev
  # tests, benchmarks and the quickstart
  libgtest-dev libgmock-dev libbenchmark-dev sqlite3 curl procps e2fsprogs mount
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup: these packages are missing and need root to install: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends \
        "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: installing failed; see the lines above" >&2
  exit 1
fi
