#!/bin/sh
# Everything that must hold, in one run: `npm test`. Each step runs even when one before it failed.
#   scripts/test.sh                 all steps
#   scripts/test.sh unit lint ...   these steps only
set -u
cd "$(dirname "$0")/.."

# Programs that colour what goes to a file or a log make it unreadable.
[ -t 1 ] || export NO_COLOR=1

steps="${*:-setup build types lint format docs unit integration vm-quick}"
all=no
[ $# -gt 0 ] || all=yes
began=$(date +%s)
failed=0
MEGANAT_TEST_TOTALS="$(mktemp)"
MEGANAT_TEST_FAILED="$(mktemp)"
passed_again="$(mktemp)"
export MEGANAT_TEST_TOTALS MEGANAT_TEST_FAILED
# A folder of this run's own: runs at the same time do not disturb each other, and nothing in it is ever stale.
mkdir -p build
compiled="$(mktemp -d build/test-XXXXXX)"
chmod 755 "$compiled" # some tests run programs as a user without rights

types() {
  sh scripts/compile-tests.sh "$compiled"
}

# compiled_tests FOLDERS-AND-FIND'S-TESTS: the compiled test files there.
compiled_tests() {
  [ -d "$compiled/src" ] || sh scripts/compile-tests.sh "$compiled" --noCheck >&2 || return 1
  (cd "$compiled" && find "$@" -name '*.test.js') | sort | sed "s|^|$compiled/|"
}

# A time, in seconds since 1970, at which what runs is ended; empty: none.
deadline=""

# within COMMAND: with status 124 if it was not done at the deadline.
within() {
  [ -n "$deadline" ] || {
    "$@"
    return
  }
  left=$((deadline - $(date +%s)))
  [ "$left" -gt 0 ] || return 124
  timeout --foreground -k 5 "$left" "$@"
}

# run_tests CONCURRENCY FILES
run_tests() {
  concurrency="$1"
  shift
  within node --enable-source-maps --test --test-concurrency="$concurrency" --test-reporter=./scripts/test-reporter.mjs "$@"
}

# shellcheck disable=SC2086 # file names here have no spaces
unit() {
  files="$(compiled_tests src test ! -path 'test/integration/*' ! -path 'test/vm/*')" || return 1
  run_tests "$(nproc)" $files
}

# These touch nothing but namespaces of their own, and wait more than they work.
side_by_side='/(apply-(bonds|cycle|drift|faults|kill|left-out|links|traffic)|build-bpf|doctor-(foreign|limits)'
side_by_side="$side_by_side|explain(-(limits|ports|refusals|trace))?|fastpath-(changes|edges|flowtable|fuzz|kill|others|settle|shares|soak|translation)[a-z-]*|foreign-rules|gather-since|icmp-errors|install|limits-apply"
side_by_side="$side_by_side|kernel-(nftables|route|ruleset|sysctl|uplinks)|listening-sockets|observe-limits|random-rules|remedy"
side_by_side="$side_by_side|render-(guard|ruleset)|translation|uplinks)\\.test\\.js\$"

# What compares moments of the whole machine.
alone='/(kernel-features|profile)\.test\.js$'

# All others beside them, but one file at a time: limits such as nf_conntrack_max are the host's, and the tests share them.
# shellcheck disable=SC2046
integration() {
  files="$(compiled_tests test/integration)" || return 1
  run_tests "$(nproc)" $(echo "$files" | grep -E "$side_by_side") >"$beside" 2>&1 &
  result=0
  run_tests 1 $(echo "$files" | grep -vE "$side_by_side|$alone") || result=1
  wait $! || result=1
  cat "$beside"
  run_tests 1 $(echo "$files" | grep -E "$alone") || result=1
  [ "$result" = 0 ] || again
}

# Files that failed among many are run once more by themselves, if they are few. One that passes then does not fail the
# run, but the summary names it: there is a mistake to be found, in the test or in what it tests.
MOST_AGAIN=2
again() {
  # Unit tests run meanwhile, and write to the same file.
  names="$(sed -n 's|.*/\(test/integration/[^/]*\)\.test\.[jt]s$|\1|p' "$MEGANAT_TEST_FAILED" | sort -u)"
  [ -n "$names" ] && [ "$(echo "$names" | wc -l)" -le "$MOST_AGAIN" ] || return 1
  for name in $names; do
    [ -e "$compiled/$name.test.js" ] || return 1
    echo "$name failed; again, by itself:"
    (MEGANAT_TEST_TOTALS='' MEGANAT_TEST_FAILED='' && run_tests 1 "$compiled/$name.test.js") || return 1
    echo "$name" >>"$passed_again"
  done
}

# What a step ends with that cannot be taken here.
SKIPPED=77

# vm_tests MARK: the compiled tests marked so in test/vm/tests.list.
vm_tests() {
  awk -v mark="$1" '$1 == mark { print $2 }' test/vm/tests.list | sed "s|^\(.*\)\.ts$|$compiled/\1.js|"
}
from_outside='/test/vm/[^/]*$'

# vm MARK ...: the tests marked so, on a stock kernel in a virtual machine.
# shellcheck disable=SC2046
vm() {
  vm_ready || return
  result=0
  # Each mark's within a machine of its own, so that quick ones find a kernel that has just booted.
  for mark in "$@"; do
    share="$PWD/$compiled/share-$mark"
    mkdir "$share"
    within node "$compiled/scripts/vm/run.js" --timeout 1800 --share "$share" \
      env MEGANAT_TEST_TOTALS="$share/totals" \
      node --test --test-concurrency=1 --test-reporter=./scripts/test-reporter.mjs \
      $(vm_tests "$mark" | grep -v "$from_outside") || result=$?
    [ ! -e "$share/totals" ] || cat "$share/totals" >>"$MEGANAT_TEST_TOTALS"
    # The machine did not run, or was not done.
    case "$result" in 124 | 125) return "$result" ;; esac
  done
  [ "$result" = 0 ] || result=1
  for mark in "$@"; do
    run_tests 1 $(vm_tests "$mark" | grep "$from_outside") || {
      status=$?
      [ "$result" = 1 ] || result="$status"
    }
  done
  return "$result"
}

