#!/usr/bin/env bash
# test.sh: sets everything up and runs every test: the unit tests, again under sanitizers, the table of rooms, and the
# tests in Python, against LeRobot among others. Ends with the number of tests passed and failed.
#
# Variables, all optional:
#   REQUIRE_PEER=1        a LeRobot that cannot be installed is a failure; otherwise its tests are skipped, with the reason
#   REQUIRE_SLURM=1       Slurm is installed where there is none, and a failure if it cannot be; otherwise its tests are skipped
#   ROBOMERGE_PEER_ENV    a Python environment with LeRobot to use instead of making .peer
#   ROBOMERGE_SAMPLES     a folder of real recordings (default: ../shared/samples, where there is one)
#   ROBOMERGE_WERROR=ON   warnings of the compiler are errors
#   PYTHON                the interpreter to start from (default: python3)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

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

build() { # build PRESET [TARGET...]: configures with tests and builds; its words are shown only if it fails
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

python_tests() { # python_tests FOLDER
  "$peer/bin/python" -m pytest -q "$1" --junitxml "$results/${1//\//-}.xml"
}

make_peer() {
  if [ -z "${ROBOMERGE_PEER_ENV-}" ]; then scripts/make-peer-env.sh .peer; fi
}

# Without LeRobot the other tests in Python still run.
make_small_environment() {
  "${PYTHON:-python3}" -m venv .peer && .peer/bin/python -m pip --disable-pip-version-check install -q pytest pyarrow==26.0.1 datatrove==0.10.1
}

stage "set up" scripts/setup.sh --tests || exit 1
rm -rf "$results"
mkdir -p "$results"
export PATH="$PWD/.venv/bin:$PATH"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

stage "checker of the table of rooms" .venv/bin/python scripts/check_layers.py --self-test
stage "build" build release && stage "unit tests" unit_tests release

# Programs with g++ 12's sanitizers cannot start where the kernel spreads addresses far.
unspread=()
if setarch "$(uname -m)" -R true 2>/dev/null; then unspread=(setarch "$(uname -m)" -R); fi
export results
export -f build unit_tests
in_sanitizer() { "${unspread[@]}" bash -uo pipefail -c '"$@"' bash "$@"; }

stage "build of the scheduler with the thread sanitizer" in_sanitizer build tsan schedule_test &&
  stage "scheduler tests under the thread sanitizer" in_sanitizer unit_tests tsan --tests-regex '^schedule\.'
stage "build with the address and undefined behaviour sanitizers" in_sanitizer build asan-ubsan &&
  stage "unit tests under the address and undefined behaviour sanitizers" in_sanitizer unit_tests asan-ubsan

peer=${ROBOMERGE_PEER_ENV:-$PWD/.peer}
if ! stage "environment with LeRobot" make_peer && [ "${REQUIRE_PEER-}" != 1 ]; then
  unset 'failed_stages[-1]'
  stage "environment without LeRobot" make_small_environment
fi
if [ "${REQUIRE_SLURM-}" = 1 ]; then stage "Slurm" scripts/install-slurm.sh; fi
export ROBOMERGE_TEST_WHEEL=1
export ROBOMERGE=$PWD/build/release/cli/robomerge
export ROBOMERGE_MP4_TOOL=$PWD/build/release/tests/splice/mp4_tool
export ROBOMERGE_PARQUET_TOOL=$PWD/build/release/tests/splice/parquet_tool
if [ -z "${ROBOMERGE_SAMPLES-}" ] && [ -d ../shared/samples ]; then
  ROBOMERGE_SAMPLES=$(cd ../shared/samples && pwd)
  export ROBOMERGE_SAMPLES
fi
for folder in python/tests tests/*/; do
  folder=${folder%/}
  if compgen -G "$folder/test_*.py" >/dev/null; then stage "$folder" python_tests "$folder"; fi
done

# No stage fails without being counted, even if not one test of it ran.
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
