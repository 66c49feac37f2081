"""Makes LeRobot itself merge and edit with robomerge.

    import robomerge.lerobot

    robomerge.lerobot.install()

From then on `aggregate_datasets`, `merge_datasets`, `delete_episodes`, `split_dataset`,
`modify_features`, `add_features`, `remove_feature`, `modify_tasks` and `recompute_stats` are
robomerge's, wherever LeRobot or any loaded module has bound these names. A `lerobot-edit-dataset` that is started in this process uses
them too. `uninstall()` undoes it, and `installed()` does both.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from robomerge.lerobot.aggregate import aggregate_datasets, merge_datasets
from robomerge.lerobot.convert import convert_dataset
from robomerge.lerobot.edit import (
    add_features,
    delete_episodes,
    modify_features,
    modify_tasks,
    remove_feature,
    split_dataset,
)
from robomerge.lerobot.statistics import augment_dataset_with_quantile_stats, recompute_stats

__all__ = [
    "add_features",
    "aggregate_datasets",
    "augment_dataset_with_quantile_stats",
    "convert_dataset",
    "delete_episodes",
    "install",
    "installed",
    "merge_datasets",
    "modify_features",
    "modify_tasks",
    "recompute_stats",
    "remove_feature",
    "split_dataset",
    "uninstall",
]

_FUNCTIONS = (
    aggregate_datasets,
    merge_datasets,
    delete_episodes,
    split_dataset,
    modify_features,
    add_features,
    remove_feature,
    modify_tasks,
    recompute_stats,
)

# Where LeRobot defines them; other modules import the names from these.
_ORIGINS = {function.__name__: "lerobot.datasets.dataset_tools" for function in _FUNCTIONS}
_ORIGINS["aggregate_datasets"] = "lerobot.datasets.aggregate"
#: Name, LeRobot's function, and the one that replaces it.
_replaced: list[tuple[str, Callable[..., object], Callable[..., object]]] = []


def install(*, num_workers: int | None = None) -> None:
    """Replaces LeRobot's functions by those of robomerge. A second call only changes `num_workers`.

    Args:
        num_workers: threads for calls that do not name a number, as LeRobot's own never do; None
            for one.

    Raises:
        ImportError: LeRobot (with its `dataset` extra) or the library of robomerge cannot be
            imported.
    """
    from robomerge import library as library  # so that an ImportError comes now

    uninstall()
    for function in _FUNCTIONS:
        name = function.__name__
        original = getattr(import_module(_ORIGINS[name]), name)
        replacement = _with_workers(function, num_workers)
        _rebind(name, original, replacement)
        _replaced.append((name, original, replacement))


def uninstall() -> None:
    """Puts LeRobot's own functions back. Does nothing if they are in place."""
    while _replaced:
        name, original, replacement = _replaced.pop()
        _rebind(name, replacement, original)


@contextmanager
def installed(*, num_workers: int | None = None) -> Iterator[None]:
    """install() for the length of a `with` block."""
    install(num_workers=num_workers)
    try:
        yield
    finally:
        uninstall()


def _with_workers(function: Callable[..., object], num_workers: int | None) -> Callable[..., object]:
    @functools.wraps(function)
    def replacement(*arguments: object, **options: object) -> object:
        if options.get("num_workers") is None:
            options["num_workers"] = num_workers
        return function(*arguments, **options)

    return replacement


def _rebind(name: str, old: object, new: object) -> None:
    """Binds `name` to `new` in every loaded module that has it bound to `old`. Other names for
    `old` stay."""
    for module in list(sys.modules.values()):
        # Not getattr(), which would make lazy modules load things.
        if getattr(module, "__dict__", {}).get(name) is old:
            setattr(module, name, new)
