#!/usr/bin/env bash
# setup.sh [--demo] [--tests]: everything that robomerge needs, then the command itself as
# build/release/cli/robomerge.
#
# On Debian and Ubuntu it installs the system packages that are missing (as root, or with sudo); on
# other systems it names them. Arrow, CMake and Ninja come from PyPI into .venv. A further run does
# only what is left to do, and uses no network if nothing is missing. --demo adds what the example
# of scripts/run.sh needs, --tests what scripts/test.sh needs. ROBOMERGE_WERROR=ON turns compiler
# warnings into errors in a build folder that is made for the first time. PYTHON names the
# interpreter to start from (default: python3), 3.10 or later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wants_demo=no
wants_tests=no
for option in "$@"; do
  case $option in
    --demo) wants_demo=yes ;;
    --tests) wants_demo=yes wants_tests=yes ;;
    *) echo "setup: unknown option $option; usage: scripts/setup.sh [--demo] [--tests]" >&2; exit 2 ;;
  esac
done
python=${PYTHON:-python3}

# System packages. What counts is that they are there, not that apt installed them.
missing=()
need() { # need PACKAGE COMMAND...: the package is missing if the command fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
header() { printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" | g++ -std=c++20 -E -x c++ -; }

need g++ command -v g++
need nlohmann-json3-dev header nlohmann/json.hpp
need libcli11-dev header CLI/CLI.hpp
need libyaml-dev header yaml.h
need libssl-dev header openssl/sha.h
need python3 command -v "$python"
need python3-venv "$python" -c 'import ensurepip, venv'
if [ $wants_demo = yes ]; then need ffmpeg command -v ffmpeg; fi
if [ $wants_tests = yes ]; then
  need libgtest-dev header gtest/gtest.h
  need libgmock-dev header gmock/gmock.h
  need zsh command -v zsh
  need fish command -v fish
  # The wheels compile what the tests have compiled, with the same flags.
  need ccache command -v ccache
  need python3-dev "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")'
fi
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: please install what Debian calls ${missing[*]}, then run this again" >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
  echo "setup: installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
fi

# Arrow and the build tools, pinned: what was tested is what is installed.
wanted=(pyarrow==26.0.1 cmake==4.4.4 ninja==1.13.2)
if [ $wants_tests = yes ]; then wanted+=(nanobind==3.1.0 clang-format==23.1.5 clang-tidy==23.1.4); fi
venv_is_ready() {
  .venv/bin/cmake --version >/dev/null 2>&1 && .venv/bin/python - "${wanted[@]}" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version

try:
    sys.exit(any(version(name) != wanted for name, wanted in (word.split("==") for word in sys.argv[1:])))
except PackageNotFoundError:
    sys.exit(1)
PYTHON
}
if ! venv_is_ready; then
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "setup: $python is older than Python 3.10; set PYTHON to a newer one" >&2
    exit 1
  }
  # --clear: a .venv that was made elsewhere, or by an interpreter that is gone, cannot be repaired.
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then "$python" -m venv --clear .venv; fi
  echo "setup: installing ${wanted[*]} into .venv"
  .venv/bin/python -m pip --disable-pip-version-check install --quiet "${wanted[@]}"
  venv_is_ready || .venv/bin/python -m pip --disable-pip-version-check install --quiet --force-reinstall "${wanted[@]}"
fi

# The command. Options that an earlier run chose for the build folder stay; scripts/test.sh switches
# the tests on in the same folder.
export PATH="$PWD/.venv/bin:$PATH"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
cache=build/release/CMakeCache.txt
configure=(cmake --preset release)
if [ ! -f $cache ]; then
  configure+=("-DROBOMERGE_BUILD_TESTS=$wants_tests" "-DROBOMERGE_WERROR=${ROBOMERGE_WERROR:-OFF}")
elif ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" $cache; then
  # A cache holds the path where it was made; a clone that has moved needs a new one.
  configure+=(--fresh "-DROBOMERGE_BUILD_TESTS=$wants_tests" "-DROBOMERGE_WERROR=${ROBOMERGE_WERROR:-OFF}")
fi
command=build/release/cli/robomerge
if [ ! -x $command ]; then echo "setup: building $command, which takes some minutes the first time"; fi
log=build/setup.log
mkdir -p build
if ! { "${configure[@]}" && cmake --build --preset release --target robomerge; } >$log 2>&1; then
  cat $log >&2
  echo "setup: the build failed; the log above is $PWD/$log" >&2
  exit 1
fi
echo "setup: $PWD/$command is ready"
