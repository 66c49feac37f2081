#!/usr/bin/env bash
# lint.sh [--all | FILE...]: the format of all C++ (.clang-format), and clang-tidy (.clang-tidy)
# over what changed.
#
# What changed: the .cc files of the commits since origin/main (of the last commit if there are
# none) and of the working tree; at most LINT_MOST of them (default 24), so that it ends in minutes.
# --all takes every .cc file. It needs scripts/setup.sh --tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"

sources() { git ls-files --cached --others --exclude-standard -- "$@"; }

sources '*.cc' '*.h' | xargs clang-format --dry-run -Werror
echo "lint: the format is that of .clang-format"

files=("$@")
if [ "${1-}" = --all ]; then
  mapfile -t files < <(sources '*.cc')
elif [ $# = 0 ]; then
  base=$(git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD)
  if [ "$base" = "$(git rev-parse HEAD)" ]; then base=$(git rev-parse --quiet --verify HEAD~ || git rev-parse HEAD); fi
  mapfile -t changed < <({ git diff --name-only --diff-filter=d "$base" -- '*.cc'; git ls-files --others --exclude-standard -- '*.cc'; } | sort -u)
  files=("${changed[@]:0:${LINT_MOST:-24}}")
  if [ ${#files[@]} -lt ${#changed[@]} ]; then
    echo "lint: ${#changed[@]} files changed; clang-tidy looks at the first ${#files[@]} (LINT_MOST), or at all with --all"
  fi
fi

# The commands that compile each file on its own, without the warnings that only GCC knows.
configured=build/lint/configured
mkdir -p build/lint
if ! cmake --preset release -B $configured -DROBOMERGE_BUILD_TESTS=ON -DROBOMERGE_BUILD_PYTHON=ON \
    -DROBOMERGE_UNITY=OFF -DROBOMERGE_PRECOMPILE=OFF >build/lint/configure.log 2>&1; then
  cat build/lint/configure.log >&2
  echo "lint: run scripts/setup.sh --tests first" >&2
  exit 1
fi
mapfile -t known < <(python3 - $configured/compile_commands.json build/lint/compile_commands.json "${files[@]}" <<'PYTHON'
import json
import os
import re
import sys

source, destination, *files = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    entries = json.load(file)
for entry in entries:
    entry["command"] = re.sub(r" -W\S+", "", entry["command"])
with open(destination, "w", encoding="utf-8") as file:
    json.dump(entries, file)
compiled = {os.path.relpath(entry["file"]) for entry in entries}
sys.stdout.writelines(f"{name}\n" for name in files if name in compiled)
PYTHON
)
if [ ${#known[@]} = 0 ]; then echo "lint: no .cc file for clang-tidy"; exit; fi
printf '%s\0' "${known[@]}" | xargs --null --max-args=1 --max-procs="$(nproc)" clang-tidy -p build/lint --quiet
echo "lint: clang-tidy finds nothing in ${#known[@]} files"
