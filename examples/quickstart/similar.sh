#!/bin/sh
# similar.sh FILE FOLDER: prints the five files below FOLDER that share most words with FILE. One job of the
# quickstart is one such search: real input, a second of real work, an answer worth reading.
set -eu
file=$1
folder=$2

words() { tr -cs 'A-Za-z' '\n' <"$1" | tr 'A-Z' 'a-z' | awk 'length > 3' | sort -u; }

words "$file" >mine
count=$(wc -l <mine)
[ "$count" -gt 0 ] || { echo "$file holds no words" >&2; exit 3; }
find "$folder" -path '*/build' -prune -o \( -name '*.md' -o -name '*.capnp' -o -name '*.lua' \) -print |
  sort | head -n 40 |
  while read -r other; do
    [ "$other" = "$file" ] && continue
    words "$other" >theirs
    echo "$(comm -12 mine theirs | wc -l) of $count words: $other"
  done | sort -rn | head -n 5
