#!/bin/bash
# library.sh SOURCES OUT [embedded|whole]: builds OUT/libktask.so.1 and OUT/libktask.a from the package's sources, the very
# ones that `swift build` takes. Embedded Swift where the toolchain has it for this machine: a shared object of a third of a
# megabyte that needs the C library only. Elsewhere the whole Swift run-time is linked in, which makes it twenty times
# as large.
set -euo pipefail

sources=$(realpath "$1") out=$(mkdir -p "$2" && realpath "$2")
machine=$(uname -m)
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v "${SWIFTC:-swiftc}")")")")
embedded=$toolchain/lib/swift/embedded/$machine-unknown-linux-gnu
kind=${3:-$([[ -d $embedded ]] && echo embedded || echo whole)}
work=$out/$kind
mkdir -p "$work"

features=(-enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility -strict-memory-safety -warnings-as-errors)
common=(-wmo -Osize -parse-as-library -swift-version 6 -package-name ktask "${features[@]}" -I "$work"
  -Xcc "-fmodule-map-file=$sources/LibKTask/Embedded/module.modulemap" -Xcc -D_GNU_SOURCE)
if [[ $kind == embedded ]]; then common+=(-enable-experimental-feature Embedded); fi

# module NAME FILES…: in Embedded Swift only a description, from which the last module takes what it uses.
module() {
  local name=$1 object=()
  shift
  if [[ $kind == whole || $name == LibKTask ]]; then object=(-c -o "$work/$name.o"); fi
  "${SWIFTC:-swiftc}" "${common[@]}" -module-name "$name" -emit-module -emit-module-path "$work/$name.swiftmodule" \
    "${object[@]}" "$@"
}

# files FOLDER…: the Swift files in it. Without those of a program's own affairs, whose Swift is not all there in Embedded Swift,
# and without the search for a knee, which no client can ask for.
files() {
  find "$@" -name '*.swift' ! -path '*/Embedded/*' ! -name StreamEnd.swift ! -name Signals.swift ! -name Surroundings.swift \
    ! -name Accounts.swift ! -name ProcessPolicies.swift ! -name 'KneeFinder*.swift' ! -name TaskRun+Knee.swift | LC_ALL=C sort
}

rm -f "$work"/*.o
if [[ $kind == embedded ]]; then module Glibc "$sources/LibKTask/Embedded/Glibc.swift"; fi
mapfile -t system < <(files "$sources/LinuxSystem")
mapfile -t engine < <(files "$sources/KTask")
engine+=("$sources/LibKTask/Embedded/NoKnees.swift")
mapfile -t library < <(files "$sources/LibKTask")
module LinuxSystem "${system[@]}"
module KTask "${engine[@]}"
module LibKTask "${library[@]}"

c_files=("$sources"/CLinux/*.c "$sources"/CKTask/*.c)
if [[ $kind == embedded ]]; then c_files+=("$sources/LibKTask/Embedded/random.c"); fi
for file in "${c_files[@]}"; do
  "${CLANG:-clang}" -c -Os -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -ftls-model=initial-exec -std=gnu17 \
    -Wall -Wextra -Werror -I "$sources/CLinux/include" -I "$sources/CKTask/include" -o "$work/c-$(basename "$file" .c).o" "$file"
done

linking=("--version-script=$sources/LibKTask/Embedded/ktask.map" -soname=libktask.so.1 -z nodelete -z defs -z relro -z now
  --gc-sections --icf=all --as-needed -s)
if [[ $kind == embedded ]]; then
  tables=("$embedded/libswiftUnicodeDataTables.a")
  "${CLANG:-clang}" -shared -fuse-ld=lld "${linking[@]/#/-Wl,}" -o "$out/libktask.so.1" "$work"/*.o "${tables[@]}" -lm
else
  mapfile -t words < <(printf -- '-Xlinker\n%s\n' "${linking[@]}")
  "${SWIFTC:-swiftc}" -emit-library -static-stdlib -use-ld=lld "${words[@]}" -o "$out/libktask.so.1" "$work"/*.o
fi
# the same wherever it is built
"$sources/Packaging/settle.sh" "$out/libktask.so.1"
ln -sf libktask.so.1 "$out/libktask.so"

if [[ $kind == embedded ]]; then
  # one object, of which only the interface can be linked against
  ld.lld -r --whole-archive -o "$work/libktask.o" "$work"/*.o "${tables[@]}"
  names=$(sed -n 's/^ *\(ktask_[a-z_]*\);.*/--keep-global-symbol=\1/p' "$sources/LibKTask/Embedded/ktask.map")
  # shellcheck disable=SC2086 # words
  objcopy $names --strip-debug --remove-section=.swift_modhash "$work/libktask.o"
  rm -f "$out/libktask.a"
  ar rcsD "$out/libktask.a" "$work/libktask.o"
fi
printf '%s: %d bytes (%s)\n' "$out/libktask.so.1" "$(stat -c %s "$out/libktask.so.1")" "$kind"
