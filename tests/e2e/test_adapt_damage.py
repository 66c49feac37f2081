"""Results of rules that somebody has damaged: verify finds it with the sources, by the rules of the
record. And the flags that a refused merge names make it succeed."""

import json
import random
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from adapt_model import Dataset, adapted, camera_feature, differences, write_dataset
from edits import DATA, EPISODES, STATS, edit_column, edit_json
from test_adapt_model import FEATURES, flags_of, make, number_feature

RULES = {
    "episodes": {"episodes": ["1-2"]},
    "trim": {"trim": ["0=1-", "2=0-1"]},
    "rename": {"rename": ["top=front", "state=pose"]},
    "drop": {"drop": ["wrist", "don*"]},
    "cast": {"cast": ["state=float64", "count=int16"]},
    "pad": {"pad": ["state=5"]},
    "fill": {"fill": ["extra=2.5"]},
    "reorder": {"reorder-by-name": [""]},
    "tasks": {"set-task": ["tidy up"]},
    "all": {"exclude-episodes": ["0"], "trim": ["1=1-"], "rename": ["top=front", "state=pose"], "drop": ["wrist"], "cast": ["pose=float64"], "pad": ["pose=4"], "fill": ["extra=2.5"], "set-task": ["tidy up"]},
}  # fmt: skip


def two_sources(rules: dict) -> list[Dataset]:
    pick = random.Random(5)
    first, second = dict(FEATURES), dict(FEATURES)
    if "fill" in rules:
        second["extra"] = number_feature("float32")
    if "reorder-by-name" in rules:
        second["state"] = number_feature("float32", 3, ["z", "x", "y"])
    return [make("kitchen", first, 1, pick), make("garage", second, 2, pick)]


def merged(robomerge, folder: Path, rules: dict) -> tuple[Path, list[Path]]:
    sources = two_sources(rules)
    roots = [write_dataset(folder / source.name, source) for source in sources]
    run = robomerge("merge", *roots, "-o", folder / "out", "--no-sync", *flags_of(rules))
    assert run.exit_code == 0, run.stderr
    assert differences(folder / "out", adapted(sources, rules)) == []
    assert robomerge("verify", folder / "out", "--against", *roots).exit_code == 0
    return folder / "out", roots


def state_of(root: Path) -> str:
    return next(name for name in json.loads((root / "meta/info.json").read_text())["features"] if name in ("state", "pose"))


def swap_two_rows(values: list) -> list:
    if not values[1:]:
        return values
    at = next(at for at in range(1, len(values)) if values[at] != values[0])
    return [values[at], *values[1:at], values[0], *values[at + 1 :]]


def flip_in_page(root: Path) -> None:
    """One bit in the middle of the first page of the vector."""
    with pq.ParquetFile(root / DATA) as file:
        group = file.metadata.row_group(0)
        chunk = next(group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema.startswith(state_of(root)))
        place = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size // 2
    content = bytearray((root / DATA).read_bytes())
    content[place] ^= 4
    (root / DATA).write_bytes(content)


def flip_in_video(root: Path) -> None:
    (video,) = {path.parent.parent for path in root.glob("videos/*/*/*.mp4") if path.parent.parent.name in ("top", "front")}
    path = video / "chunk-000/file-000.mp4"
    content = bytearray(path.read_bytes())
    content[content.index(b"mdat") + 40] ^= 1
    path.write_bytes(content)


def shift_a_pad_or_element(root: Path) -> None:
    edit_column(root / DATA, state_of(root), lambda values: [[*values[0][:-1], values[0][-1] + 1], *values[1:]])


def change_a_name(root: Path) -> None:
    edit_json(root / "meta/info.json", lambda info: info["features"][state_of(root)]["names"].reverse())


