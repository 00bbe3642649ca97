#!/bin/bash
# Takes a block out of a Markdown file: what is between the fences after a comment `<!-- block: NAME -->`.
# Usage: block.sh FILE NAME
set -euo pipefail

text=$(awk -v mark="<!-- block: $2 -->" '
  /^```/ { if (inside) exit; if (found) { inside = 1; next } }
  inside { print }
  $0 == mark { found = 1 }
' "$1")
if [[ -z $text ]]; then
  echo "block: $1 has no block $2" >&2
  exit 1
fi
printf '%s\n' "$text"
