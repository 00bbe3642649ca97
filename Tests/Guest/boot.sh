# shellcheck shell=bash
# Boots a guest and tells what became of it. Sourced, after machines.sh.
# shellcheck disable=SC2154 # what others set

# Seconds for which a guest may say nothing on either serial port until it counts as hung. Its runner gives a sign of life
# every few seconds (Runner/Heartbeat.swift), however long a test takes: a slow host makes no guest hang. A kernel that
# boots says nothing, and may take as long as it wants, nearly.
silence=${GUEST_SILENCE:-180}
boot_silence=900

# boot MACHINE DO [SILENCE]: boots what the machine's function has set up and does DO in it: test, bench, self-test, panic
# or hang. Prints the tests as they end. False, with the guest's console, unless all went well.
boot() {
  local name=${1//_/-} what=$2 silence=${3:-$silence} began=$SECONDS status=0 verdict
  run=$built/run
  rm -rf "$run"
  mkdir -p "$run"
  touch "$run"/{md,json,count,console}
  printf '◇ Guest %s: %s started.\n' "$name" "$what"
  start_qemu </dev/null 2>"$run/qemu" | tell_lines || status=${PIPESTATUS[0]}
  verdict=$(verdict "$status")
  if [[ -z $verdict ]]; then
    printf '✔ Guest %s: %s passed after %d s.\n' "$name" "$what" $((SECONDS - began))
    return 0
  fi
  printf '✘ Guest %s: %s failed after %d s: %s.\n' "$name" "$what" $((SECONDS - began)) "$verdict"
  sed 's/^/  qemu: /' "$run/qemu"
  tail -n 60 "$run/console" | tr -d '\r' | sed 's/^/  console: /'
  return 1
}

# start_qemu: becomes QEMU, whose process is in $run/pid, with the line to the runner as its standard output. Where the
# host is busy, the kernel's first ticks come too late for its check of the timer, which ends in a panic.
start_qemu() {
  echo "$BASHPID" >"$run/pid"
  exec "${qemu[@]}" -accel tcg,thread=multi -machine q35 -cpu max,la57=off "${hardware[@]}" \
    -device isa-debug-exit,iobase=0x501,iosize=1 -nodefaults -no-user-config -no-reboot -display none \
    -serial "file:$run/console" -serial stdio -kernel "$kernel" -initrd "$initramfs" \
    -append "console=ttyS0 quiet panic=-1 no_timer_check nokaslr mitigations=off random.trust_cpu=on intel_iommu=on iommu=nopt \
$append guest.machine=$name guest.run=$what ${ONLY:+guest.only=${ONLY// /_}}"
}

# verdict STATUS: why a guest with that exit status of QEMU's failed; nothing where all is well.
verdict() {
  local wanted='' passed=0 failed=0 skipped=0 ended='' hung='' running=''
  # shellcheck source=/dev/null
  . "$run/count"
  if [[ -n $hung ]]; then
    echo "the guest hung: it said nothing for $hung s${running:+, in the test \"$running\"}"
    return
  fi
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
    *) echo "QEMU ended with status $1" ;;
  esac
}

# tell_lines: reads what the guest's runner says (Runner/Report.swift) and prints it as test output; counts into $run.
tell_lines() {
  local word first second patience=$boot_silence
  local wanted='' passed=0 failed=0 skipped=0 ended='' hung='' running='' file='' because=()
  while next_line; do
    patience=$silence
    case $word in
      up | alive) ;;
      begin) wanted=$first ;;
      started) running=$first because=() ;;
      because) because+=("$first") ;;
      passed)
        passed=$((passed + 1)) running=''
        printf '✔ Test "%s" passed after %s seconds.\n' "$first" "$second" ;;
      skipped)
        skipped=$((skipped + 1)) running=''
        printf '➜ Test "%s" skipped: "%s"\n' "$first" "$second" ;;
      failed)
        failed=$((failed + 1)) running=''
        printf '✘ Test "%s" failed after %s seconds:\n' "$first" "$second"
        ((${#because[@]} == 0)) || printf '    %s\n' "${because[@]}" ;;
      end) ended=$first ;;
      file) file=$first ;;
      line) printf '%s\n' "$first${second:+$'\t'$second}" >>"$run/${file##*/}" ;;
      endfile) file='' ;;
      *) printf '  %s\n' "$word${first:+ $first}${second:+ $second}" ;;
    esac
  done
  printf '%s=%q\n' wanted "$wanted" passed $passed failed $failed skipped $skipped ended "$ended" \
    hung "$hung" running "$running" >"$run/count"
}

# next_line: sets tell_lines' word, first and second. False after the last one, and where the guest has been silent for
# as long as tell_lines has patience, on the console as well: then QEMU is killed.
next_line() {
  local console status
  while console=$(stat -c %s "$run/console"); do
    IFS=$'\t' read -r -t "$patience" word first second && return
    status=$?
    ((status > 128)) || return 1
    [[ $(stat -c %s "$run/console") == "$console" ]] || continue
    hung=$patience
    kill -KILL "$(<"$run/pid")"
    return 1
  done
}

# test_lab: a guest that panics, one that hangs, and failing tests must each be told as that.
test_lab() {
  local status=0
  two_nodes
  expect_failure panic "$silence" "the guest panicked or reset itself" || status=1
  expect_failure hang 5 "the guest hung: it said nothing for 5 s" || status=1
  expect_failure self-test "$silence" "1 of 3 tests failed" || status=1
  return $status
}

# expect_failure DO SILENCE WHY: boots a guest that must fail, and say why.
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
