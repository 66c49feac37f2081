"""A merge on many machines, launched by datatrove.

Four pipeline steps, `Describe`, `Plan`, `Write` and `Publish`, each of which runs the command `robomerge` once, and
`run`, which chains them on one machine, on Slurm or on Ray. docs/distributed.md tells how a merge is cut up and
resumed.
"""

try:
    import datatrove as _datatrove  # noqa: F401  (only to say in time, and in one sentence, that it is missing)
except ImportError as error:
    raise ImportError(
        "robomerge.datatrove needs datatrove, which is not installed; mend it with: pip install 'datatrove>=0.10,<0.11'"
    ) from error

from robomerge.datatrove.command import CommandFailed
from robomerge.datatrove.launch import Launch, run
from robomerge.datatrove.phases import PhaseFailed
from robomerge.datatrove.steps import Describe, Plan, Publish, Write

__all__ = ["CommandFailed", "Describe", "Launch", "PhaseFailed", "Plan", "Publish", "Write", "run"]
