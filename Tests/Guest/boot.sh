# shellcheck shell=bash
# Boots a guest and tells what became of it. Sourced, after machines.sh.
# shellcheck disable=SC2154 # what others set

# boot MACHINE DO SECONDS: boots what the machine's function has set up and does DO in it: test, bench, self-test, panic
# or hang. Prints the tests as they end. False, with the guest's console, unless all went well.
boot() {
  local name=${1//_/-} what=$2 seconds=$3 began=$SECONDS status=0 verdict
  run=$built/run
  rm -rf "$run"
  mkdir -p "$run"
  touch "$run"/{md,json,count}
  printf '◇ Guest %s: %s started.\n' "$name" "$what"
  timeout --foreground --kill-after=5 "$seconds" "${qemu[@]}" \
    -accel tcg,thread=multi -machine q35 -cpu max,la57=off "${hardware[@]}" \
    -device isa-debug-exit,iobase=0x501,iosize=1 -nodefaults -no-user-config -no-reboot -display none \
    -serial "file:$run/console" -serial stdio -pidfile "$run/pid" -kernel "$kernel" -initrd "$initramfs" \
    -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off random.trust_cpu=on intel_iommu=on iommu=nopt \
$append guest.machine=$name guest.run=$what ${ONLY:+guest.only=${ONLY// /_}}" </dev/null 2>"$run/qemu" | tell_lines || status=${PIPESTATUS[0]}
  verdict=$(verdict "$status" "$seconds")
  if [[ -z $verdict ]]; then
    printf '✔ Guest %s: %s passed after %d s.\n' "$name" "$what" $((SECONDS - began))
    return 0
  fi
  printf '✘ Guest %s: %s failed after %d s: %s.\n' "$name" "$what" $((SECONDS - began)) "$verdict"
  sed 's/^/  qemu: /' "$run/qemu"
  tail -n 60 "$run/console" | tr -d '\r' | sed 's/^/  console: /'
  return 1
}

# verdict STATUS SECONDS: why a guest with that exit status of QEMU's failed; nothing where all is well.
verdict() {
  local wanted='' passed=0 failed=0 skipped=0 ended=''
  # shellcheck source=/dev/null
  . "$run/count"
  case $1 in
    0) echo "the guest panicked or reset itself" ;;
    1)
      if ((failed > 0)); then
        echo "$failed tests failed"
      elif [[ ${wanted:-0} == 0 && $what == test ]]; then
        echo "no test was to run"
      elif [[ -z $wanted || $wanted != "$ended" || $wanted != $((passed + failed + skipped)) ]]; then
        echo "${wanted:-no} tests were to run, $passed passed and $skipped skipped have told so"
      fi ;;
    3) if ((failed > 0)); then echo "$failed of $wanted tests failed"; else echo "the runner failed"; fi ;;
    124 | 137) echo "the guest hung: no end after $2 s" ;;
    *) echo "QEMU ended with status $1" ;;
  esac
}

# tell_lines: reads what the guest's runner says (Runner/Report.swift) and prints it as test output; counts into $run.
tell_lines() {
  local word first second file='' wanted='' passed=0 failed=0 skipped=0 ended='' because=()
  while IFS=$'\t' read -r word first second; do
    case $word in
      begin) wanted=$first ;;
      started) because=() ;;
      because) because+=("$first") ;;
      passed)
        passed=$((passed + 1))
        printf '✔ Test "%s" passed after %s seconds.\n' "$first" "$second" ;;
      skipped)
        skipped=$((skipped + 1))
        printf '➜ Test "%s" skipped: "%s"\n' "$first" "$second" ;;
      failed)
        failed=$((failed + 1))
        printf '✘ Test "%s" failed after %s seconds:\n' "$first" "$second"
        ((${#because[@]} == 0)) || printf '    %s\n' "${because[@]}" ;;
      end) ended=$first ;;
      file) file=$first ;;
      line) printf '%s\n' "$first${second:+$'\t'$second}" >>"$run/${file##*/}" ;;
      endfile) file='' ;;
      *) printf '  %s\n' "$word $first $second" ;;
    esac
    printf 'wanted=%s passed=%d failed=%d skipped=%d ended=%s\n' "$wanted" $passed $failed $skipped "$ended" \
      >"$run/count"
  done
}

# test_the_lab: a guest that panics, one that hangs, and failing tests must each be told as that.
test_the_lab() {
  local status=0
  two_nodes
  expect_failure panic 60 "the guest panicked or reset itself" || status=1
  expect_failure hang 10 "the guest hung: no end after 10 s" || status=1
  expect_failure self-test 60 "1 of 3 tests failed" || status=1
  return $status
}

# expect_failure DO SECONDS WHY: boots a guest that must fail, and say why.
expect_failure() {
  local said status=0
  said=$(boot two_nodes "$1" "$2" 2>&1) || status=$?
  if ((status == 1)) && [[ $said == *"failed after"*": $3."* ]]; then
    printf '✔ Test "the lab tells of a guest that does: %s" passed.\n' "$1"
    return 0
  fi
  printf '✘ Test "the lab tells of a guest that does: %s" failed: status %d\n' "$1" "$status"
  printf '%s\n' "$said" | sed 's/^/    /'
  return 1
}
