#!/usr/bin/env bash
# install-slurm.sh: installs Slurm from the distribution (Debian, Ubuntu), for the tests that need
# one. Starts nothing.
#
# Needs root, or sudo. Does nothing if sbatch and both daemons are there.
set -euo pipefail

if command -v sbatch slurmctld slurmd >/dev/null 2>&1 && command -v slurmctld >/dev/null && command -v slurmd >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "install-slurm: please install Slurm (its controller, its node daemon and its commands), then run this again" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
# Without the recommended packages: mail, documentation and a database are of no use here.
# Installing a daemon would start it; the policy prevents that, which a container without init
# needs.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends slurm-wlm >/dev/null
command -v sbatch
