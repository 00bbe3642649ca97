#!/bin/bash
# Runs the units of the Debian package under a real systemd: one of its own, in namespaces, with a Debian in a directory
# as its root. The host's systemd, if it has one, hears nothing of it.
# Usage: unit-check.sh PACKAGE FOLDER    after deb-check.sh, whose bare Debian in FOLDER is used
set -euo pipefail

package=$1
folder=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
archive=$folder/bookworm-minbase.tar
root=$folder/systemd-root
group=ktaskctl-unit-check

if ((EUID != 0)) || [[ ! -e $archive ]]; then
  echo "unit-check: not done: needs root, and the bare Debian that deb-check.sh makes"
  exit 0
fi

# where this process may make a control group: version 2, and systemd's own hierarchy beside version 1
mapfile -t hierarchies < <(awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) { print $2 }' /proc/mounts)

pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
pages=$(<$pool)

clean() {
  echo "$pages" >$pool
  if mountpoint --quiet "$root/proc"; then umount "$root/proc"; fi
  rm -rf --one-file-system "$root"
  for hierarchy in "${hierarchies[@]}"; do
    find "$hierarchy/$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
}
trap clean EXIT
clean

for hierarchy in "${hierarchies[@]}"; do
  if ! mkdir "$hierarchy/$group" 2>/dev/null; then
    echo "unit-check: not done: no control group can be made under $hierarchy"
    exit 0
  fi
done

mkdir -p "$root"
tar --extract --file "$archive" --directory "$root"
cp "$package" "$root/ktaskctl.deb"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
mount -t proc proc "$root/proc"
if ! chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
  ${http_proxy:+"http_proxy=$http_proxy"} \
  apt-get install -y --no-install-recommends systemd /ktaskctl.deb >"$folder/apt.log" 2>&1; then
  cat "$folder/apt.log" >&2
  exit 1
fi
umount "$root/proc"

install -m 0755 "$here/unit-check-inside.sh" "$root/check.sh"
cat >"$root/etc/systemd/system/check.target" <<'UNIT'
[Unit]
DefaultDependencies=no
Wants=check.service
UNIT
cat >"$root/etc/systemd/system/check.service" <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
StandardOutput=file:/check.log
StandardError=inherit
ExecStart=/check.sh
ExecStopPost=systemctl exit
UNIT

# shellcheck disable=SC2016  # the inner shell is to expand these
timeout --kill-after=2 1800 bash -c '
  group=$1; root=$2; enter=$3; shift 3
  for hierarchy; do echo $$ >"$hierarchy/$group/cgroup.procs"; done
  exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup "$enter" "$root"
' bash "$group" "$root" "$here/enter.sh" "${hierarchies[@]}" </dev/null >"$folder/systemd.log" 2>&1 || true

if [[ ! -e $root/check.log ]]; then
  echo "unit-check: not done: systemd does not start in namespaces here:"
  tail -5 "$folder/systemd.log"
  exit 0
fi
cat "$root/check.log"
tail -1 "$root/check.log" | grep -q '^unit-check: all as it should be$'
