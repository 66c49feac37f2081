"""What Jupyter shows: a bar while a merge runs, and its report as a table.

IPython is asked for nothing but whether this is a notebook, and to show and renew a piece of HTML.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robomerge.report import MergeProgress, MergeReport

#: Most merges end before a bar would be of use.
DELAY_SECONDS = 1.0
#: Of one cell: the report has all of them.
MOST_KINDS = 8


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook. Nothing is imported to find out."""
    if "ipykernel" not in sys.modules:
        return False
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class NotebookBar:
    """A bar below the cell that runs, which goes when the work is done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from IPython.display import HTML, display  # type: ignore[import-not-found, unused-ignore]

        self._html: Any = HTML
        self._display: Any = display
        self._handle: Any = None
        self._clock = clock
        self._start = clock()

    def draw(self, progress: "MergeProgress") -> None:
        if self._handle is None and self._clock() - self._start < DELAY_SECONDS:
            return
        self._show(bar_html(progress))

    def close(self) -> None:
        if self._handle is not None:
            self._show("")

    def _show(self, text: str) -> None:
        if self._handle is None:
            self._handle = self._display(self._html(text), display_id=True)
        else:
            self._handle.update(self._html(text))


def bar_html(progress: "MergeProgress") -> str:
    """One line: the stage, a bar, and how far it is."""
    done, whole = progress.moved_bytes, progress.planned_bytes
    said = f"{size_text(done)} of {size_text(whole)}" if whole else ""
    if progress.stage == "read":
        done, whole = progress.num_sources_read, progress.num_sources
        said = f"{done:,} of {whole:,} datasets"
    elif progress.num_files and progress.stage == "write":
        said += f", {progress.num_files_written:,} of {progress.num_files:,} files"
    bar = f'<progress max="{whole}" value="{min(done, whole)}" style="width:20em"></progress> ' if whole else ""
    return f"<div>{escape(progress.stage)} {bar}{escape(said)}</div>"


def size_text(number: float) -> str:
    """As the command writes sizes: powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def merge_html(report: "MergeReport") -> str:
    """A merge as a table. The colours are those of the notebook."""
    done = "Would merge" if report.dry_run else "Already merged" if report.already_done else "Merged"
    moved = (
        f"{size_text(report.copied_bytes)} copied, {size_text(report.shared_bytes)} shared, "
        f"{size_text(report.encoded_bytes)} encoded anew"
    )
    rows = [
        ("into", report.destination),
        ("made", f"{_count(report.num_episodes, 'episode')}, {_count(report.num_frames, 'frame')}, {_count(report.num_tasks, 'task')}"),
        ("in", f"{_count(len(report.files), 'file')}, {size_text(report.size_bytes)}: {moved}"),
        (
            "took",
            f"{report.seconds:.2f} s: " + ", ".join(f"{one.stage} {one.seconds:.2f} s" for one in report.stages),
        ),
        ("with", f"{_count(report.num_workers, 'worker')}, {100 * report.utilisation:.0f} % busy"),
    ]
    kinds = Counter((one.kind, one.what) for one in report.warnings)
    for (kind, what), number in list(kinds.items())[:MOST_KINDS]:
        rows.append(("warning", f"{kind}: {what}" + (f" ({number:,} times)" if number > 1 else "")))
    if len(kinds) > MOST_KINDS:
        rows.append(("warning", f"and {_count(len(kinds) - MOST_KINDS, 'more kind')}"))
    if report.skipped:
        rows.append(("left out", f"{_count(len(report.skipped), 'source')}, or episodes of them"))
    if report.verification is not None:
        proof = report.verification
        verified = f"{_count(proof.num_rows, 'row')}, {_count(proof.num_video_frames, 'video frame')}"
        rows.append(("verified", verified))
    cells = "".join(
        f'<tr><th scope="row" style="text-align:left;vertical-align:top">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table><caption>{done} {_count(report.num_sources, 'dataset')}</caption><tbody>{cells}</tbody></table>"
