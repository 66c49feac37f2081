"""What is measured: each case names its input and the ways to merge or copy it that take turns."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from inputs import NUM_EPISODES

HERE = Path(__file__).resolve().parent
NO_SYNC = ("--no-sync", "-j", "2")


@dataclass(frozen=True)
class Tools:
    robomerge: Path
    peer_python: Path
    scratch: Path  # for what a way leaves beside its destination
    inputs: Path  # the folder that holds the sources


Commands = list[list[str]]
Build = Callable[[Tools, list[str], str], Commands]


@dataclass(frozen=True)
class Way:
    """A way from sources to a destination. `shown` is the command as the tables show it."""

    name: str
    shown: str
    build: Build
    makes_destination: bool = True  # otherwise it goes into a folder that is there
    is_synced: bool = False  # all is on the device when it ends
    is_lerobot: bool = False
    prints_seconds: bool = False  # of the call alone, without starting Python and importing
    lerobot: str = "lerobot"  # the way of LeRobot that does the same
    keeps: Callable[[int], int] = lambda num_episodes: num_episodes  # how many of the sources' episodes
    prepare: Build | None = None  # what is not measured: makes what the way works on


def _cp(name: str, *options: str, sync: bool = False) -> Way:
    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        copy = ["cp", "-r", *options, *sources, destination]
        return [copy, ["sync", "-f", destination]] if sync else [copy]

    shown = " ".join(["cp -r", *options, "SRC... DST"]) + (" && sync -f DST" if sync else "")
    return Way(name, shown, build, makes_destination=False, is_synced=sync)


def _cp_first() -> Way:
    """A copy of the first source."""
    return Way("cp", "cp -r SRC DST", lambda tools, sources, destination: [["cp", "-r", sources[0], destination]],
               makes_destination=False)


def _robomerge(
    name: str, *options: str, keeps: Callable[[int], int] = Way.keeps, lerobot: str = Way.lerobot
) -> Way:
    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        return [[str(tools.robomerge), "merge", *sources, "-o", destination, "--quiet", *options]]

    shown = " ".join(["robomerge merge SRC... -o DST", *options])
    return Way(name, shown, build, is_synced="--no-sync" not in options, keeps=keeps, lerobot=lerobot)


def _copy_of_first(tools: Tools, paths: list[str], destination: str) -> Commands:
    return [["cp", "-r", paths[0], destination]]


def _edit(name: str, shown: str, *, keeps: Callable[[int], int] = Way.keeps, options: tuple = NO_SYNC) -> Way:
    """A command on the first source, as it is shown; or on a copy of it, DST, in its place. LeRobot's
    way to do the same, where the case has one, is `lerobot-NAME`."""
    words = [*shown.split(), *options]
    is_in_place = "SRC" not in words

    def build(tools: Tools, paths: list[str], destination: str) -> Commands:
        named = {"SRC": [paths[0]], "DST": [destination], "LAST": [paths[-1]], "robomerge": [str(tools.robomerge)]}
        named["EVERY_THIRD"] = [",".join(map(str, range(0, NUM_EPISODES, 3)))]
        return [[each for word in words for each in named.get(word, [word])] + ["--quiet"]]

    prepare = _copy_of_first if is_in_place else None
    return Way(name, " ".join(words), build, keeps=keeps, prepare=prepare, lerobot=f"lerobot-{name}")


def _cp_of(name: str, shown: str, *, keeps: Callable[[int], int] = Way.keeps) -> Way:
    """A copy of what a command makes of the first source."""

    def prepare(tools: Tools, paths: list[str], destination: str) -> Commands:
        named = {"SRC": paths[0], "DST": str(tools.scratch / "prepared"), "robomerge": str(tools.robomerge)}
        return [[named.get(word, word) for word in shown.split()] + ["--quiet"]]

    def build(tools: Tools, paths: list[str], destination: str) -> Commands:
        return [["cp", "-r", str(tools.scratch / "prepared"), destination]]

    return Way(name, f"cp -r of the result of {shown}", build, keeps=keeps, prepare=prepare)


def _own_rules() -> Way:
    """A merge in which every source has rules of its own, by a recipe."""

    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        recipe = tools.scratch / "recipe.json"
        entries = [
            {
                "path": str(tools.inputs / source),
                "name": f"source {number}",
                "rename": {"observation.state": "state"},
                "set_task": f"task {number}",
            }
            for number, source in enumerate(sources)
        ]
        recipe.write_text(json.dumps({"sources": entries}))
        return [[str(tools.robomerge), "merge", "--recipe", str(recipe), "-o", destination, "--quiet", *NO_SYNC]]

    return Way("own-rules", "robomerge merge --recipe FILE -o DST " + " ".join(NO_SYNC), build)


def _lerobot_edit(
    name: str, what: str, *words: str | int, in_place: bool = False, keeps: Callable[[int], int] = Way.keeps
) -> Way:
    """LeRobot's function on the first source; or on a copy of it in its place."""

    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        paths = [destination] if in_place else [sources[0], destination]
        return [[str(tools.peer_python), str(HERE / "peer" / "lerobot_edit.py"), what, *paths, *map(str, words)]]

    shown = f"{what.replace('-', '_')}(...)"
    prepare = _copy_of_first if in_place else None
    return Way(name, shown, build, is_lerobot=True, prints_seconds=True, keeps=keeps, prepare=prepare)


