#!/bin/bash
# Looks at the Debian package without installing it: packed again it is the same, nothing in it is looked for beside the
# program, whatis(1) knows every page, and lintian has no error and no warning.
# Usage: package-check.sh PACKAGE ROOT    ROOT: the files it was made of
set -euo pipefail

package=$1
root=$2
here=$(dirname "$0")
again=$(mktemp --directory)
trap 'rm -rf "$again"' EXIT

fail() {
  echo "package-check: $*" >&2
  exit 1
}

# a copy is younger, and lies in another order on the disk
cp --recursive --preserve=mode "$root" "$again/root"
rm -rf "$again/root/DEBIAN"
find "$again/root/usr/share/man" -name '*.gz' -exec gunzip {} +
"$here/../../Sources/Packaging/debian.sh" "$again/root" "$again" >/dev/null
cmp "$package" "$again/${package##*/}" || fail "packed again it is another"
echo "package-check: packed twice it is the same: $(sha256sum <"$package" | cut -c 1-16)"

dynamic=$(readelf --dynamic "$root/usr/bin/ktaskctl")
[[ $dynamic != *RUNPATH* && $dynamic != *RPATH* ]] || fail "the program looks for libraries beside itself"
echo "package-check: the program has no RUNPATH"

if command -v lexgrog >/dev/null; then
  for page in "$root"/usr/share/man/man?/*.gz; do
    name=$(basename "$page" | sed 's/\.[0-9]\.gz$//')
    [[ $(lexgrog "$page") == *"\"$name - "* ]] || fail "whatis says nothing of $name"
  done
  echo "package-check: whatis knows every page"
fi

if command -v lintian >/dev/null; then
  said=$(lintian --fail-on error,warning "$package") || { echo "$said" >&2; fail "lintian is not content"; }
  echo "package-check: lintian has no error and no warning"
else
  echo "package-check: lintian is not installed: not asked"
fi
