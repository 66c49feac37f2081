"""The reports of merges and datasets. They are frozen values, and equal if their fields are equal.

Sizes are in bytes, times in seconds, and paths are strings. Fields named `path` are relative to the
dataset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or (kinds that begin with W-) that was not as it should be but did
    not stop the merge. Empty fields do not apply."""

    #: The sort of failure: "invalid_argument", "not_found", "already_exists", "incompatible",
    #: "unsupported", "corrupt", "io", ...
    code: str
    #: Stable name of this kind of problem, such as "E-fps" or "W-stats-missing" (docs/errors.md).
    kind: str
    #: One sentence.
    what: str
    #: The source dataset concerned.
    source: str = ""
    #: A path, and the place inside the file.
    where: str = ""
    expected: str = ""
    found: str = ""
    #: What to do about it.
    hint: str = ""
    #: What was being done, the innermost first.
    context: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}" + (f" ({self.where or self.source})" if self.where or self.source else "")


@dataclass(frozen=True)
class MergeProgress:
    """The progress of a merge. Counts only grow."""

    stage: Literal["read", "plan", "write", "verify", "publish", "measure", "download", "hash", "upload"]
    num_sources: int
    num_sources_read: int
    #: Payload bytes that will be moved; 0 until the plan is made.
    planned_bytes: int
    moved_bytes: int
    #: Files of the destination.
    num_files: int
    num_files_written: int


@dataclass(frozen=True)
class ReportedFile:
    """One file of the destination."""

    path: str
    #: "data", "video", "episodes", "tasks", "info", "stats", "record" or "carried"; of v2.1 also
    #: "episode_data", "episode_video", "episodes_jsonl", "episodes_stats_jsonl" and "tasks_jsonl".
    kind: str
    #: In this order: a whole file copied; payload copied under a new index; at least partly encoded
    #: anew; metadata made by robomerge; a further name of a whole file.
    mode: Literal["copy", "splice", "encode", "write", "link"]
    size_bytes: int
    #: The file holds statistics that are not measured yet (of a plan): its size is about that.
    is_estimate: bool
    #: Episodes whose rows or frames are in it.
    num_episodes: int
    #: Source files in order.
    sources: tuple[str, ...]


@dataclass(frozen=True)
class LoggedSource:
    """Consecutive episodes of a dataset, and where they come from, as its record says."""

    #: From 0; `remove_source` takes it.
    number: int
    #: Empty: it has none.
    name: str
    first_episode: int
    num_episodes: int
    num_frames: int
    #: Of what the source held. Empty: the episodes are of no merge that the record knows.
    fingerprint: str
    #: By which it was adapted, as one line of JSON; empty: none.
    rules: str