def _read_columns(num_threads: int) -> Way:
    """What it costs pyarrow to read the numeric columns."""

    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        return [[str(tools.peer_python), str(HERE / "read_columns.py"), str(num_threads), *sources]]

    shown = f"read_columns.py {num_threads} SRC..."
    return Way("read-columns", shown, build, makes_destination=False, prints_seconds=True)


def _tree() -> Way:
    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        script = [sys.executable, str(HERE / "materialised_tree.py"), "-o", destination, "-j", "2"]
        return [[*script, "--robomerge", str(tools.robomerge), "--scratch", str(tools.scratch), *sources]]

    return Way("tree", "materialised_tree.py -o DST -j 2 SRC...", build)


def _lerobot() -> Way:
    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        return [[str(tools.peer_python), str(HERE / "peer" / "lerobot_merge.py"), destination, *sources]]

    return Way("lerobot", "aggregate_datasets(...)", build, is_lerobot=True, prints_seconds=True)


def _lerobot_convert() -> Way:
    def build(tools: Tools, sources: list[str], destination: str) -> Commands:
        return [[str(tools.peer_python), str(HERE / "peer" / "lerobot_convert.py"), destination, *sources]]

    return Way("lerobot", "convert_dataset(...) of each", build, is_lerobot=True, prints_seconds=True)


COPY = [_cp("cp"), _cp("cp-never", "--reflink=never"), _cp("cp-sync", sync=True)]
MERGE = [
    _robomerge("merge-no-sync", "--no-sync", "-j", "2"),
    _robomerge("merge", "-j", "2"),
    _robomerge("merge-no-sync-j1", "--no-sync", "-j", "1"),
    _robomerge("merge-j1", "-j", "1"),
]
LEROBOT = _lerobot()
TREE = _tree()
FULL = [*COPY, *MERGE, LEROBOT]

QUARTERS = ("a=0-15", "b=16-31", "c=32-47", "d=48-63")
IN_PLACE = "--in-place --copy-mode link"

#: A destination file for each source, so that 64 workers would have enough to do.
SMALL_FILES = ("--data-files-size-in-mb", "1")


@dataclass(frozen=True)
class Case:
    name: str
    letter: str
    title: str
    inputs: str
    ways: list[Way]
    num_sources: int | None = None  # the first of the input's; all if None
    base: str = "cp"  # the copy that ratios are taken to: without syncing,
    base_synced: str = "cp-sync"  # and with
    trace_options: tuple[str, ...] = ()
    on_xfs: bool = False
    note: str = ""
    is_traced: bool = True  # merged once more with a trace, for replay.py


