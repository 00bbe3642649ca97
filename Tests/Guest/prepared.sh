# shellcheck shell=bash
# Guests that boot from memory which ktaskctl made ready on this machine, by the manual's own recipes. Sourced, after
# boot.sh.
# shellcheck disable=SC2034,SC2154 # what others set and use

# The pool, and what a guest of 1 GiB takes of it.
prepared_pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
prepared_pages=512

# give_back: the pool, and the mount, are as they were.
give_back() {
  umount -l "$huge"
  echo "$pool_before" >$prepared_pool
}

# test_prepared: true where all went well, and where this machine cannot do it.
test_prepared() {
  local status=0
  if ((EUID != 0)); then
    printf '➜ Test "guests boot from memory that was made ready" skipped: "only root can reserve huge pages"\n'
    return 0
  fi
  pool_before=$(<$prepared_pool)
  huge=$built/hugetlbfs
  mkdir -p "$huge"
  mount -t hugetlbfs -o pagesize=2M none "$huge"
  trap give_back EXIT
  echo $((pool_before + prepared_pages)) >$prepared_pool
  told "a guest boots from a hugetlbfs file, by the recipe start-vm" boots_from_file || status=1
  told "a second prefault changes nothing of a running guest's memory" second_prefault || status=1
  told "a guest boots from a memfd, by the recipe start-vm-memfd" boots_from_memfd || status=1
  trap - EXIT
  give_back
  return $status
}

# told SENTENCE FUNCTION: runs a test and tells how it ended, with all it said where it failed.
told() {
  local began=$SECONDS said status=0
  said=$("$2" 2>&1) || status=$?
  if ((status == 0)); then
    printf '✔ Test "%s" passed after %d seconds.\n' "$1" $((SECONDS - began))
    return 0
  fi
  printf '✘ Test "%s" failed after %d seconds:\n' "$1" $((SECONDS - began))
  printf '%s\n' "$said" | sed 's/^/    /'
  return 1
}

# by_recipe NAME WORD…: the machine without remapping, started by a script of ktaskctl-recipes(7).
by_recipe() {
  local script=$built/$1 emulated=$built/emulated
  # the recipes try KVM first, which is there on some machines and does not work
  mkdir -p "$emulated"
  # shellcheck disable=SC2016 # expanded when it runs
  printf '#!/bin/bash\nexec %q "${@/#kvm/tcg}"\n' "$(command -v qemu-system-x86_64)" >"$emulated/qemu-system-x86_64"
  chmod +x "$emulated/qemu-system-x86_64"
  no_remapping
  # its memory is the recipe's
  hardware=("${hardware[@]:0:2}" "${hardware[@]:4}")
  "$top/Tests/recipe.sh" "$top/man/ktaskctl-recipes.7" "$1" >"$script"
  qemu=(env "PATH=$built/bin:$emulated:$PATH" "HUGETLBFS=$huge" bash "$script" "${@:2}")
}

boots_from_file() {
  by_recipe start-vm guest 1
  boot no_remapping test || return 1
  # it had written there, and the recipe clears that before the next start
  ! cmp -n 67108864 "$huge/guest" /dev/zero >"$run/cmp" || { echo "the guest's memory is not in the file"; return 1; }
  boot no_remapping test
}

boots_from_memfd() {
  rm -f "$huge/guest"
  by_recipe start-vm-memfd 1
  boot no_remapping test
}

# The guest is stopped for as long as its memory is compared.
second_prefault() {
  local pid before after status=0
  by_recipe start-vm guest 1
  rm -f "$built/run/console"
  # it is silent for as long as it is stopped
  boot no_remapping hang 3600 >"$built/hang" &
  until grep -qs "init: hangs" "$built/run/console"; do
    kill -0 $! || { cat "$built/hang"; return 1; }
    sleep 0.1
  done
  pid=$(<"$built/run/pid")
  kill -STOP "$pid"
  before=$(sha256sum <"$huge/guest")
  "$built/bin/ktaskctl" prefault "$huge/guest" --size 1G --json >"$built/again" || status=$?
  "$built/bin/ktaskctl" verify "$huge/guest" --size 1G --page-size 2M || status=$?
  after=$(sha256sum <"$huge/guest")
  kill -CONT "$pid"
  sleep 0.5
  kill "$pid" || { echo "the guest did not go on"; status=1; }
  wait || true
  grep -q '"added_bytes" *: *0\b' "$built/again" || { cat "$built/again"; status=1; }
  [[ $before == "$after" ]] || { echo "before: $before, after: $after"; status=1; }
  return $status
}
