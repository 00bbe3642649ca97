#!/bin/bash
# Takes a script out of a manual page, where a comment `.\" script: NAME` stands before its display.
# Usage: recipe.sh PAGE [NAME]    without NAME: the names
set -euo pipefail

page=$1
name=${2:-}

if [[ -z $name ]]; then
  sed -n 's/^\.\\" script: //p' "$page"
  exit
fi

# \e is how a page writes a backslash, and \& keeps a line from being a request
script=$(awk -v name="$name" '
  $0 == ".\\\" script: " name { found = 1 }
  found && /^\.Ed/ { exit }
  inside { gsub(/\\e/, "\\"); sub(/^\\&/, ""); print }
  found && /^\.Bd/ { inside = 1 }
' "$page")
if grep -q "^[.']" <<<"$script"; then
  echo "recipe: $page has a line in $name that begins with a dot: roff takes it for a request" >&2
  exit 1
fi
if [[ -z $script ]]; then
  echo "recipe: $page has no script $name" >&2
  exit 1
fi
printf '%s\n' "$script"
