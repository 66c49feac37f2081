#!/usr/bin/env python3
"""Merges datasets on a Slurm cluster. Copy this file, change the lines in capitals, run it on a login node.

Run again, it does what is left to do. docs/distributed.md tells the rest.
"""

from robomerge.datatrove import run

# A file with one dataset folder a line, in the order of the merge. All paths must be on a file system that every node
# sees, and mean the same there.
SOURCES = "/shared/me/shards.txt"
DESTINATION = "/shared/me/droid"
WORK = "/shared/me/droid.work"  # the plan and the logs of this merge alone; may be removed afterwards

PARTITION = "cpu"
TIME = "04:00:00"  # the limit of one job, of which each writes a share of the files
CPUS = 8  # of one job
JOBS_AT_A_TIME = 100
WRITE_TASKS = 400  # four for each job at a time, so that a slow machine does not delay the rest by much
DESCRIBE_TASKS = 1  # 8 for fifty thousand sources

if __name__ == "__main__":
    launched = run(
        SOURCES,
        DESTINATION,
        work_dir=WORK,
        executor="slurm",
        describe_tasks=DESCRIBE_TASKS,
        write_tasks=WRITE_TASKS,
        workers=JOBS_AT_A_TIME,
        executor_options={"partition": PARTITION, "time": TIME, "cpus_per_task": CPUS},
    )
    print(f"submitted {', '.join(launched.job_ids)}; see `squeue --me` and {launched.work_dir}/logs")
