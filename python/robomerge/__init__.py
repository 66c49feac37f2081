"""Merges many LeRobot datasets into one, fast and correctly.

    import robomerge

    report = robomerge.merge(["kitchen_1", "kitchen_2"], "kitchen")

To replace LeRobot's own merge, use `robomerge.aggregate_datasets` and `robomerge.merge_datasets`,
which take LeRobot's arguments, or `robomerge.lerobot.install()`, which makes LeRobot use them.

The import loads almost nothing. The C++ library is loaded when it is first needed.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:  # `as`: names that are exported again
    from robomerge import lerobot as lerobot
    from robomerge.built_with import VERSION as __version__
    from robomerge.errors import (
        CorruptDatasetError as CorruptDatasetError,
        DatasetNotFoundError as DatasetNotFoundError,
        DestinationExistsError as DestinationExistsError,
        IncompatibleDatasetsError as IncompatibleDatasetsError,
        InternalError as InternalError,
        InvalidArgumentError as InvalidArgumentError,
        RobomergeError as RobomergeError,
        SystemRefusedError as SystemRefusedError,
        UnsupportedError as UnsupportedError,
        VerificationError as VerificationError,
    )
    from robomerge.growing import append as append
    from robomerge.growing import log as log
    from robomerge.growing import remove_source as remove_source
    from robomerge.hub.push import PushReport as PushReport
    from robomerge.lerobot.aggregate import aggregate_datasets as aggregate_datasets
    from robomerge.lerobot.aggregate import merge_datasets as merge_datasets
    from robomerge.merging import (
        convert as convert,
        edit as edit,
        merge as merge,
        plan as plan,
        push as push,
    )
    from robomerge.reading import (
        compare as compare,
        inspect as inspect,
        stats as stats,
        verify as verify,
        write_report as write_report,
    )
    from robomerge.recipe import Recipe as Recipe
    from robomerge.recipe import Source as Source
    from robomerge.recipe import read_recipe as read_recipe
    from robomerge.report import (
        CompareReport as CompareReport,
        DatasetFile as DatasetFile,
        Difference as Difference,
        DifferenceForm as DifferenceForm,
        Feature as Feature,
        Finding as Finding,
        InspectReport as InspectReport,
        LoggedSource as LoggedSource,
        MergeProgress as MergeProgress,
        MergeReport as MergeReport,
        Problem as Problem,
        Remedy as Remedy,
        ReportedFile as ReportedFile,
        Skipped as Skipped,
        StageTime as StageTime,
        StatsElement as StatsElement,
        StatsReport as StatsReport,
        VerifyReport as VerifyReport,
        WrittenReport as WrittenReport,
    )

_NAMES_OF = {
    "robomerge.errors": (
        "CorruptDatasetError",
        "DatasetNotFoundError",
        "DestinationExistsError",
        "IncompatibleDatasetsError",
        "InternalError",
        "InvalidArgumentError",
        "RobomergeError",
        "SystemRefusedError",
        "UnsupportedError",
        "VerificationError",
    ),
    "robomerge.growing": ("append", "log", "remove_source"),
    "robomerge.hub.push": ("PushReport",),
    "robomerge.lerobot.aggregate": ("aggregate_datasets", "merge_datasets"),
    "robomerge.merging": ("convert", "edit", "merge", "plan", "push"),
    "robomerge.reading": ("compare", "inspect", "stats", "verify", "write_report"),
    "robomerge.recipe": ("Recipe", "Source", "read_recipe"),
    "robomerge.report": (
        "CompareReport",
        "DatasetFile",
        "Difference",
        "DifferenceForm",
        "Feature",
        "Finding",
        "InspectReport",
        "LoggedSource",
        "MergeProgress",
        "MergeReport",
        "Problem",
        "Remedy",
        "ReportedFile",
        "Skipped",
        "StageTime",
        "StatsElement",
        "StatsReport",
        "VerifyReport",
        "WrittenReport",
    ),
}
_HOME_OF = {name: module for module, names in _NAMES_OF.items() for name in names}

__all__ = [*sorted(_HOME_OF), "lerobot"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = _import_module("robomerge.built_with").VERSION
    elif name == "lerobot":
        value = _import_module("robomerge.lerobot")
    elif name in _HOME_OF:
        value = getattr(_import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module 'robomerge' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
