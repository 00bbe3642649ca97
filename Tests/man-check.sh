#!/bin/bash
# Compares the manual pages with the program's own list of options, and has mandoc read the pages.
# Usage: man-check.sh PROGRAM FOLDER
set -euo pipefail

program=$1
pages=$2
failed=0

if ! command -v python3 >/dev/null; then
  echo "man-check: python3 is needed to read the program's list of options" >&2
  exit 1
fi

if ! options=$("$program" --experimental-dump-help); then
  echo "man-check: $program does not list its options" >&2
  exit 1
fi

python3 -c '
import json, pathlib, re, sys

folder = pathlib.Path(sys.argv[1])
faults = []

def options_of_program(command):
    """Every name of every option that the help shows, with its dashes."""
    dashes = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    return {dashes[name["kind"]] + name["name"]
            for argument in command.get("arguments") or [] if argument.get("shouldDisplay", True)
            for name in argument.get("names") or []}

def options_of_page(text):
    """The options that have an entry of their own in a list: .It Fl q , Fl -quiet"""
    return {"-" + name
            for line in text.splitlines() if line.startswith(".It Fl ")
            for name in re.findall(r"\bFl (\S+)", line)}

def check(command, parents):
    names = parents + [command["commandName"]]
    title = "-".join(names)
    page = folder / (title + ".8")
    if not page.exists():
        faults.append(f"{page} is missing")
        return
    program, described = options_of_program(command), options_of_page(page.read_text())
    faults.extend(f"{page}: {option} is missing" for option in sorted(program - described))
    faults.extend(f"{page}: {option} is not an option of the program" for option in sorted(described - program))
    for subcommand in command.get("subcommands") or []:
        if subcommand["commandName"] != "help" and subcommand.get("shouldDisplay", True):
            check(subcommand, names)

check(json.load(sys.stdin)["command"], [])
print("\n".join(faults) or "man-check: the pages and the program name the same options")
sys.exit(bool(faults))
' "$pages" <<<"$options" || failed=1

if command -v mandoc >/dev/null; then
  mandoc -T lint -W warning "$pages"/*.[378] || failed=1
else
  echo "man-check: mandoc is not installed, the pages' markup is not checked"
fi

recipes=$pages/ktaskctl-recipes.7
here=$(dirname "$0")
if command -v shellcheck >/dev/null; then
  while read -r name; do
    "$here/recipe.sh" "$recipes" "$name" | shellcheck - || failed=1
  done < <("$here/recipe.sh" "$recipes")
else
  echo "man-check: shellcheck is not installed, the recipes' scripts are not checked"
fi
exit "$failed"
