#!/bin/bash
# In namespaces of its own: makes ROOT, a directory with a Debian in it, the root, with nothing of the host's in it that
# could be written but the pools of huge pages, and becomes systemd there, which starts check.target. unit-check.sh starts
# this.
# Usage: enter.sh ROOT
set -euo pipefail

root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount --bind /sys/kernel/mm/hugepages sys/kernel/mm/hugepages
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/hugepages
mount -t tmpfs tmpfs dev/shm
mount -t hugetlbfs -o pagesize=2M none dev/hugepages
for node in null zero full random urandom; do
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp

# what systemd sees of control groups begins at the one that this process is in
if grep -q ':name=systemd:' /proc/self/cgroup; then
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd systemd sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi

mkdir -p old-root
pivot_root . old-root
cd /
umount -l /old-root
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set=-sys_time,-sys_boot,-sys_module,-sys_rawio,-syslog \
  /lib/systemd/systemd --system --unit=check.target --log-target=null --show-status=no
