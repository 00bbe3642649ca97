#!/bin/bash
# What unit-check.sh runs as a unit of the systemd that it has started.
set -euo pipefail

mib=1048576

# check NAME COMMAND…: says whether the command is true; the first that is not ends the check.
check() {
  local name=$1
  shift
  if "$@"; then echo "unit-check: $name"; else
    echo "unit-check: $name: NO"
    systemctl show --property=ActiveState,SubState,Result,ExecMainStatus,StatusText 'ktaskctl-*'
    cat /tmp/*.err 2>/dev/null
    exit 1
  fi
}
# what systemd knows of a unit
property() { systemctl show --property="$2" --value "ktaskctl-$1"; }
is() { [[ $(property "$1" "$2") == "$3" ]]; }
# there is no sysinit.target in here, on which units depend by default
start() { systemctl start --job-mode=ignore-dependencies "ktaskctl-$1"; }
fails() { ! "$@" 2>/dev/null; }
allocated() { [[ $(stat --format=%b "$1") -eq $(($2 / 512)) ]]; }
locked() { grep -q "^VmLck:[[:space:]]*$1 kB$" "/proc/$(property "$2" MainPID)/status"; }

runtime=/run/systemd/system
mkdir -p /etc/ktaskctl "$runtime/ktaskctl-prefault@.service.d" "$runtime/ktaskctl-prefault@slow.service.d"
printf 'FILES=/dev/shm/one /dev/shm/two\nOPTIONS=--size 128M\n' >/etc/ktaskctl/vm.conf
printf 'OPTIONS=--size 64M --page-size 4K\n' >/etc/ktaskctl/cache.conf
printf 'FILES=/dev/hugepages/vm\nOPTIONS=--size 64M --grow-pool\n' >/etc/ktaskctl/huge.conf
printf 'FILES=/nonexistent/file\nOPTIONS=--size 64M\n' >/etc/ktaskctl/wrong.conf
printf 'FILES=/dev/shm/slow\nOPTIONS=--size 1G --threads 1 --method touch\n' >/etc/ktaskctl/slow.conf
mkdir --mode 700 /dev/shm/stock
printf -- '--size 32M --count 2\n/dev/shm/stock\n' >/etc/ktaskctl/spare.conf
printf '[Service]\nStandardError=append:/tmp/words.err\n' >"$runtime/ktaskctl-prefault@.service.d/words.conf"
# a time limit that a start needs not keep within, but its first word must: on a busy machine it comes later
before=$(date +%s%3N)
for _ in {1..10}; do /usr/bin/ktaskctl --version >/dev/null; done
limit=$(($(date +%s%3N) - before))
if ((limit < 150)); then limit=150; fi
printf '[Service]\nTimeoutStartSec=%dms\n' $limit >"$runtime/ktaskctl-prefault@slow.service.d/short.conf"
systemctl daemon-reload

check "prefault@: starts" start prefault@vm.service
check "prefault@: when it has started, every page is there" allocated /dev/shm/one $((128 * mib))
check "prefault@: and of the second file, too" allocated /dev/shm/two $((128 * mib))
check "prefault@: is active" is prefault@vm.service SubState running
check "prefault@: says how it got on" grep -q '^holding, verified after ' <<<"$(property prefault@vm.service StatusText)"
check "prefault@: starts with a file on hugetlbfs, whose pool it raises" start prefault@huge.service
check "prefault@: and makes huge pages" allocated /dev/hugepages/vm $((64 * mib))
check "pin@: starts" start pin@cache.service
check "pin@: when it has started, all is locked" locked 65536 pin@cache.service
check "pin@: may lock without a limit" is pin@cache.service LimitMEMLOCK infinity

check "stock@: starts" start stock@spare.service
check "stock@: when it has started, a file is ready" compgen -G '/dev/shm/stock/ready-32M-any-*'
check "stock@: one is taken" ktaskctl prefault /dev/shm/taken --size 32M --from /dev/shm/stock
check "stock@: reads its settings again" systemctl reload ktaskctl-stock@spare.service
check "stock@: and goes on" is stock@spare.service SubState running

before=$(date +%s%3N)
check "a start that takes longer than its time limit, but gets on, is not cut off" start prefault@slow.service
took=$(($(date +%s%3N) - before))
if ((took <= limit)); then echo "unit-check: (this machine took $took ms: that says nothing)"; fi
check "and all its pages are there" allocated /dev/shm/slow $((1024 * mib))

check "a start that fails is told" fails start prefault@wrong.service
check "and its status is the program's" is prefault@wrong.service ExecMainStatus 1
check "all end when they are told to" \
  systemctl stop ktaskctl-prefault@vm.service ktaskctl-prefault@huge.service ktaskctl-pin@cache.service \
  ktaskctl-stock@spare.service
check "prefault@: its end is no failure" is prefault@vm.service Result success
check "pin@: its end is no failure" is pin@cache.service Result success
check "stock@: its end is no failure" is stock@spare.service Result success
check "prefault@: the file stays" allocated /dev/shm/one $((128 * mib))
echo "unit-check: all as it should be"
