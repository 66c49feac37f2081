#!/usr/bin/env bash
# test.sh [STAGE...]: sets everything up and runs every test, or those of some stages. Ends with the
# number of tests passed and failed.
#
#   unit     the unit tests, as built for use: what a developer runs after an edit
#   lint     the table of rooms, the format, and clang-tidy over what changed (scripts/lint.sh)
#   tsan     the tests of the scheduler and of the tree under the thread sanitizer
#   asan     the unit tests and the kept inputs of the fuzz targets under the address and
#            undefined behaviour sanitizers
#   site     the site of README and docs, without a warning (scripts/site.sh)
#   python   the tests in Python, also against LeRobot; FOLDER/ (such as tests/peer/) for those of
#            one folder
#
# Variables, all optional:
#   REQUIRE_PEER=1        fail if LeRobot cannot be installed; otherwise its tests are skipped, with
#                         the reason
#   REQUIRE_SLURM=1       install Slurm if there is none, and fail if that is impossible; otherwise
#                         its tests are skipped
#   ROBOMERGE_PEER_ENV    a Python environment with LeRobot to use instead of making .peer
#   ROBOMERGE_SAMPLES     a folder of real recordings (default: ../shared/samples, if it exists)
#   ROBOMERGE_WERROR=ON   compiler warnings are errors
#   PYTHON                the interpreter to start from (default: python3)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

chosen=("$@")
if [ $# = 0 ]; then chosen=(lint unit tsan asan site python); fi
folders=()
for name in "${chosen[@]}"; do
  case $name in
    lint | unit | tsan | asan | site) ;;
    python) folders+=(python/tests tests/*/) ;;
    */) folders+=("$name") ;;
    *) echo "usage: scripts/test.sh [lint|unit|tsan|asan|site|python|FOLDER/ ...]" >&2; exit 2 ;;
  esac
done
chose() { [[ " ${chosen[*]} " == *" $1 "* ]]; }

results=$PWD/build/test-results
failed_stages=()
stage() { # stage NAME COMMAND...: runs the command, and remembers if it fails
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "== $name: done in $((SECONDS - start)) s"
  else
    failed_stages+=("$name")
    echo "== $name: FAILED after $((SECONDS - start)) s"
    return 1
  fi
}

build() { # build PRESET [TARGET...]: configures with tests and builds; shows its output only if it fails
  local preset=$1 log=build/$1.log with_python=OFF
  shift
  if [ "$preset" = release ]; then with_python=ON; fi
  { cmake --preset "$preset" -DROBOMERGE_BUILD_TESTS=ON -DROBOMERGE_BUILD_PYTHON=$with_python "-DROBOMERGE_WERROR=${ROBOMERGE_WERROR:-OFF}" &&
      cmake --build --preset "$preset" ${1:+--target "$@"}; } >"$log" 2>&1 || { cat "$log"; return 1; }
}

unit_tests() { # unit_tests PRESET [OPTION...]
  local preset=$1
  shift
  ctest --preset "$preset" --parallel "$(nproc)" --no-tests=error --output-junit "$results/unit-$preset.xml" "$@" |
    grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed )'
}

# Tests that start processes on nodes or measure time run alone; the others run in parallel, a file
# for each core.
python_tests() { # python_tests FOLDER
  local folder=$1 at_once=()
  case $folder in
    python/tests | tests/e2e | tests/hub | tests/peer | tests/splice)
      if "$peer/bin/python" -c 'import xdist' 2>/dev/null; then at_once=(-n "$(nproc)" --dist loadfile); fi ;;
  esac
  "$peer/bin/python" -m pytest -q "$folder" "${at_once[@]}" --junitxml "$results/${folder//\//-}.xml"
}

make_peer() {
  if [ -z "${ROBOMERGE_PEER_ENV-}" ]; then scripts/make-peer-env.sh .peer; fi
  # LeRobot 0.3.3, without which only the tests that need it are skipped.
  scripts/make-peer-v21-env.sh .peer-v21 "$peer" || true
}

# Without LeRobot the other tests in Python still run.
make_small_environment() {
  "${PYTHON:-python3}" -m venv .peer && .peer/bin/python -m pip --disable-pip-version-check install -q \
    pytest pytest-xdist==3.8.0 pyarrow==26.0.1 datatrove==0.10.1
}