# Brings what a virtual machine needs.
vm_ready() {
  [ -d "$compiled/src" ] || sh scripts/compile-tests.sh "$compiled" --noCheck >&2 || return 1
  within sh scripts/setup.sh --for vm && node "$compiled/scripts/vm/run.js" --check &&
    within sh scripts/vm/build-guest.sh >/dev/null && return
  if [ $? = 124 ]; then echo "vm: left out: what a virtual machine needs did not come in time"; else
    echo "vm: left out: no virtual machine can run here, for what is said above"
  fi
  return "$SKIPPED"
}

# Among all steps the virtual machine is one that may be left out: where there is none, and before it takes the run
# beyond what continuous integration grants it.
VM_SECONDS=400 ALL_SECONDS=660
vm_quick() {
  if [ "$all" = no ]; then
    vm quick
    return
  fi
  if [ -z "${CI:-}" ] && ! sh scripts/vm/build-guest.sh --built; then
    echo "vm-quick: left out: QEMU and a stock kernel, a third of a gigabyte, have not been brought here. Once, as root:"
    echo "  sh scripts/setup.sh --for vm && sh scripts/test.sh vm-quick"
    return "$SKIPPED"
  fi
  deadline=$((began + ALL_SECONDS)) latest=$(($(date +%s) + VM_SECONDS))
  [ "$latest" -gt "$deadline" ] || deadline="$latest"
  vm quick
  case $? in
    0) ;;
    "$SKIPPED") return "$SKIPPED" ;;
    124)
      echo "vm-quick: left out: not done $(($(date +%s) - began)) s after all tests began"
      return "$SKIPPED"
      ;;
    125)
      echo "vm-quick: left out: the virtual machine did not start, for what is said above"
      return "$SKIPPED"
      ;;
    *) return 1 ;;
  esac
}

step() {
  case "$1" in
    setup) sh scripts/setup.sh --for test ;;
    build) sh scripts/build.sh ;;
    lint) npm run --silent lint ;;
    types) types ;;
    format) npm run --silent format:check ;;
    docs) npm run --silent docs:check ;;
    unit) unit ;;
    integration) integration ;;
    vm-quick) vm_quick ;;
    vm) vm quick long ;;
    *)
      echo "test: no step called $1" >&2
      return 2
      ;;
  esac
}

# timed NAME: one step with its heading; a line for the summary goes to the end of the file of results.
results="$(mktemp)"
timed() {
  echo "== $1"
  started=$(date +%s)
  step "$1" </dev/null
  case $? in
    0) result=ok ;;
    "$SKIPPED") result=skipped ;;
    *) result=FAILED ;;
  esac
  printf '%-12s %-7s %4d s\n' "$1" "$result" $(($(date +%s) - started)) >>"$results"
}

# Integration waits more than it works. What needs no namespaces runs beside it, with what it leaves of the CPUs.
aside="" said="$(mktemp)" beside="$(mktemp)" pid=""
trap 'rm -rf "$MEGANAT_TEST_TOTALS" "$MEGANAT_TEST_FAILED" "$passed_again" "$compiled" "$results" "$said" "$beside"' EXIT
trap '[ -z "$pid" ] || kill "$pid"; exit 1' HUP INT TERM
# Steps that run side by side would both compile into the same folder.
case " $steps " in
  *" types "*) ;;
  *" unit "*" integration "*) sh scripts/compile-tests.sh "$compiled" --noCheck >&2 || exit 1 ;;
esac
rest="$steps "
for name in $steps; do
  rest="${rest#"$name "}"
  case "$name  $rest" in
    "lint "*" integration "* | "format "*" integration "* | "docs "*" integration "* | "unit "*" integration "*)
      aside="$aside $name"
      ;;
    "integration "*)
      if [ -n "$aside" ]; then
        (for name in $aside; do timed "$name"; done) >"$said" 2>&1 &
        pid=$!
        renice -n 19 -p "$pid" >/dev/null
      fi
      timed integration
      [ -z "$pid" ] || wait "$pid"
      pid=""
      cat "$said"
      ;;
    *) timed "$name" ;;
  esac
done

echo "== summary"
cat "$results"
if grep -q FAILED "$results"; then failed=1; fi
if [ "$failed" = 0 ]; then echo "all steps passed"; else echo "some steps FAILED"; fi
awk '{ passed += $1; failed += $3; skipped += $5 }
  END { if (NR > 0) printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$MEGANAT_TEST_TOTALS"
[ ! -s "$passed_again" ] || echo "failed among others and passed by itself, to be looked into: $(tr '\n' ' ' <"$passed_again")"
exit "$failed"
