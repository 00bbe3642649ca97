# shellcheck shell=bash
# The guests' kernels, and a QEMU that is new enough for them. Sourced, after debian.sh.
# shellcheck disable=SC2034,SC2154 # what others set and use

# Modules for VFIO, in the order in which they are loaded. Kernels differ in whether they have vfio_virqfd.
vfio_modules=(irqbypass vfio_virqfd vfio vfio_iommu_type1 vfio-pci-core vfio-pci)

# debian_kernel: Debian's cloud kernel; sets $kernel, its $release, and $modules, the directory of those for VFIO.
debian_kernel() {
  local package version name file
  package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
  if [[ -z $package ]]; then
    as_root apt-get -qq update || true
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
  fi
  [[ -n $package ]] || die "the package lists have no linux-image-cloud-amd64: the guests need Debian's packages"
  version=$(version_here "$package")
  name=${package}_$version release=${package#linux-image-}
  kernel=$cache/$name/vmlinuz modules=$cache/$name/modules
  [[ -e $cache/$name ]] && return
  begin "$name"
  fetch main "$package" "$version" "$cache/$name.part/package"
  mkdir "$cache/$name.part/modules"
  cp "$cache/$name.part/package"/boot/vmlinuz-* "$cache/$name.part/vmlinuz"
  for file in "${vfio_modules[@]}"; do
    find "$cache/$name.part/package" -name "$file.ko*" -exec cp {} "$cache/$name.part/modules/" \;
  done
  find "$cache/$name.part/modules" -name '*.xz' -exec xz -d {} +
  rm -rf "$cache/$name.part/package"
  end "$name"
}

# own_kernel CONFIG: a small kernel with IOMMUFD, which Debian's do not have, from Debian's source; sets $kernel.
own_kernel() {
  local config=$1 package=linux-source-6.12 lists=main version name
  version=$(version_here "$package")
  if [[ -z $version ]]; then
    lists=backports
    version=$(version_in_backports "$package")
  fi
  [[ -n $version ]] || die "neither the package lists nor Debian's backports have $package"
  # by what is built and how: another configuration is another kernel
  name=linux_${version}_$({ cat "$config" && declare -f build_kernel; } | sha256sum | head -c 12)
  kernel=$cache/$name/bzImage
  [[ -e $cache/$name ]] && return
  need_tools make:make gcc:gcc flex:flex bison:bison bc:bc xz:xz-utils
  need_files /usr/include/gelf.h:libelf-dev
  begin "$name"
  fetch "$lists" "$package" "$version" "$cache/$name.part/package"
  build_kernel "$config" "$cache/$name.part"
  end "$name"
}

# build_kernel CONFIG DIRECTORY: from package/ there to bzImage there.
build_kernel() {
  local config=$1 directory=$2 source=$2/source began=$SECONDS
  say "building the kernel for iommufd; this is done once, and takes minutes"
  mkdir "$source"
  tar -C "$source" --strip-components=1 -xJf "$directory"/package/usr/src/linux-source-*.tar.xz
  rm -rf "$directory/package"
  # all that is not asked for is off, that which is on by default as well
  make -C "$source" KCONFIG_ALLCONFIG="$config" allnoconfig >"$directory/log" 2>&1 \
    || { tail -20 "$directory/log"; die "the kernel cannot be configured"; }
  every_option_is_set "$config" "$source/.config"
  make -C "$source" -j"$(nproc)" bzImage >"$directory/log" 2>&1 \
    || { tail -20 "$directory/log"; die "the kernel does not build"; }
  cp "$source/arch/x86/boot/bzImage" "$source/.config" "$directory/"
  rm -rf "$source" "$directory/log"
  say "the kernel was built in $((SECONDS - began)) s"
}

# every_option_is_set WANTED GOT: allnoconfig drops without a word what it does not know or what lacks something.
every_option_is_set() {
  local option dropped=()
  while read -r option; do
    grep -qxF "$option" "$2" || dropped+=("$option")
  done < <(grep -E '^CONFIG_\w+=y' "$1")
  ((${#dropped[@]} == 0)) || die "the kernel's configuration did not take ${dropped[*]}"
}

# The release of QEMU from which kernels since 6.12 run under emulation: 7.2 emulates cmpxchg16b wrongly for them.
new_qemu=8

# qemu_major PROGRAM: its release's first number.
qemu_major() { "$1" --version | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p'; }

# old_kernels_qemu: what is installed; sets the array $qemu.
old_kernels_qemu() {
  need_tools qemu-system-x86_64:qemu-system-x86
  qemu=(qemu-system-x86_64)
}

# new_kernels_qemu: the installed one where it is new enough, else that of Debian's backports; sets the array $qemu.
new_kernels_qemu() {
  old_kernels_qemu
  (($(qemu_major "${qemu[0]}") >= new_qemu)) && return
  local version name package root
  version=$(version_in_backports qemu-system-x86)
  [[ -n $version ]] || die "QEMU here is older than $new_qemu, and Debian's backports have none"
  name=qemu_$version root=$cache/$name
  # what it is linked with comes with the installed one
  qemu=("$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
  [[ -e $root ]] && return
  begin "$name"
  for package in qemu-system-x86 qemu-system-common qemu-system-data seabios; do
    fetch backports "$package" "$(version_in_backports "$package")" "$root.part"
  done
  end "$name"
}
