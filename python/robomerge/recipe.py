"""Sources with rules, and the files that name them."""

import os
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from robomerge.errors import error_of
from robomerge.report import Problem, from_fields

if TYPE_CHECKING:
    from robomerge.report import MergeReport

PathLike: TypeAlias = str | os.PathLike[str]
#: A number, numbers, a range, or a text as "0-9,12,20-" with both ends included.
Episodes: TypeAlias = int | Iterable[int] | str


@dataclass(frozen=True)
class Source:
    """A source of a merge: where it lies, what it is called, and what is done to it.

    A path alone is a source without a name to which nothing is done. docs/adapt.md says what each
    rule does, and in which order they are applied: select episodes, rename, drop, and so on. The
    source itself is only read.

    Values are checked by the call that takes the source: a TypeError or an InvalidArgumentError (a
    ValueError) names the argument, or the rules that contradict each other.

    Args:
        path: the dataset's folder.
        name: kept in the result's meta/robomerge.json, which does not say where sources lie.
        episodes: the episodes to keep, by the source's own numbers: 5, [0, 3], range(10) or
            "0-9,12,20-" (both ends included). None for all.
        exclude_episodes: those to leave out, in the same ways.
        select_task: keep episodes with a frame of this task, or one of these; "glob:pick *" is a
            pattern.
        exclude_task: leave out episodes with a frame of this task, or one of these.
        min_frames, max_frames: the length that an episode must have, in frames.
        where: a condition, or several that must all hold, on the last row of an episode, as
            "next.success = true": a column, one of = != < <= > >=, and a value.
        sample: how many of the episodes that are then left to keep, at random.
        seed: of `sample`; the same seed keeps the same episodes everywhere.
        trim: the frames to keep of single episodes, by the episode's number: {4: (10, 250)} or
            {4: "10-250"}, both ends included.
        compact: leave out frames of videos that belong to no episode.
        retime: mend timestamps, as the argument of `merge` does for all sources.
        rename: new names of features, by the old ones.
        drop: features to leave out; * and ? are patterns.
        keep_common: leave out every feature that some source has not.
        fill: the value in every row of features that the source has not, by name: a number, a bool
            or a text.
        cast: dtypes in which numbers are stored, by feature, as {"next.reward": "float32"}.
        pad: the number of elements of vectors, by feature; zeros are put behind the last one.
        reorder_by_name: put elements of vectors into the order of the first source's names.
        names_from_first: take the first source's words for the same elements.
        robot_type: the robot type to state.
        set_task: the task of all episodes.
        replace_task: new texts of tasks, by the old ones.
        normalize_tasks: join tasks that differ only in case, blanks or a final full stop.
        prefix_tasks: put `name` before the tasks.
        allow_mixed_size: cameras whose pictures may have another size than the other sources'.
    """

    path: PathLike
    name: str | None = None
    _: KW_ONLY
    episodes: Episodes | None = None
    exclude_episodes: Episodes | None = None
    select_task: str | Iterable[str] | None = None
    exclude_task: str | Iterable[str] | None = None
    min_frames: int | None = None
    max_frames: int | None = None
    where: str | Iterable[str] | None = None
    sample: int | None = None
    seed: int = 0
    trim: Mapping[int, tuple[int, int] | Sequence[int] | str] | None = None
    compact: bool = False
    retime: bool = False
    rename: Mapping[str, str] | None = None
    drop: str | Iterable[str] | None = None
    keep_common: bool = False
    fill: Mapping[str, float | bool | str] | None = None
    cast: Mapping[str, str] | None = None
    pad: Mapping[str, int] | None = None
    reorder_by_name: bool = False
    names_from_first: bool = False
    robot_type: str | None = None
    set_task: str | None = None
    replace_task: Mapping[str, str] | None = None
    normalize_tasks: bool = False
    prefix_tasks: bool = False
    allow_mixed_size: str | Iterable[str] | None = None
    #: Where a recipe states a rule, for messages: "r.yaml: line 12" by "rename: OLD".
    _places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Recipe:
    """What a recipe says. Paths start at its folder.

    Attributes:
        sources: each with all rules that hold for it. Empty if the recipe names none.
        destination: None if the recipe names none.
        rules: those that hold for all sources, as arguments of `Source`, for sources that the
            recipe does not name: `Source(path, **recipe.rules)`.
        options: those that it states, as arguments of `merge`.
    """

    sources: tuple[Source, ...]
    destination: str | None
    rules: dict[str, Any]
    options: dict[str, Any]

    def merge(self, destination: PathLike | None = None, **options: Any) -> "MergeReport":
        """Calls `robomerge.merge` with what the recipe says. A destination and options that are
        given here win."""
        from robomerge.merging import merge

        return merge(self.sources, self._place(destination), **(self.options | options))

    def plan(self, destination: PathLike | None = None, **options: Any) -> "MergeReport":
        """Calls `robomerge.plan` with what the recipe says, without the options that are about
        writing. A destination and options that are given here win."""
        from robomerge.merging import plan

        about_writing = {"staging_root", "sync", "verify"}
        stated = {name: value for name, value in self.options.items() if name not in about_writing}
        return plan(self.sources, self._place(destination), **(stated | options))

    def _place(self, destination: PathLike | None) -> PathLike:
        if destination is None:
            destination = self.destination
        if destination is None:
            text = "no destination: the recipe has no `output`, so give one"
            raise error_of([Problem("invalid_argument", "E-no-destination", text)])
        return destination


def read_recipe(path: PathLike) -> Recipe:
    """Reads a recipe, a file in YAML or JSON (docs/adapt.md, robomerge-recipe.schema.json).

        robomerge.read_recipe("kitchen.yaml").merge()

    Raises:
        InvalidArgumentError: with all faults, each with its line (a ValueError).
        DatasetNotFoundError: there is no such file (a FileNotFoundError).
        CorruptDatasetError, SystemRefusedError: it is no file that can be read.
    """
    from robomerge.library import extension

    fields, problems = extension.read_recipe(path)
    if fields is None:
        raise error_of([from_fields(Problem, problem) for problem in problems])

    def places(lines: dict[str, int]) -> dict[str, str]:
        return {rule: f"{fields['path']}: line {line}" for rule, line in lines.items()}

    common = places(fields["lines"])
    sources = tuple(
        Source(source["path"], source["name"], **source["rules"], _places=ChainMap(places(source["lines"]), common))
        for source in fields["sources"]
    )
    return Recipe(sources, fields["destination"], fields["rules"], fields["options"])
