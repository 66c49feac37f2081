"""The folder that the phases of one merge share.

<work>/merge.json       the claim: destination and options. A folder serves one merge only
<work>/sources.txt      the sources, one absolute path per line
<work>/partials/<P>/    what P tasks described
<work>/plan/            the plan; what is written lies in a staging folder beside the destination
<work>/logs/            datatrove's folders, <phase>-<number of tasks>
"""

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from robomerge.hub.address import is_address

FORMAT = "robomerge-work"
VERSION = 1


class WorkDirectoryError(ValueError):
    """The work directory cannot serve this merge."""


@dataclass(frozen=True)
class WorkDirectory:
    root: Path

    @property
    def claim_file(self) -> Path:
        return self.root / "merge.json"

    @property
    def sources_file(self) -> Path:
        return self.root / "sources.txt"

    @property
    def plan_dir(self) -> Path:
        return self.root / "plan"

    def partials_dir(self, num_tasks: int) -> Path:
        """One folder for each number of tasks, since their slices would overlap."""
        return self.root / "partials" / str(num_tasks)

    def logging_dir(self, phase: str, num_tasks: int) -> Path:
        """One folder for each number of tasks, which datatrove's completion markers do not name."""
        return self.root / "logs" / f"{phase}-{num_tasks}"

    def claim(self, sources: Sequence[str], destination: str, options: dict[str, Any]) -> None:
        """Makes the folder, or checks that it belongs to this merge.

        Raises:
            WorkDirectoryError: It belongs to another merge, or is no work directory.
        """
        mine = {"format": FORMAT, "version": VERSION, "destination": destination, "options": options}
        if self.claim_file.exists():
            self._compare(mine, sources)
            return
        if self.root.exists() and (
            not self.root.is_dir() or any(not self._is_begun(path) for path in self.root.iterdir())
        ):
            raise WorkDirectoryError(
                f"work directory `{self.root}` is no work directory of a merge\n"
                f"  expected an empty or new folder, or one with {self.claim_file.name}\n"
                "hint: choose another work_dir"
            )
        self.root.mkdir(parents=True, exist_ok=True)
        _write_whole(self.sources_file, "".join(f"{source}\n" for source in sources))
        # Last, since it makes the folder valid.
        _write_whole(self.claim_file, json.dumps(mine, indent=2) + "\n")

    def _is_begun(self, path: Path) -> bool:
        """Whether a killed claim() may have left this file."""
        names = (self.sources_file.name, self.claim_file.name)
        return path.name in names or any(path.match(f".{name}.*.tmp") for name in names)

    def _compare(self, mine: dict[str, Any], sources: Sequence[str]) -> None:
        try:
            theirs = json.loads(self.claim_file.read_text())
            theirs_sources = _lines(self.sources_file)[:-1]  # what follows the last line is empty
            expected, found = _flat(theirs), _flat(mine)
        except (OSError, ValueError, AttributeError) as error:
            raise WorkDirectoryError(
                f"work directory `{self.root}` cannot be read: {error}\n"
                "hint: choose another work_dir, or remove this one"
            ) from error
        if (expected.get("format"), expected.get("version")) != (FORMAT, VERSION):
            raise WorkDirectoryError(
                f"work directory `{self.root}` is of another version of robomerge\n"
                f"  --> {self.claim_file}\n"
                f"  expected format {FORMAT}, version {VERSION}\n"
                f"  found    format {expected.get('format')}, version {expected.get('version')}\n"
                "hint: choose another work_dir"
            )
        differences = [
            f"  {name}: expected {expected.get(name)!r}, found {found.get(name)!r}"
            for name in dict.fromkeys([*expected, *found])
            if expected.get(name) != found.get(name)
        ]
        if list(sources) != theirs_sources:
            differences.append(_sources_differ(theirs_sources, sources))
        if differences:
            raise WorkDirectoryError(
                f"work directory `{self.root}` belongs to another merge\n"
                f"  --> {self.claim_file}\n" + "\n".join(differences) + "\nhint: choose another work_dir for this merge"
            )


def read_sources(sources: Sequence[str | PathLike[str]] | str | PathLike[str]) -> list[str]:
    """The absolute paths of the sources, or their addresses on the Hub, from a sequence, or from a file as `--from FILE` reads it.

    Raises:
        ValueError: There is no source, or one that cannot be written on a line of a file.
        OSError: The file cannot be read.
    """
    if isinstance(sources, (str, PathLike)):
        lines = (line.strip() for line in _lines(Path(sources)))
        given: Iterable[str] = [line for line in lines if line and not line.startswith("#")]
    else:
        given = [os.fspath(source) for source in sources]
    # Links are not resolved, since they may lead elsewhere on another machine.
    paths = [path if is_address(path) else os.path.abspath(path) for path in given]
    if not paths:
        raise ValueError("there is no source: expected at least one dataset folder")
    for path in paths:
        if path != path.strip() or "\n" in path:
            raise ValueError(f"source {path!r} cannot be listed in a file: it ends in a blank or holds a line break")
    return paths


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")


def _flat(claim: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = claim.get("options", {})
    return {name: value for name, value in claim.items() if name != "options"} | options


def _sources_differ(expected: Sequence[str], found: Sequence[str]) -> str:
    for number, (theirs, ours) in enumerate(zip(expected, found)):
        if theirs != ours:
            return f"  source {number}: expected {theirs!r}, found {ours!r}"
    return f"  number of sources: expected {len(expected)}, found {len(found)}"


def _write_whole(path: Path, text: str) -> None:
    """Writes a file that appears with all of its text, or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as file:
        file.write(text.encode("utf-8", errors="surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
