#!/usr/bin/env bash
# Builds and runs every test with what the machine has; `make test` calls it.
#
#   1 unit tests under ASan and UBSan   2 integration tests (PostgreSQL, Redis, nsd of their own)
#   3 fuzzers for a bounded time        4 end to end, on running binaries with real peers and clients
#   5 chaos: five minutes of load under faults, then whether anything was lost; each failpoint once (docs/chaos.md)
#
# Ends with a line "N passed, N failed", with ", N skipped" where this machine cannot run a test (it ends with code 77 and
# says why in a line "skipped: ..."). TEST=unit|integration|fuzz|e2e|chaos runs one part.
set -uo pipefail
cd "$(dirname "$0")/.."

jobs=${JOBS:-$(nproc)}
only=${TEST:-all}
passed=0
failed=0
skipped=0
failures=()
mkdir -p build

say() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

wanted() { [ "$only" = all ] || [ "$only" = "$1" ]; }

# count NAME COMMAND...: one test, its output shown when it fails.
count() {
  local name=$1 code
  shift
  "$@" >build/test.log 2>&1
  code=$?
  if [ "$code" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok    $name"
  elif [ "$code" -eq 77 ] && grep -q '^skipped: ' build/test.log; then
    skipped=$((skipped + 1))
    echo "skip  $name: $(sed -n 's/^skipped: //p' build/test.log | tail -n 1)"
  else
    failed=$((failed + 1))
    failures+=("$name")
    echo "FAIL  $name"
    tail -n 60 build/test.log
  fi
}

build() {
  local folder=$1 targets=$2
  shift 2
  if ! { cmake -S . -B "$folder" -G Ninja "$@" && cmake --build "$folder" -j "$jobs" --target $targets; } >build/build.log 2>&1; then
    grep -E 'error|FAILED|Error' build/build.log | head -20
    tail -n 5 build/build.log
    failed=$((failed + 1))
    failures+=("build of $folder")
    return 1
  fi
}

# ctest_label FOLDER LABEL: each GoogleTest case counts.
ctest_label() {
  local folder=$1 label=$2 name
  for name in $(ctest --test-dir "$folder" -L "$label" -N | sed -n 's/^ *Test *#[0-9]*: //p'); do
    count "$label $name" ctest --test-dir "$folder" -R "^$name\$" --output-on-failure --timeout 300
  done
}

if wanted unit; then
  say "unit tests under the sanitizers"
  if build build/asan all_unit_tests -DPP_SANITIZE=address -DCMAKE_BUILD_TYPE=Debug; then
    export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
    ctest_label build/asan unit
  fi
fi
if wanted integration || wanted e2e || wanted chaos; then
  say "build"
  # all_headers: each header compiles alone.
  build build/main "all all_integration_tests all_headers" || true
fi
if wanted integration; then
  say "integration tests"
  ctest_label build/main integration
fi
if wanted fuzz; then
  say "fuzzers, ${FUZZ_SECONDS:-5} s each"
  if build build/fuzz all_fuzzers -DPP_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++-14; then
    while read -r source; do
      [ -x "build/fuzz/${source%.cc}" ] || count "fuzz $source is built" false
    done < <(git ls-files '*_fuzz.cc')
    while read -r fuzzer; do
      name=$(basename "$fuzzer")
      tools/fuzz_seeds.py "$name" "build/fuzz/seeds/$name"
      words=$(find libs services -name "$name.dict")
      count "fuzz $name" timeout 120 "$fuzzer" -max_total_time="${FUZZ_SECONDS:-5}" -rss_limit_mb=1024 -timeout=10 \
        -artifact_prefix=build/ ${words:+"-dict=$words"} "build/fuzz/seeds/$name"
    done < <(find build/fuzz/libs build/fuzz/services -name '*_fuzz' -type f 2>/dev/null | sort)
  fi
fi
if wanted e2e; then
  say "end to end"
  for scenario in tests/e2e/test_*.py; do
    count "e2e $(basename "$scenario" .py)" timeout 900 /usr/bin/python3 "$scenario"
  done
fi
if wanted chaos; then
  say "chaos"
  count "chaos checker" /usr/bin/python3 tests/chaos/test_checker.py
  count "chaos run" timeout 1200 /usr/bin/python3 tests/chaos/run.py --duration "${CHAOS_SECONDS:-300}" --seed "${SEED:-1}"
  grep -E '^  (acknowledged|faults)' build/test.log
  count "chaos failpoints" timeout 900 /usr/bin/python3 tests/chaos/failpoints.py
fi

say "done"
for name in "${failures[@]}"; do echo "failed: $name"; done
summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ]
