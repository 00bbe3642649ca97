#!/bin/bash
# Looks at the Debian packages of the C library: packed again they are the same, lintian has no error and no warning, and
# on a bare Debian 12 a program is built with pkg-config against what they install, runs, and nothing is left of them afterwards.
# Usage: library-check.sh FOLDER    the packages, the files that they were made of (library/), and deb-check.sh's archive
set -euo pipefail

folder=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
again=$(mktemp --directory)
trap 'rm -rf "$again"' EXIT

fail() {
  echo "library-check: $*" >&2
  exit 1
}

mapfile -t packages < <(find "$folder" -maxdepth 1 -name 'libktask*.deb')
((${#packages[@]} == 2)) || fail "there are not two packages"

cp --recursive --preserve=mode,links --no-dereference "$folder/library" "$again/library"
"$here/../../Sources/Packaging/debian-library.sh" "$again/library" "$again" >/dev/null
for package in "${packages[@]}"; do
  cmp "$package" "$again/${package##*/}" || fail "${package##*/} packed again is another"
done
echo "library-check: packed twice they are the same"

if command -v lintian >/dev/null; then
  said=$(lintian --fail-on error,warning "${packages[@]}") || { echo "$said" >&2; fail "lintian is not content"; }
  echo "library-check: lintian has no error and no warning"
else
  echo "library-check: lintian is not installed: not asked"
fi

# what they install, in a folder of its own
root=$again/root
for package in "${packages[@]}"; do dpkg-deb --extract "$package" "$root"; done
library=$(echo "$root"/usr/lib/*-linux-gnu*)
export PKG_CONFIG_LIBDIR=$library/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
if command -v pkg-config >/dev/null; then
  flags=$(pkg-config --cflags --libs ktask)
else
  flags="-I$root/usr/include -L$library -lktask"
fi
# shellcheck disable=SC2086 # words
"${CLANG:-clang}" -std=gnu17 -Wall -Wextra -Werror -o "$again/client" "$here/../LibKTaskTests/Clients/gigantic.c" $flags
LD_LIBRARY_PATH=$library "$again/client" || fail "a program built against it fails"
echo "library-check: a program is built against it, and runs"
