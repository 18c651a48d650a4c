#!/usr/bin/env bash
# The pinned compiler with a memory: before every choice of tests, forge asks it for the same interfaces again.
set -euo pipefail

memory=../solc
mkdir -p "$memory"
question=$(mktemp "$memory/XXXXXX")
trap 'rm -f "$question" "$question.answer"' EXIT
{ printf '%s\n' "$*"; [[ " $* " == *" --version "* ]] || cat; } > "$question"
known=$memory/$(sha256sum < "$question" | cut -d ' ' -f 1).json
if [[ ! -e $known ]]; then
  tail -n +2 "$question" | ./tools/solc.js "$@" > "$question.answer"
  mv "$question.answer" "$known"
fi
cat "$known"
