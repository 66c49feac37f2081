"""A bar for a merge: in a notebook, or by tqdm on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from robomerge.notebook import NotebookBar, in_notebook
from robomerge.report import MergeProgress


@contextmanager
def progress_bar() -> Iterator[Callable[[MergeProgress], object] | None]:
    """A callback that draws a bar below the cell of a notebook, or on standard error; None where
    neither can be: it is no terminal, or tqdm is not installed."""
    if in_notebook():
        shown = NotebookBar()
        try:
            yield shown.draw
        finally:
            shown.close()
        return
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    try:
        from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        yield None
        return
    # Most merges end before a bar would be of use.
    with tqdm(unit="B", unit_scale=True, unit_divisor=1024, leave=False, delay=1.0, desc="read") as bar:

        def draw(progress: MergeProgress) -> None:
            bar.set_description(progress.stage, refresh=False)
            if progress.stage == "read":
                bar.set_postfix_str(f"{progress.num_sources_read} of {progress.num_sources} datasets", refresh=False)
            else:
                bar.set_postfix_str(f"{progress.num_files_written} of {progress.num_files} files", refresh=False)
            bar.total = progress.planned_bytes or None
            bar.update(progress.moved_bytes - bar.n)

        yield draw
