#!/usr/bin/env bash
# fuzz.sh TARGET|all SECONDS: builds the targets of fuzz/ with clang and libFuzzer and runs one of
# them, or each in turn, for SECONDS.
#
# It starts from fuzz/seeds, fuzz/found and what earlier runs kept in build/fuzz-corpus. It prints
# executions, coverage and findings of each target, and exits with 1 if there is a finding: its
# input is then in build/fuzz-findings. Put an input that is to be kept into fuzz/found/TARGET,
# named by what was wrong.
#
# Variables, all optional:
#   CLANGXX      the compiler, with its libclang-rt (default: the newest of clang++-22 ...
#                clang++-14, clang++)
#   FUZZ_CORPUS  folder of the corpora (default: build/fuzz-corpus)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

targets=(mp4 mp4_splice parquet_footer parquet_splice parquet_table info_json recipe stats_json episodes json_lines dataset one_mind partials plan_directory journal)
if [ $# != 2 ]; then
  echo "usage: scripts/fuzz.sh TARGET|all SECONDS; targets: ${targets[*]}" >&2
  exit 2
fi
seconds=$2
if [ "$1" != all ]; then
  if [[ " ${targets[*]} " != *" $1 "* ]]; then
    echo "fuzz: no target $1; there are: ${targets[*]}" >&2
    exit 2
  fi
  targets=("$1")
fi

compiler=${CLANGXX-}
for name in clang++-{22,21,20,19,18,17,16,15,14} clang++; do
  compiler=${compiler:-$(command -v "$name" || true)}
done
if [ -z "$compiler" ]; then
  echo "fuzz: no clang++; on Debian: apt-get install clang-16 libclang-rt-16-dev" >&2
  exit 1
fi
export PATH="$PWD/.venv/bin:$PATH"
corpora=${FUZZ_CORPUS:-$PWD/build/fuzz-corpus}
findings=$PWD/build/fuzz-findings
mkdir -p build "$corpora" "$findings"
if ! { cmake --preset fuzz "-DCMAKE_CXX_COMPILER=$compiler" && cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"; } >build/fuzz.log 2>&1; then
  cat build/fuzz.log >&2
  exit 1
fi

# Arrow is not instrumented: its containers carry no annotations. Its memory comes from malloc, so
# that the limits count it.
export ASAN_OPTIONS=detect_container_overflow=0:allocator_may_return_null=0:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1
export ARROW_DEFAULT_MEMORY_POOL=system
seeds_of() {
  case $1 in
    mp4_splice) echo fuzz/seeds/mp4 ;;
    parquet_*) echo fuzz/seeds/parquet ;;
    *) echo "fuzz/seeds/$1" ;;
  esac
}
# Programs built by clang may also fail to start where the kernel randomises addresses widely.
unspread=()
if setarch "$(uname -m)" -R true 2>/dev/null; then unspread=(setarch "$(uname -m)" -R); fi

num_findings=0
for target in "${targets[@]}"; do
  mkdir -p "$corpora/$target" "$findings/$target"
  folders=("$corpora/$target" "$(seeds_of "$target")")
  if [ -d "fuzz/found/$target" ]; then folders+=("fuzz/found/$target"); fi
  log=build/fuzz-$target.log
  # 256 MB for inputs of at most 64 kB: memory is bounded by the input's size.
  "${unspread[@]}" "build/fuzz/fuzz/fuzz_$target" "${folders[@]}" "-max_total_time=$seconds" -max_len=65536 -malloc_limit_mb=256 -rss_limit_mb=2048 \
    -timeout=20 -print_final_stats=1 "-artifact_prefix=$findings/$target/" >"$log" 2>&1 || true
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  coverage=$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1)
  finding=$(grep -m1 -oE 'Test unit written to .*' "$log" || true)
  if [ -n "$finding" ]; then num_findings=$((num_findings + 1)); fi
  echo "$target: ${executions:-0} executions, ${coverage:-no coverage}, ${finding:-no finding} ($log)"
done
[ $num_findings = 0 ]
