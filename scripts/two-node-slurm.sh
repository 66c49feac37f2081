#!/usr/bin/env bash
# two-node-slurm.sh up DIR | down DIR: a Slurm of two nodes on this machine, for tests. Independent:
# nothing of an installed cluster is read or changed, and everything it writes lies in DIR.
#
#     scripts/two-node-slurm.sh up build/slurm && export SLURM_CONF=$PWD/build/slurm/slurm.conf
#     sbatch ...
#     scripts/two-node-slurm.sh down build/slurm
#
# `up` returns when both nodes are idle, and prints the path of slurm.conf. Needs root, and no
# systemd, munge or cgroups: the two nodes are two daemons that trust whoever reaches their ports,
# so it listens on this machine only and is for tests only.
set -euo pipefail

usage() { echo "usage: two-node-slurm.sh up|down DIR" >&2; exit 2; }
[ $# = 2 ] || usage
mkdir -p "$2"
directory=$(cd "$2" && pwd)
export SLURM_CONF=$directory/slurm.conf
# Debian keeps the daemons where only root's PATH looks.
export PATH=$PATH:/usr/sbin:/sbin

free_ports() { # free_ports N: N ports of this machine that nobody listens on
  python3 - "$1" <<'PYTHON'
import socket
import sys

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in sockets))
PYTHON
}

configure() {
  local controller_port first_port second_port
  read -r controller_port first_port second_port <<<"$(free_ports 3)"
  cat >"$SLURM_CONF" <<CONFIGURATION
ClusterName=robomerge-test
SlurmctldHost=localhost
SlurmctldPort=$controller_port
SlurmctldPidFile=$directory/slurmctld.pid
SlurmctldLogFile=$directory/slurmctld.log
StateSaveLocation=$directory/state
SlurmdPidFile=$directory/slurmd.%n.pid
SlurmdLogFile=$directory/slurmd.%n.log
SlurmdSpoolDir=$directory/spool.%n
SlurmUser=root
SlurmdUser=root

# Whoever reaches the ports is believed: nobody outside this machine may.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny

# No key to share, no control groups, no accounting, no MPI.
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none

# Several tasks share a node by its cores. The nodes have more of them on paper than the machine may
# have.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
# A test does not want to wait.
SchedulerParameters=sched_interval=1,batch_sched_delay=0
KillWait=5
MinJobAge=300

NodeName=left NodeHostname=localhost NodeAddr=127.0.0.1 Port=$first_port CPUs=2 RealMemory=4000
NodeName=right NodeHostname=localhost NodeAddr=127.0.0.1 Port=$second_port CPUs=2 RealMemory=4000
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONFIGURATION
}

both_idle() { [ "$(timeout 5 sinfo --noheader --Node --format=%T 2>/dev/null | sort | uniq -c | xargs)" = "2 idle" ]; }

up() {
  for command in slurmctld slurmd sinfo; do
    command -v $command >/dev/null || { echo "two-node-slurm: there is no $command; see scripts/install-slurm.sh" >&2; exit 1; }
  done
  [ "$(id -u)" = 0 ] || { echo "two-node-slurm: needs root" >&2; exit 1; }
  configure
  mkdir -p "$directory/state"
  {
    slurmctld -c
    slurmd -c -N left
    slurmd -c -N right
  } >"$directory/start.log" 2>&1 || { cat "$directory/start.log" >&2; down; exit 1; }
  for _ in $(seq 300); do
    if both_idle; then
      echo "$SLURM_CONF"
      return
    fi
    sleep 0.1
  done
  echo "two-node-slurm: the nodes are not idle after 30 s" >&2
  timeout 5 sinfo --Node --long >&2 || true
  tail -n 20 "$directory"/*.log >&2
  down
  exit 1
}

# A pid file may outlive its daemon, and the number may be another process's by now.
is_ours() { # is_ours PID...: whether one of them is a daemon of Slurm
  local pid
  for pid in "$@"; do
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") in *slurm*) return 0 ;; esac
  done
  return 1
}
stop() { # stop PID SIGNAL
  if is_ours "$1"; then kill -s "$2" "$1" 2>/dev/null || true; fi
}

down() {
  timeout 10 scancel --partition test >/dev/null 2>&1 || true
  local file pid pids=()
  for file in "$directory"/slurmd.*.pid "$directory"/slurmctld.pid; do
    if [ -s "$file" ]; then pids+=("$(<"$file")"); fi
  done
  for pid in "${pids[@]}"; do stop "$pid" TERM; done
  for _ in $(seq 100); do
    if ! is_ours "${pids[@]}"; then return; fi
    sleep 0.1
  done
  for pid in "${pids[@]}"; do stop "$pid" KILL; done
}

case $1 in
  up) up ;;
  down) down ;;
  *) usage ;;
esac
