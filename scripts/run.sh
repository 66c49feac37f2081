#!/usr/bin/env bash
# run.sh [FOLDER... [OPTION...]]: sets robomerge up, merges the LeRobot datasets in the folders, and shows the result.
#
# The result lies in ./merged; `-o DESTINATION` and all other options go to `robomerge merge`. Without any folder it makes
# three small datasets with two cameras, merges those, and leaves everything in a temporary folder to look at.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
robomerge=$here/../build/release/cli/robomerge

case ${1-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;; esac
if [ $# -eq 0 ]; then
  "$here/setup.sh" --demo
  folder=$(mktemp -d "${TMPDIR:-/tmp}/robomerge-demo.XXXXXX")
  "$here/../.venv/bin/python" "$here/make_demo_datasets.py" "$folder"
  set -- "$folder"/source-* -o "$folder/merged"
else
  "$here/setup.sh"
fi

destination=
arguments=("$@")
for ((i = 0; i < ${#arguments[@]}; ++i)); do
  case ${arguments[i]} in
    -o | --output) destination=${arguments[i + 1]-} ;;
    --output=*) destination=${arguments[i]#--output=} ;;
    -o?*) destination=${arguments[i]#-o} ;;
  esac
done
if [ -z "$destination" ]; then
  destination=merged
  set -- "$@" -o "$destination"
fi

"$robomerge" merge "$@"
if [ ! -e "$destination" ]; then exit; fi # a dry run
echo
"$robomerge" inspect "$destination"
echo
echo "The merged dataset lies in $(cd "$destination" && pwd)"
