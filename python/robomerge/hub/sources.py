"""Sources of the Python functions: those on the Hub become folders in the cache."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from robomerge.errors import error_of
from robomerge.hub.address import is_address
from robomerge.hub.trouble import HubError
from robomerge.report import Problem, from_fields

if TYPE_CHECKING:
    from robomerge.calling import Progress

#: What the extension module answers: paths by source, or None and problems.
Missing = tuple[tuple[tuple[str, ...], ...] | None, tuple[dict[str, Any], ...]]


def located(sources: Iterable[Any], progress: "Progress", options: dict[str, Any] | None) -> Iterable[Any]:
    """The same sources, all of them folders with all files that a merge of them with these options
    needs; without options, with metadata and the first video of each camera. Raises as the
    functions of `robomerge` do."""
    from robomerge.library import extension
    from robomerge.recipe import Source

    if isinstance(sources, (str, bytes, os.PathLike)) or not isinstance(sources, Iterable):
        return sources  # refused where the others are
    every = [*sources]
    there = [at for at, each in enumerate(every) if is_address(each.path if isinstance(each, Source) else each)]
    for at in there:
        every[at] = every[at] if isinstance(every[at], Source) else Source(every[at])
    _fetch(every, there, progress, None if options is None else lambda: extension.missing_files(every, options))
    return every


def located_paths(paths: Iterable[Any], progress: "Progress", *, made: Any = None) -> Iterable[Any]:
    """The same for those who take paths alone. `made`: the dataset that a merge of them made, whose
    rules say what is needed; without it they are looked at, and what is wrong with them is left to
    the caller."""
    from robomerge.library import extension
    from robomerge.recipe import Source

    if isinstance(paths, (str, bytes, os.PathLike)) or not isinstance(paths, Iterable):
        return paths
    every = [*paths]
    there = [at for at, path in enumerate(every) if is_address(path)]
    if not there:
        return every
    sources = [Source(path) for path in every]

    def missing() -> Missing:
        if made is not None:
            return extension.missing_recorded_files(made, [source.path for source in sources])
        answer: Missing = extension.missing_files(sources, {"skip_broken": "sources"})
        return answer

    _fetch(sources, there, progress, missing)
    return [source.path for source in sources]


@contextmanager
def as_exceptions() -> Iterator[None]:
    try:
        yield
    except HubError as error:
        raise error_of(error.problems) from None


def _fetch(sources: list[Any], there: list[int], progress: "Progress", missing: Callable[[], Missing] | None) -> None:
    """Puts folders into `sources`, and into the folders what is missing."""
    if not there:
        return
    from robomerge.calling import told
    from robomerge.hub.snapshots import fetch_metadata, fetch_payload

    with told(progress) as callback, as_exceptions():
        tell = callback or (lambda fields: None)
        addresses = [str(sources[at].path) for at in there]
        snapshots = fetch_metadata(addresses, tell, first_videos=missing is None)
        for at, snapshot in zip(there, snapshots, strict=True):
            sources[at] = replace(sources[at], path=str(snapshot.folder), name=sources[at].name or snapshot.name)
        while missing is not None:
            paths, problems = missing()
            if paths is None:
                raise error_of([from_fields(Problem, problem) for problem in problems])
            wanted = [[os.path.relpath(path, sources[at].path) for path in paths[at]] for at in there]
            if fetch_payload(snapshots, wanted, tell) == 0:
                break