stage "set up" scripts/setup.sh --tests || exit 1
rm -rf "$results"
mkdir -p "$results"
export PATH="$PWD/.venv/bin:$PATH"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# The environment with LeRobot mostly waits for the network, so it is made beside the builds.
peer=${ROBOMERGE_PEER_ENV:-$PWD/.peer}
peer_log=$PWD/build/peer-env.log
if [ ${#folders[@]} -gt 0 ]; then
  make_peer >"$peer_log" 2>&1 &
  making_peer=$!
fi
made_peer() { wait $making_peer && tail -n 1 "$peer_log" || { cat "$peer_log"; return 1; }; }

if chose lint; then
  stage "checker of the table of rooms" .venv/bin/python scripts/check_layers.py --self-test
fi
if [ ${#folders[@]} -gt 0 ]; then
  stage "build" build release && chose unit && stage "unit tests" unit_tests release
elif chose unit; then
  stage "build" build release unit_tests && stage "unit tests" unit_tests release
fi
if chose lint; then stage "format and clang-tidy" scripts/lint.sh; fi
if chose site; then stage "site" scripts/site.sh; fi

# Programs with g++ 12's sanitizers cannot start where the kernel randomises addresses widely.
unspread=()
if setarch "$(uname -m)" -R true 2>/dev/null; then unspread=(setarch "$(uname -m)" -R); fi
export results
export -f build unit_tests
in_sanitizer() { "${unspread[@]}" bash -uo pipefail -c '"$@"' bash "$@"; }

if chose tsan; then
  stage "build with the thread sanitizer" in_sanitizer build tsan schedule_test reduce_test &&
    stage "tests under the thread sanitizer" in_sanitizer unit_tests tsan --tests-regex '^(schedule|reduce)\.'
fi
if chose asan; then
  stage "build with the address and undefined behaviour sanitizers" in_sanitizer build asan-ubsan unit_tests &&
    stage "tests under the address and undefined behaviour sanitizers" in_sanitizer unit_tests asan-ubsan
fi

if [ ${#folders[@]} -gt 0 ] && ! stage "environment with LeRobot" made_peer && [ "${REQUIRE_PEER-}" != 1 ]; then
  unset 'failed_stages[-1]'
  stage "environment without LeRobot" make_small_environment
fi
if [ ${#folders[@]} -gt 0 ] && [ "${REQUIRE_SLURM-}" = 1 ]; then stage "Slurm" scripts/install-slurm.sh; fi
if [[ " ${folders[*]} " == *" python/tests "* ]]; then
  export ROBOMERGE_WHEELS=$PWD/build/wheels
  stage "wheels" scripts/wheel.sh "$ROBOMERGE_WHEELS"
  PYTHONS=${PYTHONS:-$(scripts/wheel.sh --pythons)}
  export PYTHONS
fi
export ROBOMERGE=$PWD/build/release/cli/robomerge
export ROBOMERGE_MP4_TOOL=$PWD/build/release/tests/splice/mp4_tool
export ROBOMERGE_PARQUET_TOOL=$PWD/build/release/tests/splice/parquet_tool
if [ -z "${ROBOMERGE_SAMPLES-}" ] && [ -d ../shared/samples ]; then
  ROBOMERGE_SAMPLES=$(cd ../shared/samples && pwd)
  export ROBOMERGE_SAMPLES
fi
for folder in "${folders[@]}"; do
  folder=${folder%/}
  if compgen -G "$folder/test_*.py" >/dev/null; then stage "$folder" python_tests "$folder"; fi
done

# A failed stage is counted even if none of its tests ran.
.venv/bin/python - "$results" "${failed_stages[@]}" <<'PYTHON'
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

passed = failed = skipped = 0
for path in sorted(Path(sys.argv[1]).glob("*.xml")):
    for suite in xml.parse(path).getroot().iter("testsuite"):
        total, missed = int(suite.get("tests", 0)), int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
        wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        passed, failed, skipped = passed + total - missed - wrong, failed + wrong, skipped + missed
for stage in sys.argv[2:]:
    print(f"failed: {stage}")
failed = max(failed, len(sys.argv[2:]))
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0)
PYTHON
