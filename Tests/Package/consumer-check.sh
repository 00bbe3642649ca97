#!/bin/bash
# Builds and runs somebody else's package that uses KTask: found as a folder, and by a git URL. Nothing of the program comes
# along: no libnuma, no constructor. Where it may, it empties libnuma's headers for itself, so that whatever needs them fails.
# Usage: consumer-check.sh FOLDER
set -euo pipefail

if [[ -z ${HEADERS_ARE_EMPTY:-} ]] && unshare --mount true 2>/dev/null; then
  HEADERS_ARE_EMPTY=1 exec unshare --mount "$0" "$@"
fi
if [[ -n ${HEADERS_ARE_EMPTY:-} ]]; then
  for header in /usr{,/local}/include/numa{,if}.h; do
    [[ ! -e $header ]] || mount --bind /dev/null "$header"
  done
fi

checkout=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
package=$folder/consumer
clone=$folder/some-other-name

fail() {
  echo "consumer-check: $*" >&2
  exit 1
}

# build WHERE: the package with KTask from there, afresh.
build() {
  rm -rf "$package"
  cp -r "$checkout/Tests/Package/Consumer" "$package"
  mkdir "$package/Sources/readme"
  # the README's only program, with fewer directories to make
  awk '/^```$/ { inside = 0 } inside { print } /^```swift$/ { inside = 1 }' "$checkout/README.md" |
    sed 's/100_000/1_000/' >"$package/Sources/readme/main.swift"
  for program in consumer readme; do
    KTASK=$1 swift build --package-path "$package" --scratch-path "$package/.build" --product $program
  done
}

# inspect: what was built, and what it does.
inspect() {
  local built=$package/.build/debug part sections needed
  for part in CNuma CProgram NumactlWords MemoryWork ArgumentParser; do
    ! compgen -G "$built/$part.build/*.o" >/dev/null || fail "$part is built for KTask"
  done
  sections=$(readelf --wide --sections "$built"/CLinux.build/*.o)
  [[ $sections != *.init_array* && $sections != *.ctors* ]] || fail "a constructor is in KTask"
  needed=$(readelf --dynamic "$built/consumer")
  [[ $needed != *libnuma* ]] || fail "KTask needs libnuma"
  "$built/consumer"
  mkdir "$package/out"
  (cd "$package" && "$built/readme")
  [[ $(find "$package/out" -mindepth 1 | wc -l) == 1000 ]] || fail "the README's program made something else"
}

echo "consumer-check: KTask in a folder"
build "$checkout"
inspect

echo "consumer-check: KTask by a git URL"
rm -rf "$clone"
mkdir "$clone"
# what the checkout is just now, committed or not
(cd "$checkout" && git ls-files -z --cached --others --exclude-standard |
  while IFS= read -rd '' file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done |
  tar --create --null --files-from=-) | tar --extract --directory "$clone"
git -C "$clone" init --quiet --initial-branch main
git -C "$clone" add --all
git -C "$clone" -c user.name=check -c user.email=check@localhost commit --quiet --message "The checkout"
build "file://$clone"
inspect
rm -rf "$package" "$clone"
