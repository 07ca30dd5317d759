#!/usr/bin/env bash
# Builds the Debian packages maitred, maitred-sdk and maitred-doc from the release preset:
#   scripts/package.sh [--output DIR] [--version VERSION]
# DIR is build/packages if not given. The version is the project's, followed by the date and name of the commit if
# that has no tag of the form v1.2.3, so that later builds are newer packages.
set -euo pipefail
cd "$(dirname "$0")/.."

output=build/packages
version=
while [ $# -gt 0 ]; do
  case "$1" in
    --output) output=${2:?--output: a folder is expected}; shift 2 ;;
    --version) version=${2:?--version: a version is expected}; shift 2 ;;
    --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "package: unknown word: $1; try --help" >&2; exit 64 ;;
  esac
done

if [ -z "$version" ]; then
  version=$(sed -n 's/^project(maitred VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
  commit=$(git log -1 --format=%h 2>/dev/null || true)
  if [ -n "$commit" ] && [ "$(git tag --points-at HEAD "v$version")" = "" ]; then
    version+="~$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M --format=%cd).$commit"
  fi
fi
[[ $version =~ ^[0-9][A-Za-z0-9.+~-]*$ ]] || {
  echo "package: $version is no version of a Debian package, such as 1.2.3" >&2
  exit 64
}

scripts/setup.sh
scripts/build.sh release
mkdir -p "$output"
output=$(cd "$output" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
# In a folder of its own, so that packages of other versions are neither taken for ours nor disturbed.
if ! (cd "$work" && cpack --config "$OLDPWD/build/release/CPackConfig.cmake" -G DEB -B "$work/packages" \
      -R "$version" >"$log" 2>&1); then
  cat "$log" >&2
  exit 1
fi
mv "$work"/packages/*.deb "$output/"
for package in maitred maitred-sdk maitred-doc; do
  ls "$output/${package}_${version}_"*.deb
done
