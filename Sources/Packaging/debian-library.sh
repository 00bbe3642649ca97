#!/bin/bash
# Makes the Debian packages libktask1 and libktask-dev of what `make install-library` put under ROOT: of the same files the
# same packages, to the last bit.
# Usage: debian-library.sh ROOT FOLDER    prints the packages' names in FOLDER
set -euo pipefail

root=$1
folder=$2
here=$(dirname "$0")
changelog=$here/changelog
version=$(dpkg-parsechangelog --file "$changelog" --show-field Version)
maintainer=$(dpkg-parsechangelog --file "$changelog" --show-field Maintainer)
architecture=$(dpkg --print-architecture)
libraries=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

[[ -e $root/$libraries/libktask.so.$version ]] || {
  echo "debian-library.sh: $changelog begins with version $version, the library has another" >&2
  exit 1
}

# dpkg-shlibdeps reads a source package's control file; what it needs of one is that it is there
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
mkdir "$source/debian"
printf 'Source: ktaskctl\n\nPackage: libktask1\nArchitecture: any\n' >"$source/debian/control"
library=$(realpath "$root/$libraries/libktask.so.$version")
depends=$(cd "$source" && dpkg-shlibdeps -O "$library" 2>/dev/null)

# package NAME SECTION DEPENDS, its description on standard input: begins a package's files.
package() {
  local files=$folder/$1
  rm -rf "$files"
  install -d "$files/DEBIAN" "$files/$libraries" "$files/usr/share/doc/$1"
  install -m 0644 "$here/copyright" "$files/usr/share/doc/$1/copyright"
  gzip -9nc "$changelog" >"$files/usr/share/doc/$1/changelog.gz"
  chmod 0644 "$files/usr/share/doc/$1/changelog.gz"
  {
    printf 'Package: %s\nSource: ktaskctl\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n' \
      "$1" "$version" "$architecture" "$maintainer"
    printf 'Depends: %s\nSection: %s\nPriority: optional\nMulti-Arch: same\n' "$3" "$2"
    cat
  } >"$files/DEBIAN/control"
}

package libktask1 libs "${depends#shlibs:Depends=}" <<'DESCRIPTION'
Description: make memory ready with many threads: shared library
 libktask is the ktask framework for programs in C and other languages: work
 on large amounts of memory is cut into chunks, done by the caller and some
 helpers, and taken back where a chunk fails. With it come calls that
 populate, clear, lock, release and verify a program's own memory.
DESCRIPTION
cp -a "$root/$libraries"/libktask.so.* "$folder/libktask1/$libraries/"
printf 'libktask 1 libktask1 (>= 1.0.0)\n' >"$folder/libktask1/DEBIAN/shlibs"
printf 'activate-noawait ldconfig\n' >"$folder/libktask1/DEBIAN/triggers"

package libktask-dev libdevel "libktask1 (= $version)" <<'DESCRIPTION'
Description: make memory ready with many threads: development files
 The header, the archive, the pkg-config file and the manual pages of
 libktask, the ktask framework for programs in C and other languages.
DESCRIPTION
cp -a "$root/$libraries"/libktask.so "$root/$libraries/pkgconfig" "$folder/libktask-dev/$libraries/"
if [[ -e $root/$libraries/libktask.a ]]; then cp -a "$root/$libraries/libktask.a" "$folder/libktask-dev/$libraries/"; fi
cp -a "$root/usr/include" "$folder/libktask-dev/usr/"
if [[ -d $root/usr/share/man ]]; then cp -a "$root/usr/share/man" "$folder/libktask-dev/usr/share/"; fi

for name in libktask1 libktask-dev; do "$here/pack.sh" "$folder/$name" "$folder" "$changelog"; done
