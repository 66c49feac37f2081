#!/usr/bin/env python3
"""Makes one dataset of many shards, such as the tasks of a conversion left behind, on this machine or on a cluster.

    examples/aggregate_shards.py shards/* --output droid --work-dir droid.work
    examples/aggregate_shards.py --from shards.txt --output droid --work-dir droid.work \\
        --executor slurm --partition cpu --time 04:00:00 --describe-tasks 8 --write-tasks 200 --workers 50

What LeRobot's example of port_datasets does in one Slurm task that works through the shards, and cannot be continued,
is here cut into as many tasks as there are machines. Run again, the same command does what is left to do; the executor
and the numbers of tasks may differ then. Needs `pip install 'robomerge[datatrove]'`; docs/distributed.md tells the
rest.
"""

import argparse
import sys
from typing import Any

from robomerge.datatrove import PhaseFailed, run


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("shards", nargs="*", metavar="SHARD", help="LeRobot v3.0 datasets, in the order of the merge")
    parser.add_argument("--from", dest="sources_file", metavar="FILE", help="a file that lists them instead")
    parser.add_argument("--output", required=True, metavar="DST", help="the dataset to be made")
    parser.add_argument("--work-dir", required=True, metavar="DIR", help="the folder of this merge: plan and logs")
    parser.add_argument(
        "--skip-broken",
        choices=("nothing", "sources", "episodes"),
        default="nothing",
        help="what is left out, and listed, if it cannot be merged (default: nothing)",
    )
    parser.add_argument("--executor", default="local", help="local, slurm or ray (default: local)")

    tasks = parser.add_argument_group("tasks")
    tasks.add_argument(
        "--describe-tasks", type=int, default=1, metavar="N", help="tasks that read the shards (default: 1)"
    )
    tasks.add_argument("--write-tasks", type=int, metavar="N", help="tasks that write (default: as many as workers)")
    tasks.add_argument("--workers", type=int, metavar="N", help="tasks at a time (default: one per core, or no limit)")

    packing = parser.add_argument_group("packing, as in LeRobot")
    packing.add_argument("--data-files-size-in-mb", type=float, default=100, metavar="X")
    packing.add_argument("--video-files-size-in-mb", type=float, default=200, metavar="X")
    packing.add_argument("--chunk-size", type=int, default=1000, metavar="N")
    packing.add_argument("--no-concatenate-videos", action="store_true")
    packing.add_argument("--no-concatenate-data", action="store_true")

    cluster = parser.add_argument_group("slurm and ray")
    cluster.add_argument("--partition", help="Slurm's partition")
    cluster.add_argument("--time", metavar="HH:MM:SS", help="Slurm's limit for each job")
    cluster.add_argument("--cpus-per-task", type=int, default=8, metavar="N", help="(default: 8)")
    cluster.add_argument("--mem-per-cpu-gb", type=int, default=1, metavar="GB", help="(default: 1)")
    parser.add_argument("--command", default="", help="how to start robomerge (default: the installed one)")
    return parser.parse_args()


def executor_options(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.executor not in ("slurm", "ray"):
        return {}
    options = {"cpus_per_task": arguments.cpus_per_task, "mem_per_cpu_gb": arguments.mem_per_cpu_gb}
    if arguments.executor == "slurm":
        options |= {"partition": arguments.partition, "time": arguments.time}
    return options


def main() -> int:
    arguments = parse_arguments()
    if bool(arguments.shards) == bool(arguments.sources_file):
        print("error: expected either shards or --from FILE", file=sys.stderr)
        return 2
    try:
        launched = run(
            arguments.sources_file or arguments.shards,
            arguments.output,
            arguments.work_dir,
            arguments.executor,
            describe_tasks=arguments.describe_tasks,
            write_tasks=arguments.write_tasks,
            workers=arguments.workers,
            data_files_size_in_mb=arguments.data_files_size_in_mb,
            video_files_size_in_mb=arguments.video_files_size_in_mb,
            chunk_size=arguments.chunk_size,
            concatenate_videos=not arguments.no_concatenate_videos,
            skip_broken=arguments.skip_broken,
            concatenate_data=not arguments.no_concatenate_data,
            command=arguments.command,
            executor_options=executor_options(arguments),
        )
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except PhaseFailed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    if launched.job_ids:
        print(f"submitted {', '.join(launched.job_ids)}; see `squeue --me` and {launched.work_dir}/logs")
    else:
        print(f"made {launched.destination}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
