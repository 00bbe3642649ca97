#!/bin/bash
# Builds and runs packages of somebody else's that use KTask: found as a folder, and by a git URL. One of them is the
# README's, another has the examples of KTask's articles. Nothing of the program comes along: no libnuma, no constructor.
# Where it may, it empties libnuma's headers for itself, so that whatever needs them fails.
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
reader=$folder/reader
clone=$folder/some-other-name

fail() {
  echo "consumer-check: $*" >&2
  exit 1
}

# prepare: the packages, afresh. The reader's is made of what the README says, but for where it has KTask.
prepare() {
  local article articles=$package/Sources/articles
  rm -rf "$package" "$reader"
  cp -r "$checkout/Tests/Package/Consumer" "$package"
  mkdir -p "$articles" "$reader/Sources/sums"
  for article in "$checkout"/Sources/KTask/KTask.docc/*.md; do
    grep -q '^```swift$' "$article" || continue
    awk -f "$checkout/Tests/Package/articles.awk" "$article" >"$articles/$(basename "$article" .md).swift"
    echo "try article$(basename "$article" .md)()" >>"$articles/main.swift"
  done
  "$checkout/Tests/Package/block.sh" "$checkout/README.md" main.swift >"$reader/Sources/sums/main.swift"
  "$checkout/Tests/Package/block.sh" "$checkout/README.md" Package.swift >"$reader/Package.swift"
}

# replace OLD NEW: in the reader's Package.swift, where OLD stands as it is.
replace() {
  local text
  text=$(<"$reader/Package.swift")
  [[ $text == *"$1"* ]] || fail "the README's Package.swift has no $1"
  printf '%s\n' "${text/"$1"/"$2"}" >"$reader/Package.swift"
}

# build WHERE: both packages with KTask from there. They share what is built of KTask.
build() {
  local built
  KTASK=$1 swift build --package-path "$package" --scratch-path "$package/.build"
  built=$(swift build --package-path "$reader" --scratch-path "$package/.build" 2>&1 | tee /dev/stderr)
  [[ $built != *warning* ]] || fail "the README's package has a warning"
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
  "$built/articles"
}

# sums: the README's program does what sum(1) does, is stopped by Ctrl-C, and has nothing to say of a tree that it cannot read.
sums() {
  local program=$package/.build/debug/sums tree file status=0
  tree=$(mktemp --directory)
  for file in {1..40}; do head --bytes=$((file * 997)) "$program" >"$tree/$file"; done
  "$program" "$tree" >"$reader/found"
  while read -r sum file; do
    ((sum == 10#$(sum <"$file" | cut -d ' ' -f 1))) || fail "the README's program: the sum of $file is not $sum"
  done <"$reader/found"
  [[ $(wc -l <"$reader/found") == 40 ]] || fail "the README's program leaves files out"

  # so much that it cannot be done before it is stopped; job control, or the signal would be ignored from the start
  for file in {1..800}; do truncate --size 2M "$tree/large-$file"; done
  set -m
  "$program" "$tree" >"$reader/found" 2>"$reader/told" &
  set +m
  until grep -q files "$reader/told" || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
  kill -INT $!
  wait $! || status=$?
  [[ $status == 130 && ! -s $reader/found ]] || fail "Ctrl-C does not stop the README's program: $status"

  rm "$tree"/large-*
  if ((EUID == 0)) && command -v setpriv >/dev/null; then
    status=0
    chmod 0755 "$tree"
    chmod 0 "$tree/7"
    cp "$program" "$tree/program"
    setpriv --reuid 65534 --clear-groups "$tree/program" "$tree" >"$reader/found" 2>"$reader/told" || status=$?
    [[ $status == 1 && ! -s $reader/found ]] || fail "a file that cannot be read: $status"
    grep -q "$tree/7: " "$reader/told" || fail "a file that cannot be read is not told"
  fi
  rm -rf "$tree"
}

echo "consumer-check: KTask in a folder"
prepare
# the folder's name is not the package's
ln -sfn "$checkout" "$folder/a-clone"
replace '"../ktask"' '"../a-clone"'
build "$folder/a-clone"
inspect
sums

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
prepare
replace '.package(name: "ktask", path: "../ktask")' ".package(url: \"file://$clone\", branch: \"main\")"
replace 'package: "ktask"' "package: \"${clone##*/}\""
build "file://$clone"
inspect
rm -rf "$package" "$reader" "$clone" "$folder/a-clone"