@dataclass(frozen=True)
class StageTime:
    stage: str
    seconds: float


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be."""

    #: Stable name of this kind of finding, such as "V-index" (docs/errors.md).
    kind: str
    #: One sentence.
    what: str
    episode: int | None
    #: Column, `feature/statistic`, or camera; may be empty.
    column: str
    #: Within the episode.
    frame: int | None
    expected: str
    found: str
    #: A path, and the place inside the file.
    where: str

    def as_problem(self) -> Problem:
        place = "" if self.episode is None else f", in episode {self.episode}"
        place += f", `{self.column}`" if self.column else ""
        place += "" if self.frame is None else f", frame {self.frame}"
        return Problem("corrupt", self.kind, self.what + place, "", self.where, self.expected, self.found)


@dataclass(frozen=True)
class VerifyReport:
    """What a verification found. It is true in a condition if nothing is wrong."""

    destination: str
    num_sources: int
    num_episodes: int
    num_rows: int
    num_video_frames: int
    #: Size of the payload files that were checked.
    checked_bytes: int
    #: Held against the hashes that the record keeps of them; 0 if it keeps none.
    num_hashed_files: int
    #: False if the dataset contradicts itself so much that the rest could not be checked.
    is_complete: bool
    #: The first 1000, in the order of the dataset.
    findings: tuple[Finding, ...]
    #: All of them.
    num_findings: int
    num_workers: int
    seconds: float

    def __bool__(self) -> bool:
        return self.num_findings == 0


@dataclass(frozen=True)
class Skipped:
    """A source, or episodes of one, that a merge has left out."""

    #: Of the source among those given, from 0.
    position: int
    source: str
    #: As the caller named it.
    name: str
    #: By the source's own numbers, as "3,17-19"; empty for all of it.
    episodes: str
    #: Why a merge would refuse it.
    reasons: tuple[Problem, ...]


@dataclass(frozen=True)
class MergeReport:
    """What a merge did, or with `dry_run` would do."""

    destination: str
    #: A fingerprint of everything that decides the bytes, and of the paths, sizes and times of the
    #: sources.
    plan_id: str
    dry_run: bool
    #: The destination was there from the same merge, and nothing was written.
    already_done: bool
    num_sources: int
    num_episodes: int
    num_frames: int
    num_tasks: int
    #: In the order of the plan.
    files: tuple[ReportedFile, ...] = field(repr=False)
    #: Written by this run.
    num_files_written: int
    #: Written by an earlier run.
    num_files_skipped: int
    #: Size of all files.
    size_bytes: int
    #: Payload that this run copied.
    copied_bytes: int
    #: Payload whose blocks are shared with the source, which takes no new space.
    shared_bytes: int
    #: Encoded anew: bookkeeping columns, regrouped rows, metadata.
    encoded_bytes: int
    warnings: tuple[Problem, ...] = field(repr=False)
    #: What was left out, in the order of the sources.
    skipped: tuple[Skipped, ...] = field(repr=False)
    stages: tuple[StageTime, ...] = field(repr=False)
    #: Time of the whole merge.
    seconds: float
    num_workers: int
    #: Busy time of the workers, as a fraction of number of workers times wall time.
    utilisation: float
    #: The longest chain of tasks that had to wait for each other.
    critical_path_seconds: float
    #: With `verify=True`, what was checked. Nothing was found.
    verification: VerifyReport | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        done = "would make" if self.dry_run else "already made" if self.already_done else "made"
        return (
            f"<MergeReport: {done} {self.destination} from {counted(self.num_sources, 'dataset')}: "
            f"{counted(self.num_episodes, 'episode')}, {counted(self.num_frames, 'frame')}, "
            f"{counted(self.num_tasks, 'task')} in {counted(len(self.files), 'file')}, "
            f"{counted(self.size_bytes, 'byte')}; {counted(len(self.warnings), 'warning')}; "
            f"{len(self.skipped)} left out; {self.seconds:.2f} s with {counted(self.num_workers, 'worker')}>"
        )

    def _repr_html_(self) -> str:
        from robomerge.notebook import merge_html

        return merge_html(self)


@dataclass(frozen=True)
class Feature:
    name: str
    dtype: str
    #: As in info.json, such as "[480, 640, 3]".
    shape: str


@dataclass(frozen=True)
class DatasetFile:
    """One payload file of a dataset."""

    path: str
    kind: Literal["data", "video", "episodes"]
    size_bytes: int
    #: Rows, or frames of a video.
    num_rows: int
    #: One clause about its content.
    what: str


@dataclass(frozen=True)
class InspectReport:
    """One dataset, and what is wrong with it."""

    root: str
    #: Version of the format, as it was read: "v3.0", "v2.1", "v2.0".
    version: str
    #: Frames per second, as info.json writes them.
    fps: str
    #: Empty if none is named.
    robot_type: str
    num_episodes: int
    num_frames: int
    tasks: tuple[str, ...] = field(repr=False)
    features: tuple[Feature, ...] = field(repr=False)
    files: tuple[DatasetFile, ...] = field(repr=False)
    #: The reasons why a merge would refuse it.
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    #: No faults, but worth to know before training; their kinds begin with "N-".
    notes: tuple[Finding, ...] = field(repr=False)
    #: With `read_data`, what `verify` finds in rows and videos and the problems do not say: the first
    #: 1,000.
    findings: tuple[Finding, ...]
    #: All of them.
    num_findings: int


@dataclass(frozen=True)
class StatsElement:
    """One element of the last dimension of a numeric feature: all of its finite values."""

    feature: str
    #: As the feature's `names` say; else its number.
    name: str
    num_values: int
    num_nan: int
    num_infinite: int
    min: float
    max: float
    mean: float
    #: Of the population.
    std: float
    q01: float
    q10: float
    q50: float
    q90: float
    q99: float
    #: How many values lie in each of eight bins of equal width from min to max.
    histogram: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class StatsReport:
    """The statistics of one dataset, measured from its rows."""

    root: str
    num_episodes: int
    num_frames: int
    elements: tuple[StatsElement, ...] = field(repr=False)
    #: No faults; their kinds begin with "N-".
    notes: tuple[Finding, ...] = field(repr=False)
    #: Where stats.json and the episodes state something else: one a feature, with the worst of them.
    findings: tuple[Finding, ...]
    num_findings: int
    seconds: float

    def __bool__(self) -> bool:
        """Whether what the dataset states is true."""
        return self.num_findings == 0


@dataclass(frozen=True)
class WrittenReport:
    """The page that was written about a dataset, and how many things it tells of. It is true in a
    condition if a merge would take the dataset."""

    root: str
    #: The file.
    output: str
    size_bytes: int
    num_episodes: int
    num_frames: int
    num_thumbnails: int
    #: For which a merge would refuse the dataset.
    num_problems: int
    num_warnings: int
    num_notes: int
    #: Statistics that are not those of the rows.
    num_findings: int
    seconds: float

    def __bool__(self) -> bool:
        return self.num_problems == 0


@dataclass(frozen=True)
class Remedy:
    """One rule that settles a difference, or helps to."""

    #: The key of a recipe: "rename", "drop", "keep_common", ...
    key: str
    #: The feature, camera or task; empty if the rule has none.
    name: str
    #: What it gets; empty if the rule has none.
    value: str
    #: The same as a flag, written for a shell; empty where only a recipe can say it.
    flag: str


@dataclass(frozen=True)
class DifferenceForm:
    """What some of the sources have."""

    what: str
    num_sources: int
    #: All of them; of the usual form only the first.
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One way in which sources differ."""

    #: Stable name of this kind of difference, such as "D-fps" (docs/compare.md).
    kind: str
    #: The features concerned; none for the dataset as a whole.
    features: tuple[str, ...]
    #: One clause.
    what: str
    #: "flag": the remedies settle it. "nothing": no flag settles it. "merge": a merge settles it by
    #: itself. "hint": a merge takes it as it is, but it may not be meant.
    settlement: Literal["flag", "nothing", "merge", "hint"]
    #: The usual one first.
    forms: tuple[DifferenceForm, ...]
    #: What together settles it.
    remedies: tuple[Remedy, ...]
    #: Flags, each text instead of the remedies.
    alternatives: tuple[str, ...]
    #: Why nothing settles it, what a remedy does, or how a hint was judged.
    why: str


@dataclass(frozen=True)
class CompareReport:
    """How datasets differ. It is true in a condition if a merge takes them as they are."""

    num_sources: int
    #: Those that could be read.
    num_compared: int
    differences: tuple[Difference, ...]
    #: Of all remedies, each once, in the order in which a merge applies them.
    flags: tuple[str, ...]
    #: Of each source that could not be read, the first.
    problems: tuple[Problem, ...]

    def __bool__(self) -> bool:
        return not self.problems and all(one.settlement in ("merge", "hint") for one in self.differences)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@cache
def _parts(kind: type) -> dict[str, type]:
    """The fields of `kind` that hold one or several values of this module, and the class of these
    values."""
    hints = get_type_hints(kind)
    return {name: part for name, hint in hints.items() for part in (hint, *get_args(hint)) if is_dataclass(part)}


def from_fields(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Makes a value of this module from a dict by the names of its fields, which the extension
    module returns."""
    values = dict(fields)
    for name, part in _parts(kind).items():
        if isinstance(values[name], tuple):
            values[name] = tuple(from_fields(part, each) for each in values[name])
        elif values[name] is not None:
            values[name] = from_fields(part, values[name])
    return kind(**values)
