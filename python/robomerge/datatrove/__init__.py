"""A merge on many machines, launched by datatrove.

There are four pipeline steps, `Describe`, `Plan`, `Write` and `Publish`, each of which runs the
command `robomerge` once, and `run`, which chains them on one machine, on Slurm or on Ray.
docs/distributed.md tells how a merge is divided and resumed.
"""

try:
    import datatrove as _datatrove  # noqa: F401  (to report in one sentence that it is missing)
except ImportError as error:
    raise ImportError(
        "robomerge.datatrove needs datatrove, which is not installed; mend it with: pip install 'robomerge[datatrove]'"
    ) from error

from robomerge.datatrove.command import CommandFailed
from robomerge.datatrove.launch import Launch, run
from robomerge.datatrove.phases import PhaseFailed
from robomerge.datatrove.steps import Describe, Plan, Publish, Write

__all__ = ["CommandFailed", "Describe", "Launch", "PhaseFailed", "Plan", "Publish", "Write", "run"]