DAMAGES = {
    "a bit of a page": flip_in_page,
    "a bit of a picture": flip_in_video,
    "two rows swapped": lambda root: edit_column(root / DATA, state_of(root), swap_two_rows),
    "one element": shift_a_pad_or_element,
    "a number": lambda root: edit_column(root / DATA, "count", lambda values: [values[0] + 1, *values[1:]]),
    "names": change_a_name,
    "a task": lambda root: edit_column(root / "meta/tasks.parquet", "task", lambda tasks: [tasks[0] + "!", *tasks[1:]]),
    "a statistic": lambda root: edit_json(root / STATS, lambda stats: stats[state_of(root)]["mean"].__setitem__(0, 9.5)),
    "a statistic of an episode": lambda root: edit_column(root / EPISODES, "stats/action/max", lambda cells: [[99.0, *cells[0][1:]], *cells[1:]]),
    "the robot": lambda root: edit_json(root / "meta/info.json", lambda info: info.update(robot_type="another")),
    "the order of pictures": lambda root: edit_column(root / EPISODES, f"videos/{'top' if (root / 'videos/top').exists() else 'front'}/from_timestamp", lambda times: [times[0] + 0.1, *times[1:]]),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_damage_is_found_with_the_sources(rule, robomerge, tmp_path):
    out, roots = merged(robomerge, tmp_path, RULES[rule])
    whole = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    missed = []
    for damage, do in DAMAGES.items():
        do(out)
        run = robomerge("verify", out, "--against", *roots)
        if run.exit_code != 3:
            missed.append((damage, run))
        for path, content in whole.items():
            path.write_bytes(content)
    assert missed == []


OTHER_RULES = {
    "episodes": ("episodes", "0,2"),
    "set_task": ("set_task", "another"),
    "rename": ("rename", [{"name": "state", "value": "other"}]),
    "drop": ("drop", ["action"]),
    "sample": ("sample", 1),
    "cast": ("cast", [{"name": "count", "value": "int32"}]),
}


@pytest.mark.parametrize("rule", OTHER_RULES)
def test_a_record_with_other_rules_does_not_prove_the_result(rule, robomerge, tmp_path):
    out, roots = merged(robomerge, tmp_path, RULES["episodes"])
    key, value = OTHER_RULES[rule]
    edit_json(out / "meta/robomerge.json", lambda record: [source["adaptation"].update({key: value}) for source in record["sources"]])
    assert robomerge("verify", out, "--against", *roots).exit_code != 0


# -- The flags that a refused merge names.


def odd_features(**changed: dict | None) -> dict:
    features = dict(FEATURES) | {name: entry for name, entry in changed.items() if entry}
    return {name: entry for name, entry in features.items() if changed.get(name, True) is not None}


ODD = {
    "a missing column": odd_features(speed=None),
    "a missing camera": odd_features(wrist=None),
    "another camera": odd_features(wrist=None, cam_wrist=camera_feature()),
    "one more": odd_features(**{"next.reward": number_feature("float32")}),
    "another dtype": odd_features(count=number_feature("int32")),
    "another size": odd_features(top=camera_feature(96)),
    "longer": odd_features(state=number_feature("float32", 5, ["x", "y", "z", "u", "v"])),
    "another order": odd_features(state=number_feature("float32", 3, ["z", "y", "x"])),
    "other words": odd_features(action=number_feature("float32", 2, ["c", "d"])),
    "all": odd_features(
        wrist=None,
        cam_wrist=camera_feature(),
        speed=None,
        count=number_feature("int32"),
        top=camera_feature(96),
        state=number_feature("float32", 3, ["z", "y", "x"]),
        action=number_feature("float32", 2, ["c", "d"]),
        **{"next.reward": number_feature("float32")},
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_the_flags_of_a_refusal_make_the_merge_succeed(what, robomerge, tmp_path):
    pick = random.Random(3)
    sources = [make("kitchen", FEATURES, 1, pick), make("garage", ODD[what], 2, pick)]
    sources[1].robot_type = "another arm" if what == "all" else "toy_arm"
    roots = [write_dataset(tmp_path / source.name, source) for source in sources]
    run = robomerge("merge", *roots, "-o", tmp_path / "out", "-v")
    assert run.exit_code == 1 and not (tmp_path / "out").exists()
    flags = shlex.split(run.stderr.split("these flags settle all of it: ")[1].split("; `robomerge compare`")[0])
    run = robomerge("merge", *roots, "-o", tmp_path / "out", "--no-sync", "--verify", *flags)
    assert run.exit_code == 0, (flags, run.stderr)
    rules: dict[str, list[str]] = {}
    words = iter([*flags, "--"])
    flag = next(words)
    while flag != "--":
        word = next(words)
        rules.setdefault(flag[2:], []).append("" if word.startswith("--") else word)
        flag = word if word.startswith("--") else next(words)
    assert differences(tmp_path / "out", adapted(sources, rules)) == [], flags


def test_a_result_of_rules_is_not_held_against_another_number_of_sources(robomerge, tmp_path):
    out, roots = merged(robomerge, tmp_path, {"exclude-episodes": "1"})
    run = robomerge("verify", out, "--against", roots[0])
    assert run.exit_code == 2 and run.stderr.count("error[") == 1
    assert "expected 2 sources" in run.stderr and "E-sources" in run.stderr
