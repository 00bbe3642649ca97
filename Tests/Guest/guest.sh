#!/bin/bash
# Boots guest machines under emulation and runs the tests or the benchmarks in them: guest.sh test|bench [MACHINE…]
#
# The kernels, QEMU and their configurations are in kernels.sh, the machines in machines.sh, what runs inside in init
# and Runner/. Before the tests proper, the lab itself is tested: a guest that panics, hangs or has a failing test must
# be told as that, and guests must boot from memory that ktaskctl made ready (prepared.sh). ONLY="words of a sentence"
# runs the tests that have them, and none of those.
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
# Seconds until a guest counts as hung.
limit=${GUEST_LIMIT:-180}

# build PRODUCT…: each one file that needs nothing.
build() {
  local product
  for product; do
    # the linker warns of what glibc leaves out of static programs, none of which is used here
    "$SWIFT" build --package-path "$top" -c release --product "$product" --scratch-path "$built" \
      --static-swift-stdlib -Xswiftc -static-executable >"$built.log" 2>&1 \
      || { cat "$built.log"; die "$product does not build"; }
    install -D -s "$built/release/$product" "$built/bin/$product"
  done
}

# make_initramfs: all that the guests need beside a kernel; sets $initramfs.
make_initramfs() {
  local root=$built/root
  initramfs=$built/initramfs.gz
  rm -rf "$root"
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
  cp "$(command -v busybox)" "$built"/bin/* "$root/bin/"
  install "$here/init" "$root/init"
  ln -s busybox "$root/bin/sh"
  debian_kernel
  cp -r "$modules" "$root/modules/$release"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$initramfs"
}

# test_machines MACHINE…: runs the tests in each; false where any failed.
test_machines() {
  local name failed=()
  if [[ -z ${ONLY:-} ]]; then
    test_the_lab || failed+=("the lab itself")
    test_prepared_memory || failed+=("memory that was made ready")
  fi
  for name; do
    "$name"
    boot "$name" test "$limit" || failed+=("$name")
  done
  ((${#failed[@]} == 0)) || { say "failed: ${failed[*]}"; return 1; }
}

# bench_machines MACHINE…: pins of memory, measured in each; leaves .build/bench-guest.md and .json.
bench_machines() {
  local name failed=() out=$top/.build/bench-guest
  rm -rf "$out".{md,json}
  for name; do
    "$name"
    boot "$name" bench 1200 || failed+=("$name")
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
if (($# == 0)); then
  set -- "${machines[@]}"
  # the others have the same kernel as the first, and no other devices
  if [[ $what == bench ]]; then set -- two_nodes iommufd; fi
fi
for machine; do
  [[ " ${machines[*]} " == *" $machine "* ]] || die "there is no machine $machine; there are ${machines[*]}"
done
case $what in test | bench) ;; *) die "usage: guest.sh test|bench [MACHINE…]" ;; esac
[[ $(uname -m) == x86_64 ]] || die "the guests are x86_64 machines, and so must this one be"
need_tools busybox:busybox-static cpio:cpio xz:xz-utils
mkdir -p "$cache" "$built"
rm -rf "${built:?}/bin"
products=(ktaskctl ktask-guest)
if [[ $what == bench ]]; then products+=(ktask-bench); fi
build "${products[@]}"
make_initramfs
"${what}_machines" "$@"
