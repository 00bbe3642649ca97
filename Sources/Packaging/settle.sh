#!/bin/bash
# Takes from a linked program what differs from one build to another of the same sources: the compiler's own notes on modules,
# which hash the folder that they were built in, and the build's identifier, which becomes the hash of what remains.
# Usage: settle.sh PROGRAM
set -euo pipefail

program=$1

# section NAME: where it begins in the file, and its length; nothing where there is none.
section() {
  readelf --sections --wide "$program" | sed 's/^ *\[ *[0-9]*\] *//' |
    while read -r name _ _ offset size _; do
      if [[ $name == "$1" ]]; then echo "$((16#$offset)) $((16#$size))"; fi
    done
}

# write OFFSET: standard input over the file's bytes from there on.
write() { dd of="$program" bs=1M oflag=seek_bytes seek="$1" conv=notrunc status=none; }

read -r offset size < <(section .swift_modhash) || true
if [[ -n ${size:-} ]]; then head -c "$size" /dev/zero | write "$offset"; fi

read -r offset size < <(section .note.gnu.build-id) || true
if [[ -n ${size:-} ]]; then
  # a note's head has four words; the hash is what follows
  head -c $((size - 16)) /dev/zero | write $((offset + 16))
  printf '%b' "$(sha256sum "$program" | head -c $((2 * (size - 16))) | sed 's/../\\x&/g')" | write $((offset + 16))
fi
