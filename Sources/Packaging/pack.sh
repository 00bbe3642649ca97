#!/bin/bash
# Makes a Debian package of the files under ROOT and of ROOT/DEBIAN/control, but for the sizes in it: of the same files the
# same package, to the last bit.
# Usage: pack.sh ROOT FOLDER CHANGELOG    prints the package's name in FOLDER
set -euo pipefail

root=$1
folder=$2
changelog=$3
control=$root/DEBIAN/control

field() { sed -n "s/^$1: //p" "$control"; }
# no file in the package is younger than this: dpkg-deb reads it
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog --file "$changelog" --show-field Timestamp)}
export SOURCE_DATE_EPOCH

# compressed as Debian wants them, the same every time
if [[ -d $root/usr/share/man ]]; then find "$root/usr/share/man" -type f ! -name '*.gz' -exec gzip -9n {} +; fi

# as dpkg-gencontrol counts, and not by the blocks of the file system at hand
kibibytes=$(find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' |
  awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }')
sed -i "s/^Section: /Installed-Size: $kibibytes\n&/" "$control"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum | LC_ALL=C sort -k 2) >"$root/DEBIAN/md5sums"

package=$folder/$(field Package)_$(field Version)_$(field Architecture).deb
# a file is as old as the changelog, also where it was made before that entry
find "$root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
echo "$package"
