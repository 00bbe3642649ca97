#!/bin/bash
# Installs the Debian package on a bare Debian 12 in a directory, runs it there, does what the README tells an operator to do,
# and removes it again.
# Usage: deb-check.sh PACKAGE FOLDER
# A bare system is kept in FOLDER as an archive, so that only the first check fetches one.
set -euo pipefail

package=$1
folder=$2
archive=$folder/bookworm-minbase.tar
root=$folder/chroot

if ((EUID != 0)) || ! command -v debootstrap >/dev/null; then
  echo "deb-check: not done: needs root and debootstrap, which make a Debian in a directory"
  exit 0
fi

# this machine's own mirror where it is a Debian, so that what is set up for that one is used
mirror=$(apt-get indextargets --format "\$(REPO_URI) \$(CODENAME)" 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')

readme=$(dirname "$0")/../../README.md
block() { "$(dirname "$0")/block.sh" "$readme" "$1"; }
pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
pages=$(cat $pool 2>/dev/null || true)

clean() {
  if mountpoint --quiet "$root/dev/hugepages"; then umount "$root/dev/hugepages"; fi
  if mountpoint --quiet "$root/sys"; then umount "$root/sys"; fi
  if [[ -n $pages ]]; then echo "$pages" >$pool; fi
  if mountpoint --quiet "$root/proc"; then umount "$root/proc"; fi
  if mountpoint --quiet "$root/dev/shm"; then umount "$root/dev/shm"; fi
  rm -rf --one-file-system "$root"
}
trap clean EXIT
clean
mkdir -p "$root"

if [[ ! -e $archive ]]; then
  debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$folder/debootstrap.log"
  tar --create --one-file-system --file "$archive.new" --directory "$root" .
  mv "$archive.new" "$archive"
else
  tar --extract --file "$archive" --directory "$root"
fi

# inside COMMAND…: runs it in the bare system
inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}
# step NAME COMMAND…: runs it and says that it worked
step() {
  local name=$1
  shift
  "$@" >"$folder/step.log" 2>&1 || { cat "$folder/step.log" >&2; echo "deb-check: $name: failed" >&2; exit 1; }
  echo "deb-check: $name"
}

mount -t proc proc "$root/proc"
mount -t tmpfs -o size=128M tmpfs "$root/dev/shm"
cp "$package" "$root/ktaskctl.deb"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true

step "apt-get installs it with what it depends on" inside apt-get install -y --no-install-recommends /ktaskctl.deb
step "dpkg finds every file as it was packed" inside dpkg --verify ktaskctl
step "it starts" inside ktaskctl --version
step "it clears memory" inside ktaskctl clear --size 64M --min-chunk 8M
step "it prefaults a file" inside ktaskctl prefault /dev/shm/vm --size 64M
step "every page of the file is there" inside sh -c "test \$(stat -c %b /dev/shm/vm) -eq \$((64 * 2048))"
# the optimizer has left out before what only seems to change nothing
for method in populate fallocate touch; do
  step "it makes pages by $method" inside ktaskctl prefault "/dev/shm/$method" --size 8M --method "$method"
done
for file in /usr/share/man/man8/ktaskctl.8.gz /usr/share/bash-completion/completions/ktaskctl \
  /usr/share/ktaskctl/report.schema.json /usr/lib/systemd/system/ktaskctl-prefault@.service /usr/share/doc/ktaskctl/copyright; do
  step "it has $file" inside test -s "$file"
done
step "the units run the program that is installed" inside grep -q '^ExecStart=/usr/bin/ktaskctl ' \
  /usr/lib/systemd/system/ktaskctl-prefault@.service /usr/lib/systemd/system/ktaskctl-pin@.service \
  /usr/lib/systemd/system/ktaskctl-stock@.service
# An operator's first hour, as the README has it. In place of QEMU: what says whether the machine's memory is there.
operator() {
  local name
  mount -t sysfs sysfs "$root/sys"
  for name in start-vm stop-vm; do
    block $name >"$root/usr/local/bin/$name"
    chmod 0755 "$root/usr/local/bin/$name"
  done
  # shellcheck disable=SC2016 # expanded in there
  printf '#!/bin/bash\nktaskctl verify /dev/hugepages/vm1 --size 1G --page-size 2M --zero && echo "$@" >/started\n' \
    >"$root/usr/local/bin/qemu-system-x86_64"
  chmod 0755 "$root/usr/local/bin/qemu-system-x86_64"
  step "the README: start-vm says where hugetlbfs is not mounted" inside sh -c \
    "mkdir -p /dev/hugepages; /usr/local/bin/start-vm vm1 1 2>&1 | grep 'try: mount -t hugetlbfs'"
  step "the README: hugetlbfs is mounted" inside bash -euo pipefail -c "$(block mount)"
  step "the README: a machine's memory is ready when it starts, and given back afterwards" inside \
    PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -euo pipefail -c "$(block machine | sed 's/vm1 8/vm1 1/')"
  step "the README: QEMU is told of the memory" inside grep -q "mem-path=/dev/hugepages/vm1,size=1G" /started
  step "the README: nothing of it is left" inside test ! -e /dev/hugepages/vm1
  rm "$root"/usr/local/bin/{start-vm,stop-vm,qemu-system-x86_64}
  umount "$root/dev/hugepages"
  umount "$root/sys"
}
available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
if [[ -w $pool ]] && ((available > 4096)); then
  operator
else
  echo "deb-check: the README's machine: not done: needs 2 MiB pages and 4 GiB of free memory"
fi
step "it is removed" inside apt-get purge -y ktaskctl
step "and nothing of it is left" inside sh -c "! find / -xdev -name '*ktaskctl*' -not -name ktaskctl.deb \
  -not -path '/var/*' | grep ."
