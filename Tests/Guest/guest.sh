#!/bin/bash
# Boots guest machines under emulation and runs the tests or the benchmarks in them: guest.sh test|bench [PART…]
#
# The kernels, QEMU and their configurations are in kernels.sh, the machines in machines.sh, what runs inside in init
# and Runner/. A part is a machine, and of the tests two more, which come first: `lab`, that a guest that panics, hangs or
# has a failing test is told as that, and `prepared`, that guests boot from memory which ktaskctl made ready on this
# machine, with its pool (prepared.sh). ONLY="words of a sentence" runs the tests in the machines that have them.
# shellcheck disable=SC1091,SC2154 # the sourced ones, and what they set
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/debian.sh"
. "$here/kernels.sh"
. "$here/machines.sh"
. "$here/boot.sh"
. "$here/prepared.sh"

SWIFT=${SWIFT:-swift}
built=$top/.build/guest

# build PRODUCT…: as `make build` does, so that what that has built need not be built again.
build() {
  local product
  for product; do
    make -s -C "$top" SWIFT="$SWIFT" "release-$product" >"$built.log" 2>&1 \
      || { cat "$built.log"; die "$product does not build"; }
    install -D "$top/.build/release/$product" "$built/bin/$product"
  done
}

# build_library: what `ktaskctl run` puts in front of a program's C library, where the program finds it.
build_library() {
  local library=.build/library
  make -s -C "$top" $library/libktask.so.1 $library/libktask-run.so >"$built.log" 2>&1 \
    || { cat "$built.log"; die "the library does not build"; }
  install -D -t "$built/lib/ktask" "$top/$library/libktask.so.1" "$top/$library/libktask-run.so"
}

# make_initramfs: all that the guests need beside a kernel; sets $initramfs.
make_initramfs() {
  local root=$built/root
  initramfs=$built/initramfs.gz
  rm -rf "$root"
  mkdir -p "$root"/{bin,dev,lib,proc,sys,tmp,modules}
  cp "$(command -v busybox)" "$built"/bin/* "$root/bin/"
  cp -r "$built/lib/ktask" "$root/lib/"
  # with the libraries that they are linked with, which have no spaces in their names
  # shellcheck disable=SC2046
  cp --dereference --parents $(ldd "$built"/bin/* "$built"/lib/ktask/* | grep -oE '(^|\s)/\S+ ' | sort -u) "$root"
  install "$here/init" "$root/init"
  ln -s busybox "$root/bin/sh"
  debian_kernel
  cp -r "$modules" "$root/modules/$release"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$initramfs"
}

# test_parts PART…: false where any failed.
test_parts() {
  local part failed=()
  for part; do
    if [[ $part == lab || $part == prepared ]]; then
      "test_$part" || failed+=("$part")
    else
      "$part"
      boot "$part" test || failed+=("$part")
    fi
  done
  ((${#failed[@]} == 0)) || { say "failed: ${failed[*]}"; return 1; }
}

# bench_parts MACHINE…: pins of memory, measured in each; leaves .build/bench-guest.md and .json.
bench_parts() {
  local name failed=() out=$top/.build/bench-guest
  rm -rf "$out".{md,json}
  for name; do
    "$name"
    boot "$name" bench || failed+=("$name")
    cat "$built/run/md" >>"$out.md"
    cat "$built/run/json" >>"$out.lines"
  done
  # each line is a member of one object
  { echo "{"; sed '$!s/$/,/' "$out.lines"; echo "}"; } >"$out.json"
  rm "$out.lines"
  cat "$out.md"
  ((${#failed[@]} == 0)) || { say "failed: ${failed[*]}"; return 1; }
}

what=${1:-}
shift || true
case $what in
  test) parts=(lab prepared "${machines[@]}") ;;
  # the other machines have the same kernel as the first, and no other devices
  bench) parts=(two_nodes iommufd) measured=(pins rings maps pin-knee) ONLY='' ;;
  *) die "usage: guest.sh test|bench [PART…]" ;;
esac
chosen=()
for part; do
  if [[ " ${parts[*]} ${machines[*]} " == *" $part "* ]]; then
    chosen+=("$part")
  elif [[ " ${measured[*]-} " == *" $part "* ]]; then
    ONLY+=" $part"
  else
    die "there is no $part; there are ${parts[*]} ${measured[*]-}"
  fi
done
if ((${#chosen[@]} == 0)); then
  chosen=("${parts[@]}")
  if [[ $what == test && -n ${ONLY:-} ]]; then chosen=("${machines[@]}"); fi
fi
[[ $(uname -m) == x86_64 ]] || die "the guests are x86_64 machines, and so must this one be"
need_tools busybox:busybox-static cpio:cpio xz:xz-utils
mkdir -p "$cache" "$built"
rm -rf "${built:?}"/{bin,lib}
products=(ktaskctl ktask-guest ktask-map-dma ktask-inject)
if [[ $what == bench ]]; then products+=(ktask-bench); fi
build "${products[@]}"
build_library
make_initramfs
"${what}_parts" "${chosen[@]}"