CASES = [
    Case("recorder16", "a", "two cameras, H.264", "recorder16", [*FULL, TREE]),
    Case("av1", "b", "two cameras, AV1, every second frame a key frame", "av1", FULL),
    Case("images", "c", "images in Parquet", "images", FULL),
    Case("lowdim", "d", "low-dimensional", "lowdim", FULL),
    Case("tiny10", "e", "one short episode each", "tiny", FULL, num_sources=10),
    Case("tiny100", "e", "one short episode each", "tiny", FULL, num_sources=100),
    Case("tiny1000", "e", "one short episode each", "tiny", [*FULL, TREE], num_sources=1000),
    Case(
        "tiny10000",
        "e",
        "one short episode each",
        "tiny",
        # Each copy makes 150,000 files and folders, and removing them takes longer than everything
        # else.
        [way for way in [*COPY, *MERGE] if way.name not in ("cp-never", "merge-j1")],
        num_sources=10000,
        note="LeRobot is left out: it reads and writes the whole table of rows again for each dataset.",
    ),
    Case(
        "xfs",
        "f",
        "two cameras, H.264, on XFS",
        "recorder16",
        [
            _cp("cp"),
            _cp("cp-never", "--reflink=never"),
            _cp("cp-never-sync", "--reflink=never", sync=True),
            _robomerge("copy-no-sync", "--copy-mode", "copy", "--no-sync", "-j", "2"),
            _robomerge("copy", "--copy-mode", "copy", "-j", "2"),
            _robomerge("share-no-sync", "--copy-mode", "share", "--no-sync", "-j", "2"),
            _robomerge("share", "--copy-mode", "share", "-j", "2"),
            _robomerge("merge", "-j", "2"),
            LEROBOT,
        ],
        base="cp-never",
        base_synced="cp-never-sync",
        on_xfs=True,
    ),
    Case("v21", "k", "two cameras, H.264, v2.1 to v3.0", "v21", [*COPY, *MERGE, _lerobot_convert()]),
    Case(
        "v21-episodes",
        "k",
        "one dataset of 10,000 short episodes, v2.1 to v3.0",
        "v21-episodes",
        [way for way in [*COPY, *MERGE] if way.name != "cp-never"],
        note="LeRobot is left out: its converter takes many minutes.",
    ),
    Case("recordings", "g", "real recordings", "recordings", FULL),
    Case(
        "rules",
        "i",
        "one dataset of two cameras, H.264, by rules",
        "recorder64",
        [
            _cp("cp"),
            _robomerge("merge-no-sync", *NO_SYNC),
            _robomerge("half", "--episodes", ",".join(map(str, range(0, 64, 2))), *NO_SYNC, keeps=lambda _: 32),
            _robomerge("without-3", "--exclude-episodes", "3,17,40", *NO_SYNC, keeps=lambda _: 61, lerobot="lerobot-delete"),
            _robomerge("one-camera", "--drop", "observation.images.top", *NO_SYNC),
            _robomerge("renamed", "--rename", "observation.images.top=observation.images.front", *NO_SYNC),
            _lerobot_edit("lerobot-delete", "delete", 3, 17, 40, keeps=lambda _: 61),
        ],
        base_synced="cp",
    ),
    Case(
        "own-rules",
        "j",
        "one short episode each, each by rules of its own",
        "tiny",
        [_cp("cp"), _robomerge("merge-no-sync", *NO_SYNC), _own_rules()],
        num_sources=1000,
        base_synced="cp",
    ),
    Case(
        "edits",
        "l",
        "one dataset of two cameras, H.264, edited",
        "recorder64",
        [
            _cp("cp"),
            _edit("delete-3", "robomerge delete-episodes SRC 3,17,40 -o DST", keeps=lambda _: 61),
            _edit("split-4", f"robomerge split SRC {' '.join(f'--into {part}' for part in QUARTERS)} -o DST"),
            _edit("rename", f"robomerge rename-feature DST observation.state=state {IN_PLACE}"),
            _edit("modify-tasks", f"robomerge modify-tasks DST --set-task stack {IN_PLACE}"),
            _edit("remove", f"robomerge remove-feature DST observation.state {IN_PLACE}"),
            _edit("back", "robomerge convert SRC -o DST --codebase-version 2.1"),
            _cp_of("cp-back", "robomerge convert SRC -o DST --codebase-version 2.1"),
            _lerobot_edit("lerobot-delete-3", "delete", 3, 17, 40, keeps=lambda _: 61),
            _lerobot_edit("lerobot-split-4", "split", *QUARTERS),
            _lerobot_edit("lerobot-modify-tasks", "modify-tasks", "stack", in_place=True),
            _lerobot_edit("lerobot-remove", "remove", "observation.state"),
        ],
        base_synced="cp",
        is_traced=False,
    ),
    Case(
        "large",
        "l",
        "4 GB, 16 files and more a camera, edited; and 16 episodes more",
        "large",
        [
            _cp_first(),
            _edit("delete-3", "robomerge delete-episodes SRC 3,4,5 -o DST --copy-mode link", keeps=lambda all: all - 19),
            _edit("append", "robomerge append DST LAST"),
            _edit("append-fold", "robomerge append DST LAST --stats fold"),
            _lerobot_edit("lerobot-delete-3", "delete", 3, 4, 5, keeps=lambda all: all - 19),
            replace(LEROBOT, name="lerobot-append"),
        ],
        base_synced="cp",
        is_traced=False,
    ),
    Case(
        "episodes",
        "l",
        "10,000 short episodes, edited; and one more",
        "episodes",
        [
            _cp_first(),
            _edit("delete-third", "robomerge delete-episodes SRC EVERY_THIRD -o DST", keeps=lambda all: all - 1 - 3334),
            _edit("append", "robomerge append DST LAST"),
            _edit("append-fold", "robomerge append DST LAST --stats fold"),
            _edit("back", "robomerge convert SRC -o DST --codebase-version 2.1", keeps=lambda all: all - 1),
            _cp_of("cp-back", "robomerge convert SRC -o DST --codebase-version 2.1", keeps=lambda all: all - 1),
        ],
        base_synced="cp",
        is_traced=False,
    ),
    Case(
        "statistics",
        "m",
        "one dataset of two cameras, H.264: statistics measured and folded",
        "recorder64",
        [
            _cp("cp"),
            _robomerge("exact", "--stats", "exact", *NO_SYNC),
            _robomerge("fold", "--stats", "fold", *NO_SYNC),
            _edit("recompute", "robomerge stats DST --in-place", options=("-j", "2")),
            _lerobot_edit("lerobot-recompute", "recompute-stats", in_place=True),
        ],
        base_synced="cp",
        is_traced=False,
    ),
    Case(
        "statistics-lowdim",
        "m",
        "low-dimensional: statistics measured and folded",
        "lowdim",
        [
            _cp("cp"),
            _robomerge("exact", "--stats", "exact", *NO_SYNC),
            _robomerge("fold", "--stats", "fold", *NO_SYNC),
            _read_columns(2),
        ],
        base_synced="cp",
        is_traced=False,
    ),
    Case(
        "regroup",
        "",
        "low-dimensional, row groups that are no episodes: bound by the CPU",
        "regroup",
        [
            *COPY,
            _robomerge("merge-no-sync", "--no-sync", "-j", "2", *SMALL_FILES),
            _robomerge("merge-no-sync-j1", "--no-sync", "-j", "1", *SMALL_FILES),
        ],
        trace_options=SMALL_FILES,
    ),
]
BY_NAME = {case.name: case for case in CASES}
