"""The phases on Ray, one after the other."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from datatrove.executor.ray import RayPipelineExecutor

from robomerge.datatrove.phases import Phase, run_in_turn

#: datatrove asks for 2. A task needs far less, and a task that fits on no node waits for ever.
DEFAULT_MEMORY_PER_CPU_GB = 0.5


def run_on_ray(phases: Sequence[Phase], workers: int | None, given: dict[str, Any]) -> None:
    """Runs the phases on the Ray that is initialised, or on that of $RAY_ADDRESS, or on one that is
    started here.

    Raises:
        ImportError: Ray is not installed.
        ValueError: No node of the cluster has room for a task.
        PhaseFailed: Tasks of a phase are not done. Ray's run() does not report that.
    """
    if find_spec("ray") is None:
        raise ImportError("executor 'ray' needs Ray, which is not installed; mend it with: pip install ray")
    import ray

    options = {"mem_per_cpu_gb": DEFAULT_MEMORY_PER_CPU_GB} | given
    is_ours = not ray.is_initialized()
    if is_ours:
        ray.init(include_dashboard=False)
    try:
        _check_fit(ray.nodes(), options)  # type: ignore[no-untyped-call, unused-ignore]
        run_in_turn(
            phases,
            lambda phase: RayPipelineExecutor(
                pipeline=[phase.step],
                tasks=phase.num_tasks,
                workers=-1 if workers is None else workers,
                logging_dir=str(phase.logging_dir),
                skip_completed=False,
                **options,
            ),
        )
    finally:
        if is_ours:
            ray.shutdown()


def _check_fit(nodes: Sequence[dict[str, Any]], options: dict[str, Any]) -> None:
    cpus = options.get("cpus_per_task", 1)
    memory_bytes = options["mem_per_cpu_gb"] * cpus * 1024**3
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    if any(of.get("CPU", 0) >= cpus and of.get("memory", 0) >= memory_bytes for of in resources):
        return
    found = [f"{of.get('CPU', 0):.0f} CPUs and {of.get('memory', 0) / 1024**3:.1f} GiB" for of in resources]
    raise ValueError(
        "no node of the Ray cluster can hold a task, so it would wait for ever\n"
        f"  expected {cpus} CPUs and {memory_bytes / 1024**3:.1f} GiB\n"
        f"  found    {'; '.join(found) or 'no node'}\n"
        "hint: lower cpus_per_task or mem_per_cpu_gb of executor_options"
    )
