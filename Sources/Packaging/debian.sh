#!/bin/bash
# Makes a Debian package of what `make install` put under ROOT: of the same files the same package, to the last bit.
# Usage: debian.sh ROOT FOLDER    prints the package's name in FOLDER
set -euo pipefail

root=$1
folder=$2
here=$(dirname "$0")
program=$root/usr/bin/ktaskctl
"$here/settle.sh" "$program"
version=$("$program" --version)
version=${version#ktaskctl }
architecture=$(dpkg --print-architecture)

changelog=$here/changelog
[[ $(dpkg-parsechangelog --file "$changelog" --show-field Version) == "$version" ]] || {
  echo "debian.sh: $changelog does not begin with version $version" >&2
  exit 1
}
maintainer=$(dpkg-parsechangelog --file "$changelog" --show-field Maintainer)

# dpkg-shlibdeps reads a source package's control file; what it needs of one is that it is there
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
mkdir "$source/debian"
printf 'Source: ktaskctl\n\nPackage: ktaskctl\nArchitecture: any\n' >"$source/debian/control"
mapfile -t linked < <(realpath "$program" "$root"/usr/lib/ktask/*)
depends=$(cd "$source" && dpkg-shlibdeps -O "${linked[@]}" 2>/dev/null)
depends=${depends#shlibs:Depends=}

documents=$root/usr/share/doc/ktaskctl
install -d "$documents" "$root/etc/ktaskctl" "$root/DEBIAN"
install -m 0644 "$here/copyright" "$documents/copyright"
install -m 0644 "$changelog" "$documents/changelog"
gzip -9nf "$documents/changelog"
cat >"$root/DEBIAN/control" <<CONTROL
Package: ktaskctl
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Depends: $depends
Section: admin
Priority: optional
Description: make memory ready with many threads, and prove it
 ktaskctl gives memory its pages, clears it or pins it with as many threads as
 the machine has use for, verifies that, undoes it when something fails, and
 reports the time that each number of threads took. It is for the start of
 virtual machines, databases and inference servers from shell scripts and
 systemd units.
CONTROL
"$here/pack.sh" "$root" "$folder" "$changelog"
